"""Runs: started with a sound period, carried out once, watched until everything they set going has ended."""

from __future__ import annotations

import json

import pytest

from shared.actions import Action, ActionKind
from shared.errors import NotFound, SourceDown, Unacceptable
from shared.model import Subject
from shared.procedures import runs
from shared.procedures.plan import queue_actions, register, row_key
from tests.harness.services import FakeServices


def begin(services, job="sync", period=None, as_of=None):
    return runs.start(services, job=job, period=period, as_of=as_of, requested_by="oid-1")


@pytest.mark.parametrize(
    ("job", "period", "as_of", "code"),
    [
        ("nap", None, None, "unknown_job"),
        (3, None, None, "unknown_job"),
        ("weekly_report", None, None, "period_invalid"),
        ("weekly_report", "2026-W54", None, "period_invalid"),
        ("weekly_report", "2025-W53", None, "period_invalid"),
        ("override_sampling", "2026-13", None, "period_invalid"),
        ("permission_review", "2026-Q5", None, "period_invalid"),
        ("sync", "2026-W47", None, "period_invalid"),
        ("sync", None, "yesterday", "as_of_invalid"),
        ("sync", None, 12, "as_of_invalid"),
        ("sync", None, "2026-11-20T10:00:00", "as_of_invalid"),
        ("sync", None, "9999-12-31T23:59:59-14:00", "as_of_invalid"),
    ],
)
def test_nonsense_starts_nothing(job, period, as_of, code):
    """A body that makes no sense is refused with its code and leaves neither row nor message."""
    services = FakeServices()
    with pytest.raises(Unacceptable) as fault:
        begin(services, job, period, as_of)
    assert fault.value.code == code
    assert services.queues.messages == {}


def test_a_run_goes_from_queued_to_succeeded_and_is_evidence():
    """The result is shown with the run, and its end is recorded."""
    services = FakeServices()
    run_id = begin(services)["run_id"]
    assert runs.view(services, run_id)["state"] == "queued"

    runs.execute(services, run_id, lambda _job: lambda _services, run: {"population": 3, "run": run.job})

    shown = runs.view(services, run_id)
    assert (shown["state"], shown["population"], shown["error"]) == ("succeeded", 3, None)
    assert [entry.type for entry in services.ledger.of_type("run.succeeded")] == ["run.succeeded"]


def test_a_typed_error_fails_the_run_in_words():
    """The error's code and sentence are what a person sees."""
    services = FakeServices()
    run_id = begin(services)["run_id"]

    def job(_services, _run):
        raise SourceDown("HaloPSA does not answer.")

    runs.execute(services, run_id, lambda _job: job)

    assert runs.view(services, run_id)["error"] == {"code": "source_down", "message": "HaloPSA does not answer."}


def test_a_bug_rises_so_that_the_queue_tries_again():
    """Only typed errors end a run; anything else is the host's to repeat."""
    services = FakeServices()
    run_id = begin(services)["run_id"]

    with pytest.raises(ZeroDivisionError):
        runs.execute(services, run_id, lambda _job: lambda _services, _run: {"x": 1 / 0})
    assert runs.view(services, run_id)["state"] == "running"


def test_an_ended_run_is_not_carried_out_again():
    """A message that comes twice runs the job once."""
    services = FakeServices()
    run_id = begin(services)["run_id"]
    done = []
    for _ in range(2):
        runs.execute(services, run_id, lambda _job: lambda _services, _run: done.append(1) or {})
    assert done == [1]


def test_a_run_is_running_until_its_actions_have_ended():
    """Succeeded means everything it set going was carried out or recorded as failed."""
    services = FakeServices()
    run_id = begin(services)["run_id"]
    action = Action(ActionKind.NOTE_TICKET, "k", Subject("x", "1"), None, {})
    runs.execute(
        services, run_id, lambda _job: lambda _services, _run: {"n": queue_actions(services, [action], run_id)}
    )

    assert runs.view(services, run_id)["state"] == "running"
    register(services, run_id).change(row_key(action), lambda body: {**body, "state": "failed"})
    shown = runs.view(services, run_id)
    assert (shown["state"], shown["actions"]["failed"]) == ("succeeded", 1)


def test_jobs_with_their_own_identity_wait_in_their_own_queue():
    """The review and the audit are not the engine's to carry out."""
    services = FakeServices()
    begin(services, "permission_review", "2026-Q4")
    begin(services, "audit")
    begin(services, "seal")
    assert sorted(services.queues.messages) == ["audits", "reviews", "runs"]


def test_an_unknown_run_is_not_found():
    """Neither shown nor executed."""
    services = FakeServices()
    with pytest.raises(NotFound):
        runs.view(services, "r-none")
    with pytest.raises(NotFound):
        runs.execute(services, "r-none", lambda _job: None)


def test_as_of_is_the_clock_the_job_judges_by():
    """Past or future, it reaches the job as an aware instant."""
    services = FakeServices()
    run_id = begin(services, as_of="2031-01-01T00:00:00+02:00")["run_id"]
    seen = []
    runs.execute(services, run_id, lambda _job: lambda _services, run: seen.append(run.as_of.isoformat()) or {})
    assert seen == ["2030-12-31T22:00:00+00:00"]


def test_the_message_names_only_the_run():
    """Queues carry identifiers, not contents."""
    services = FakeServices()
    run_id = begin(services)["run_id"]
    assert json.loads(services.queues.take("runs")) == {"run_id": run_id}

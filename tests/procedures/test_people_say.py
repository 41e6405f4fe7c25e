"""What people say about findings: feedback, mitigation, overrides with an approval, and the monthly sample."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from decimal import Decimal

import pytest

from shared.controls.spec import Case, Judgement
from shared.errors import NotFound, StorageUnavailable, Unacceptable
from shared.model import Money, Person, Reason, Role, Subject
from shared.procedures import override_sampling, overrides, runs
from shared.procedures.decide import decide_approval, settle
from shared.procedures.look import finding_view
from tests.harness.services import FakeServices
from tests.procedures.test_assess import CONTROL, case, run

MIA = Person("mia", "Mia Pretend", frozenset({Role.PRACTICE_MANAGER}))
STEVE = Person("steve", "Steve Steering", frozenset({Role.STEERING_MEMBER}))
OTHER = Person("else", "Else Where", frozenset({Role.PRACTICE_MANAGER}), customers=frozenset({"99"}))


@pytest.fixture
def services(monkeypatch):
    services = FakeServices()
    services.finding = run(services, case("1", "bad"))[0].finding["id"]
    return services


def test_feedback_and_mitigation_stay_with_the_finding_through_the_next_assessment(services):
    """People's words survive a new judgement of the same kind."""
    overrides.give_feedback(services, MIA, services.finding, {"kind": "confirmed", "comment": "Yes."})
    overrides.mitigate(
        services, MIA, services.finding, {"owner": "Mia", "plan": "Mend it", "recovery_date": "2026-12-01"}
    )
    run(services, case("1", "bad"), run_id="r2")

    row = finding_view(services, MIA, services.finding)
    assert row["evidence_ids"] == row["evidence"] != []
    assert (row["status"], row["mitigation"]["recovery_date"], row["feedback"]["kind"]) == (
        "mitigating",
        "2026-12-01",
        "confirmed",
    )


def test_a_finding_that_fails_again_is_a_new_occurrence_with_the_former_plan_as_history(services):
    """Closed, it still shows its plan; failing again it is open, and the plan that did not last is told beside it."""
    plan = {"owner": "Mia", "plan": "Mend it", "recovery_date": "2026-12-01"}
    overrides.mitigate(services, MIA, services.finding, plan)
    services.clock.advance(hours=1)
    run(services, case("1", "good"), run_id="r2")
    closed = finding_view(services, MIA, services.finding)
    assert (closed["status"], closed["occurrence"], closed["mitigation"]["plan"]) == ("closed", 1, "Mend it")
    services.clock.advance(hours=1)
    run(services, case("1", "bad"), run_id="r3")
    row = finding_view(services, MIA, services.finding)
    assert (row["status"], row["occurrence"], row["mitigation"]) == ("open", 2, None)
    former = row["history"][0]
    assert (former["occurrence"], former["closed"], former["mitigation"]["plan"]) == (1, closed["since"], "Mend it")


def test_a_finding_that_only_becomes_unknown_keeps_its_plan(services):
    """It was never closed: the same occurrence, the same plan."""
    plan = {"owner": "Mia", "plan": "Mend it", "recovery_date": "2026-12-01"}
    overrides.mitigate(services, MIA, services.finding, plan)
    run(services, case("1", None), run_id="r2")
    row = finding_view(services, MIA, services.finding)
    assert (row["verdict"], row["occurrence"], row["mitigation"]["plan"]) == ("unknown", 1, "Mend it")


def test_what_lies_outside_a_callers_customers_is_not_found(services):
    """404, as if it did not exist."""
    with pytest.raises(NotFound):
        overrides.give_feedback(services, OTHER, services.finding, {"kind": "confirmed"})


@pytest.mark.parametrize("expires", ["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "soon"])
def test_an_override_expires_soon_and_not_in_the_past(services, expires):
    """An override without an end is a policy change in disguise."""
    with pytest.raises(Unacceptable):
        overrides.request_override(services, MIA, services.finding, {"rationale": "Known.", "expires": expires})


def approve(services, approval):
    body = {"decision": "approve", "rationale": "Agreed.", "digest": approval["digest"]}
    return decide_approval(services, STEVE, approval["id"], body)


def test_an_approved_override_holds_until_it_expires(services):
    """The finding is overridden, and asks again once the override's time is over."""
    approval = overrides.request_override(
        services, MIA, services.finding, {"rationale": "Known.", "expires": "2026-11-20T00:00:00Z"}
    )
    assert approve(services, approval)["state"] == "approved"
    assert finding_view(services, MIA, services.finding)["status"] == "overridden"

    run(services, case("1", "bad"), run_id="r2")
    assert finding_view(services, MIA, services.finding)["status"] == "overridden"
    services.clock.advance(days=10)
    run(services, case("1", "bad"), run_id="r3")
    assert finding_view(services, MIA, services.finding)["status"] == "open"


def test_settling_twice_changes_nothing(services):
    """The queue may repeat what the call already did."""
    approval = overrides.request_override(services, MIA, services.finding, {"rationale": "Known."})
    approve(services, approval)
    count = len(services.ledger.entries)
    settle(services, approval["id"])
    assert len(services.ledger.entries) == count


def sample(services, period="2026-11"):
    body = runs.start(services, job="override_sampling", period=period, as_of=None, requested_by="omar")
    run_ = runs.Run(body["run_id"], "override_sampling", period, services.clock.now(), "omar")
    return override_sampling.override_sampling_run(services, run_)


def test_the_monthly_sample_is_seeded_beforehand_and_can_be_redone(services):
    """A month before, the seed stood already; the same seed over the same population draws the same overrides."""
    sample(services, "2026-10")
    services.clock.advance(days=1)
    approval = overrides.request_override(services, MIA, services.finding, {"rationale": "Known."})
    approve(services, approval)
    result = sample(services)
    kinds = [entry.type for _, entry in services.ledger.entries]
    assert kinds.index("sample.seeded") < kinds.index("approval.approved") < len(kinds)
    assert result["seeded_beforehand"] is True
    assert (result["population"], [item["id"] for item in result["sample"]]) == (1, [approval["id"]])
    assert random.Random(result["seed"]).sample(result["population_ids"], 1) == [approval["id"]]


def test_a_sample_cannot_be_drawn_again_until_it_pleases(services):
    """A month has one seed; a late one is told as such; other months have others."""
    approval = overrides.request_override(services, MIA, services.finding, {"rationale": "Known."})
    approve(services, approval)
    services.clock.advance(minutes=1)
    first = sample(services)
    services.clock.advance(minutes=1)
    assert (sample(services)["seed"], first["seeded_beforehand"]) == (first["seed"], False)
    assert sample(services, "2026-12")["seed"] != first["seed"]


@pytest.mark.parametrize(("amount", "persons"), [("5000.00", 1), ("5000.01", 2), ("-5000.01", 2)])
def test_an_override_above_materiality_takes_two_persons(services, amount, persons):
    """What is at stake counts, whatever its sign."""
    judged = Judgement.of([Reason("stale", "Nothing happened.", Money(Decimal(amount), "CAD"))])
    run(services, case("1", "bad"), run_id="r2", control=replace(CONTROL, judge=lambda *_: judged))
    approval = overrides.request_override(services, MIA, services.finding, {"rationale": "Known."})
    assert approval["needed"]["persons"] == persons


def test_what_two_persons_must_agree_to_is_not_overridden_by_one(services):
    """A skipped gate is no way around its own approval."""
    services.set_policy(f'[approvals]\ntwo_persons = ["{CONTROL.id}"]\n')
    approval = overrides.request_override(services, MIA, services.finding, {"rationale": "Known."})
    assert approval["needed"]["persons"] == 2


def test_a_closed_finding_is_neither_mitigated_nor_overridden(services):
    """There is nothing to accept once it passes."""
    run(services, case("1", "good"), run_id="r2")
    with pytest.raises(Unacceptable):
        overrides.mitigate(services, MIA, services.finding, {"owner": "M", "plan": "P", "recovery_date": "2026-12-01"})
    with pytest.raises(Unacceptable):
        overrides.request_override(services, MIA, services.finding, {"rationale": "Known."})


def test_an_override_of_other_reasons_is_void(services):
    """When the reasons change after the request, the approval no longer fits and 409 says so."""
    from shared.errors import Conflict

    approval = overrides.request_override(services, MIA, services.finding, {"rationale": "Known."})
    worse = replace(
        CONTROL, codes=("stale", "unassigned"), judge=lambda *_: Judgement.of([Reason("unassigned", "Nobody has it.")])
    )
    run(services, Case(Subject("thing", "1"), "12", "msp", "x"), run_id="r2", control=worse)
    with pytest.raises(Conflict) as fault:
        approve(services, approval)
    assert fault.value.code == "digest_differs"
    assert json.loads(services.ledger.of_type("approval.voided")[0].payload)["id"] == approval["id"]


def test_an_override_told_late_marks_no_finding_that_says_something_else(services):
    """Approved, then killed before it was told; by the time the queue tries again the finding has passed, or other codes."""
    for facts, status in (("good", "closed"), ("crash", "open")):
        approval = overrides.request_override(services, MIA, services.finding, {"rationale": f"Known {facts}."})
        rows = services.rows
        services.rows = Until(rows, approval["id"])
        with pytest.raises(StorageUnavailable):
            approve(services, approval)
        services.rows = rows
        run(services, case("1", facts), run_id=f"r-{facts}")
        settle(services, approval["id"])
        row = finding_view(services, MIA, services.finding)
        assert (row["status"], row["override"]) == (status, None)
        run(services, case("1", "bad"), run_id=f"r-{facts}-again")


class Until:
    """Rows that fail for good once the approval has been decided."""

    def __init__(self, rows, approval_id):
        self._rows = rows
        self._approval = approval_id

    def __getattr__(self, name):
        held = self._rows.get("registers", "approvals", self._approval)
        if name in ("insert", "upsert", "replace", "transact") and b"approved" in str(dict(held.cells)).encode():
            raise StorageUnavailable("The worker died.")
        return getattr(self._rows, name)

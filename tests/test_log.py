"""The operator's log: ids, counts and codes, in one form, from one place, wherever the service runs."""

from __future__ import annotations

import ast
import json
import logging
import re
from pathlib import Path

import azure.functions as func
import pytest

from functions.crash import Crashed, told_plainly
from functions.http import handle
from shared.actions import Action, ActionKind
from shared.errors import SourceDown, SourceRejected
from shared.ledger.anchor import unknown
from shared.log import WITHHELD, Event, line, log, quiet
from shared.model import Subject
from shared.procedures import act, audit, bury, runs
from shared.procedures.plan import queue_actions, register, row_key
from shared.procedures.refuse import record_refusal
from shared.settings import CATALOGUE
from tests.harness.services import FakeServices
from tests.infra.reading import text
from tests.test_worker import drive

ROOT = Path(__file__).resolve().parents[1]
SECRET = "Paula Imagined asked: why is bearer eyJhbGciOi so late?"


def said(caplog, event: Event) -> list[dict]:
    """The fields of every line of an event."""
    lines = [record.getMessage() for record in caplog.records if record.name == "attest"]
    return [json.loads(one.partition(" ")[2]) for one in lines if one.partition(" ")[0] == event.value]


@pytest.fixture(autouse=True)
def info(caplog):
    caplog.set_level(logging.INFO)


def test_a_line_is_the_event_s_name_and_a_json_object():
    """So that an alert finds the beginning and a query reads the rest."""
    assert line(Event.RUN_FAILED, {"job": "sync", "run_id": "r-1", "code": "source_down", "seconds": 1.5}) == (
        'run.failed {"code":"source_down","job":"sync","run_id":"r-1","seconds":1.5}'
    )


@pytest.mark.parametrize("prose", [SECRET, "two words", "a\nb", "é", "x" * 201, "", "<b>", '"'])
def test_what_is_not_made_like_an_id_is_withheld(prose):
    """Also within lists."""
    assert json.loads(line(Event.RUN_FAILED, {"code": prose, "codes": [prose]}).partition(" ")[2]) == {
        "code": WITHHELD,
        "codes": [WITHHELD],
    }


def test_a_run_says_when_it_began_and_how_it_ended(caplog):
    """With its job and how long it took; what it found stays in the run."""
    services = FakeServices()
    run_id = runs.start(services, job="sync", period=None, as_of=None, requested_by="oid-1")["run_id"]
    runs.execute(services, run_id, lambda _job: lambda _services, _run: {"told": SECRET})
    assert said(caplog, Event.RUN_STARTED) == [{"job": "sync", "run_id": run_id}]
    assert said(caplog, Event.RUN_SUCCEEDED) == [{"job": "sync", "run_id": run_id, "seconds": 0.0}]
    assert SECRET not in caplog.text


def test_a_run_that_fails_says_its_code_and_not_its_words(caplog):
    """The sentence may quote a record."""
    services = FakeServices()
    run_id = runs.start(services, job="sync", period=None, as_of=None, requested_by="oid-1")["run_id"]

    def job(_services, _run):
        raise SourceDown(SECRET)

    runs.execute(services, run_id, lambda _job: job)
    assert said(caplog, Event.RUN_FAILED) == [
        {"code": "source_down", "job": "sync", "run_id": run_id, "seconds": 0.0},
    ]
    assert SECRET not in caplog.text


def test_an_audit_that_finds_something_names_the_codes(caplog, monkeypatch):
    """And one that finds nothing is silent."""
    services = FakeServices()
    monkeypatch.setattr(audit, "check_anchor", lambda *_: unknown("Nobody asked."))
    run = runs.Run("r-1", "audit", None, services.clock.now(), "oid-1")
    for codes in ([], ["E_TILE", "E_ANCHOR"]):
        told = [{"code": code, "log": "l-1", "text": SECRET} for code in codes]
        found = {"codes": codes, "by_log": {"l-1": codes} if codes else {}, "findings": told}
        monkeypatch.setattr(audit, "audit_all", lambda *_, found=found: found)
        audit.audit_run(services, run)
    (one,) = said(caplog, Event.AUDIT_MISMATCH)
    assert (one["run_id"], one["codes"]) == ("r-1", ["E_TILE", "E_ANCHOR"])
    assert SECRET not in caplog.text


def test_an_action_that_fails_for_good_says_which_and_why(caplog):
    """By its row, kind and code."""
    services = FakeServices()
    action = Action(ActionKind.NOTE_TICKET, "note 7", Subject("ticket", "7"), "12", {"note": SECRET})
    queue_actions(services, [action], "r-1")

    def refuse(*_):
        raise SourceRejected(SECRET)

    services.writer.carry_out = refuse
    act.carry_out(services, "r-1", row_key(action))
    assert register(services, "r-1").get(row_key(action)).body["state"] == "failed"
    assert said(caplog, Event.ACTION_FAILED) == [
        {"action": row_key(action), "code": "source_rejected", "kind": "note_ticket", "run_id": "r-1"}
    ]
    assert SECRET not in caplog.text


def test_a_poisoned_message_is_named_by_its_evidence(caplog):
    """Its bytes are kept, not said."""
    services = FakeServices()
    bury.bury_run(services, SECRET.encode())
    (evidence_id, _) = services.ledger.entries[0]
    assert said(caplog, Event.MESSAGE_POISONED) == [{"evidence_id": evidence_id, "queue": "runs"}]


def test_a_refusal_says_who_by_id(caplog):
    """The record of access has the same."""
    record_refusal(
        FakeServices(), operation_id="startRun", method="POST", code="role_missing", oid="o-1", request_id="q-1"
    )
    assert said(caplog, Event.ACCESS_REFUSED) == [
        {"code": "role_missing", "oid": "o-1", "operation": "startRun", "request_id": "q-1"}
    ]


def test_a_crash_is_told_by_kind_and_place_only(caplog):
    """To the host, too, which logs what rises to it with everything it says."""
    with pytest.raises(Crashed) as fault, told_plainly("execute_run"):
        json.loads(SECRET)
    assert re.fullmatch(r"JSONDecodeError at decoder\.py:\d+", str(fault.value))
    assert (fault.value.__cause__, fault.value.__suppress_context__) == (None, True)
    (one,) = said(caplog, Event.FUNCTION_CRASHED)
    assert (one["function"], one["code"]) == ("execute_run", "JSONDecodeError")
    assert any(place.startswith("tests/test_log.py:") for place in one["frames"])


def test_a_bug_behind_http_is_a_problem_without_words(caplog, monkeypatch):
    """500 with the request id; the log has the place."""
    services = FakeServices()
    monkeypatch.setattr("shared.bootstrap.services", lambda: services)

    def broken(_call):
        raise ValueError(SECRET)

    request = func.HttpRequest("GET", "http://test/api/health", headers={"x-request-id": "q-1"}, body=b"")
    answer = handle("getHealth", request, broken)
    body = json.loads(answer.get_body())
    assert (answer.status_code, answer.mimetype, body["code"], body["request_id"]) == (
        500,
        "application/problem+json",
        "internal_error",
        "q-1",
    )
    assert said(caplog, Event.FUNCTION_CRASHED)[0]["function"] == "getHealth"
    assert SECRET not in caplog.text + answer.get_body().decode()


def test_libraries_do_not_tell_addresses():
    """The storage SDK and httpx log each request at INFO, which the worker would pass on."""
    quiet()
    for name in ("azure.core.pipeline.policies.http_logging_policy", "httpx", "azure.identity", "msal.token_cache"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


def test_nothing_else_in_the_service_logs_or_prints():
    """The offline verifier, which talks to an auditor, apart."""
    speakers = set()
    for path in [*(ROOT / "shared").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            imported = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            imported += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            printed = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            if printed or "logging" in imported:
                speakers.add(path.relative_to(ROOT).as_posix())
    assert speakers == {"shared/log.py", "shared/ledger/verify.py"}


def test_alerts_look_for_events_that_are_said():
    """And what they look for is not sampled away."""
    looked_for = re.findall(r'AppTraces \| where Message startswith "([^"]+)"', text("app/alerts.bicep"))
    assert {Event(one) for one in looked_for} >= {Event.RUN_FAILED, Event.AUDIT_MISMATCH}
    logging_of_host = json.loads((ROOT / "host.json").read_text("utf-8"))["logging"]
    assert "Trace" in logging_of_host["applicationInsights"]["samplingSettings"]["excludedTypes"].split(";")


def test_the_operator_s_page_explains_every_event():
    """Whoever is called finds the word that woke them."""
    page = (ROOT / "docs" / "operator.md").read_text("utf-8")
    assert [one.value for one in Event if f"`{one.value}`" not in page] == []


@pytest.mark.slow
def test_the_worker_passes_our_lines_on_and_hears_no_words():
    """Microsoft's runtime invokes a queue function with a message that is nonsense."""
    pytest.importorskip("azure_functions_runtime")
    told = drive(
        ROOT, [{"function": "execute_run", "body": SECRET}], {one.name: one.sample for one in CATALOGUE if one.sample}
    )
    ours = [entry["message"] for entry in told["logs"] if entry["logger"] == "attest"]
    assert [one.partition(" ")[0] for one in ours] == [Event.FUNCTION_CRASHED.value]
    (answer,) = told["answers"]
    assert (answer["ok"], "JSONDecodeError at" in answer["fault"]) == (False, True)
    assert "Paula" not in json.dumps(told)


def test_a_number_is_a_count(caplog):
    """Counts are written as they are."""
    log(Event.SEAL_REFUSED, codes=["E_HEAD"], count=2)
    assert said(caplog, Event.SEAL_REFUSED) == [{"codes": ["E_HEAD"], "count": 2}]

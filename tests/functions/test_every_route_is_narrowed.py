"""Whoever is narrowed to other customers or practices learns nothing from any route, not even that something is there."""

from __future__ import annotations

import json
from typing import Any

import azure.functions as func
import pytest

from shared.connector.operations import BY_ID
from shared.model import NewEntry, Person, Reason, Role, Subject
from shared.procedures import export_pack, governance
from shared.registers import approvals, findings, holds
from shared.registers import handoffs as handoff_rows
from tests.functions.test_tokens_on_every_route import GUARDED, ROUTES
from tests.harness.delivery import BASELINE, project_rows

EVERY = frozenset(Role)
INSIDE = Person("p-1", "Nora Fictive", EVERY)
OUTSIDE = {
    "another customer": Person("p-2", "Otto Fictive", EVERY, customers=frozenset({"13"})),
    "no customer": Person("p-2", "Otto Fictive", EVERY, customers=frozenset()),
    "no practice": Person("p-2", "Otto Fictive", EVERY, practices=frozenset()),
}
BODIES: dict[str, Any] = {
    "give_feedback": {"kind": "confirmed"},
    "request_override": {"rationale": "As agreed."},
    "mitigate_finding": {"owner": "p-3", "plan": "Soon.", "recovery_date": "2026-12-01T00:00:00Z"},
    "decide_approval": {"decision": "approve", "rationale": "As agreed.", "digest": "d"},
    "put_baseline": BASELINE,
    "submit_gate": {"evidence": []},
    "submit_closeout": {"lessons": "None."},
    "request_exception": {"rationale": "As agreed."},
    "deliver_backlog": {},
    "record_step": {"owner": "p-3"},
}
FORM = "application/x-www-form-urlencoded"
FORMS = ("portal_decide", "portal_say", "portal_step")
OF_THE_WHOLE_HOUSE = {
    "add_usage", "attest_item", "conclude_sample", "get_artefact", "get_control", "get_report", "get_review", "get_review_report", "get_run",
    "get_sample", "get_validation", "portal_artefact", "portal_attest", "portal_conclude", "portal_home", "portal_list", "portal_report",
    "portal_review_item", "subscribe_to_event", "unsubscribe",
}  # fmt: skip
"""Routes with something in their path that is no one customer's: what each shows of customers is its own tests' matter."""


def _named(name: str) -> bool:
    return "{" in str(ROUTES[name].get_trigger().route)


BOUND = sorted(name for name in GUARDED if _named(name) and name not in OF_THE_WHOLE_HOUSE)


@pytest.fixture
def things(desk: Any) -> dict[str, str]:
    """One of each of customer 12, by the noun of its routes."""
    services = desk.services
    now = services.clock.now()
    services.mirror.load(project_rows() | {"Client": [{"id": 12, "name": "Maple Harbour Dental"}]}, now)
    about = {"customer": "12", "practice": "ps"}
    finding = findings.finding_id("gate_order", "12", Subject("project", "100"))
    findings.register(services.rows, "gate_order").put(
        findings.key_of(finding),
        {"id": finding, "control": "gate_order", "subject": {"kind": "project", "id": "100"}, "verdict": "fail",
         "status": "open", "severity": "medium", "reasons": [], "owner": "p-1", "due": None, "evidence": [],
         "since": "2026-11-16T09:00:00Z", "assessed_at": "2026-11-16T09:00:00Z", "policy_version": "p", "detail": {},
         "mitigation": None, "override": None, "feedback": None, **about},
    )  # fmt: skip
    approvals.register(services.rows).put(
        "a-1",
        {"id": "a-1", "kind": "stage_gate", "subject": {"kind": "project", "id": "100"}, "requester": "p-9", "digest": "d",
         "content": {}, "text": "A gate.", "needed": {"persons": 1, "roles": ["Finance"]}, "decisions": [], "state": "open",
         "created": "2026-11-16T09:00:00Z", "expires": "2099-01-01T00:00:00Z", "closed_at": None, "policy_version": "p",
         **about},
    )  # fmt: skip
    hold, _ = holds.place(
        services.rows,
        holds.Draft(
            kind="invoice", subject=Subject("invoice", "1"), reasons=[Reason("no_signoff", "Nobody signed.")],
            amount=None, may_release=[Role.FINANCE], now=now, **about,
        ),
        None,
    )  # fmt: skip
    handoff_rows.register(services.rows).put("300", {"id": "300", "approval_id": None, **about})
    governance.backlog(services.rows).put("b-1", {"id": "b-1", "state": "proposed", "requested_by": "p-9", **about})
    kept = services.ledger.record(
        NewEntry(
            type="finding.changed",
            key="k",
            payload=b"{}",
            customer="12",
            practice="ps",
            subject=Subject("project", "100"),
        )
    )
    span = {"customer": "12", "from": "2026-01-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "controls": []}
    # Asked for by the service: on memory there is no ledger whose customers a person's request could be checked against.
    pack = export_pack._request(services, "p-1", "12", export_pack.PackBody.model_validate(span))["id"]
    return {
        "backlog": "b-1", "programme": "interview.ps",
        "findings": finding, "approvals": "a-1", "holds": hold["id"], "projects": "100", "handoffs": "300",
        "evidence": kept.evidence_id, "packs": pack,
    }  # fmt: skip


def call(desk: Any, name: str, path: dict[str, str], body: Any = None) -> func.HttpResponse:
    trigger = ROUTES[name].get_trigger()
    method = str(getattr((trigger.methods or ["GET"])[0], "value", (trigger.methods or ["GET"])[0]))
    form = {"raw": b"token=x&decision=approve&rationale=x", "headers": {"content-type": FORM}} if name in FORMS else {}
    return desk.call(ROUTES[name].get_user_function(), method, path=path, body=body, **form)  # type: ignore[no-any-return]


def paths(name: str, things: dict[str, str], identity: str | None = None) -> list[dict[str, str]]:
    """Where a route finds each thing it could find, or ``identity`` in its place."""
    route = str(ROUTES[name].get_trigger().route)
    more = {"format": "html", "gate": "g", "what": "content" if "evidence" in route else "feedback"}
    noun = route.removeprefix("api/").split("/")[0]
    nouns = [one for one in things if one not in ("packs", "backlog")] if noun.startswith("{") else [noun]
    return [more | {"section": one, "id": identity or things[one]} for one in nouns]


def told(response: func.HttpResponse) -> tuple[int, str]:
    body = response.get_body()
    return response.status_code, json.loads(body)["code"] if response.mimetype == "application/problem+json" else ""


@pytest.mark.parametrize("name", BOUND)
def test_what_is_outside_is_as_if_it_were_not_there(desk: Any, things: dict[str, str], name: str) -> None:
    """The same answer as for an id that nobody has, and nothing is changed."""
    before = len([entry for _, entry in desk.services.ledger.entries if entry.type != "access.refused"])
    for reason, person in OUTSIDE.items():
        desk.person = person
        for real, none in zip(paths(name, things), paths(name, things, "no-such-id"), strict=True):
            answer = told(call(desk, name, real, BODIES.get(name)))
            assert answer == told(call(desk, name, none, BODIES.get(name))), (reason, real)
            # A form's token is given with the page, which they cannot see.
            assert answer[0] in ((403,) if name in FORMS else (404, 422)), (reason, real)
    assert len([entry for _, entry in desk.services.ledger.entries if entry.type != "access.refused"]) == before


@pytest.mark.parametrize("name", ["get_finding", "get_approval", "get_hold", "get_project", "get_evidence", "get_pack"])
def test_what_is_inside_is_there(desk: Any, things: dict[str, str], name: str) -> None:
    """So that the refusals above are refusals."""
    for person in (INSIDE, Person("p-2", "Otto Fictive", EVERY, customers=frozenset({"12", "13"}))):
        desk.person = person
        for path in paths(name, things):
            assert call(desk, name, path).status_code == 200


OPERATIONS = {one.id.lower(): one for one in BY_ID.values()}
LIMITED = sorted(
    name for name in GUARDED
    if (found := OPERATIONS.get(name.replace("_", ""))) and (found.roles or EVERY) != EVERY
)  # fmt: skip


@pytest.mark.parametrize("name", LIMITED)
def test_every_role_but_those_it_takes_is_refused(desk: Any, name: str) -> None:
    """403, before the body is looked at and before anything is looked up."""
    operation = OPERATIONS[name.replace("_", "")]
    desk.person = Person("p-2", "Otto Fictive", EVERY - (operation.roles or frozenset()))
    parts = ("id", "gate", "format", "quarter", "item", "file", "period", "supplier")
    answer = desk.call(ROUTES[name].get_user_function(), operation.method, path=dict.fromkeys(parts, "x"), raw=b"{")
    assert answer.status_code == 403
    assert [entry.type for _, entry in desk.services.ledger.entries] == ["access.refused"]


def test_every_operation_has_a_route_and_every_route_of_the_api_an_operation() -> None:
    """So that the tests above leave none out."""
    routes = {name.replace("_", "") for name in ROUTES if str(ROUTES[name].get_trigger().route).startswith("api/")}
    routes = routes - {"health"} | {"gethealth"}
    assert routes == set(OPERATIONS)

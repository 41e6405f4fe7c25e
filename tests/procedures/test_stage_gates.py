"""Stage gates and closing reviews end to end on memory."""

from __future__ import annotations

import copy
from contextlib import suppress

import pytest

from shared.errors import Conflict, Gone, NotFound, Unacceptable
from shared.model import Person, Role
from shared.procedures import gates, handoffs, projects
from shared.procedures.closeouts import submit_closeout
from shared.procedures.decide import decide_approval
from shared.procedures.plan import register as actions_of
from shared.registers import approvals, findings
from shared.registers import projects as project_register
from shared.registers.decisions import backlog
from tests.harness.delivery import (
    BASELINE,
    NORA,
    PIET,
    STRANGER,
    approve,
    handoff_rows,
    opportunity,
    project_rows,
    quotation,
    run_of,
)
from tests.harness.services import FakeServices, crossings

TESS = Person("oid-tess", "Tess Fictive", frozenset({Role.DELIVERY_MANAGER}))
PACK = {
    "deliverables": [{"name": "Design document", "link": "https://files.example.test/design"}],
    "qa_outcome": "Reviewed by two engineers.",
    "customer_acceptance": {"by": "Cora Fictive", "note": "Agreed."},
    "open_risks": [],
}


PACK_READ = {**PACK, "customer_acceptance": "by: Cora Fictive; note: Agreed."}


@pytest.fixture
def services() -> FakeServices:
    return gated()


def gated() -> FakeServices:
    made = FakeServices()
    rows = project_rows(
        milestones=[
            {"id": 1, "name": "Design", "sequence": 1, "target_date": "2026-11-10T00:00:00Z"},
            {"id": 2, "name": "Build", "sequence": 2, "target_date": "2026-12-20T00:00:00Z"},
        ]
    )
    rows["Tickets"][0]["milestone_id"] = 1
    rows["Tickets"][1]["milestone_id"] = 2
    made.mirror.load(rows, made.clock.now())
    projects.put_baseline(made, NORA, "100", {**copy.deepcopy(BASELINE), "gates": [{"name": "Design"}]})
    return made


def verdict(services, name):
    projects.project_status_run(services, run_of("project_status", services, name=name))
    row = next(findings.of_control(services.rows, "stage_gate"))
    return row["verdict"], {reason["code"] for reason in row["reasons"]}


def test_a_gate_passes_with_two_persons_and_halopsa_is_told(services):
    """Skipped and incomplete before, waiting in between, passed after."""
    assert verdict(services, "r-1") == ("fail", {"gate_skipped", "gate_incomplete"})
    asked = gates.submit_gate(services, NORA, "100", "Design", PACK)
    assert asked["needed"]["persons"] == 2
    assert verdict(services, "r-2") == ("fail", {"gate_skipped"})
    assert approve(services, gates, asked["id"], PIET)["state"] == "open"
    assert approve(services, gates, asked["id"], TESS)["state"] == "approved"
    assert verdict(services, "r-3") == ("pass", set())
    notes = [
        one["action"]["parameters"]
        for one in actions_of(services, "events").all()
        if one["action"]["kind"] == "note_ticket"
    ]
    assert [note["ticket_id"] for note in notes] == ["100"]
    assert "approved" in notes[0]["note"]
    with pytest.raises(Unacceptable) as refusal:
        gates.submit_gate(services, NORA, "100", "Design", PACK)
    assert refusal.value.code == "gate_passed"


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"deliverables": []}, ["deliverables"]),
        ({"deliverables": [{"name": "x"}]}, ["deliverables"]),
        ({"deliverables": "x"}, ["deliverables"]),
        ({"deliverables": [5]}, ["deliverables"]),
        ({"qa_outcome": "  "}, ["qa_outcome"]),
        ({"customer_acceptance": None}, ["customer_acceptance"]),
        ({"open_risks": None}, ["open_risks"]),
        ({"open_risks": [{"risk": "x"}]}, ["open_risks"]),
        ({"qa_outcome": 5, "open_risks": "none"}, ["qa_outcome", "open_risks"]),
    ],
)
def test_an_incomplete_pack_cannot_be_submitted(services, change, missing):
    """What is missing is named."""
    with pytest.raises(Unacceptable) as refusal:
        gates.submit_gate(services, NORA, "100", "Design", {**PACK, **change})
    assert refusal.value.code == "gate_incomplete"
    assert refusal.value.details["missing"] == missing


@pytest.mark.parametrize(
    ("person", "project", "gate", "body", "error"),
    [
        (NORA, "100", "Launch", PACK, Unacceptable),
        (NORA, "999", "Design", PACK, NotFound),
        (STRANGER, "100", "Design", PACK, NotFound),
        (NORA, "100", "Design", [], Unacceptable),
        (NORA, "100", "Design", {**PACK, "secret": "x"}, Unacceptable),
    ],
)
def test_what_cannot_be_submitted_is_refused(services, person, project, gate, body, error):
    """An unknown gate or project, somebody else's, or something that is no pack."""
    with pytest.raises(error):
        gates.submit_gate(services, person, project, gate, body)


@pytest.mark.parametrize(
    ("rationale", "outcome"),
    [
        ("Hold: the customer is away.", "hold"),
        ("Stop. No longer wanted.", "stop"),
        ("The tests are missing.", "recycle"),
    ],
)
def test_a_rejection_holds_recycles_or_stops(services, rationale, outcome):
    """The first word of the rationale tells which."""
    asked = gates.submit_gate(services, NORA, "100", "Design", PACK)
    approve(services, gates, asked["id"], PIET, decision="reject", rationale=rationale)
    assert gates.records_of(services)["100"]["Design"].outcome == outcome
    again = gates.submit_gate(services, NORA, "100", "Design", PACK)
    assert again["id"] != asked["id"]


def test_another_pack_or_baseline_makes_the_request_void(services):
    """Two persons approve one and the same pack."""
    asked = gates.submit_gate(services, NORA, "100", "Design", PACK)
    approve(services, gates, asked["id"], PIET)
    gates.submit_gate(services, NORA, "100", "Design", {**PACK, "qa_outcome": "Not so good."})
    assert approve(services, gates, asked["id"], TESS)["state"] == "void"


def test_a_closed_project_asks_for_its_review_and_learns_from_it(services):
    """Estimate accuracy is worked out, corrective actions land in the backlog."""
    with pytest.raises(NotFound):
        submit_closeout(services, NORA, "100", {"summary": "x", "missed_risks": [], "corrective_actions": []})
    projects.project_status_run(services, run_of("project_status", services, name="r-1"))
    with pytest.raises(Unacceptable):
        submit_closeout(services, NORA, "100", {"summary": "x", "missed_risks": [], "corrective_actions": []})
    rows = project_rows(status_id=9, dateclosed="2026-11-15T10:00:00Z")
    rows["Tickets"][1] |= {"status_id": 9, "dateclosed": "2026-11-15T10:00:00Z"}
    services.mirror.load(rows, services.clock.now())
    projects.project_status_run(services, run_of("project_status", services, name="r-2"))
    row = next(findings.of_control(services.rows, "project_closeout"))
    assert [reason["code"] for reason in row["reasons"]] == ["closeout_missing"]
    review = {
        "summary": "Went well.",
        "missed_risks": ["The lift was broken."],
        "corrective_actions": ["Ask about lifts."],
    }
    recorded = submit_closeout(services, NORA, "100", review)
    assert recorded["accuracy"]["hours"] == 0.5625
    assert [one["title"] for one in backlog(services.rows).all()] == ["Ask about lifts."]
    projects.project_status_run(services, run_of("project_status", services, name="r-3"))
    assert next(findings.of_control(services.rows, "project_closeout"))["verdict"] == "pass"
    with pytest.raises(Conflict):
        submit_closeout(services, NORA, "100", review)


def test_what_a_review_teaches_reaches_the_next_deal_of_the_template(services):
    """In its briefing, with a link to the review; not before callers who may not see that customer."""
    policy = services.policy.policy
    deals = [opportunity(policy), opportunity(policy, id=701, client_id=13)]
    rows = project_rows(status_id=9, dateclosed="2026-11-15T10:00:00Z", createdfrom_id=700)
    extra = handoff_rows(deals[0], quotation())
    services.mirror.load(
        rows | {"Opportunities": deals, "Quotation": extra["Quotation"], "Appointment": []}, services.clock.now()
    )
    handoffs.handoff_review_run(services, run_of("handoff_review", services))
    projects.project_status_run(services, run_of("project_status", services))
    review = {"summary": "Fine.", "missed_risks": ["The lift was broken."], "corrective_actions": ["Ask about lifts."]}
    assert submit_closeout(services, NORA, "100", review)["template_id"] == 501
    (item,) = backlog(services.rows).all()
    assert "template 501" in item["description"]

    def taught(person):
        sections = handoffs.handoff_view(services, person, "701")["briefing"]["sections"]
        return [one for section in sections if "taught" in section["heading"] for one in section["statements"]]

    told = taught(NORA)
    assert [one["text"] for one in told] == [
        "Projects of this template took 0.56 times the estimated hours (n = 1).",
        "Ask about lifts.",
        "A risk that was missed: The lift was broken.",
    ]
    assert told[1]["source"]["href"].endswith("/projects/100")
    narrow = Person("oid-tim", "Tim Fictive", NORA.roles, customers=frozenset({"13"}))
    assert taught(narrow) == []


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"summary": ""},
        {"summary": "x", "missed_risks": "y", "corrective_actions": []},
        {"summary": "x", "missed_risks": [1], "corrective_actions": []},
    ],
)
def test_a_review_without_its_parts_is_refused(services, body):
    """It says what was learned or it is none."""
    services.mirror.load(project_rows(status_id=9, dateclosed="2026-11-15T10:00:00Z"), services.clock.now())
    projects.project_status_run(services, run_of("project_status", services))
    with pytest.raises(Unacceptable):
        submit_closeout(services, NORA, "100", body)


def test_another_pack_submitted_in_the_middle_does_not_undo_a_passed_gate(services):
    """Either the second person's word comes too late and is void, or the gate is passed on the pack both have seen."""
    del services

    def make():
        made = gated()
        asked = gates.submit_gate(made, NORA, "100", "Design", PACK)
        decide(made, asked["id"], PIET)
        return made

    def passes(made):
        (asked,) = [one for one in approvals.register(made.rows).all() if one["content"]["pack"] == PACK_READ]
        decide(made, asked["id"], TESS)

    def submits(made):
        with suppress(Unacceptable):
            gates.submit_gate(made, NORA, "100", "Design", {**PACK, "qa_outcome": "Not so good."})

    for cut, made in crossings(make, passes, submits):
        states = {one["content"]["pack"]["qa_outcome"]: one["state"] for one in approvals.register(made.rows).all()}
        record = gates.records_of(made)["100"]["Design"].state
        passed = states[PACK["qa_outcome"]] == "approved"
        assert record == ("approved" if passed else "submitted"), cut
        assert states.get("Not so good.") in ((None, "void") if passed else ("open",)), cut
        (row,) = project_register.gates_of(made.rows, "100")
        assert row["pack"]["qa_outcome"] == (PACK["qa_outcome"] if passed else "Not so good."), cut


def decide(made, approval_id, person):
    held = approvals.register(made.rows).get(approval_id)
    said = {"decision": "approve", "rationale": "Looked at it.", "digest": held.body["digest"]}
    with suppress(Conflict, Gone):
        decide_approval(made, person, approval_id, said)

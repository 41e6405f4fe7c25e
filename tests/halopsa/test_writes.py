"""Actions carried out in HaloPSA: once, marked, with the prior state, and safe to repeat after any failure."""

from __future__ import annotations

from typing import Any

import pytest

from shared.actions import Action, ActionKind
from shared.errors import SourceDown, SourceRejected
from shared.halopsa.echo import is_echo, marker
from shared.halopsa.mirror import BlobMirror
from shared.halopsa.writes import HaloWrites
from shared.model import Subject
from tests.harness.clock import StillClock
from tests.harness.halo import FakeHalo
from tests.harness.memory import MemoryBlobs


class LossyHalo(FakeHalo):
    """Carries out a write and loses the answer, ``lose`` times."""

    lose = 0

    def write(self, kind: str, row: Any) -> Any:
        stored = super().write(kind, row)
        if self.lose:
            self.lose -= 1
            raise SourceDown("The answer was lost.", code="halo_cut_off", uncertain=True)
        return stored


def world(**tables: list[dict[str, Any]]) -> tuple[LossyHalo, HaloWrites]:
    """A HaloPSA and the writer on it."""
    halo = LossyHalo(StillClock(), dict(tables))
    return halo, HaloWrites(halo, BlobMirror(MemoryBlobs()))


def action(kind: ActionKind, key: str = "act-1", **parameters: Any) -> Action:
    """An action of customer 3."""
    return Action(kind, key, Subject("recurring_invoice", "-240"), "3", parameters)


def hold(key: str = "act-1", mode: str = "disable") -> Action:
    """Hold invoice -240."""
    return action(ActionKind.HOLD_INVOICE, key, recurring_invoice_id=-240, mode=mode, hold_id="h-1")


def release(prior: dict[str, Any], mode: str = "disable") -> Action:
    """Release it."""
    return action(
        ActionKind.RELEASE_INVOICE, "act-2", recurring_invoice_id="-240", mode=mode, prior=prior, hold_id="h-1"
    )


@pytest.mark.parametrize(("mode", "field"), [("disable", "disabled"), ("review", "reviewrequired")])
def test_hold_and_release_change_one_field_and_leave_no_trace(mode: str, field: str) -> None:
    """After the release the invoice is as it was before the hold, its note included."""
    before = {"id": -240, "disabled": False, "reviewrequired": False, "internal_note": "Call first.", "total": 5}
    halo, writes = world(RecurringInvoice=[dict(before)])
    outcome = writes.carry_out(hold(mode=mode), {})
    assert (outcome["already"], outcome["prior"][field]) == (False, False)
    assert halo.tables["RecurringInvoice"][0][field] is True
    again = writes.carry_out(hold(mode=mode), {})
    assert (again["already"], again["prior"][field], len(halo.written)) == (True, False, 1)
    assert writes.carry_out(release(outcome["prior"], mode), {})["already"] is False
    assert halo.tables["RecurringInvoice"] == [before]
    assert writes.carry_out(release(outcome["prior"], mode), {})["already"] is True
    assert len(halo.written) == 2


def test_an_invoice_a_person_disabled_stays_disabled() -> None:
    """The hold finds it so, and the release gives back nothing it did not take."""
    halo, writes = world(RecurringInvoice=[{"id": -240, "disabled": True}])
    outcome = writes.carry_out(hold(), {})
    assert (outcome["already"], outcome["prior"]["disabled"]) == (True, True)
    assert writes.carry_out(release(outcome["prior"]), {})["already"] is True
    assert halo.written == []
    assert halo.tables["RecurringInvoice"][0]["disabled"] is True


def test_an_invoice_no_recurring_one_made_is_flagged_while_it_is_in_the_house() -> None:
    """Once, with our mark, and the flag is taken back; nothing is written to one that is missing, void or has left."""
    before = {"id": 71, "reviewrequired": False, "datesent": "1900-01-01T00:00:00"}
    halo, writes = world(Invoice=[dict(before)])
    told = {"invoice_id": 71, "mode": "review", "hold_id": "h-1"}
    halo.lose = 1
    with pytest.raises(SourceDown):
        writes.carry_out(action(ActionKind.HOLD_INVOICE, "k", **told), {})
    outcome = writes.carry_out(action(ActionKind.HOLD_INVOICE, "k", **told), {})
    assert (outcome["already"], outcome["prior"]["reviewrequired"]) == (True, False)
    halo.lose = 1
    with pytest.raises(SourceDown):
        writes.carry_out(action(ActionKind.RELEASE_INVOICE, "l", **told, prior=outcome["prior"]), {})
    writes.carry_out(action(ActionKind.RELEASE_INVOICE, "l", **told, prior=outcome["prior"]), {})
    assert halo.tables["Invoice"] == [{**before, "internal_note": ""}]
    for changes in ({"posted": True}, {"datesent": "2026-11-10T00:00:00"}, {"voided": True}):
        halo.tables["Invoice"] = [before | changes]
        with pytest.raises(SourceRejected) as caught:
            writes.carry_out(action(ActionKind.HOLD_INVOICE, "k", **told), {})
        assert caught.value.code == "invoice_left"
    halo.tables["Invoice"] = []
    with pytest.raises(SourceRejected) as caught:
        writes.carry_out(action(ActionKind.HOLD_INVOICE, "k", **told), {})
    assert caught.value.code == "invoice_missing"


def test_a_hold_whose_answer_was_lost_is_known_as_our_own() -> None:
    """The retry tells the prior state from before our first attempt."""
    halo, writes = world(RecurringInvoice=[{"id": -240, "disabled": False}])
    halo.lose = 1
    with pytest.raises(SourceDown):
        writes.carry_out(hold(), {})
    outcome = writes.carry_out(hold(), {})
    assert (outcome["already"], outcome["prior"]["disabled"]) == (True, False)
    writes.carry_out(release(outcome["prior"]), {})
    assert halo.tables["RecurringInvoice"][0]["disabled"] is False


def test_what_cannot_be_held_is_said() -> None:
    """A missing invoice, an unknown mode, a write that HaloPSA accepts and does not keep."""
    halo, writes = world(RecurringInvoice=[])
    with pytest.raises(SourceRejected) as caught:
        writes.carry_out(hold(), {})
    assert caught.value.code == "recurring_invoice_missing"
    with pytest.raises(SourceRejected):
        writes.carry_out(hold(mode="delete"), {})
    halo.tables["RecurringInvoice"] = [{"id": -240, "disabled": False}]
    halo.write = lambda _kind, row: row  # type: ignore[method-assign]
    with pytest.raises(SourceRejected) as caught:
        writes.carry_out(hold(), {})
    assert caught.value.code == "halo_not_applied"


def test_a_note_is_written_once_with_an_outcome_and_our_mark() -> None:
    """Internal note unless told otherwise; the retry after a lost answer finds it."""
    halo, writes = world(Actions=[{"ticket_id": 7, "id": 1, "note": "hello"}])
    note = action(ActionKind.NOTE_TICKET, "note\n7 é", ticket_id=7, note="Held.")
    halo.lose = 1
    with pytest.raises(SourceDown):
        writes.carry_out(note, {})
    assert writes.carry_out(note, {}) == {"already": True, "action_id": 2, "prior": {}}
    [written] = [row for kind, row in halo.written if kind == "Actions"]
    assert (written["outcome_id"], written["hiddenfromuser"]) == (7, True)
    assert marker("note\n7 é") in written["note"]
    assert is_echo(written)
    assert not is_echo({"note": "hello", "note_html": None})
    writes.carry_out(action(ActionKind.NOTE_TICKET, "n-2", ticket_id="7", note="x", outcome="Billing"), {})
    assert halo.written[-1][1]["outcome"] == "Billing"


PLAN = {
    "summary": "Fictive rollout",
    "client_id": 3,
    "project_type": 40,
    "task_type": 41,
    "start": "2026-12-01T00:00:00Z",
    "milestones": [
        {"name": "Design", "sequence": 1, "start_days": 0, "target_days": 10},
        {"name": "Build", "sequence": 2},
    ],
    "budgets": [{"budget_type": 2, "hours": "40", "rate": "150.00"}],
    "tasks": [{"name": "Draw", "group": "Design", "estimate": "8"}, {"name": "Draw", "group": "Build"}],
}


def project(key: str = "make-1", plan: Any = None) -> Action:
    """Create the project of opportunity 55."""
    return action(ActionKind.CREATE_PROJECT, key, opportunity_id=55, plan=PLAN if plan is None else plan)


def projects(halo: FakeHalo) -> list[dict[str, Any]]:
    """Top-level projects."""
    return [row for row in halo.tables.get("Projects", []) if not row.get("parent_id")]


def test_a_project_is_created_with_milestones_budgets_and_tasks() -> None:
    """Template days become dates; tasks hang under the project and its milestones."""
    halo, writes = world(Tickets=[], Projects=[{"id": 900, "summary": "Other", "createdfrom_id": 1}])
    outcome = writes.carry_out(project(), {})
    made = projects(halo)[-1]
    assert outcome["project_id"] == made["id"]
    assert (made["createdfrom_id"], made["tickettype_id"], made["client_id"]) == (55, 40, 3)
    assert made["milestones"][0]["target_date"] == "2026-12-11T00:00:00.000Z"
    assert made["budgets"] == [{"budgettype_id": 2, "hours": 40.0, "rate": 150.0}]
    children = [row for row in halo.tables["Tickets"] if row.get("parent_id") == made["id"]]
    assert [row["summary"] for row in children] == ["Draw", "Draw"]
    assert outcome["tasks_added"] == 2
    again = writes.carry_out(project(), {})
    assert (again["already"], again["tasks_added"], again["task_ids"]) == (True, 0, outcome["task_ids"])
    assert len(projects(halo)) == 2


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_half_made_project_is_completed_not_doubled(lost: int) -> None:
    """Whichever answer was lost, repeating ends with one project and two tasks."""
    halo, writes = world(Tickets=[], Projects=[])
    for number in range(1, 6):
        halo.lose = 1 if number <= lost else 0
        try:
            writes.carry_out(project(), {})
        except SourceDown:
            continue
        break
    assert len(projects(halo)) == 1
    assert len([row for row in halo.tables["Tickets"] if row.get("parent_id")]) == 2


def test_a_project_a_person_made_from_the_opportunity_is_used() -> None:
    """Found by createdfrom_id; what is missing is added, what is there stays."""
    held = {
        "id": 31,
        "summary": "Fictive rollout",
        "client_id": 3,
        "createdfrom_id": 55,
        "milestones": [{"id": 1, "name": "Design"}],
    }
    halo, writes = world(Tickets=[], Projects=[held])
    halo.hidden["Projects"] = frozenset({"createdfrom_id", "milestones"})
    outcome = writes.carry_out(project(), {})
    assert (outcome["project_id"], outcome["milestones_added"], outcome["budgets_added"]) == (31, 1, 1)
    assert [one["name"] for one in projects(halo)[0]["milestones"]] == ["Design", "Build"]


def test_a_bare_plan_still_makes_a_project() -> None:
    """No template, no dates: a ticket that names its opportunity."""
    halo, writes = world(Tickets=[], Projects=[])
    writes.carry_out(project(plan={}), {"project_type": 40})
    assert projects(halo)[0]["summary"] == "Project from opportunity 55"
    assert projects(halo)[0]["tickettype_id"] == 40

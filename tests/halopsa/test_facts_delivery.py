"""Project and handoff facts from HaloPSA's rows, however they come."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shared.halopsa import facts_delivery
from shared.measures.baseline import Baseline, Period
from shared.policy.document import shipped_policy
from tests.harness.delivery import handoff_rows, opportunity, project_rows, quotation
from tests.harness.mirror import MemoryMirror

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
POLICY = shipped_policy()


def facts(rows, plans=None):
    mirror = MemoryMirror()
    mirror.load(rows, NOW)
    return list(facts_delivery.projects(mirror, POLICY, NOW, plans or {}))


def one(rows, plans=None):
    (found,) = facts(rows, plans)
    return found


def test_time_is_added_up_by_task_at_its_persons_rate():
    """Hours times cost rate, each task for itself."""
    found = one(project_rows())
    assert {task.id: (task.time.hours, task.time.cost) for task in found.tasks} == {
        "101": (Decimal("10.0"), Decimal("500.00")),
        "102": (Decimal("12.5"), Decimal("625.00")),
    }
    assert found.entries == 2


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"timetaken": -2.0}, "negative"),
        ({"datetime": "1900-01-01T00:00:00"}, "undated"),
        ({"datetime": None}, "undated"),
        ({"datetime": "2026-10-30T10:00:00Z"}, "early"),
        ({"who_agentid": 6}, "uncosted"),
        ({"who_agentid": None}, "uncosted"),
    ],
)
def test_entries_that_cannot_be_trusted_are_counted_as_such(entry, field):
    """Negative, undated, before the start, or of somebody without a rate."""
    rows = project_rows()
    rows["Actions"][0] |= entry
    plan = Baseline("CAD", Decimal(2000), datetime(2026, 11, 2, tzinfo=UTC), (Period(NOW, Decimal(2000)),))
    found = one(rows, {"100": plan})
    assert getattr(found.tasks[0].time, field) > 0


def test_a_cost_rate_of_zero_is_a_missing_one():
    """HaloPSA sends 0 where nobody has entered a cost."""
    rows = project_rows()
    rows["Agent"][0]["costprice"] = 0.0
    assert one(rows).tasks[0].time.uncosted == Decimal("10.0")


def test_an_entry_after_the_instant_has_not_happened():
    """It is in the mirror but not in the figures."""
    rows = project_rows()
    rows["Actions"][0]["datetime"] = "2026-11-16T09:00:01Z"
    assert one(rows).tasks[0].time.entries == 0


@pytest.mark.parametrize(
    ("task", "hours"),
    [
        ({"estimate": 0.0}, None),
        ({"estimate": 0.0, "budgethours": "7.5"}, Decimal("7.5")),
        ({"estimate": 3.0}, Decimal("3.0")),
        ({"estimate": 0.0, "budgethours": "some"}, None),
        ({"estimate": 0.0, "budgets": [{"hours": 4.0}, {"hours": 1.5}]}, Decimal("5.5")),
    ],
)
def test_hours_are_the_estimate_or_the_budgeted_hours(task, hours):
    """0 is HaloPSA's word for none."""
    rows = project_rows()
    rows["Tickets"][0] |= task
    assert one(rows).tasks[0].hours == hours


@pytest.mark.parametrize(
    ("task", "completion"),
    [
        ({"status_id": 9}, Decimal(1)),
        ({"status_id": 2, "projectcompletionpercentage": 25.0}, Decimal("0.25")),
        ({"status_id": 2, "projectcompletionpercentage": 101.0}, None),
        ({"status_id": 2, "projectcompletionpercentage": -1.0}, None),
        ({"status_id": 2, "projectcompletionpercentage": None}, Decimal(0)),
    ],
)
def test_completion_of_a_task(task, completion):
    """Closed is all of it, an open one its percentage, without one nothing yet, and nonsense is unknown."""
    rows = project_rows()
    rows["Tickets"][0] |= {"dateclosed": None, **task}
    assert one(rows).tasks[0].completion == completion


def test_a_milestone_is_complete_when_halopsa_says_so_or_its_tasks_are_closed():
    """Its own flag, or all its tasks."""
    rows = project_rows(
        milestones=[
            {"id": 1, "name": "A", "sequence": 2, "_complete": True},
            {"id": 2, "name": "B", "sequence": 1},
            {
                "id": 3,
                "name": "C",
                "sequence": 3,
                "tickets": [{"milestone_id": 3, "ticket_id": 102}],
                "dependencies": [{"child": 3, "parent": 1}],
                "target_date": "1900-01-01T00:00:00",
            },
        ]
    )
    rows["Tickets"][0]["milestone_id"] = 2
    found = one(rows).milestones
    assert [(each.name, each.complete) for each in found] == [("B", True), ("A", True), ("C", False)]
    assert found[2].depends_on == (1,)
    assert found[2].target is None


def test_a_project_in_both_lists_is_one():
    """The newer reading wins field by field; what only the detail knows stays."""
    rows = project_rows(milestones=[{"id": 1, "name": "A"}])
    rows["Tickets"].append(
        {
            "id": 100,
            "summary": "Renamed",
            "tickettype_id": 5,
            "client_id": 12,
            "is_project": True,
            "status_id": 2,
            "last_update": "2026-11-16T08:00:00Z",
        }
    )
    found = one(rows)
    assert (found.name, len(found.milestones)) == ("Renamed", 1)


def test_a_project_below_an_opportunity_is_a_project():
    """Its parent is no project, so it is not a task."""
    rows = project_rows(parent_id=700)
    assert [each.id for each in facts(rows)] == ["100"]


def test_empty_and_strange_rows_are_no_projects():
    """Nothing, no id, an id that is none."""
    assert facts({"Projects": [], "Tickets": []}) == []
    mirror = MemoryMirror()
    mirror.kinds["Projects"] = {"x": {"summary": "no id"}, "y": {"id": "text"}, "z": {"id": True}}
    assert list(facts_delivery.projects(mirror, POLICY, NOW, {})) == []


def test_the_margin_and_the_fields_by_label_are_read():
    """Labels in any case; rich text and choices become plain text."""
    opp = opportunity(POLICY)
    opp["customfields"][0] = {"id": 1, "label": "delivery ASSUMPTIONS", "value": "<p>Power&nbsp;is <b>there</b></p>"}
    opp["customfields"][1] = {
        "id": 2,
        "label": "Dependencies",
        "value": [{"id": 1, "name": "ISP"}, {"id": 2, "name": "Lift"}],
    }
    mirror = MemoryMirror()
    mirror.load(handoff_rows(opp, quotation()), NOW)
    found = facts_delivery.handoff(mirror, POLICY, "700")
    assert found.margin == Decimal("0.3")
    assert found.text("assumptions") == "Power is there"
    assert found.text("dependencies") == "ISP, Lift"
    assert found.signed_quote.id == "77"
    assert facts_delivery.handoff(mirror, POLICY, "701") is None


@pytest.mark.parametrize(
    ("entry", "hours"),
    [
        ({"actionchargehours": 4.0}, 4),
        ({"actionchargehours": 4.0, "actioninvoicenumber": "0"}, 4),
        ({"actionchargehours": 4.0, "actioninvoicenumber": "17"}, 0),
        ({"actionchargehours": 4.0, "action_invoice_line_id": 5}, 0),
        ({"actionchargehours": 4.0, "chargerate": 0}, 0),
        ({"actionchargehours": 4.0, "actisbillable": False}, 0),
        ({"actionchargehours": 4.0, "datetime": "2026-12-01T00:00:00Z"}, 0),
        ({"actionchargehours": "much"}, 0),
        ({"actionchargehours": -4.0}, 0),
        ({}, 0),
    ],
)
def test_chargeable_hours_on_no_invoice_are_added_up(entry, hours):
    """What is free, billed, in the future or unreadable is not owed."""
    rows = project_rows()
    rows["Actions"][0] |= entry
    assert one(rows).tasks[0].time.unbilled == hours


def test_the_resource_plan_is_added_up_by_budget_type():
    """Over the project and its tasks; lines without a type or without hours say nothing."""
    rows = project_rows(
        template_id=501,
        budgets=[
            {
                "budgettype_id": 2,
                "budgettype_name": "Engineering",
                "hours": 40.0,
                "scheduled_hours": 10,
                "toschedule_hours": 30,
            },
            {"hours": 3.0},
        ],
        todo_list=[{"id": 1, "text": "Send the keys", "done": False}, {"id": 2, "text": "Sign", "done": True}],
    )
    rows["Tickets"][0]["budgets"] = [
        {"budgettype_name": "Engineering", "actual_hours": 2.5},
        {"budgettype_id": 3, "hours": 1},
    ]
    found = one(rows)
    assert [(line.name, line.planned, line.actual, line.scheduled, line.to_schedule) for line in found.resources] == [
        ("Budget 3", 1, 0, 0, 0),
        ("Engineering", 40, Decimal("2.5"), 10, 30),
    ]
    assert (found.template, found.todo) == (501, ("Send the keys",))


def test_dependencies_are_read_as_links_and_as_milestones():
    """HaloPSA sends either; a milestone never waits for itself."""
    milestones = [
        {"id": 1, "name": "Design", "from_template_id": 77},
        {
            "id": 2,
            "name": "Build",
            "dependencies": [{"parent": 1, "child": 2}],
            "milestone_dependencies": [{"id": 1}, {"id": 2}],
        },
        {"id": 3, "name": "Test", "milestone_dependencies": [{"id": 2}]},
    ]
    found = one(project_rows(milestones=milestones))
    assert [milestone.depends_on for milestone in found.milestones] == [(), (1,), (2,)]
    assert found.template == 77


def test_a_milestone_was_not_complete_before_its_tasks_were_closed():
    """A status of the past counts only what had happened, whatever HaloPSA says of it now."""
    rows = project_rows(milestones=[{"id": 1, "name": "Design", "_complete": True, "tickets": [{"ticket_id": 101}]}])
    assert one(rows).milestones[0].complete
    rows["Tickets"][0]["dateclosed"] = "2026-11-17T10:00:00Z"
    assert not one(rows).milestones[0].complete


@pytest.mark.parametrize(
    ("milestone", "owed"),
    [
        ({"milestone_value": 500.0}, True),
        ({"milestone_value": 500.0, "invoicenumber": "0"}, True),
        ({"milestone_value": 500.0, "invoicenumber": "INV-7"}, False),
        ({"milestone_value": 500.0, "invoicenumber": 7}, False),
        ({"milestone_value": 0}, False),
        ({}, False),
    ],
)
def test_a_milestone_with_a_value_and_no_invoice_is_owed(milestone, owed):
    """Billing at the project's end looks at these."""
    assert one(project_rows(milestones=[{"id": 1, "name": "Design"} | milestone])).milestones[0].unbilled is owed

"""The report's chapters on projects and handoffs: sums that add up, unknown where nothing is known."""

from __future__ import annotations

from typing import Any

from shared.measures.kpis import Period
from shared.procedures import handoffs, projects
from shared.procedures.delivery_quality import delivery_quality
from shared.procedures.project_worst import projects_at
from shared.reports.document import Paragraph, Section, Table
from shared.reports.part_handoffs import handoffs as handoff_chapter
from shared.reports.part_projects import projects as project_chapter
from shared.reports.weekly_input import WeeklyInput
from tests.harness.delivery import BASELINE, NORA, opportunity, project_rows, quotation, run_of
from tests.harness.services import FakeServices
from tests.reports.weeks import NOW, PERIOD, START

WEEK = Period(START, NOW)


def week(**more: Any) -> WeeklyInput:
    return WeeklyInput(PERIOD, START, NOW, NOW, **more)


def tables(section: Section) -> dict[str, Table]:
    return {block.id: block for block in section.blocks if isinstance(block, Table)}


def said(section: Section) -> str:
    return " ".join(block.text for block in section.blocks if isinstance(block, Paragraph))


def delivered() -> FakeServices:
    """A red project with two workstreams from a deal whose assumption was open, and an escalation nobody answered."""
    services = FakeServices()
    open_one = opportunity(
        services.policy.policy, todo_list=[{"id": 1, "text": "Power", "done": False, "group_name": "Assumptions"}]
    )
    rows = project_rows(createdfrom_id=700)
    rows["Actions"][1]["timetaken"] = 60.0
    services.mirror.load(
        rows | {"Opportunities": [open_one], "Quotation": [quotation()], "Appointment": []}, services.clock.now()
    )
    streams = [{"name": "Design", "hours": "10", "cost": "500.00", "tasks": [101]}, {"name": "Build", "tasks": ["102"]}]
    services.clock.advance(hours=1)
    handoffs.handoff_review_run(services, run_of("handoff_review", services))
    projects.put_baseline(services, NORA, "100", BASELINE | {"workstreams": streams})
    projects.project_status_run(services, run_of("project_status", services))
    return services


def test_a_red_project_is_told_with_its_workstreams_and_periods() -> None:
    """Earned, spent and variance of the workstreams add up to the project's; only periods that have begun are told."""
    services = delivered()
    section = project_chapter(
        week(projects=projects_at(services, NOW, [None])[None], customers={"12": "Maple Harbour Dental"})
    )
    held = tables(section)
    assert "Of 1 open project, 1 red, 0 amber, 0 unknown and 0 green: 1 + 0 + 0 + 0 = 1." in said(section)
    (project,) = held["projects"].rows
    shown = dict(zip((one.id for one in held["projects"].columns), project, strict=True))
    assert (shown["tone"], shown["customer"], shown["ev"], shown["ac"]) == (
        "red",
        "Maple Harbour Dental",
        1250.0,
        3500.0,
    )
    streams = held["workstreams"].rows
    assert [row[1] for row in streams] == ["Design", "Build", "In no workstream"]
    assert [sum(float(str(row[at])) for row in streams) for at in (4, 5, 6)] == [1250.0, 3500.0, -2250.0]
    assert [row[4] for row in held["periods"].rows] == [3500.0, 0.0]


def test_the_handoff_review_tells_missed_assumptions_and_what_they_cost() -> None:
    """Submitted, missing, lost and unanswered, in words and in rows."""
    services = delivered()
    services.clock.at = NOW
    quality = delivery_quality(services, WEEK, lambda _p, _c: True, NOW)
    section = handoff_chapter(week(delivery=quality))
    words = said(section)
    assert "1 handoff was submitted for the first time; 0 were complete." in words
    assert "assumption unresolved (1)" in words
    assert "1 escalation was told; 0 were acknowledged" in words
    assert "1 is overdue" in words
    (row,) = tables(section)["lineage"].rows
    assert row[0] == "CAD"
    assert float(str(row[3])) == float(str(row[4])) + float(str(row[5]))
    assert tables(section)["escalations"].rows[-1][:2] == ("all", 1)


def test_without_anything_measured_it_says_so() -> None:
    """Unknown is a sentence, not an empty table that looks green."""
    assert "unknown" in said(project_chapter(week()))
    services = FakeServices()
    quality = delivery_quality(services, WEEK, lambda _p, _c: True, NOW)
    words = said(handoff_chapter(week(delivery=quality)))
    assert "No handoff was submitted" in words
    assert "Nothing was escalated" in words
    assert "No deal is in delivery" in words


def test_a_report_of_the_past_tells_projects_as_they_were_then() -> None:
    """A later measurement does not reach back."""
    services = delivered()
    then = services.clock.now()
    services.clock.advance(days=1)
    services.mirror.load(project_rows(createdfrom_id=700), services.clock.now())
    projects.project_status_run(services, run_of("project_status", services))
    assert projects_at(services, then, [None])[None]["ratings"]["red"] == 1
    assert projects_at(services, services.clock.now(), [None])[None]["ratings"]["red"] == 0

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from shared.measures import delivery_figures as figures
from shared.measures.delivery_figures import HandoffNumbers, Milestone, ProjectNumbers
from shared.measures.kpis import Period

START = datetime(2026, 11, 16, tzinfo=UTC)
PERIOD = Period(START, START + timedelta(days=7))
DAY = timedelta(days=1)


def project(**more: Any) -> ProjectNumbers:
    held: dict[str, Any] = {"practice": "ps", "bac": Fraction(100), "eac": Fraction(110)}
    return ProjectNumbers(**{**held, **more})


def test_a_milestone_is_on_time_on_its_day_and_late_when_it_is_not_complete() -> None:
    """Complete without a known day is unknown and in no denominator; targets outside the period are not asked."""
    due = START + DAY
    rows = (
        Milestone(due, complete=True, completed_at=due + timedelta(hours=20)),
        Milestone(due, complete=True, completed_at=due + DAY),
        Milestone(due, complete=False, completed_at=None),
        Milestone(due, complete=True, completed_at=None),
        Milestone(PERIOD.end, complete=False, completed_at=None),
    )
    found = figures.on_time_milestones([project(milestones=rows)], PERIOD).whole

    assert (found.n, found.value) == (3, float(Fraction(1, 3)))


def test_budget_variance_is_the_mean_share_over_budget() -> None:
    """Ten per cent over and twenty under are five under on average; without a forecast a project is left out."""
    found = figures.budget_variance([project(), project(eac=Fraction(80)), project(eac=None)]).whole

    assert (found.n, found.value) == (2, -0.05)


def test_margins_compare_the_deal_with_the_forecast() -> None:
    """A deal of 200 planned at 50 % and forecast at 45 % is 95 % accurate."""
    one = project(value=Fraction(200), planned_margin=Fraction(1, 2))

    assert figures.project_margin([one, project()]).whole.value == 0.45
    assert figures.margin_accuracy([one, project()]).whole.value == 0.95


def test_a_kickoff_after_the_planned_day_or_none_is_delayed() -> None:
    """Only projects handed over, whose plan starts in the period."""
    rows = [
        project(handed_over=True, starts=START + DAY, kickoff=START + DAY),
        project(handed_over=True, starts=START + DAY, kickoff=START + 2 * DAY),
        project(handed_over=True, starts=START + DAY),
        project(starts=START + DAY),
    ]

    found = figures.kickoff_delays(rows, PERIOD).whole
    assert (found.n, found.value) == (3, float(Fraction(2, 3)))


def test_completeness_counts_at_first_submission_only() -> None:
    """Submitted before the period: not asked."""
    rows = [HandoffNumbers("ps", START, Fraction(4, 5)), HandoffNumbers("ps", START - DAY, Fraction(1))]

    assert figures.handoff_completeness(rows, PERIOD).whole.value == 0.8


def test_scope_changes_are_counted_per_open_project_with_a_baseline() -> None:
    """A project closed before the period or without baseline is no denominator."""
    rows = [
        project(changes=(START, START + DAY, START - DAY)),
        project(),
        project(closed_at=START - DAY),
        project(bac=None),
    ]

    found = figures.scope_changes(rows, PERIOD).whole
    assert (found.n, found.value) == (2, 1.0)


def test_a_day_ends_where_people_work() -> None:
    """Nine in the evening in Toronto is the next day in UTC: the milestone and the kickoff of that evening are in time."""
    toronto, due = ZoneInfo("America/Toronto"), START + DAY
    evening = due + DAY + timedelta(hours=2)
    one = project(
        milestones=(Milestone(due, complete=True, completed_at=evening),), handed_over=True, starts=due, kickoff=evening
    )

    assert figures.on_time_milestones([one], PERIOD, toronto).whole.value == 1
    assert figures.kickoff_delays([one], PERIOD, toronto).whole.value == 0
    assert figures.on_time_milestones([one], PERIOD).whole.value == 0

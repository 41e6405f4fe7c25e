"""Figures of projects and handoffs over a period, from what their own jobs measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from fractions import Fraction

from shared.measures.kpis import NONE, Figure, Period, Spread
from shared.measures.percentiles import HALF, NINE_TENTHS, mean, percentile
from shared.measures.tally import rate


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone with a target. ``completed_at`` None on a complete one: nobody can tell when."""

    target: datetime
    complete: bool
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProjectNumbers:
    """One project. Amounts are in its own currency; None where they could not be measured."""

    practice: str | None
    bac: Fraction | None = None
    eac: Fraction | None = None
    value: Fraction | None = None
    """What the customer pays, in the same currency."""
    planned_margin: Fraction | None = None
    milestones: tuple[Milestone, ...] = ()
    starts: datetime | None = None
    """The baseline's start."""
    handed_over: bool = False
    kickoff: datetime | None = None
    changes: tuple[datetime, ...] = ()
    """When change orders were accepted."""
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HandoffNumbers:
    """One handoff at its first submission."""

    practice: str | None
    first_at: datetime
    completeness: Fraction


def day_of(at: datetime, zone: tzinfo) -> date:
    """The day as people where we work call it; HaloPSA writes a day without a time as midnight UTC."""
    told = at.astimezone(UTC)
    return told.date() if told.time() == time() else told.astimezone(zone).date()


def on_time_milestones(projects: Sequence[ProjectNumbers], period: Period, zone: tzinfo = UTC) -> Figure:
    """Of the milestones due in the period, the share completed not later than on the day they were due."""
    due = [
        one
        for project in projects
        for one in project.milestones
        if period.holds(one.target) and not (one.complete and one.completed_at is None)
    ]
    kept = sum(
        1 for one in due if one.completed_at is not None and day_of(one.completed_at, zone) <= day_of(one.target, zone)
    )
    return rate(kept, len(due))


def budget_variance(projects: Sequence[ProjectNumbers]) -> Figure:
    """Mean of (forecast − budget) ÷ budget; above zero is over budget."""
    return _spread([(one.eac - one.bac) / one.bac for one in projects if one.eac is not None and one.bac])


def forecast_margin(project: ProjectNumbers) -> Fraction | None:
    """(value − forecast cost) ÷ value, None where either is unknown."""
    if project.eac is None or not project.value or project.value < 0:
        return None
    return (project.value - project.eac) / project.value


def project_margin(projects: Sequence[ProjectNumbers]) -> Figure:
    """Mean forecast margin."""
    return _spread([margin for one in projects if (margin := forecast_margin(one)) is not None])


def margin_accuracy(projects: Sequence[ProjectNumbers]) -> Figure:
    """Mean of 1 − |planned margin − forecast margin|, never below zero."""
    return _spread(
        [
            max(Fraction(0), 1 - abs(one.planned_margin - margin))
            for one in projects
            if one.planned_margin is not None and (margin := forecast_margin(one)) is not None
        ]
    )


def handoff_completeness(handoffs: Sequence[HandoffNumbers], period: Period) -> Figure:
    """Mean completeness at first submission, of handoffs first submitted in the period."""
    return _spread([one.completeness for one in handoffs if period.holds(one.first_at)])


def kickoff_delays(projects: Sequence[ProjectNumbers], period: Period, zone: tzinfo = UTC) -> Figure:
    """Of projects handed over whose plan starts in the period, the share kicked off after that day or not at all."""
    due = [one for one in projects if one.handed_over and period.holds(one.starts)]
    late = sum(
        1
        for one in due
        if one.starts is not None and (one.kickoff is None or day_of(one.kickoff, zone) > day_of(one.starts, zone))
    )
    return rate(late, len(due))


def scope_changes(projects: Sequence[ProjectNumbers], period: Period) -> Figure:
    """Change orders accepted in the period per project with a baseline that was not closed before it."""
    held = [one for one in projects if one.bac is not None and (one.closed_at is None or one.closed_at >= period.start)]
    changes = sum(1 for one in held for at in one.changes if period.holds(at))
    return rate(changes, len(held))


def _spread(values: list[Fraction]) -> Figure:
    if not values:
        return NONE
    ordered = sorted(values)
    average = mean(ordered)
    middle, high = percentile(ordered, HALF), percentile(ordered, NINE_TENTHS)
    return Figure(Spread(len(values), float(average or 0), float(average or 0), float(middle or 0), float(high or 0)))

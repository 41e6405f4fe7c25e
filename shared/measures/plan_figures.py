"""A project by workstream and by period: what was planned, earned, booked and spent; the parts add up to the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared.measures.baseline import Baseline, Stretch, Workstream
from shared.measures.project_facts import ZERO, PeriodTime, ProjectFacts, TaskFacts
from shared.measures.task_value import TASKS, TIME, Earned, Spent
from shared.measures.variance_causes import cents, shared_out
from shared.measures.workstreams import streams_of

_MOST_CELLS = 2_000
"""Workstreams times periods beyond which workstreams are told without their periods."""
REST = ""
"""Name of the part that belongs to no workstream."""


@dataclass(frozen=True, slots=True)
class Booked:
    """What was planned for a stretch of time and what was booked in it; None where nobody planned, or cannot be told."""

    start: datetime
    end: datetime | None
    """None: everything after the plan's end."""
    planned_hours: Decimal | None
    planned_cost: Decimal | None
    hours: Decimal | None
    """None before the period has begun."""
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """A period of the plan; ``pv`` and ``ac`` are cumulative at its end, or at the status date within it."""

    booked: Booked
    pv: Decimal
    ac: Decimal | None


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """A workstream. ``name`` is REST for what belongs to none; EV, AC and CV of all parts add up to the project's.

    Without a task of its own nothing is known of what a workstream earned or cost.
    """

    name: str
    accountable: str
    tasks: tuple[str, ...]
    planned_hours: Decimal | None
    planned_cost: Decimal | None
    pv: Decimal | None
    """Planned cost by the status date; None without a plan by period."""
    value: Decimal | None
    """Its tasks' share of the budget: what it earns when everything is done."""
    ev: Decimal | None
    ac: Decimal | None
    estimated: Decimal | None
    """Hours its tasks are estimated at today."""
    hours: Decimal | None
    periods: tuple[Booked, ...]

    @property
    def cv(self) -> Decimal | None:
        """Earned less spent."""
        return None if self.ev is None or self.ac is None else self.ev - self.ac

    @property
    def cpi(self) -> Decimal | None:
        """Earned for each unit spent."""
        return None if self.ev is None or not self.ac else self.ev / self.ac


def period_figures(
    facts: ProjectFacts, baseline: Baseline, cost: Spent, pv: Decimal, as_of: datetime
) -> tuple[PeriodFigures, ...]:
    """Every period of the plan, and what was booked after its end where anything was. ``pv`` is that of the status date."""
    ends = [period.end for period in baseline.periods]
    plan = [Stretch(period.end, period.hours, period.pv) for period in baseline.periods]
    every = [one for time in (facts.own, *(task.time for task in facts.tasks)) for one in time.by_period]
    rows = _booked(baseline.start, ends, plan, every, as_of, told=cost.source == TIME)
    out = []
    spent: Decimal | None = ZERO
    for row, period in zip(rows, [*baseline.periods, *[None] * (len(rows) - len(ends))], strict=True):
        spent = None if spent is None or row.cost is None else spent + row.cost
        planned = period.pv if period is not None else baseline.periods[-1].pv
        within = row.start < as_of and (row.end is None or as_of < row.end)
        out.append(PeriodFigures(row, pv if within else planned, spent))
    return tuple(out)


def stream_figures(
    facts: ProjectFacts, baseline: Baseline, done: Earned, cost: Spent, as_of: datetime
) -> tuple[StreamFigures, ...]:
    """Every workstream in the baseline's order and what belongs to none; nothing when there are no workstreams."""
    if not baseline.workstreams:
        return ()
    streams = (*baseline.workstreams, _rest(baseline))
    groups = streams_of(facts, baseline)
    by_name: dict[str, list[TaskFacts]] = {stream.name: [] for stream in streams}
    for task in facts.tasks:
        by_name[groups.get(task.id, REST)].append(task)
    earned = _earned(by_name, done)
    spent = _spent(by_name, facts, cost)
    people = dict(baseline.accountable)
    ends = [period.end for period in baseline.periods]
    ends = ends if len(ends) * len(streams) <= _MOST_CELLS else []
    out = []
    for stream in streams:
        mine = by_name[stream.name]
        times = [*(task.time for task in mine), *([facts.own] if stream.name == REST else [])]
        every = [one for time in times for one in time.by_period]
        told = cost.source == TIME and bool(times)
        booked = _booked(baseline.start, ends, stream.periods, every, as_of, told=told) if ends else []
        out.append(
            StreamFigures(
                stream.name,
                stream.accountable or people.get(stream.name, ""),
                tuple(task.id for task in mine),
                stream.planned_hours,
                stream.planned_cost,
                _reached(baseline.start, stream.periods, as_of, "cost"),
                _value(mine, done) if times else None,
                earned[stream.name] if times else None,
                spent[stream.name] if times else None,
                _estimated(mine) if mine else None,
                sum((one.hours for one in times), ZERO) if times else None,
                tuple(booked),
            )
        )
    return tuple(out)


def _rest(baseline: Baseline) -> Workstream:
    """What no workstream has: the rest of the budget where all of them name theirs, other tasks, time on the project."""
    costs = [stream.planned_cost for stream in baseline.workstreams]
    known = [one for one in costs if one is not None]
    return Workstream(REST, cost=baseline.bac - sum(known, ZERO) if len(known) == len(costs) else None)


def _booked(
    start: datetime,
    ends: Sequence[datetime],
    plan: Sequence[Stretch],
    times: Sequence[PeriodTime],
    as_of: datetime,
    *,
    told: bool,
) -> list[Booked]:
    """By period; without time entries (``told``) nothing can be said of what was booked when."""
    held: dict[int, tuple[Decimal, Decimal, Decimal]] = {}
    for one in times:
        hours, cost, uncosted = held.get(one.period, (ZERO, ZERO, ZERO))
        held[one.period] = (hours + one.hours, cost + one.cost, uncosted + one.uncosted)
    rows = []
    before = start
    for number, end in enumerate([*ends, None]):
        if end is None and number not in held:
            break
        known = told and (before < as_of or number in held)
        hours, cost, uncosted = held.get(number, (ZERO, ZERO, ZERO))
        rows.append(
            Booked(
                before,
                end,
                _between(start, plan, before, end, "hours"),
                _between(start, plan, before, end, "cost"),
                hours if known else None,
                cost if known and not uncosted else None,
            )
        )
        before = end or before
    return rows


def _between(
    start: datetime, plan: Sequence[Stretch], before: datetime, end: datetime | None, name: str
) -> Decimal | None:
    """What the plan holds between two instants."""
    if end is None:
        return None
    after, first = _reached(start, plan, end, name), _reached(start, plan, before, name)
    return None if after is None or first is None else after - first


def _reached(start: datetime, plan: Sequence[Stretch], at: datetime, name: str) -> Decimal | None:
    """What the plan holds by an instant, a straight line within a period; None where it says nothing of it."""
    if not plan or getattr(plan[0], name) is None:
        return None
    before, value = start, ZERO
    if at <= before:
        return ZERO
    for one in plan:
        planned: Decimal = getattr(one, name)
        if at < one.end:
            span = (one.end - before).total_seconds()
            share = Decimal(str((at - before).total_seconds())) / Decimal(str(span)) if span > 0 else ZERO
            return value + (planned - value) * share
        before, value = one.end, planned
    return value


def _estimated(tasks: Sequence[TaskFacts]) -> Decimal:
    return sum(((task.hours or ZERO) for task in tasks if not task.summary), ZERO)


def _value(tasks: Sequence[TaskFacts], done: Earned) -> Decimal | None:
    if done.source != TASKS or done.ev is None:
        return None
    return cents(sum((done.planned.get(task.id, ZERO) for task in tasks), ZERO))


def _earned(by_name: Mapping[str, list[TaskFacts]], done: Earned) -> dict[str, Decimal | None]:
    if done.source != TASKS or done.ev is None:
        return dict.fromkeys(by_name)
    parts = {name: sum((done.by_task.get(task.id, ZERO) for task in tasks), ZERO) for name, tasks in by_name.items()}
    return dict(zip(parts, shared_out(list(parts.values()), cents(done.ev)), strict=True))


def _spent(by_name: Mapping[str, list[TaskFacts]], facts: ProjectFacts, cost: Spent) -> dict[str, Decimal | None]:
    """By workstream, where cost comes from time entries; one with hours nobody can price is unknown."""
    if cost.source != TIME:
        return dict.fromkeys(by_name)
    times = {name: [task.time for task in tasks] for name, tasks in by_name.items()}
    times[REST] = [*times[REST], facts.own]
    parts = {name: sum((one.cost for one in held), ZERO) for name, held in times.items()}
    if cost.ac is not None:
        return dict(zip(parts, shared_out(list(parts.values()), cents(cost.ac)), strict=True))
    unpriced = {name for name, held in times.items() if any(one.uncosted for one in held)}
    return {name: None if name in unpriced else cents(amount) for name, amount in parts.items()}

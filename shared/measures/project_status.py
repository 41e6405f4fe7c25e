"""A project measured at one instant: earned value, earned schedule, slips, blockages and gates, before any threshold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared.measures.baseline import Baseline, Gate
from shared.measures.earned_schedule import EarnedSchedule, earned_schedule, instant_of, planned_value
from shared.measures.earned_value import EarnedValue
from shared.measures.plan_figures import PeriodFigures, StreamFigures, period_figures, stream_figures
from shared.measures.project_facts import ZERO, MilestoneFacts, ProjectFacts, TaskFacts
from shared.measures.task_value import Earned, Spent, earned, spent
from shared.measures.variance_causes import Cause, causes, cents
from shared.measures.worktime import Calendar, working_days


@dataclass(frozen=True, slots=True)
class GateRecord:
    """What people did about a gate."""

    state: str
    """open, submitted, approved or rejected."""
    approval_id: str | None = None
    outcome: str | None = None
    """Of a rejection: hold, recycle or stop."""
    evidence: tuple[str, ...] = ()
    """Ids of the request and of what was decided on it."""


@dataclass(frozen=True, slots=True)
class GateStatus:
    """A gate at the status date."""

    gate: Gate
    record: GateRecord
    reached: bool
    """Its date has passed or its milestone is complete."""
    worked_past: tuple[str, ...]
    """Ids of tasks behind it that have begun."""


@dataclass(frozen=True, slots=True)
class Blockage:
    """A milestone that waits for another."""

    milestone: MilestoneFacts
    waits_for: MilestoneFacts
    days: Decimal


@dataclass(frozen=True, slots=True)
class ProjectStatus:
    """Everything measured."""

    facts: ProjectFacts
    baseline: Baseline | None
    as_of: datetime
    figures: EarnedValue
    schedule: EarnedSchedule | None
    done: Earned | None
    cost: Spent
    causes: tuple[Cause, ...]
    slip_days: Decimal | None
    """Working days behind the earned schedule; negative is ahead."""
    late: tuple[tuple[MilestoneFacts, Decimal], ...]
    undated: tuple[MilestoneFacts, ...]
    blocked: tuple[Blockage, ...]
    gates: tuple[GateStatus, ...]
    reviewed: bool
    """A post-project review has been recorded."""
    finished_at: datetime | None
    streams: tuple[StreamFigures, ...] = ()
    periods: tuple[PeriodFigures, ...] = ()


def measure(
    facts: ProjectFacts,
    baseline: Baseline | None,
    as_of: datetime,
    on: Calendar,
    *,
    gates: dict[str, GateRecord] | None = None,
    reviewed: bool = False,
) -> ProjectStatus:
    """All figures of a project at ``as_of``; without a baseline only what was spent and how milestones stand."""
    cost = spent(facts)
    waiting = [one for one in facts.milestones if not one.complete]
    late = [(one, working_days(one.target, as_of, on)) for one in waiting if one.target and one.target < as_of]
    done = earned(facts, baseline) if baseline is not None else None
    complete = baseline is not None and done is not None and done.ev is not None and done.ev >= baseline.bac
    finished = _finished(facts, as_of, complete=complete)
    schedule = slip = None
    if baseline is not None and done is not None:
        at = finished or as_of
        schedule = earned_schedule(baseline, done.ev, at)
        if schedule.es is not None and at > baseline.start:
            slip = working_days(instant_of(baseline, schedule.es), at, on)
    pv = planned_value(baseline, as_of) if baseline is not None else ZERO
    return ProjectStatus(
        facts=facts,
        baseline=baseline,
        as_of=as_of,
        figures=EarnedValue(
            bac=baseline.bac if baseline else None,
            pv=_cents(pv) if baseline else None,
            ev=_cents(done.ev) if done else None,
            ac=_cents(cost.ac),
        ),
        schedule=schedule,
        done=done,
        cost=cost,
        causes=causes(facts, baseline, done, cost) if baseline is not None and done is not None else (),
        slip_days=slip,
        late=tuple(pair for pair in late if pair[1] > 0),
        undated=tuple(one for one in waiting if one.target is None),
        blocked=_blocked(facts, as_of),
        gates=tuple(_gate(gate, facts, as_of, gates or {}) for gate in baseline.gates) if baseline else (),
        reviewed=reviewed,
        finished_at=finished,
        streams=stream_figures(facts, baseline, done, cost, as_of) if baseline and done else (),
        periods=period_figures(facts, baseline, cost, pv, as_of) if baseline else (),
    )


def _cents(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else cents(amount)


def _finished(facts: ProjectFacts, as_of: datetime, *, complete: bool) -> datetime | None:
    """When it finished: its closing, or that of its last task once everything is earned. A late project stays late."""
    if facts.closed:
        return facts.closed_at or as_of
    if not complete:
        return None
    ends = [task.closed_at for task in facts.tasks if task.closed_at is not None]
    return max(ends) if ends and all(task.closed for task in facts.tasks) else None


def _blocked(facts: ProjectFacts, as_of: datetime) -> tuple[Blockage, ...]:
    known = {one.id: one for one in facts.milestones}
    found = []
    for one in facts.milestones:
        if one.complete:
            continue
        for other in (known[key] for key in one.depends_on if key in known):
            dates = [at for at in (one.start, other.target) if at is not None]
            # It waits from the day it should have begun; without that, from the day the other should have ended.
            since = one.start or (dates[0] if dates else None)
            if other.complete or since is None or since >= as_of:
                continue
            found.append(Blockage(one, other, Decimal((as_of - since).total_seconds()) / 86400))
    return tuple(sorted(found, key=lambda one: (-one.days, one.milestone.id, one.waits_for.id)))


def _gate(gate: Gate, facts: ProjectFacts, as_of: datetime, records: dict[str, GateRecord]) -> GateStatus:
    record = records.get(gate.name, GateRecord("open"))
    guarded = _milestone(gate, facts)
    due = gate.due or (guarded.target if guarded else None)
    reached = bool((due and due <= as_of) or (guarded and guarded.complete))
    if record.state == "approved":
        return GateStatus(gate, record, reached, ())
    behind = set()
    if guarded is not None:
        behind = {one.id for one in facts.milestones if one.sequence > guarded.sequence or guarded.id in one.depends_on}
    mapped = any(task.milestone is not None for task in facts.tasks)
    if guarded is not None and mapped:
        past = [task.id for task in facts.tasks if task.milestone in behind and _begun(task)]
    elif due is not None:
        # Nothing says which work lies behind the gate, so its date does.
        past = [task.id for task in facts.tasks if task.time.last_at and task.time.last_at > due]
        if facts.own.last_at and facts.own.last_at > due:
            past.append(facts.id)
    else:
        past = []
    return GateStatus(gate, record, reached, tuple(past))


def _milestone(gate: Gate, facts: ProjectFacts) -> MilestoneFacts | None:
    wanted = (gate.milestone or gate.name).strip().casefold()
    for one in facts.milestones:
        if wanted in (str(one.id), one.name.strip().casefold()):
            return one
    return None


def _begun(task: TaskFacts) -> bool:
    return task.closed or task.time.entries > 0 or (task.completion or ZERO) > 0

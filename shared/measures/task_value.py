"""What the work done is worth: planned value of tasks times completion, and what it cost, each with where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from shared.measures.baseline import Baseline
from shared.measures.project_facts import ZERO, ProjectFacts, TaskFacts, TimeTotals
from shared.model import Reason

TASKS, PERCENTAGE = "tasks", "projectcompletionpercentage"
TIME, MONEY = "time", "projectmoneyactual"
_LEAST = Decimal("0.05")
"""Hours below which a difference is rounding."""


@dataclass(frozen=True, slots=True)
class Earned:
    """EV with its source and each task's part of it."""

    ev: Decimal | None
    source: str | None
    by_task: dict[str, Decimal] = field(default_factory=dict)
    rate: Decimal | None = None
    """Planned cost of an hour, where the plan is in hours."""
    faults: tuple[Reason, ...] = ()
    planned: dict[str, Decimal] = field(default_factory=dict)
    """Each task's planned value: its share of the budget."""


@dataclass(frozen=True, slots=True)
class Spent:
    """AC with its source."""

    ac: Decimal | None
    source: str | None
    faults: tuple[Reason, ...] = ()


def earned(facts: ProjectFacts, baseline: Baseline) -> Earned:
    """EV: tasks share the budget by their own budgets or estimated hours; without tasks the project's percentage counts."""
    leaves = [task for task in facts.tasks if not task.summary]
    if not leaves:
        return _by_percentage(facts, baseline)
    broken = [task for task in leaves if task.completion is None]
    if broken:
        text = f"The completion of {_names(broken)} is not between 0 and 100 per cent, so earned value cannot be told."
        return Earned(None, TASKS, faults=(Reason("completion_invalid", text),))
    negative = [task for task in leaves if (task.hours or ZERO) < 0 or (task.money or ZERO) < 0]
    faults: list[Reason] = []
    if negative:
        faults.append(Reason("estimate_missing", f"{_names(negative)} carries a negative estimate; it counts as none."))
    if all((task.money or ZERO) > 0 for task in leaves):
        return _by_money(leaves, baseline, faults)
    planned = [task for task in leaves if (task.hours or ZERO) > 0]
    if not planned:
        text = "None of the tasks has an estimate, so what has been done cannot be valued against the plan."
        return Earned(None, TASKS, faults=(*faults, Reason("estimate_missing", text)))
    bare = [task for task in leaves if (task.hours or ZERO) <= 0 and task not in negative]
    if bare:
        faults.append(
            Reason("estimate_missing", f"{_names(bare)} has no estimate, so its progress is worth nothing yet.")
        )
    total = sum(((task.hours or ZERO) for task in planned), ZERO)
    worth = {task.id: baseline.bac * (task.hours or ZERO) / total for task in planned}
    parts = {task.id: baseline.bac * (task.hours or ZERO) * (task.completion or ZERO) / total for task in planned}
    ev = baseline.bac * sum(((task.hours or ZERO) * (task.completion or ZERO) for task in planned), ZERO) / total
    return Earned(ev, TASKS, parts, baseline.bac / total, tuple(faults), worth)


def _by_percentage(facts: ProjectFacts, baseline: Baseline) -> Earned:
    if facts.completion is None:
        text = "There are no tasks and no usable completion percentage, so earned value cannot be told."
        return Earned(None, None, faults=(Reason("progress_missing", text),))
    rate = baseline.bac / facts.hours_budget if facts.hours_budget and facts.hours_budget > 0 else None
    return Earned(facts.completion * baseline.bac, PERCENTAGE, rate=rate)


def _by_money(leaves: list[TaskFacts], baseline: Baseline, faults: list[Reason]) -> Earned:
    total = sum(((task.money or ZERO) for task in leaves), ZERO)
    # Tasks added after the baseline do not raise the budget: together they share what was planned.
    divisor = max(total, baseline.bac)
    worth = {task.id: baseline.bac * (task.money or ZERO) / divisor for task in leaves}
    parts = {task.id: baseline.bac * (task.money or ZERO) * (task.completion or ZERO) / divisor for task in leaves}
    ev = baseline.bac * sum(((task.money or ZERO) * (task.completion or ZERO) for task in leaves), ZERO) / divisor
    return Earned(ev, TASKS, parts, faults=tuple(faults), planned=worth)


def spent(facts: ProjectFacts) -> Spent:
    """AC: hours times the cost rate of who booked them; without time entries the project's own figure."""
    totals = [facts.own, *(task.time for task in facts.tasks)]
    entries = sum(one.entries for one in totals)
    negative = sum(one.negative for one in totals)
    uncosted = sum((one.uncosted for one in totals), ZERO)
    faults: list[Reason] = []
    if negative:
        faults.append(
            Reason(
                "hours_negative",
                f"{_count(negative, 'time entry', 'time entries')} of negative hours "
                "is left out of the cost; correct it in HaloPSA.",
            )
        )
    if early := sum(one.early for one in totals):
        faults.append(
            Reason(
                "time_before_start",
                f"{_count(early, 'time entry', 'time entries')} is dated before the "
                "project's start; it is counted, but the date or the start is wrong.",
            )
        )
    if undated := sum(one.undated for one in totals):
        faults.append(
            Reason("time_undated", f"{_count(undated, 'time entry', 'time entries')} has no date and is left out.")
        )
    if (entries or negative) and (missing := _unread(facts, totals)) is not None:
        faults.append(missing)
    if not entries and not negative:
        if facts.money_actual is None:
            faults.append(Reason("cost_missing", "There are no time entries and no actual cost on the project."))
            return Spent(None, None, tuple(faults))
        if facts.money_actual < 0:
            faults.append(Reason("cost_missing", "The actual cost on the project is negative and cannot be used."))
            return Spent(None, MONEY, tuple(faults))
        return Spent(facts.money_actual, MONEY, tuple(faults))
    if uncosted:
        faults.append(
            Reason(
                "cost_rate_missing",
                f"{uncosted:f} hours were booked by people without a cost rate, so the actual cost cannot be told.",
            )
        )
        return Spent(None, TIME, tuple(faults))
    if not entries:
        return Spent(None, TIME, tuple(faults))
    return Spent(sum((one.cost for one in totals), ZERO), TIME, tuple(faults))


def _unread(facts: ProjectFacts, totals: list[TimeTotals]) -> Reason | None:
    """HaloPSA counts the project's hours itself: where it counts more than was read, the cost is too low."""
    if facts.hours_actual is None:
        return None
    read = sum((one.hours + one.later for one in totals), ZERO)
    if facts.hours_actual - read <= max(_LEAST, facts.hours_actual / 100):
        return None
    text = (
        f"HaloPSA counts {facts.hours_actual.normalize():f} hours on the project, but only {read.normalize():f} were "
        "read as time entries, so the actual cost is too low."
    )
    return Reason("hours_missing", text)


def _names(tasks: list[TaskFacts]) -> str:
    first = ", ".join(f"task {task.id}" for task in tasks[:3])
    return first if len(tasks) <= 3 else f"{first} and {len(tasks) - 3} more"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"

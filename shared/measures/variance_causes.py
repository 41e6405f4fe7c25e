"""Why cost differs from plan: parts that add up to the cost variance to the cent, with its sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal

from shared.measures.baseline import Baseline
from shared.measures.project_facts import ZERO, ProjectFacts
from shared.measures.task_value import TIME, Earned, Spent
from shared.measures.workstreams import streams_of

CENT = Decimal("0.01")
WIDE = Context(prec=60)
"""Rounding to cents must not fail on a figure that is absurd: it is told as it is."""
MOST = 12
"""Tasks or workstreams named one by one; what is left is one line that says so."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One part of the cost variance; negative costs more than planned."""

    code: str
    cause: str
    amount: Decimal


def cents(amount: Decimal) -> Decimal:
    """Half up to the cent."""
    return amount.quantize(CENT, ROUND_HALF_UP, WIDE)


def causes(facts: ProjectFacts, baseline: Baseline, done: Earned, cost: Spent) -> tuple[Cause, ...]:
    """The parts of CV, largest first. Empty when CV is not known or nothing differs."""
    if done.ev is None or cost.ac is None:
        return ()
    parts = _parts(facts, baseline, done, cost)
    return _to_the_cent(parts, cents(done.ev) - cents(cost.ac))


def _parts(facts: ProjectFacts, baseline: Baseline, done: Earned, cost: Spent) -> list[Cause]:
    variance = (done.ev or ZERO) - (cost.ac or ZERO)
    if cost.source != TIME:
        text = "The actual cost is one figure on the project in HaloPSA; without time entries it cannot be broken down"
        return [Cause("not_broken_down", text, variance)]
    if not done.by_task:
        return _by_project(facts, done, variance)
    groups = streams_of(facts, baseline)
    found: dict[str, Decimal] = {}
    rate_part = unplanned = ZERO
    for task in facts.tasks:
        if task.id not in done.by_task:
            unplanned -= task.time.cost
            continue
        name = f"Workstream {groups[task.id]}" if task.id in groups else f"Task {task.id} ({task.name})"
        if done.rate is None:
            found[name] = found.get(name, ZERO) + done.by_task[task.id] - task.time.cost
        else:
            at_plan = task.time.hours * done.rate
            found[name] = found.get(name, ZERO) + done.by_task[task.id] - at_plan
            rate_part += at_plan - task.time.cost
    named = sorted(found.items(), key=lambda item: (-abs(item[1]), item[0]))
    out = [_task_cause(name, amount, done.rate) for name, amount in named[:MOST]]
    rest = sum((amount for _, amount in named[MOST:]), ZERO)
    if len(named) > MOST:
        out.append(Cause("other_tasks", f"{len(named) - MOST} more tasks with smaller differences", rest))
    out.append(Cause("rate_difference", "Hours cost another rate than the plan's average hour", rate_part))
    unplanned -= facts.own.cost
    out.append(Cause("unplanned_work", "Time on the project itself or on tasks without a planned value", unplanned))
    return out


def _by_project(facts: ProjectFacts, done: Earned, variance: Decimal) -> list[Cause]:
    if done.rate is None:
        return [
            Cause("not_broken_down", "Progress is one percentage on the project; it cannot be broken down", variance)
        ]
    hours = sum((task.time.hours for task in facts.tasks), facts.own.hours)
    worth = (done.ev or ZERO) - hours * done.rate
    return [
        Cause("project_hours", "Other hours than planned for what is done", worth),
        Cause("rate_difference", "Hours cost another rate than the plan's average hour", variance - worth),
    ]


def _task_cause(name: str, amount: Decimal, rate: Decimal | None) -> Cause:
    if rate is None:
        words = "cost more than planned" if amount < 0 else "cost less than planned"
        return Cause("task_cost", f"{name} {words} for what is done", amount)
    hours = (abs(amount) / rate).quantize(Decimal("0.1"), ROUND_HALF_UP, WIDE) if rate else ZERO
    words = "more" if amount < 0 else "fewer"
    return Cause("task_hours", f"{name} took {hours} hours {words} than planned for what is done", amount)


def shared_out(parts: Sequence[Decimal], whole: Decimal) -> list[Decimal]:
    """The parts in cents: rounded down, the missing cents to those that lost most, so that the sum is exactly ``whole``."""
    floors = [part.quantize(CENT, ROUND_FLOOR, WIDE) for part in parts]
    missing = int((whole - sum(floors, ZERO)) / CENT)
    order = sorted(range(len(parts)), key=lambda at: (floors[at] - parts[at], at))
    for turn in range(abs(missing)):
        floors[order[turn % len(order)]] += CENT if missing >= 0 else -CENT
    return floors


def _to_the_cent(parts: list[Cause], variance: Decimal) -> tuple[Cause, ...]:
    amounts = shared_out([part.amount for part in parts], variance)
    told = [Cause(part.code, part.cause, amount) for part, amount in zip(parts, amounts, strict=True) if amount]
    return tuple(sorted(told, key=lambda part: (-abs(part.amount), part.cause)))

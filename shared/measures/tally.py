"""Figures that do not come from tickets: time, money, exceptions, value of automation, trust in the controls themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from shared.measures.desk_facts import Desk
from shared.measures.kpis import NONE, Figure, Period, Spread


@dataclass(frozen=True, slots=True)
class Stance:
    """A finding as these figures see it."""

    control: str
    practice: str | None
    verdict: str
    status: str
    since: datetime
    billing: bool
    feedback: str | None = None
    feedback_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Automation:
    """A delivered automation of the backlog; hours and steps are people's stated estimates."""

    practice: str | None
    delivered: datetime
    hours_saved: Fraction | None
    steps_removed: int | None


def rate(hits: int | Fraction, n: int) -> Figure:
    """A share; None of nothing."""
    return Figure(Spread(n, float(Fraction(hits) / n))) if n else NONE


def count(n: int, value: int | Fraction) -> Figure:
    """A count or a sum over n; None of nothing."""
    return Figure(Spread(n, float(value))) if n else NONE


def time_entry_compliance(desk: Desk, period: Period) -> Figure:
    """Recorded time as a share of the target, a day counting at most whole; only for all practices together.

    Days belong to agents; breaking them down further would rank people.
    """
    days = [day for day in desk.days if day.target > 0 and period.holds(day.at)]
    return rate(sum((min(day.actual / day.target, Fraction(1)) for day in days), Fraction(0)), len(days))


Whose = Callable[[str], tuple[bool, str | None]]
"""Ticket id → whether it is counted, and its practice."""


def entry_figures(
    desk: Desk, period: Period, whose: Whose, practices: Iterable[str]
) -> dict[str | None, dict[str, Figure]]:
    """Chargeable hours that no invoice carries yet, and what an application did, by practice (None: all together).

    Hours count from the beginning of time to the end of the period; updates only in it, out of all its actions.
    """
    owed: dict[str | None, list[Fraction]] = defaultdict(list)
    made: Counter[str | None] = Counter()
    actions: Counter[str | None] = Counter()
    for one in desk.entries:
        if one.at >= period.end:
            continue
        counted, practice = whose(one.ticket)
        if not counted:
            continue
        if one.unbilled is not None:
            owed[practice].append(one.unbilled)
        if one.automated and one.at >= period.start:
            made[practice] += 1
    start, end = period.start.timestamp(), period.end.timestamp()
    for ticket, trail in desk.trails.items():
        number = sum(1 for at in trail.times if start <= at < end)
        if number:
            counted, practice = whose(ticket)
            if counted:
                actions[practice] += number
    out: dict[str | None, dict[str, Figure]] = {
        None: {
            "unbilled_hours": count(
                sum(map(len, owed.values())), sum((total(one) for one in owed.values()), Fraction(0))
            ),
            "automated_updates": count(actions.total(), made.total()),
        }
    }
    for key in practices:
        out[key] = {
            "unbilled_hours": count(len(owed[key]), total(owed[key])),
            "automated_updates": count(actions[key], made[key]),
        }
    return out


def total(values: Iterable[Fraction]) -> Fraction:
    """An exact sum; equal values are added at once, because most entries are quarters of an hour."""
    return sum((value * times for value, times in Counter(values).items()), Fraction(0))


def billing_exceptions(stances: Iterable[Stance], period: Period) -> Figure:
    """Billing findings that fail and are not settled; n counts what was checked."""
    held = [one for one in stances if one.billing and one.since < period.end and one.verdict != "notapplicable"]
    return count(len(held), sum(1 for one in held if one.verdict == "fail" and one.status in ("open", "mitigating")))


def override_rate(stances: Iterable[Stance], period: Period) -> Figure:
    """Of failing findings, the share that people agreed to accept for a time."""
    failing = [one for one in stances if one.verdict == "fail" and one.since < period.end]
    return rate(sum(1 for one in failing if one.status == "overridden"), len(failing))


def false_positive_rate(stances: Iterable[Stance], period: Period) -> Figure:
    """Of the findings people gave feedback on in the period, the share they called wrong."""
    said = [one for one in stances if one.feedback is not None and period.holds(one.feedback_at)]
    return rate(sum(1 for one in said if one.feedback == "false_positive"), len(said))


def canary_effectiveness(results: Iterable[tuple[int, int]]) -> Figure:
    """Caught over run, of (caught, total) per control."""
    pairs = list(results)
    return rate(sum(caught for caught, _ in pairs), sum(total for _, total in pairs))


def hours_saved(automations: Iterable[Automation], period: Period) -> Figure:
    """Hours that delivered automations save, as stated with them."""
    told = [one.hours_saved for one in automations if one.hours_saved is not None and one.delivered < period.end]
    return count(len(told), sum(told, Fraction(0)))


def steps_removed(automations: Iterable[Automation], period: Period) -> Figure:
    """Manual steps that delivered automations removed, as stated with them."""
    told = [one.steps_removed for one in automations if one.steps_removed is not None and one.delivered < period.end]
    return count(len(told), sum(told))

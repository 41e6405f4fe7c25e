"""Financial health: margin on agreements, realisation of chargeable time, and how old what is owed has become."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from shared.measures.desk_facts import Day
from shared.measures.kpis import NONE, Figure, Spread
from shared.measures.money import by_currency
from shared.measures.percentiles import HALF, NINE_TENTHS, mean, percentile
from shared.measures.tally import count
from shared.model import JsonObject, Money


@dataclass(frozen=True, slots=True)
class Agreement:
    """A contract over a period, in one currency. ``cost`` None: some of its time has no cost rate, or one in another currency."""

    contract: int
    customer: str | None
    currency: str
    revenue: Fraction
    hours: Fraction
    cost: Fraction | None

    @property
    def margin(self) -> Fraction | None:
        """(revenue − cost) ÷ revenue; None where either is not known or nothing was invoiced."""
        if self.cost is None or self.revenue <= 0:
            return None
        return (self.revenue - self.cost) / self.revenue

    @property
    def per_hour(self) -> Fraction | None:
        """Revenue per hour worked; None without hours."""
        return self.revenue / self.hours if self.hours > 0 else None


@dataclass(frozen=True, slots=True)
class Worked:
    """One chargeable time entry: its hours, and whether an invoice carries it."""

    customer: str | None
    hours: Decimal
    invoiced: bool


@dataclass(frozen=True, slots=True)
class Owed:
    """Something not paid, or not invoiced, and since when. ``since`` None: HaloPSA does not say."""

    customer: str | None
    since: date | None
    amount: Money | None
    hours: Decimal | None = None


AGES: tuple[tuple[str, int | None], ...] = (("0-30", 30), ("31-60", 60), ("61-90", 90), ("over_90", None))
"""Names of the age bands and the last day of each."""


def agreement_profitability(agreements: Iterable[Agreement]) -> Figure:
    """Mean margin of the agreements invoiced in the period whose cost is known; a ratio, so currencies never mix."""
    margins = sorted(margin for one in agreements if (margin := one.margin) is not None)
    return _spread(margins)


def realisation(worked: Iterable[Worked]) -> Figure:
    """Of the chargeable hours worked in the period, the share that an invoice carries; ``n`` counts entries."""
    entries = list(worked)
    hours = sum((one.hours for one in entries), Decimal(0))
    if hours <= 0:
        return NONE
    return Figure(Spread(len(entries), float(sum((one.hours for one in entries if one.invoiced), Decimal(0)) / hours)))


def billable_hours(worked: Iterable[Worked]) -> Figure:
    """Chargeable hours worked in the period, on an invoice or not; ``n`` counts entries."""
    entries = list(worked)
    return count(len(entries), _hours(entries))


def utilisation(worked: Iterable[Worked], days: Sequence[Day]) -> Figure:
    """Chargeable hours over the hours that people were to work (their targets); more than all of it is possible."""
    target = sum((day.target for day in days), Fraction(0))
    return Figure(Spread(len(days), float(_hours(worked) / target))) if target > 0 else NONE


def hours_per_engineer(worked: Iterable[Worked], days: Sequence[Day], smallest_group: int) -> Figure:
    """Chargeable hours over the number of people who were to work; not told of groups so small that it tells of a person."""
    people = len({day.who for day in days})
    return Figure(Spread(people, float(_hours(worked) / people))) if people >= smallest_group else NONE


def _hours(worked: Iterable[Worked]) -> Fraction:
    return sum((Fraction(one.hours) for one in worked), Fraction(0))


def ageing(owed: Iterable[Owed], today: date) -> list[JsonObject]:
    """By age in days: ``[{"band", "count", "amounts": [money per currency], "hours"}]``.

    ``not_due`` is what lies in the future, ``unknown`` what has no date. Bands are told even when they are empty.
    """
    names = ["not_due", *(name for name, _ in AGES), "unknown"]
    held: dict[str, list[Owed]] = defaultdict(list)
    for one in owed:
        held[_band(one.since, today)].append(one)
    return [
        {
            "band": name,
            "count": len(held[name]),
            "amounts": [money.to_json() for money in by_currency(one.amount for one in held[name] if one.amount)],
            "hours": f"{sum((one.hours for one in held[name] if one.hours is not None), Decimal(0)):f}",
        }
        for name in names
    ]


def _band(since: date | None, today: date) -> str:
    if since is None:
        return "unknown"
    age = (today - since).days
    if age < 0:
        return "not_due"
    return next(name for name, last in AGES if last is None or age <= last)


def _spread(ordered: Sequence[Fraction]) -> Figure:
    if not ordered:
        return NONE
    average = float(mean(ordered) or 0)
    half, tail = percentile(ordered, HALF), percentile(ordered, NINE_TENTHS)
    return Figure(Spread(len(ordered), average, average, float(half or 0), float(tail or 0)))

"""Agreement profitability: what agreements bring in against what the time spent on them costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from shared.measures.kpis import NONE, Figure, Spread
from shared.measures.percentiles import HALF, NINE_TENTHS, mean, percentile


@dataclass(frozen=True, slots=True)
class Agreement:
    """A contract over a period. ``cost`` None: some of its time has no cost rate. Both in ``currency``."""

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
    def realisation(self) -> Fraction | None:
        """Revenue per hour worked."""
        return self.revenue / self.hours if self.hours > 0 else None


def agreement_profitability(agreements: Iterable[Agreement]) -> Figure:
    """Mean margin of the agreements invoiced in the period whose cost is known; a ratio, so currencies never mix."""
    margins = sorted(margin for one in agreements if (margin := one.margin) is not None)
    return _spread(margins)


def _spread(ordered: Sequence[Fraction]) -> Figure:
    if not ordered:
        return NONE
    average = float(mean(ordered) or 0)
    half, tail = percentile(ordered, HALF), percentile(ordered, NINE_TENTHS)
    return Figure(Spread(len(ordered), average, average, float(half or 0), float(tail or 0)))

"""Mean, median and percentiles, exactly: whole numbers and fractions in, one rounding at the very end."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

Exact = int | Fraction


def mean(values: Sequence[Exact]) -> Fraction | None:
    """The arithmetic mean, or None of nothing."""
    return Fraction(sum(values)) / len(values) if values else None


def percentile(ordered: Sequence[Exact], share: Fraction) -> Fraction | None:
    """The value at ``share`` (0..1) of sorted values, by linear interpolation between ranks; None of nothing.

    The rank is share × (n − 1): the smallest value lies at 0, the largest at 1.
    """
    if not ordered:
        return None
    rank = share * (len(ordered) - 1)
    below = rank.numerator // rank.denominator
    low = ordered[below]
    if rank == below:
        return Fraction(low)
    return low + (ordered[below + 1] - low) * (rank - below)


HALF = Fraction(1, 2)
NINE_TENTHS = Fraction(9, 10)

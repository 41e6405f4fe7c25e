"""Calendar proration: the share of a period that a line which begins inside it is billed for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared.measures.invoice_facts import Line


@dataclass(frozen=True, slots=True)
class DayShare:
    """Days billed of the days in the period; not reduced, so that a sentence can tell them."""

    numerator: int
    denominator: int


def share_of_period(line: Line, start: date | None, end: date | None) -> DayShare | None:
    """What of the period a line bills whose first day lies inside it; None for any other line."""
    if line.start is None or start is None or end is None or not start <= line.start <= end:
        return None
    return DayShare((end - line.start).days + 1, (end - start).days + 1)


def full_amount(line: Line) -> Decimal | None:
    """Quantity × unit price less discount, unrounded: what a whole period costs."""
    if line.quantity is None or line.price is None:
        return None
    return line.quantity * line.price * (Decimal(100) - line.discount) / Decimal(100)


def steady_amount(line: Line, start: date | None, end: date | None) -> Decimal | None:
    """What the line will bill in a whole period: a first, shorter period is made whole; else what it bills."""
    if share_of_period(line, start, end) is not None:
        return full_amount(line)
    return line.net if line.net is not None else full_amount(line)

"""What is known about an invoice that left HaloPSA: its holds and its sign-offs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from shared.measures.invoice_facts import Issued, Signed


@dataclass(frozen=True, slots=True)
class HoldSpan:
    """One hold of the recurring invoice, or of an invoice itself."""

    id: str
    since: datetime
    released: datetime | None
    periods: frozenset[date]
    """First days of the periods it was held for."""
    last_issued: int
    """The newest invoice that existed when it was placed; 0 when there was none."""
    left: bool = False
    """The hold ended because the invoice it was on had left; of invoices that no recurring one made."""


@dataclass(frozen=True, slots=True)
class LeftFacts:
    """An issued invoice with the holds and sign-offs (oldest first) of the recurring one it was made from, or else its own."""

    issued: Issued
    holds: tuple[HoldSpan, ...]
    signed: tuple[Signed, ...]
    customer_signed: datetime | None = None
    """When finance first signed anything for the customer; told for invoices that no recurring one made."""


def left_while(issued: Issued, hold: HoldSpan) -> bool:
    """Whether the invoice left during the hold.

    An open hold: it is dated after the hold was placed; or it bills a period held for and is newer than every invoice that
    existed then, whatever its date says. One that ended: only when HaloPSA says at which instant the invoice was created,
    for its date alone may lie before its making. Of an invoice that was itself held we saw it, or we did not.
    """
    if issued.one_off:
        return hold.left
    known = bool(hold.periods) and issued.start is not None
    if known and issued.start not in hold.periods:
        return False
    if hold.released is not None:
        return issued.created is not None and hold.since <= issued.created < hold.released
    if issued.on is None or issued.on >= hold.since.date():
        return True
    return known and issued.id > hold.last_issued

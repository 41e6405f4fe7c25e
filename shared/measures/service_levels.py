"""Whether a ticket keeps its due time, told from timestamps: what is past due or on course to miss, not what a flag says."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from shared.measures.desk_facts import TicketFacts


class Standing(StrEnum):
    """How an open ticket stands towards its due time."""

    IN_TIME = "in_time"
    AT_RISK = "sla_at_risk"
    MISSED = "sla_missed"


def subject_to_sla(ticket: TicketFacts) -> bool:
    """It has a service level, is not excluded from it, and has a due time."""
    return ticket.sla is not None and not ticket.excluded_from_sla and ticket.fix_by is not None


def closed_in_time(ticket: TicketFacts) -> bool:
    """Closed not later than due; the ticket is closed and subject to a service level."""
    return ticket.closed is not None and ticket.fix_by is not None and ticket.closed <= ticket.fix_by


def is_open(ticket: TicketFacts, at: datetime, closed: Collection[int]) -> bool:
    """Open as at an instant: it had occurred and was not closed yet.

    A closed status without a closing time counts as closed: it is certainly not open work.
    """
    if ticket.occurred is not None and ticket.occurred >= at:
        return False
    if ticket.closed is not None:
        return ticket.closed >= at
    return ticket.status not in closed


def standing(ticket: TicketFacts, at: datetime, share: Decimal) -> Standing:
    """Where an open ticket subject to a service level stands as at an instant.

    On course to miss: of the time between occurrence and due time, ``share`` or more is used up.
    """
    due = ticket.fix_by
    if due is None:
        return Standing.IN_TIME
    if at > due:
        return Standing.MISSED
    start = ticket.occurred
    if start is None or start >= due:
        return Standing.AT_RISK
    used = Fraction((at - start) // _TICK, (due - start) // _TICK)
    return Standing.AT_RISK if used >= Fraction(share) else Standing.IN_TIME


_TICK = datetime.resolution

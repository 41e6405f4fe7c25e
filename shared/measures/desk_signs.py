"""The signs by which desk discipline is told: each a question about one ticket as at an instant, None when nobody can say."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.measures.desk_facts import TicketFacts, Trail
from shared.policy.desk import DeskPolicy


def is_security_incident(ticket: TicketFacts, desk: DeskPolicy) -> bool:
    """Tickets of these types carry the incident discipline."""
    return ticket.type_id in desk.security_types


def unattended(ticket: TicketFacts, at: datetime, desk: DeskPolicy) -> bool | None:
    """Open and nobody's for longer than policy allows."""
    if ticket.agent is not None:
        return False
    if ticket.occurred is None:
        return None
    return at - ticket.occurred > timedelta(hours=desk.unassigned_hours)


def forgotten(ticket: TicketFacts, trail: Trail | None, at: datetime, desk: DeskPolicy) -> bool | None:
    """Open and without any action for longer than policy allows; waiting for somebody else is not forgotten."""
    if ticket.status in desk.waiting_statuses:
        return False
    last = last_action_before(ticket, trail, at)
    return None if last is None else at - last > timedelta(days=desk.stale_days)


def last_action_before(ticket: TicketFacts, trail: Trail | None, at: datetime) -> datetime | None:
    """The latest action not after an instant; the occurrence where there was none; None when nobody can say.

    The list row tells only the very last action: when that lies after ``at``, the actions themselves must be asked.
    """
    last = ticket.last_action
    if last is None or last <= at:
        return max(filter(None, (last, ticket.occurred)), default=None)
    if trail is None or not trail.times:
        return None
    limit = at.timestamp()
    before = [moment for moment in trail.times if moment <= limit]
    known = [datetime.fromtimestamp(max(before), at.tzinfo)] if before else []
    return max([*known, *([ticket.occurred] if ticket.occurred else [])], default=None)


def without_next_action(ticket: TicketFacts, at: datetime, desk: DeskPolicy) -> bool | None:
    """Open for longer than policy allows with neither a next activity nor an appointment."""
    if (
        ticket.next_activity is not None
        or ticket.next_appointment is not None
        or ticket.status in desk.waiting_statuses
    ):
        return False
    if ticket.occurred is None:
        return None
    return at - ticket.occurred > timedelta(days=desk.no_next_action_days)


def closure_gaps(ticket: TicketFacts, trail: Trail | None, desk: DeskPolicy) -> tuple[str, ...]:
    """What a closed ticket lacks, in words. Time is judged only where actions have been read."""
    gaps: list[str] = []
    if "category" in desk.closure_needs and not ticket.category:
        gaps.append("a category")
    if "time" in desk.closure_needs and trail is not None and trail.hours <= 0:
        gaps.append("recorded time")
    if "resolution" in desk.closure_needs and trail is not None and trail.resolved is False:
        gaps.append("a word on how it was resolved")
    return tuple(gaps)


def reopened(trail: Trail, desk: DeskPolicy) -> bool:
    """An action took it out of a closed status into one that is not closed."""
    return any(old in desk.closed and new not in desk.closed for old, new in trail.moves)

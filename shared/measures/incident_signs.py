"""The signs of incident discipline: told in time, escalated in time, evidence kept, severity right at first."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.measures.desk_facts import TicketFacts, Trail
from shared.policy.desk import DeskPolicy


def has_outcome(trail: Trail, outcomes: tuple[str, ...]) -> bool:
    """One of its actions has one of these outcomes (case does not matter)."""
    wanted = {name.casefold() for name in outcomes}
    return any(action.outcome.casefold() in wanted for action in trail.actions)


def first_outcome(trail: Trail, outcomes: tuple[str, ...]) -> datetime | None:
    """When an action with one of these outcomes came first."""
    wanted = {name.casefold() for name in outcomes}
    return min((one.at for one in trail.actions if one.at and one.outcome.casefold() in wanted), default=None)


def client_told(ticket: TicketFacts, start: datetime, end: datetime) -> bool | None:
    """The client heard from us by the deadline; None when the deadline does not lie in the period or there is none."""
    due = ticket.respond_by
    if due is None or not start <= due < end:
        return None
    return ticket.first_response is not None and ticket.first_response <= due


def escalated(ticket: TicketFacts, desk: DeskPolicy, start: datetime, end: datetime) -> bool | None:
    """An incident of an escalation priority was with the right people in time; None when it does not apply to this period."""
    if ticket.priority not in desk.escalation_priorities or ticket.occurred is None:
        return None
    due = ticket.occurred + timedelta(hours=desk.escalate_within_hours)
    if not start <= due < end:
        return None
    return ticket.assigned is not None and ticket.assigned <= due and not at_wrong_level(ticket, desk)


def at_wrong_level(ticket: TicketFacts, desk: DeskPolicy) -> bool:
    """An incident of an escalation priority lies with a team that policy does not name for it."""
    named = desk.escalation_teams
    return bool(named) and ticket.priority in desk.escalation_priorities and ticket.team not in named


def evidence_kept(ticket: TicketFacts, trail: Trail, desk: DeskPolicy) -> bool:
    """Evidence was captured on it: something is attached, or an action says so."""
    return (ticket.attachments or 0) > 0 or has_outcome(trail, desk.evidence_outcomes)


def severity_kept(trail: Trail) -> bool | None:
    """No action changed the severity given at first; None when no action tells the priority."""
    given = [one.new_priority for one in trail.actions if one.new_priority is not None]
    return len(set(given)) <= 1 if given else None

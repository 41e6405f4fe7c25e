"""Incident discipline: escalated and told in time, severity kept honest, evidence kept, reviewed, released by a commander."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.desk_cases import TicketCase
from shared.measures.desk_facts import ActionFacts, TicketFacts, Trail
from shared.measures.desk_signs import is_security_incident
from shared.measures.incident_signs import at_wrong_level, evidence_kept, first_outcome, has_outcome, severity_kept
from shared.model import Reason, Role, Severity, Verdict
from shared.policy.desk import DeskPolicy
from shared.policy.document import Policy


def judge(facts: TicketCase, policy: Policy, now: datetime) -> Judgement:
    """Only security incidents; what actions must tell is unknown until actions have been read."""
    ticket, desk = facts.ticket, policy.desk
    if facts.gone or not is_security_incident(ticket, desk):
        return Judgement(Verdict.NOT_APPLICABLE)
    if facts.trail is None:
        return Judgement.unknown("The actions of this incident have not been read.")
    high = ticket.priority in desk.escalation_priorities
    reasons = [
        *_in_time(ticket, desk, now, high=high),
        *_told(ticket, now),
        *_communication(facts.trail, desk, high=high),
    ]
    if at_wrong_level(ticket, desk):
        with_whom = f"with {ticket.team}" if ticket.team else "with no team"
        text = f"It lies {with_whom}; an incident of this priority goes to {' or '.join(desk.escalation_teams)}."
        reasons.append(Reason("escalation_level", text))
    if severity_kept(facts.trail) is False:
        reasons.append(Reason("severity_changed", "Its severity was changed after it was first given."))
    if ticket.closed is not None and ticket.closed <= now:
        reasons += _closing(ticket, facts.trail, ticket.closed, desk, now, high=high)
    return Judgement.of(
        reasons,
        severity=Severity.HIGH if high else Severity.MEDIUM,
        detail={"title": ticket.summary[:200], "priority": ticket.priority},
    )


def _in_time(ticket: TicketFacts, desk: DeskPolicy, now: datetime, *, high: bool) -> list[Reason]:
    if not high or ticket.occurred is None:
        return []
    due = ticket.occurred + timedelta(hours=desk.escalate_within_hours)
    if now <= due or (ticket.assigned is not None and ticket.assigned <= due):
        return []
    when = f"was with somebody only at {ticket.assigned:%Y-%m-%d %H:%M} UTC" if ticket.assigned else "is with nobody"
    return [Reason("escalation_late", f"It had to be escalated by {due:%Y-%m-%d %H:%M} UTC and {when}.")]


def _told(ticket: TicketFacts, now: datetime) -> list[Reason]:
    due = ticket.respond_by
    if due is None or now <= due or (ticket.first_response is not None and ticket.first_response <= due):
        return []
    when = f"only at {ticket.first_response:%Y-%m-%d %H:%M} UTC" if ticket.first_response else "not yet"
    return [
        Reason("client_not_notified", f"The client had to hear from us by {due:%Y-%m-%d %H:%M} UTC and did so {when}.")
    ]


def _communication(trail: Trail, desk: DeskPolicy, *, high: bool) -> list[Reason]:
    told = first_outcome(trail, desk.client_outcomes)
    released = first_outcome(trail, desk.commander_outcomes)
    if not high or told is None or (released is not None and released <= told):
        return []
    return [
        Reason(
            "no_commander_approval",
            f"The client was written to at {told:%Y-%m-%d %H:%M} UTC without an incident "
            "commander's approval before it.",
        )
    ]


def _closing(
    ticket: TicketFacts, trail: Trail, closed: datetime, desk: DeskPolicy, now: datetime, *, high: bool
) -> list[Reason]:
    found: list[Reason] = []
    if not evidence_kept(ticket, trail, desk):
        found.append(Reason("evidence_incomplete", "It was closed without captured evidence."))
    due = closed + timedelta(days=desk.review_within_days)
    if high and now > due and not has_outcome(trail, desk.review_outcomes):
        found.append(
            Reason(
                "no_review",
                f"It was closed at {closed:%Y-%m-%d %H:%M} UTC and had to be reviewed by {due:%Y-%m-%d %H:%M} UTC.",
            )
        )
    return found


def _incident(policy: Policy, now: datetime, trail: Trail | None = None, **more: object) -> TicketCase:
    desk = policy.desk
    held: dict[str, object] = {
        "id": "1",
        "summary": "Canary",
        "type_id": (desk.security_types or (0,))[0],
        "customer": "1",
        "priority": (desk.escalation_priorities or (0,))[0],
        "occurred": now - timedelta(days=3700),
        "assigned": now - timedelta(days=3700),
        "first_response": now - timedelta(days=3700),
        "status": 2,
    }
    return TicketCase(TicketFacts(**{**held, **more}), trail or Trail())  # type: ignore[arg-type]  # fields of TicketFacts


def _acted(now: datetime, *outcomes: str, priorities: tuple[int, ...] = ()) -> Trail:
    return Trail(
        actions=tuple(
            [ActionFacts(now - timedelta(hours=1), one, by_agent=True) for one in outcomes]
            + [ActionFacts(now - timedelta(hours=1), "", by_agent=True, new_priority=one) for one in priorities]
        )
    )


CONTROL = Control(
    id="incident_discipline",
    title="Every security incident is escalated and told in time, keeps its evidence and is reviewed.",
    objective="Security incidents are handled as such: right severity, right people, client informed, evidence kept.",
    owner=Role.INCIDENT_COMMANDER,
    subject_kind="ticket",
    cadence=Cadence.DAILY,
    needs=("Tickets", "Actions"),
    codes=(
        "severity_changed",
        "escalation_late",
        "escalation_level",
        "evidence_incomplete",
        "client_not_notified",
        "no_commander_approval",
        "no_review",
    ),
    judge=judge,
    frameworks=("pai-8@1.0:C6",),
    canaries=(
        Canary("an incident nobody took", "escalation_late", lambda policy, now: _incident(policy, now, assigned=None)),
        Canary(
            "a client who heard nothing",
            "client_not_notified",
            lambda policy, now: _incident(policy, now, first_response=None, respond_by=now - timedelta(hours=1)),
        ),
        Canary(
            "an incident closed without evidence",
            "evidence_incomplete",
            lambda policy, now: _incident(policy, now, closed=now - timedelta(hours=1)),
        ),
        Canary(
            "an incident closed years ago and never reviewed",
            "no_review",
            lambda policy, now: _incident(policy, now, closed=now - timedelta(days=3680)),
        ),
        Canary(
            "a severity that moved",
            "severity_changed",
            lambda policy, now: _incident(policy, now, _acted(now, priorities=(1, 2))),
        ),
        Canary(
            "a message nobody released",
            "no_commander_approval",
            lambda policy, now: _incident(policy, now, _acted(now, *policy.desk.client_outcomes[:1])),
        ),
    ),
)

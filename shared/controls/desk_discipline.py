"""Desk discipline: work has an agent, a next step and recent action, keeps its due time, and is closed completely."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.desk_cases import TicketCase
from shared.measures.desk_facts import TicketFacts, Trail
from shared.measures.desk_signs import (
    closure_gaps,
    forgotten,
    last_action_before,
    unattended,
    without_next_action,
)
from shared.measures.service_levels import Standing, is_open, standing, subject_to_sla
from shared.model import Reason, Role, Severity, Verdict, rfc3339
from shared.policy.document import Policy

_SEVERE = {"sla_missed": Severity.HIGH, "sla_at_risk": Severity.MEDIUM, "unassigned": Severity.MEDIUM}


def judge(facts: TicketCase, policy: Policy, now: datetime) -> Judgement:
    """One judgement per ticket with every reason that holds."""
    ticket = facts.ticket
    if facts.gone:
        return Judgement(Verdict.NOT_APPLICABLE, detail={"note": "The ticket is no longer among those judged."})
    if is_open(ticket, now, policy.desk.closed):
        reasons = [*_flow(facts, policy, now), *_due(ticket, policy, now), *_routing(facts, policy)]
    else:
        reasons = _closure(facts, policy)
    severity = max((_SEVERE.get(one.code, Severity.LOW) for one in reasons), key=_ORDER.index, default=Severity.LOW)
    return Judgement.of(reasons, severity=severity, due=ticket.fix_by, detail=_detail(ticket))


_ORDER = (Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)


def _detail(ticket: TicketFacts) -> dict[str, object]:
    return {
        "title": ticket.summary[:200],
        "team": ticket.team,
        "priority": ticket.priority,
        "occurred": rfc3339(ticket.occurred) if ticket.occurred else None,
    }


def _flow(facts: TicketCase, policy: Policy, now: datetime) -> list[Reason]:
    ticket, desk, found = facts.ticket, policy.desk, []
    if unattended(ticket, now, desk) and ticket.occurred is not None:
        found.append(
            Reason(
                "unassigned",
                f"Nobody has had it for {_span(now - ticket.occurred)}; policy allows {desk.unassigned_hours} hours.",
            )
        )
    last = last_action_before(ticket, facts.trail, now)
    if forgotten(ticket, facts.trail, now, desk) and last is not None:
        found.append(
            Reason(
                "stale", f"Nothing has been done on it for {_span(now - last)}; policy allows {desk.stale_days} days."
            )
        )
    if without_next_action(ticket, now, desk):
        found.append(
            Reason(
                "no_next_action",
                f"It is open for more than {desk.no_next_action_days} days and has neither "
                "a next activity nor an appointment.",
            )
        )
    return found


def _due(ticket: TicketFacts, policy: Policy, now: datetime) -> list[Reason]:
    if not subject_to_sla(ticket) or ticket.fix_by is None:
        return []
    stands = standing(ticket, now, policy.desk.at_risk_share)
    if stands is Standing.MISSED:
        return [
            Reason(
                "sla_missed",
                f"It was due at {ticket.fix_by:%Y-%m-%d %H:%M} UTC and is open {_span(now - ticket.fix_by)} later.",
            )
        ]
    if stands is Standing.AT_RISK:
        return [
            Reason(
                "sla_at_risk",
                f"It is due at {ticket.fix_by:%Y-%m-%d %H:%M} UTC, in {_span(ticket.fix_by - now)}, and "
                f"more than {policy.desk.at_risk_share:.0%} of its time is used up.",
            )
        ]
    return []


def _routing(facts: TicketCase, policy: Policy) -> list[Reason]:
    ticket, found = facts.ticket, []
    if facts.twins:
        others = ", ".join(facts.twins[:5])
        found.append(
            Reason(
                "duplicate",
                f"The same contact opened the same summary within {policy.desk.duplicate_hours} "
                f"hours: ticket {others}.",
            )
        )
    home = _team_of(ticket.team, policy)
    if home is not None and facts.practice is not None and home != facts.practice:
        found.append(
            Reason("misrouted", f"Its ticket type belongs to {facts.practice}, but it lies with a team of {home}.")
        )
    if ticket.reassigned is not None and ticket.reassigned >= policy.desk.pingpong_count:
        found.append(Reason("pingpong", f"It has been passed on {ticket.reassigned} times."))
    return found


def _team_of(team: str | None, policy: Policy) -> str | None:
    return next((key for key, one in policy.practices.items() if team is not None and team in one.teams), None)


def _closure(facts: TicketCase, policy: Policy) -> list[Reason]:
    gaps = closure_gaps(facts.ticket, facts.trail, policy.desk)
    return [Reason("incomplete_closure", f"It was closed without {' and without '.join(gaps)}.")] if gaps else []


def _span(span: timedelta) -> str:
    """``3 days 4 hours``, ``5 hours``, ``20 minutes``."""
    minutes = int(span.total_seconds() // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} day{'s' * (days != 1)}" + (f" {hours} hour{'s' * (hours != 1)}" if hours else "")
    return f"{hours} hour{'s' * (hours != 1)}" if hours else f"{minutes} minute{'s' * (minutes != 1)}"


def _open_ticket(now: datetime, **more: object) -> TicketFacts:
    held: dict[str, object] = {
        "id": "1",
        "summary": "Canary",
        "type_id": 1,
        "customer": "1",
        "user": 1,
        "agent": 7,
        "sla": 1,
        "status": 2,
        "category": "Canary",
        "occurred": now - timedelta(hours=1),
        "last_action": now - timedelta(minutes=5),
        "next_activity": now + timedelta(days=1),
        "fix_by": now + timedelta(days=2),
        "reassigned": 0,
    }
    return TicketFacts(**{**held, **more})  # type: ignore[arg-type]  # canaries name fields of TicketFacts


_YEAR = timedelta(days=3661)
CONTROL = Control(
    id="desk_discipline",
    title="Every open ticket has an agent, a next step and recent action and keeps its due time; closed ones are complete.",
    objective="Work in hand is neither forgotten nor passed around, and due times are kept by what timestamps say.",
    owner=Role.PRACTICE_MANAGER,
    subject_kind="ticket",
    cadence=Cadence.DAILY,
    needs=("Tickets", "Actions"),
    codes=(
        "unassigned",
        "stale",
        "no_next_action",
        "incomplete_closure",
        "duplicate",
        "misrouted",
        "pingpong",
        "sla_at_risk",
        "sla_missed",
    ),
    judge=judge,
    frameworks=("pai-8@1.0:C4",),
    canaries=(
        Canary(
            "a ticket nobody has had for years",
            "unassigned",
            lambda _, now: TicketCase(_open_ticket(now, agent=None, occurred=now - _YEAR)),
        ),
        Canary(
            "a ticket untouched for years",
            "stale",
            lambda _, now: TicketCase(_open_ticket(now, occurred=now - _YEAR, last_action=now - _YEAR)),
        ),
        Canary(
            "a ticket without any plan",
            "no_next_action",
            lambda _, now: TicketCase(_open_ticket(now, occurred=now - _YEAR, next_activity=None)),
        ),
        Canary(
            "a ticket past due",
            "sla_missed",
            lambda _, now: TicketCase(_open_ticket(now, fix_by=now - timedelta(minutes=1))),
        ),
        Canary(
            "a ticket a minute before it is due",
            "sla_at_risk",
            lambda _, now: TicketCase(_open_ticket(now, occurred=now - _YEAR, fix_by=now + timedelta(minutes=1))),
        ),
        Canary("a ticket with a twin", "duplicate", lambda _, now: TicketCase(_open_ticket(now), twins=("2",))),
        Canary(
            "a ticket passed on a hundred times",
            "pingpong",
            lambda _, now: TicketCase(_open_ticket(now, reassigned=10_000_000)),
        ),
        Canary(
            "a ticket closed empty",
            "incomplete_closure",
            lambda _, now: TicketCase(_open_ticket(now, closed=now - timedelta(hours=1), category=None), Trail()),
        ),
    ),
)

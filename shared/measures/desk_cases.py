"""Which tickets the desk's controls judge, with what only the whole population can tell: duplicates."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.measures.desk_facts import Desk, TicketFacts, Trail
from shared.measures.kpis import counts_as_ticket
from shared.measures.service_levels import is_open
from shared.policy.document import Policy


@dataclass(frozen=True, slots=True)
class TicketCase:
    """One ticket to be judged. ``gone``: it is no longer among the tickets that are judged."""

    ticket: TicketFacts
    trail: Trail | None = None
    twins: tuple[str, ...] = ()
    """Ids of open tickets of the same customer and contact with the same summary, close in time."""
    practice: str | None = None
    gone: bool = False


def cases_of(desk: Desk, policy: Policy, at: datetime, standing: Collection[str]) -> Iterator[TicketCase]:
    """Open tickets, those closed lately, and those with a finding that still asks (``standing``: their ids)."""
    since = at - timedelta(days=policy.desk.closed_days)
    closed = policy.desk.closed
    twins = _twins(
        [one for one in desk.tickets if is_open(one, at, closed)], timedelta(hours=policy.desk.duplicate_hours)
    )
    seen: set[str] = set()
    for ticket in desk.tickets:
        if not counts_as_ticket(ticket, policy):
            continue
        lately = ticket.closed is not None and since <= ticket.closed < at
        if not (lately or ticket.id in standing or is_open(ticket, at, closed)):
            continue
        seen.add(ticket.id)
        trail = None if desk.actions_read_at is None else desk.trails.get(ticket.id, _EMPTY)
        yield TicketCase(ticket, trail, twins.get(ticket.id, ()), policy.practice_of(ticket.type_id, ticket.team))
    for gone in sorted(set(standing) - seen - {one.id for one in desk.refused}):
        yield TicketCase(TicketFacts(gone), gone=True)


_EMPTY = Trail()


@dataclass(frozen=True, slots=True)
class AlertCase:
    """One alert to be judged; ``gone``: it is none any more. ``parent_type``: of what it hangs below, None where unknown."""

    ticket: TicketFacts
    parent_type: int | None = None
    practice: str | None = None
    gone: bool = False


def alerts_of(desk: Desk, policy: Policy, at: datetime, standing: Collection[str]) -> Iterator[AlertCase]:
    """Open alerts, those closed lately, and those with a finding that still asks; whether they count as tickets or not."""
    since = at - timedelta(days=policy.desk.closed_days)
    alerts: list[tuple[TicketFacts, str | None, bool]] = []
    for ticket in desk.tickets:
        practice = policy.practice_of(ticket.type_id, ticket.team)
        scoped = policy.scoped(practice, ticket.customer).desk
        kept = is_open(ticket, at, scoped.closed) or (ticket.closed is not None and since <= ticket.closed < at)
        if ticket.id in standing or (ticket.type_id in scoped.alert_types and kept):
            alerts.append((ticket, practice, ticket.type_id not in scoped.alert_types))
    parents = {ticket.parent for ticket, _, _ in alerts}
    known = {ticket.id: ticket.type_id for ticket in desk.tickets if ticket.id in parents} if parents else {}
    for ticket, practice, other in alerts:
        yield AlertCase(ticket, known.get(ticket.parent or ""), practice, gone=other)
    for gone in sorted(set(standing) - {ticket.id for ticket, _, _ in alerts} - {one.id for one in desk.refused}):
        yield AlertCase(TicketFacts(gone), gone=True)


def _twins(tickets: list[TicketFacts], within: timedelta) -> dict[str, tuple[str, ...]]:
    groups: dict[tuple[str, int, str], list[TicketFacts]] = defaultdict(list)
    for ticket in tickets:
        words = " ".join(ticket.summary.casefold().split())
        if words and ticket.customer is not None and ticket.user is not None and ticket.occurred is not None:
            groups[(ticket.customer, ticket.user, words)].append(ticket)
    found: dict[str, list[str]] = defaultdict(list)
    for group in groups.values():
        group.sort(key=_when)
        for former, later in itertools.pairwise(group):
            if _when(later)[0] - _when(former)[0] <= within:
                found[later.id].append(former.id)
                found[former.id].append(later.id)
    return {key: tuple(others) for key, others in found.items()}


def _when(ticket: TicketFacts) -> tuple[datetime, int]:
    if ticket.occurred is None:
        raise ValueError("Only tickets with a known occurrence are compared.")
    return ticket.occurred, int(ticket.id)

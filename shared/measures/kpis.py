"""The desk's figures over a half-open period: one pass over the tickets, exact sums, one rounding at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from shared.measures.desk_facts import Desk, TicketFacts, Trail
from shared.measures.desk_signs import (
    closure_gaps,
    forgotten,
    is_security_incident,
    reopened,
    unattended,
    without_next_action,
)
from shared.measures.incident_signs import client_told, escalated, evidence_kept, severity_kept
from shared.measures.percentiles import HALF, NINE_TENTHS, Exact, mean, percentile
from shared.measures.service_levels import Standing, closed_in_time, is_open, standing, subject_to_sla
from shared.policy.document import Policy

HOUR = 3_600_000_000
"""Microseconds."""
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open: ``start`` belongs to it, ``end`` does not."""

    start: datetime
    end: datetime

    def holds(self, at: datetime | None) -> bool:
        """True when the instant lies in the period."""
        return at is not None and self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure of some tickets. Where a mean is told, value is the mean; nothing measured gives None and n 0."""

    n: int = 0
    value: float | None = None
    mean: float | None = None
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its breakdown by priority id."""

    whole: Spread = Spread()
    by_priority: dict[str, Spread] = field(default_factory=dict)


NONE = Figure()
Samples = dict[str, dict[int | None, list[Exact]]]
"""Figure id → priority → one number per ticket in the denominator."""

MEANS: dict[str, int] = {
    "first_response_hours": HOUR,
    "assignment_hours": HOUR,
    "mttr_hours": HOUR,
    "cycle_time_hours": HOUR,
    "incident_age_hours": HOUR,
    "reassignments": 1,
}
"""Figures told as a mean, and what one unit of them is in the samples."""
RATES = (
    "sla_attainment",
    "reopen_rate",
    "severity_accuracy",
    "escalation_compliance",
    "evidence_completion",
    "client_notification_compliance",
    "workflow_usage",
)
COUNTS = (
    "tickets_opened",
    "tickets_closed",
    "sla_at_risk",
    "unassigned",
    "stale",
    "no_next_action",
    "incomplete_closure",
)
DESK = (*MEANS, *RATES, *COUNTS)


def counts_as_ticket(ticket: TicketFacts, policy: Policy) -> bool:
    """Incidents and requests: not projects, their tasks or opportunities, nor what policy leaves out."""
    handoff = policy.handoff
    return not (
        ticket.project
        or ticket.opportunity
        or ticket.type_id in (5, handoff.project_type, handoff.task_type)
        or ticket.type_id in handoff.opportunity_types
        or ticket.type_id in policy.desk.not_tickets
    )


def desk_figures(
    desk: Desk,
    policy: Policy,
    period: Period,
    *,
    wants: Callable[[str | None, str | None], bool] = lambda _practice, _customer: True,
) -> dict[str | None, dict[str, Figure]]:
    """Figures by practice (None: all practices together, also tickets of no practice).

    ``wants(practice, customer)`` says whether a ticket is counted. Practices of policy are always there.
    """
    samples: dict[str | None, Samples] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    if desk.tickets_read_at is not None:
        scope = _Scope(desk, policy, period)
        for ticket in desk.tickets:
            practice = scope.practice(ticket)
            if wants(practice, ticket.customer) and counts_as_ticket(ticket, policy):
                scope.measure(ticket, practice, samples[practice])
    whole: Samples = defaultdict(lambda: defaultdict(list))
    for one in samples.values():
        for figure, groups in one.items():
            for priority, values in groups.items():
                whole[figure][priority].extend(values)
    out: dict[str | None, dict[str, Figure]] = {None: {name: figure_of(name, whole[name]) for name in DESK}}
    for key in policy.practices:
        held: Samples = samples.get(key) or {}
        out[key] = {name: figure_of(name, held.get(name, {})) for name in DESK}
    return out


def figure_of(name: str, groups: dict[int | None, list[Exact]]) -> Figure:
    """One figure from its samples."""
    if not groups:
        return NONE
    values = [value for group in groups.values() for value in group]
    split = {str(priority): _spread(name, group) for priority, group in groups.items() if priority is not None}
    return Figure(_spread(name, values), dict(sorted(split.items(), key=lambda item: int(item[0]))))


def _spread(name: str, values: list[Exact]) -> Spread:
    if not values:
        return Spread()
    if name in COUNTS:
        return Spread(len(values), sum(values).__float__())
    if name in RATES:
        return Spread(len(values), float(Fraction(sum(values)) / len(values)))
    unit = MEANS[name]
    ordered = sorted(values)
    average = _float(mean(ordered), unit)
    return Spread(
        len(values),
        average,
        average,
        _float(percentile(ordered, HALF), unit),
        _float(percentile(ordered, NINE_TENTHS), unit),
    )


def _float(value: Fraction | None, unit: int) -> float | None:
    return None if value is None else float(value / unit)


class _Scope:
    """One pass's constants: scoped policies and practices are looked up once per combination, not once per ticket."""

    def __init__(self, desk: Desk, policy: Policy, period: Period) -> None:
        self._desk = desk
        self._policy = policy
        self._period = period
        self._practices: dict[tuple[int | None, str | None], str | None] = {}
        self._policies: dict[tuple[str | None, str | None], Policy] = {}

    def practice(self, ticket: TicketFacts) -> str | None:
        key = (ticket.type_id, ticket.team)
        if key not in self._practices:
            self._practices[key] = self._policy.practice_of(*key)
        return self._practices[key]

    def _scoped(self, practice: str | None, customer: str | None) -> Policy:
        key = (practice, customer)
        if key not in self._policies:
            self._policies[key] = self._policy.scoped(practice, customer)
        return self._policies[key]

    def measure(self, ticket: TicketFacts, practice: str | None, into: Samples) -> None:
        """Add this ticket's numbers to the samples of its practice."""
        period, priority = self._period, ticket.priority
        policy = self._scoped(practice, ticket.customer)
        security = is_security_incident(ticket, policy.desk)
        if period.holds(ticket.occurred):
            into["tickets_opened"][priority].append(1)
        if ticket.workflow is not None and period.holds(ticket.occurred):
            into["workflow_usage"][priority].append(int(ticket.workflow))
        if period.holds(ticket.first_response):
            took = elapsed(ticket.occurred, ticket.first_response)
            if took is not None:
                into["first_response_hours"][priority].append(took)
        if period.holds(ticket.assigned) and ticket.agent is not None and ticket.reassigned == 0:
            took = elapsed(ticket.occurred, ticket.assigned)
            if took is not None:
                into["assignment_hours"][priority].append(took)
        if period.holds(ticket.closed):
            self._closed(ticket, policy, into)
            if security:
                self._incident_closed(ticket, policy, into)
        if is_open(ticket, period.end, policy.desk.closed):
            self._open(ticket, policy, into)
            if security and ticket.occurred is not None:
                into["incident_age_hours"][priority].append((period.end - ticket.occurred) // _TICK)
        if security:
            for name, kept in (
                ("client_notification_compliance", client_told(ticket, period.start, period.end)),
                ("escalation_compliance", escalated(ticket, policy.desk, period.start, period.end)),
            ):
                if kept is not None:
                    into[name][priority].append(int(kept))

    def _closed(self, ticket: TicketFacts, policy: Policy, into: Samples) -> None:
        priority = ticket.priority
        into["tickets_closed"][priority].append(1)
        took = elapsed(ticket.occurred, ticket.closed)
        if took is not None:
            into["cycle_time_hours"][priority].append(took)
            into["mttr_hours"][priority].append(_less(took, ticket.hold_hours))
        if subject_to_sla(ticket):
            into["sla_attainment"][priority].append(int(closed_in_time(ticket)))
        if ticket.reassigned is not None:
            into["reassignments"][priority].append(ticket.reassigned)
        trail = self._trail(ticket)
        if trail is not None:
            into["reopen_rate"][priority].append(int(reopened(trail, policy.desk)))
        into["incomplete_closure"][priority].append(int(bool(closure_gaps(ticket, trail, policy.desk))))

    def _incident_closed(self, ticket: TicketFacts, policy: Policy, into: Samples) -> None:
        trail = self._trail(ticket)
        if trail is None:
            return
        into["evidence_completion"][ticket.priority].append(int(evidence_kept(ticket, trail, policy.desk)))
        kept = severity_kept(trail)
        if kept is not None:
            into["severity_accuracy"][ticket.priority].append(int(kept))

    def _open(self, ticket: TicketFacts, policy: Policy, into: Samples) -> None:
        at, desk, priority = self._period.end, policy.desk, ticket.priority
        if subject_to_sla(ticket):
            late = standing(ticket, at, desk.at_risk_share) is not Standing.IN_TIME
            into["sla_at_risk"][priority].append(int(late))
        for name, sign in (
            ("unassigned", unattended(ticket, at, desk)),
            ("stale", forgotten(ticket, self._trail(ticket), at, desk)),
            ("no_next_action", without_next_action(ticket, at, desk)),
        ):
            if sign is not None:
                into[name][priority].append(int(sign))

    def _trail(self, ticket: TicketFacts) -> Trail | None:
        if self._desk.actions_read_at is None:
            return None
        return self._desk.trails.get(ticket.id) or _EMPTY


_EMPTY = Trail()


def elapsed(start: datetime | None, end: datetime | None) -> int | None:
    """Microseconds from start to end; an end before the start counts as the start."""
    if start is None or end is None:
        return None
    return max(0, (end - start) // _TICK)


def _less(took: int, hold_hours: Fraction) -> Exact:
    """The time without what was spent on hold; never less than nothing."""
    if not hold_hours:
        return took
    left = took - hold_hours * HOUR
    return max(0, left.numerator if left.denominator == 1 else left)


def spread_json(spread: Spread) -> dict[str, float | int | None]:
    """The contract's shape of a breakdown by priority."""
    return {"n": spread.n, "value": spread.value, "mean": spread.mean, "median": spread.median, "p90": spread.p90}

"""What the desk's figures are made from: tickets and what was done on them, in the words of the rules."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """One ticket as its list row tells it. ``agent`` None means nobody; every missing value is None, never zero."""

    id: str
    summary: str = ""
    type_id: int | None = None
    customer: str | None = None
    user: int | None = None
    team: str | None = None
    agent: int | None = None
    priority: int | None = None
    sla: int | None = None
    status: int | None = None
    category: str | None = None
    occurred: datetime | None = None
    assigned: datetime | None = None
    first_response: datetime | None = None
    respond_by: datetime | None = None
    fix_by: datetime | None = None
    closed: datetime | None = None
    hold_hours: Fraction = Fraction(0)
    excluded_from_sla: bool = False
    reassigned: int | None = None
    next_activity: datetime | None = None
    next_appointment: datetime | None = None
    last_action: datetime | None = None
    project: bool = False
    opportunity: bool = False
    attachments: int | None = None
    workflow: bool | None = None
    """Under a workflow; None when the row does not tell."""
    parent: str | None = None
    """The ticket it hangs below or was merged into, '' for none; None when the row does not tell."""


@dataclass(frozen=True, slots=True)
class OtherWork:
    """A project or an opportunity: no ticket of the desk, but time is spent on it."""

    id: str
    type_id: int | None
    customer: str | None
    team: str | None


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """One action; kept whole only on security incidents."""

    at: datetime | None
    outcome: str
    by_agent: bool
    new_priority: int | None = None


@dataclass(slots=True)
class Trail:
    """What a ticket's actions say, in brief: when, which status changes, how much time, whole actions where asked for."""

    times: array[int] = field(default_factory=lambda: array("q"))
    """Seconds since 1970 of each action, unsorted."""
    moves: frozenset[tuple[int, int]] = frozenset()
    """Distinct (old status, new status) pairs that differ."""
    hours: Fraction = Fraction(0)
    resolved: bool | None = None
    """Whether the action that closed it last says something; None where rows do not tell."""
    actions: tuple[ActionFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One chargeable or automated action as the value figures count it."""

    ticket: str
    at: datetime
    automated: bool
    unbilled: Fraction | None
    """Chargeable hours not invoiced yet, zero when an invoice carries them; None when nothing is to be charged."""


@dataclass(frozen=True, slots=True)
class Day:
    """One agent's day in the timesheet; whose it is is counted and never told."""

    at: datetime
    target: Fraction
    actual: Fraction
    who: int


@dataclass(frozen=True, slots=True)
class RefusedTicket:
    """A row that could not be read, and why."""

    id: str
    customer: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Desk:
    """All that the desk's figures and controls stand on. ``actions_read_at`` None: no actions have been read."""

    tickets: tuple[TicketFacts, ...] = ()
    trails: Mapping[str, Trail] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    days: tuple[Day, ...] = ()
    refused: tuple[RefusedTicket, ...] = ()
    tickets_read_at: datetime | None = None
    actions_read_at: datetime | None = None
    days_read_at: datetime | None = None
    observations: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    """How many rows of each kind were read, for the report's statement."""
    others: tuple[OtherWork, ...] = ()

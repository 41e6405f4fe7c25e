"""What is known of a project, whoever it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from shared.measures.inputs import Inputs
from shared.model import Reason

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class PeriodTime:
    """What was booked within one period of the plan; what was booked before the plan counts in its first."""

    period: int
    """From 0; the number of periods stands for what came after the plan's end."""
    hours: Decimal
    cost: Decimal
    uncosted: Decimal


@dataclass(frozen=True, slots=True)
class TimeTotals:
    """Time entries added up, up to the status date."""

    entries: int = 0
    hours: Decimal = ZERO
    cost: Decimal = ZERO
    """Of the hours whose person has a cost rate."""
    uncosted: Decimal = ZERO
    """Hours of people without one."""
    negative: int = 0
    """Entries of less than nothing; they are left out of hours and cost."""
    early: int = 0
    """Entries dated before the project's start."""
    undated: int = 0
    later: Decimal = ZERO
    """Hours dated after the status date; they count nowhere."""
    unbilled: Decimal = ZERO
    """Chargeable hours on no invoice."""
    first_at: datetime | None = None
    last_at: datetime | None = None
    by_period: tuple[PeriodTime, ...] = ()
    """Periods with bookings, in order; empty without a plan."""


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A child ticket of the project."""

    id: str
    name: str
    hours: Decimal | None
    """Estimated hours; None when nobody estimated it."""
    money: Decimal | None
    """Planned cost, where it has a budget of its own."""
    completion: Decimal | None
    """0..1; None when what is recorded cannot be a share."""
    closed: bool
    closed_at: datetime | None
    milestone: int | None
    summary: bool
    """It has child tasks that carry the plan instead."""
    time: TimeTotals
    parent: str | None = None
    """The task it hangs below; None directly below the project."""


@dataclass(frozen=True, slots=True)
class MilestoneFacts:
    """A milestone of the project."""

    id: int
    name: str
    sequence: int
    start: datetime | None
    target: datetime | None
    complete: bool
    depends_on: tuple[int, ...]
    tickets: tuple[str, ...]
    unbilled: bool = False
    """It is worth money and stands on no invoice."""


@dataclass(frozen=True, slots=True)
class ResourceFacts:
    """The resource plan of one budget type, in hours."""

    name: str
    planned: Decimal
    estimated: Decimal
    actual: Decimal
    scheduled: Decimal
    to_schedule: Decimal


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """One project with its tasks, milestones and time."""

    id: str
    name: str
    customer: str | None
    practice: str | None
    created_from: str | None
    """The opportunity it came from."""
    start: datetime | None
    closed: bool
    closed_at: datetime | None
    completion: Decimal | None
    money_actual: Decimal | None
    money_budget: Decimal | None
    hours_budget: Decimal | None
    hours_actual: Decimal | None
    """Hours booked as HaloPSA itself counts them, to tell whether we have read them all."""
    currency: str | None
    """The customer's currency, where it says one."""
    tasks: tuple[TaskFacts, ...]
    milestones: tuple[MilestoneFacts, ...]
    own: TimeTotals
    """Time booked on the project itself."""
    updated: datetime | None
    faults: tuple[Reason, ...] = ()
    """What could not be read, in sentences."""
    resources: tuple[ResourceFacts, ...] = ()
    template: int | None = None
    """The template it was made from."""
    todo: tuple[str, ...] = ()
    """Entries of its own to-do list that are not done."""
    inputs: Inputs = field(default_factory=dict, compare=False)
    """The rows all this was read from."""

    @property
    def entries(self) -> int:
        """Time entries on the project and its tasks."""
        return self.own.entries + sum(task.time.entries for task in self.tasks)

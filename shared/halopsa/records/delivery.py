"""HaloPSA's rows of delivery: projects, tasks, opportunities, time entries, quotations, appointments, templates."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from shared.halopsa.records.wire import (
    HaloBool,
    HaloDate,
    HaloDecimal,
    HaloId,
    HaloText,
    Record,
)

_MOST_HOURS = Decimal(10**7)
_MOST_MONEY = Decimal(10**12)


def _hours(value: Decimal) -> Decimal:
    """Seconds are fine enough, and no project takes a thousand years of a team."""
    if abs(value) > _MOST_HOURS:
        raise ValueError("is too large a number of hours to be real")
    return round(value, 4) if value.as_tuple().exponent < -4 else value  # type: ignore[operator]  # finite by HaloDecimal


def _money(value: Decimal) -> Decimal:
    if abs(value) > _MOST_MONEY:
        raise ValueError("is too large an amount to be real")
    return round(value, 6) if value.as_tuple().exponent < -6 else value  # type: ignore[operator]  # finite by HaloDecimal


Hours = Annotated[HaloDecimal, AfterValidator(_hours)]
Amount = Annotated[HaloDecimal, AfterValidator(_money)]


class MilestoneLink(Record):
    """One milestone waits for another."""

    child: HaloId | None = None
    parent: HaloId | None = None


class MilestoneTicket(Record):
    """A task of a milestone."""

    ticket_id: HaloId | None = None


class MilestoneNamed(Record):
    """A milestone another one waits for."""

    id: HaloId | None = None


class Milestone(Record):
    """A milestone inside a project's detail row, or inside a template."""

    id: HaloId
    name: HaloText = ""
    sequence: HaloId = 0
    start_date: HaloDate = None
    target_date: HaloDate = None
    processed_date: HaloDate = None
    dependencies: tuple[MilestoneLink, ...] = ()
    milestone_dependencies: tuple[MilestoneNamed, ...] = ()
    milestone_value: Amount | None = None
    invoicenumber: HaloText | HaloId | None = None
    """Text by its description, a number in some tenants; empty or 0 is none."""
    tickets: tuple[MilestoneTicket, ...] = ()
    complete: HaloBool | None = None
    """``_complete`` on the wire."""

    kind: ClassVar[str] = "Projects.milestones"


class CustomField(Record):
    """A custom field with its label and value."""

    label: HaloText = ""
    name: HaloText = ""
    value: Any = None
    display: Any = None


class Todo(Record):
    """An entry of a ticket's to-do list."""

    id: HaloId | None = None
    text: HaloText = ""
    done: HaloBool = False
    group_name: HaloText = ""


class WorkBudget(Record):
    """One line of a ticket's budget."""

    budgettype_id: HaloId | None = None
    budgettype_name: HaloText = ""
    hours: Hours | None = None
    money: Amount | None = None
    estimated_hours: Hours | None = None
    actual_hours: Hours | None = None
    scheduled_hours: Hours | None = None
    toschedule_hours: Hours | None = None


class WorkTicket(Record):
    """A ticket as a project or one of its tasks."""

    id: HaloId
    summary: HaloText = ""
    tickettype_id: HaloId | None = None
    client_id: HaloId | None = None
    team: HaloText | None = None
    parent_id: HaloId | None = None
    createdfrom_id: HaloId | None = None
    status_id: HaloId | None = None
    dateoccurred: HaloDate = None
    dateclosed: HaloDate = None
    startdate: HaloDate = None
    last_update: HaloDate = None
    estimate: Hours | None = None
    budgethours: HaloText | None = None
    """A task's budgeted hours; HaloPSA sends them as text."""
    budgets: tuple[WorkBudget, ...] = ()
    projectcompletionpercentage: HaloDecimal | None = None
    projectmoneybudget: Amount | None = None
    projectmoneyactual: Amount | None = None
    projecttimebudget: Hours | None = None
    projecttimeactual: Hours | None = None
    milestone_id: HaloId | None = None
    template_id: HaloId | None = None
    todo_list: tuple[Todo, ...] = ()
    milestones: tuple[dict[str, Any], ...] = ()
    """Read one by one, so that one bad milestone does not cost the project."""

    kind: ClassVar[str] = "Projects"


class TimeEntry(Record):
    """An action with time on it."""

    ticket_id: HaloId
    id: HaloId
    datetime: HaloDate = None
    who_agentid: HaloId | None = None
    actionby_agent_id: HaloId | None = None
    timetaken: Hours | None = None

    kind: ClassVar[str] = "Actions"


class CostRate(Record):
    """What an agent's hour costs us."""

    id: HaloId
    costprice: Amount | None = None

    kind: ClassVar[str] = "Agent"


class ClientCurrency(Record):
    """A customer's currency."""

    id: HaloId
    default_currency_code_name: HaloText | None = None

    kind: ClassVar[str] = "Client"


class Opportunity(Record):
    """A ticket of an opportunity type."""

    id: HaloId
    summary: HaloText = ""
    details: HaloText = ""
    tickettype_id: HaloId | None = None
    client_id: HaloId | None = None
    site_id: HaloId | None = None
    user_id: HaloId | None = None
    agent_id: HaloId | None = None
    team: HaloText | None = None
    status_id: HaloId | None = None
    dateclosed: HaloDate = None
    last_update: HaloDate = None
    oppvalue: Amount | None = None
    oppprofit: Amount | None = None
    oppconverteddate: HaloDate = None
    opptype: HaloText = ""
    category_1: HaloText = ""
    customfields: tuple[CustomField, ...] = ()
    todo_list: tuple[Todo, ...] = ()

    kind: ClassVar[str] = "Opportunities"


class Quote(Record):
    """A quotation with its approval by the customer."""

    id: HaloId
    title: HaloText = ""
    ticket_id: HaloId | None = None
    approvalstate: HaloId | None = None
    approvalname: HaloText = ""
    approvaldatetime: HaloDate = None
    signature: HaloText = ""
    scope: HaloText = ""
    risk: HaloText = ""
    total: Amount | None = None
    currency_code_name: HaloText | None = None

    kind: ClassVar[str] = "Quotation"


class Meeting(Record):
    """An appointment."""

    id: HaloId
    ticket_id: HaloId | None = None
    subject: HaloText = ""
    start_date: HaloDate = None
    end_date: HaloDate = None
    complete_status: HaloId | None = None

    kind: ClassVar[str] = "Appointment"


class ProjectTemplate(Record):
    """A template a project is created from."""

    id: HaloId
    name: HaloText = ""
    summary: HaloText = ""
    tickettype_id: HaloId | None = None
    estimate: Hours | None = None
    milestones: tuple[dict[str, Any], ...] = ()
    todo_list: tuple[Todo, ...] = ()
    budgets: tuple[dict[str, Any], ...] = ()

    kind: ClassVar[str] = "Template"

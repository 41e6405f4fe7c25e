"""List rows of tickets, actions and timesheets, as far as the desk's figures read them."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from shared.halopsa.records.wire import HaloBool, HaloDate, HaloDecimal, HaloId, HaloInt, HaloText, Record


class DeskTicket(Record):
    """A row of ``/Tickets``."""

    kind: ClassVar[str] = "Tickets"

    id: HaloId
    summary: HaloText = ""
    tickettype_id: HaloId | None = None
    client_id: HaloId | None = None
    user_id: HaloId | None = None
    team: HaloText | None = None
    agent_id: HaloId | None = None
    priority_id: HaloId | None = None
    sla_id: HaloId | None = None
    status_id: HaloId | None = None
    category_1: HaloText | None = None
    dateoccurred: HaloDate = None
    dateassigned: HaloDate = None
    first_responsedate: HaloDate = None
    responsedate: HaloDate = None
    respondbydate: HaloDate = None
    fixbydate: HaloDate = None
    dateclosed: HaloDate = None
    slaholdtime: HaloDecimal = Decimal(0)
    excludefromsla: HaloBool = False
    reassigncount: HaloInt | None = None
    nextactivitydate: HaloDate = None
    nextappointmentdate: HaloDate = None
    lastactiondate: HaloDate = None
    is_project: HaloBool = False
    is_opportunity: HaloBool = False
    workflow_id: HaloId | None = None
    attachment_count: HaloInt | None = None
    parent_id: HaloId | None = None
    merged_into_id: HaloId | None = None


class DeskAction(Record):
    """A row of ``/Actions``; its identity is (ticket_id, id)."""

    kind: ClassVar[str] = "Actions"

    ticket_id: HaloId
    id: HaloId
    datetime: HaloDate = None
    outcome: HaloText = ""
    note: HaloText | None = None
    old_status: HaloId | None = None
    new_status: HaloId | None = None
    new_priority: HaloId | None = None
    who_agentid: HaloId | None = None
    who_type: HaloInt | None = None
    timetaken: HaloDecimal = Decimal(0)
    actionchargehours: HaloDecimal | None = None
    actioninvoicenumber: HaloText | None = None
    actionby_application_id: HaloText | None = None


class DeskDay(Record):
    """A row of ``/Timesheet``: one agent's day."""

    kind: ClassVar[str] = "Timesheet"

    agent_id: HaloId
    date: HaloDate = None
    target_hours: HaloDecimal | None = None
    actual_hours: HaloDecimal | None = None

"""How lists are asked for, in HaloPSA's words: which, in which order, by which parameters, and how long a ticket lived."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from shared.model import JsonObject, rfc3339
from shared.ports import Detail, Reading, ReadPage

_ACTIVE_TOO = {"includeactive": "true", "includeinactive": "true"}
_TICKETS = {"includeclosed": "true", "includecolumns": "false", "order": "id"}
_BY_ID = {"order": "id"}
_WHOLE_TICKET = Detail("Tickets", {"includedetails": "true"})
_DETAILS = {"includedetails": "true"}

READINGS: tuple[Reading, ...] = (
    Reading("TicketType"),
    Reading("Status"),
    Reading("Priority"),
    Reading("SLA"),
    Reading("Team"),
    Reading(
        "Agent",
        {"includeapiagents": "true", "includeenabled": "true", "includedisabled": "true", "includeroles": "true"},
        detail=Detail("Agent", _DETAILS),
    ),
    Reading("Roles", detail=Detail("Roles", _DETAILS)),
    Reading("Application"),
    Reading("Category"),
    Reading("Workflow", {"includeinactive": "true"}),
    Reading("ChargeRate"),
    Reading("Tax"),
    Reading("Currency"),
    Reading("Client", {**_ACTIVE_TOO, **_BY_ID}, changed="lastupdatefromdate"),
    Reading("Site", {**_ACTIVE_TOO}, changed="lastupdatefromdate"),
    Reading("Users", {**_ACTIVE_TOO, **_BY_ID}, changed="lastupdatefromdate"),
    Reading("Tickets", _TICKETS, version="last_update", changed="lastupdatefromdate", has_actions=True),
    Reading(
        "Projects",
        _TICKETS,
        version="last_update",
        changed="lastupdatefromdate",
        has_actions=True,
        detail=_WHOLE_TICKET,
    ),
    Reading(
        "Opportunities",
        _TICKETS,
        version="last_update",
        changed="lastupdatefromdate",
        has_actions=True,
        detail=_WHOLE_TICKET,
    ),
    Reading("ClientContract", {"includeinactive": "true", **_BY_ID}, detail=Detail("ClientContract", _DETAILS)),
    Reading("RecurringInvoice", {"includelines": "true", **_BY_ID}),
    Reading("Invoice", {"includelines": "true", **_BY_ID}, recent="invoicedatestart"),
    Reading("Quotation", _BY_ID, detail=Detail("Quotation", _DETAILS)),
    Reading("SalesOrder", _BY_ID, detail=Detail("SalesOrder", _DETAILS)),
    Reading("Item", {**_ACTIVE_TOO, **_BY_ID}),
    Reading("Appointment", {"showall": "true"}),
    Reading("Timesheet"),
    Reading("TimesheetEvent", recent="start_date", recent_until="end_date"),
    Reading("Template", _BY_ID),
    Reading("Webhook"),
    Reading("CustomIntegration"),
    Reading("ConfigCommit"),
    Reading("Audit", seldom=True),
)


APPROVALS = Reading("TicketApproval")
"""Who overrode HaloPSA's approvals; one answer holds them all, and only billing asks."""


def one_row(query: Mapping[str, str]) -> dict[str, str]:
    """The shortest page: it carries the count of all rows."""
    return {**query, "page_size": "1"}


def from_page(query: Mapping[str, str], number: int) -> dict[str, str]:
    """The list from a page on."""
    return {**query, "page_no": str(number)}


def reached(page: ReadPage) -> int:
    """How many rows of the list there are up to the end of this page, by what was asked."""
    size, number = int(page.query.get("page_size", "0")), int(page.query.get("page_no", "1"))
    return (number - 1) * size + len(page.rows)


def between(begin: datetime, end: datetime) -> dict[str, str]:
    """Actions of a window."""
    return {"startdate": rfc3339(begin), "enddate": rfc3339(end)}


def of_ticket(ticket_id: str) -> dict[str, str]:
    """Actions of one ticket."""
    return {"ticket_id": ticket_id}


def at_most(query: Mapping[str, str], rows: int) -> dict[str, str]:
    """The same, answered in one page of so many rows."""
    return {**query, "count": str(rows)}


_DATES = (
    "dateoccurred",
    "datecreated",
    "dateassigned",
    "first_responsedate",
    "responsedate",
    "dateclosed",
    "lastactiondate",
    "last_update",
)


def life(row: JsonObject, today: int) -> tuple[str, int, int]:
    """Ticket id, first and last day as ordinals; 0 where no date says; one that is open lives today.

    A project's work may begin before its ticket was opened: on its start date, which says nothing of its end.
    """
    ticket = str(row.get("id", ""))
    days = [day for day in (_day(row.get(name)) for name in _DATES) if day]
    if not days:
        return ticket, 0, 0
    last = max(days)
    if not _day(row.get("dateclosed")):
        last = max(last, today)
    return ticket, min(*days, _day(row.get("startdate")) or last), last


def _day(value: object) -> int:
    if not isinstance(value, str) or len(value) < 10:
        return 0
    try:
        day = date.fromisoformat(value[:10])
    except ValueError:
        return 0
    return day.toordinal() if day.year > 1900 else 0

"""What is read from HaloPSA, in which order and how: one row per list."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.model import JsonObject


@dataclass(frozen=True, slots=True)
class Detail:
    """Records whose list row is not enough: which path completes them."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One list. ``version`` names the field that says when a row last changed and makes reading by change possible.

    ``recent`` names a date parameter by which a long list is narrowed between two whole reads.
    """

    kind: str
    query: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    recent: str = ""
    recent_until: str = ""
    detail: Detail | None = None
    has_actions: bool = False
    seldom: bool = False
    """Once a day is enough: nothing is judged by it, and it can be neither narrowed nor paged."""


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
    Reading("Client", {**_ACTIVE_TOO, **_BY_ID}, recent="lastupdatefromdate"),
    Reading("Site", {**_ACTIVE_TOO}, recent="lastupdatefromdate"),
    Reading("Users", {**_ACTIVE_TOO, **_BY_ID}, recent="lastupdatefromdate"),
    Reading("Tickets", _TICKETS, version="last_update", has_actions=True),
    Reading("Projects", _TICKETS, version="last_update", has_actions=True, detail=_WHOLE_TICKET),
    Reading("Opportunities", _TICKETS, version="last_update", has_actions=True, detail=_WHOLE_TICKET),
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


def detail_version(reading: Reading, row: JsonObject) -> str:
    """What a detail read is good for: the row's version, or its content where the kind has none."""
    version = row.get(reading.version) if reading.version else None
    if isinstance(version, str):
        return version
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:32]

"""Whether a row can be read by every record that reads its kind, and which of its fields none of them reads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from pydantic import ValidationError

from shared.halopsa.facts_deliveries import customer_of
from shared.halopsa.records import access, billing, configuration, delivery, desk, parties, trail
from shared.halopsa.records.wire import Record, known_fields, parse_rows
from shared.model import JsonObject

RECORDS: Mapping[str, tuple[type[Record], ...]] = {
    "TicketType": (configuration.TicketType,),
    "Status": (configuration.Status,),
    "Priority": (configuration.Priority,),
    "SLA": (configuration.ServiceLevel,),
    "Team": (configuration.Team,),
    "Agent": (access.AccessAgent, delivery.CostRate, billing.Approver),
    "Roles": (access.AccessRole,),
    "Application": (access.AccessApplication,),
    "Category": (configuration.Category,),
    "Workflow": (configuration.Workflow,),
    "ChargeRate": (configuration.ChargeRate,),
    "Tax": (billing.TaxRow,),
    "Currency": (configuration.CurrencyRow,),
    "Client": (billing.Customer, parties.ClientRow),
    "Site": (parties.SiteRow,),
    "Users": (parties.UserRow,),
    "Tickets": (desk.DeskTicket,),
    "Projects": (desk.DeskTicket, delivery.WorkTicket),
    "Opportunities": (desk.DeskTicket, delivery.Opportunity),
    "Actions": (desk.DeskAction, delivery.TimeEntry, billing.ChargeAction),
    "ClientContract": (billing.Contract,),
    "RecurringInvoice": (billing.InvoiceRow,),
    "Invoice": (billing.InvoiceRow,),
    "Quotation": (delivery.Quote,),
    "SalesOrder": (billing.SalesOrder,),
    "Item": (configuration.ItemRow, billing.Product),
    "Appointment": (delivery.Meeting,),
    "Timesheet": (desk.DeskDay,),
    "TimesheetEvent": (trail.TimesheetEventRow,),
    "Template": (delivery.ProjectTemplate,),
    "Webhook": (trail.WebhookRow,),
    "WebhookEvent": (trail.Delivered,),
    "CustomIntegration": (trail.CustomIntegrationRow,),
    "ConfigCommit": (trail.ConfigCommit,),
    "Audit": (trail.AuditEntry,),
}
"""Every kind that is read, by the records that read it."""


_OF_TIME = frozenset({delivery.TimeEntry, billing.ChargeAction})
_TIME = ("timetaken", "actionchargehours", "actionchargeamount")
"""Actions without any of these are read by nobody who counts time or money."""


def fault(kind: str, row: JsonObject) -> str | None:
    """A sentence naming every field of the wrong type; None when all records of the kind can read the row."""
    told: dict[str, None] = {}
    for model in RECORDS.get(kind, ()):
        if model in _OF_TIME and not any(map(row.get, _TIME)):
            continue
        try:
            model.__pydantic_validator__.validate_python(row)
        except ValidationError:
            for refused in parse_rows(model, [row])[1]:
                told.update(dict.fromkeys(refused.message.rstrip(".").split("; ")))
    return "; ".join(told) + "." if told else None


def unknown(kind: str, row: JsonObject) -> set[str]:
    """Names of the row's fields that no record of the kind reads; the row keeps them all.

    Names beginning with ``_`` are Halo's own flags and those beginning with ``@`` are the mirror's: neither counts.
    """
    return {name for name in row.keys() - _known(kind) if name[:1] not in {"_", "@"}}


def customer(row: JsonObject) -> str | None:
    """The client a row belongs to."""
    return customer_of(row)


@lru_cache(maxsize=64)
def _known(kind: str) -> frozenset[str]:
    return frozenset[str]().union(*(known_fields(model) for model in RECORDS.get(kind, ())))

"""Which of HaloPSA's events a change of rows means, and the body a webhook carries for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.halopsa.builtin import CLOSED
from local.halopsa.store import Change, Store
from local.halopsa.tables import Row

EVENT_NAMES = {
    3: "new ticket logged",
    19: "ticket updated by user",
    39: "ticket closed",
    76: "ticket status changed",
    1004: "action added",
    1072: "ticket deleted",
}
"""Numbers seen in the wild; every other event is configured by its name."""

_SMALL_TICKET = [
    "id",
    "summary",
    "status_id",
    "tickettype_id",
    "client_id",
    "site_id",
    "user_id",
    "team",
    "team_id",
    "agent_id",
    "priority_id",
    "customfields",
    "hasbeenclosed",
    "dateoccurred",
    "dateclosed",
    "last_update",
]
_SMALL_ACTION = [
    "ticket_id",
    "id",
    "outcome",
    "outcome_id",
    "who",
    "who_agentid",
    "datetime",
    "old_status",
    "new_status",
    "timetaken",
]
_SMALL_INVOICE = [
    "id",
    "client_id",
    "client_name",
    "contract_id",
    "recurring_invoice_id",
    "invoicenumber",
    "total",
    "posted",
    "disabled",
    "reviewrequired",
    "approval_status",
    "nextcreationdate",
    "thirdpartyinvoicenumber",
    "last_modified",
]
_SMALL_OTHER = [
    "id",
    "client_id",
    "client_name",
    "ticket_id",
    "title",
    "ref",
    "status",
    "approvalstate",
    "total",
    "last_update_time",
]
_OTHERS = {
    "Quotation": ("quotation", "quotation"),
    "SalesOrder": ("sales order", "salesorder"),
    "ClientContract": ("contract", "contract"),
    "Appointment": ("appointment", "appointment"),
    "Client": ("client", "client"),
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One event: its lower-case name, what it is about, and the objects its payload carries."""

    event: str
    message: str
    object_id: Any
    agent_id: int
    objects: dict[str, Any]


def events_of(changes: list[Change], store: Store, agent_id: int) -> Iterator[Happened]:
    """Events in the order HaloPSA would queue them."""
    for table, before, after in changes:
        row = after if after is not None else before
        if row is None:
            continue
        if table == "Tickets":
            yield from _ticket(before, after, row, agent_id)
        elif table == "Actions":
            if before is None and after is not None:
                yield _action(after, store, agent_id)
        elif table in {"Invoice", "RecurringInvoice"}:
            yield from _invoice(table, before, after, row, agent_id)
        elif table in _OTHERS:
            noun, key = _OTHERS[table]
            verb = "created" if before is None else "deleted" if after is None else "updated"
            name = f"new {noun}" if before is None else f"{noun} {verb}"
            yield Happened(name, f"{noun} {verb}.", row.get("id"), agent_id, {key: _part(row, _SMALL_OTHER)})
            if table == "Quotation" and after is not None and _moved(before, after, "approvalstate"):
                yield Happened(
                    "quotation approval changed", "The approval of the quotation has changed.", row.get("id"), agent_id,
                    {key: _part(row, _SMALL_OTHER)},
                )  # fmt: skip


def _ticket(before: Row | None, after: Row | None, row: Row, agent_id: int) -> Iterator[Happened]:
    noun = "opportunity" if row.get("is_opportunity") else "ticket"
    key = "ticket"
    body = {key: _part(row, _SMALL_TICKET)}
    number = f"{row.get('id', 0):07d}" if isinstance(row.get("id"), int) else str(row.get("id"))

    def told(event: str, message: str) -> Happened:
        return Happened(event, message, row.get("id"), agent_id, body)

    if after is None:
        yield told(f"{noun} deleted", f"Ticket ID: {number} has been deleted.")
        return
    if before is None:
        logged = "new opportunity logged" if noun == "opportunity" else "new ticket logged"
        yield told(logged, f"A new {noun} has been logged with ID: {number}.")
        return
    if before == after:
        return
    if before.get("status_id") != after.get("status_id"):
        yield told(f"{noun} status changed", f"The status has been changed for Ticket ID: {number}.")
        if after.get("status_id") == CLOSED:
            yield told(f"{noun} closed", f"Ticket ID: {number} has been closed.")
    yield told(f"{noun} updated", f"Ticket ID: {number} has been updated.")


def _action(action: Row, store: Store, agent_id: int) -> Happened:
    ticket_id = action.get("ticket_id")
    ticket = store.table("Tickets").get((ticket_id or 0,)) or {"id": ticket_id}
    return Happened(
        "action added",
        f"An action has been added to Ticket ID: {ticket_id}.",
        ticket_id,
        int(action.get("who_agentid") or agent_id),
        {"ticket": _part(ticket, _SMALL_TICKET), "action": _part(action, _SMALL_ACTION)},
    )


def _invoice(table: str, before: Row | None, after: Row | None, row: Row, agent_id: int) -> Iterator[Happened]:
    noun = "recurring invoice" if table == "RecurringInvoice" else "invoice"
    body = {"invoice": _part(row, _SMALL_INVOICE)}
    if before is None:
        yield Happened(f"new {noun} created", f"A new {noun} has been created.", row.get("id"), agent_id, body)
    elif after is None:
        yield Happened(f"{noun} deleted", f"The {noun} has been deleted.", row.get("id"), agent_id, body)
    elif before != after:
        yield Happened(f"{noun} updated", f"The {noun} has been updated.", row.get("id"), agent_id, body)
        if not before.get("posted") and after.get("posted"):
            yield Happened(f"{noun} posted", f"The {noun} has been posted.", row.get("id"), agent_id, body)


def _moved(before: Row | None, after: Row, field: str) -> bool:
    return (before or {}).get(field) != after.get(field)


def _part(row: Row, names: list[str]) -> Row:
    return {name: row[name] for name in names if name in row}


def subscribed(notification: Row) -> str:
    """The event a Notification row asks for: by number where it is known, else by name."""
    number = notification.get("eventno")
    if isinstance(number, int) and number in EVENT_NAMES:
        return EVENT_NAMES[number]
    return str(notification.get("name", "")).strip().lower()


def meets(notification: Row, happened: Happened) -> bool:
    """Conditions of a Notification row against the first object of the payload; none always meets."""
    objects: Row = next(iter(happened.objects.values()), {})
    for condition in notification.get("conditions") or []:
        wanted = (
            condition.get("value_string") if condition.get("value_type") == "string" else condition.get("value_int")
        )
        if str(objects.get(condition.get("fieldname"), "")) != str(wanted):
            return False
    return True


def wants(notification: Row, happened: Happened) -> bool:
    """Whether this Notification row is rung by this event. 19 and "ticket updated" mean any update of a ticket."""
    name = subscribed(notification)
    if name == "ticket updated by user":
        name = "ticket updated"
    return name in {happened.event, "*", "any"} and meets(notification, happened)

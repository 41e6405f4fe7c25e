"""Which record a webhook's body speaks of: HaloPSA's spelling of events and their objects."""

from __future__ import annotations

from shared.halopsa.echo import is_echo
from shared.model import JsonObject

_OBJECTS: tuple[tuple[str, str], ...] = (
    ("recurring invoice", "RecurringInvoice"),
    ("invoice", "Invoice"),
    ("quotation", "Quotation"),
    ("quote", "Quotation"),
    ("appointment", "Appointment"),
    ("contract", "ClientContract"),
    ("agreement", "ClientContract"),
    ("opportunity", "Tickets"),
    ("project", "Tickets"),
    ("ticket", "Tickets"),
    ("action", "Tickets"),
    ("sla", "Tickets"),
)
"""A word in an event's name (they are lower-case sentences) and the list its object is read from; the first that fits."""

_DETAILS = {
    "Tickets": {"includedetails": "true"},
    "RecurringInvoice": {"includedetails": "true"},
    "Invoice": {"includedetails": "true"},
    "Quotation": {"includedetails": "true"},
    "ClientContract": {"includedetails": "true"},
}


def target(payload: JsonObject) -> tuple[str, str, dict[str, str]] | None:
    """(kind, record id, query) of the record to read, or None when the event is one we do not know."""
    event = str(payload.get("event", "")).lower()
    ticket = payload.get("ticket")
    if isinstance(ticket, dict) and isinstance(ticket.get("id"), int):
        return "Tickets", str(ticket["id"]), dict(_DETAILS["Tickets"])
    for word, kind in _OBJECTS:
        if word in event:
            identity = payload.get("object_id")
            if isinstance(identity, int) and not isinstance(identity, bool):
                return kind, str(identity), dict(_DETAILS.get(kind, {}))
    return None


def echo(payload: JsonObject, api_agent: int) -> bool:
    """True when our own write rang: its agent is the one we log in as, or an object inside bears our mark.

    Other integrations may log in as the same agent: the record is read and judged all the same.
    """
    ours = api_agent > 0 and payload.get("agent_id") == api_agent
    return ours or any(is_echo(held) for held in payload.values() if isinstance(held, dict))


def kinds_of(kind: str, row: JsonObject) -> tuple[str, ...]:
    """The mirror kinds a record belongs to: a ticket may also be a project or an opportunity."""
    if kind != "Tickets":
        return (kind,)
    kinds = ["Tickets"]
    if row.get("is_project") is True:
        kinds = ["Projects"]
    if row.get("is_opportunity") is True:
        kinds = ["Opportunities"]
    return tuple(kinds)


def customer_of(row: JsonObject) -> str | None:
    """The record's HaloPSA client id."""
    client = row.get("client_id")
    if isinstance(client, float) and client.is_integer():
        client = int(client)
    return str(client) if isinstance(client, int) and not isinstance(client, bool) and client > 0 else None

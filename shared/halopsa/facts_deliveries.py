"""Which record a webhook's body speaks of, and what HaloPSA's own log says it delivered: events and their objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.halopsa.echo import is_echo
from shared.model import JsonObject, parse_instant

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


LOG = "WebhookEvent"
NEWEST_FIRST: Mapping[str, str] = {"order": "timestamp", "orderdesc": "true"}
"""What the log may be ordered by is documented nowhere; a tenant may refuse it."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One row of the delivery log. ``body`` None where the log kept none; ``entity_id`` '' where it names nothing."""

    id: str
    at: datetime | None
    answered: bool
    body: bytes | None
    entity_id: str
    notification_id: str
    """Which of the tenant's event rows rang; tells what the entity is where the log kept no body."""


def logged(row: JsonObject) -> Logged:
    """A row of the log."""
    status, entity, body = row.get("responsestatus"), row.get("entity_id"), row.get("requestbody")
    return Logged(
        str(row.get("id") or ""),
        instant(row.get("timestamp")),
        isinstance(status, int) and 200 <= status < 300 and row.get("error") is not True,
        body.encode("utf-8", "surrogatepass") if isinstance(body, str) and body else None,
        str(entity) if isinstance(entity, int) and not isinstance(entity, bool) else "",
        str(row.get("notification_id") or ""),
    )


def instant(value: object) -> datetime | None:
    """HaloPSA's times: with an offset, or naive and then UTC."""
    if not isinstance(value, str):
        return None
    try:
        return parse_instant(value)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def hook_of(row: JsonObject) -> str:
    """The webhook a row of the log belongs to."""
    return str(row.get("webhook_id"))


def of_hook(hook: str) -> dict[str, str]:
    """The log of one webhook."""
    return {"webhook_id": hook}


def hooks(rows: Iterable[JsonObject], source: str) -> tuple[set[str], set[str]]:
    """Ids of all webhooks, and of those that point at this source of ours."""
    ids = {str(row.get("id")): str(row.get("url", "")).split("?")[0] for row in rows}
    return set(ids), {name for name, url in ids.items() if url.endswith(f"/halopsa/{source}")}


def events(rows: Iterable[JsonObject]) -> dict[str, str]:
    """Names of events by the id of the row that asks for them."""
    return {str(row.get("id")): str(row.get("name", "")) for row in rows}


def changed(rows: Iterable[JsonObject], first: str, last: str) -> Iterator[str]:
    """Ids of records that last changed after ``first`` and not after ``last`` (RFC 3339)."""
    return (str(row.get("id")) for row in rows if first < str(row.get("last_update", "")) <= last)

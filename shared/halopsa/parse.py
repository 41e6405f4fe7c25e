"""Reading HaloPSA's answers: strict JSON, lists in either shape, and the many forms of its error bodies."""

from __future__ import annotations

import json
import re
from typing import Any

from shared.model import JsonObject

ROW_KEYS: dict[str, tuple[str, ...]] = {
    "Tickets": ("tickets",),
    "Projects": ("tickets", "projects"),
    "Opportunities": ("tickets", "opportunities"),
    "Actions": ("actions",),
    "Client": ("clients",),
    "Site": ("sites",),
    "Users": ("users",),
    "ClientContract": ("contracts",),
    "Invoice": ("invoices",),
    "RecurringInvoice": ("invoices",),
    "Quotation": ("quotes", "quotations"),
    "SalesOrder": ("salesorders", "orders"),
    "Item": ("items",),
    "Template": ("stdrequests", "templates"),
    "Appointment": ("appointments",),
    "WebhookEvent": ("webhookevents", "events"),
    "Audit": ("audit",),
}
"""Where an envelope keeps its rows; for other kinds the first list that is not about columns."""

_SIDE_LISTS = frozenset({"columns", "folders", "filters"})
_SENTENCE = 300
_SENTENCES = ("Message", "message", "errorMessage", "error_description", "ExceptionMessage", "detail", "error", "title")
_FIELD = re.compile(r"^(?:\$\.|\[\d+\]\.?)?(.*)$")
_TAGS = re.compile(r"<[^>]*>")


class UnreadableError(ValueError):
    """The body is not what HaloPSA sends when it is well: cut off, HTML, not a list."""


def parse_json(body: bytes) -> Any:
    """Strict JSON; UnreadableError for half a body, another encoding, NaN, or nesting no honest answer has."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise UnreadableError("The answer is not JSON.") from None


def _refuse(name: str) -> float:
    raise ValueError(name)


def parse_list(kind: str, body: bytes) -> tuple[tuple[JsonObject, ...], int | None]:
    """Rows and record_count of a list answer, bare or in an envelope. An element that is no object is kept marked."""
    value = parse_json(body)
    if isinstance(value, list):
        return _rows(value), None
    if not isinstance(value, dict):
        raise UnreadableError("The answer is neither a list nor an envelope.")
    count = value.get("record_count")
    count = int(count) if isinstance(count, int | float) and not isinstance(count, bool) and count >= 0 else None
    for key in ROW_KEYS.get(kind, ()):
        if isinstance(value.get(key), list):
            return _rows(value[key]), count
    for key, held in value.items():
        if isinstance(held, list) and key not in _SIDE_LISTS:
            return _rows(held), count
    if count == 0:
        return (), 0
    raise UnreadableError("The envelope holds no rows.")


def _rows(values: list[Any]) -> tuple[JsonObject, ...]:
    return tuple(value if isinstance(value, dict) else {"@unreadable": value} for value in values)


def parse_one(kind: str, body: bytes) -> JsonObject:
    """One row: an object, or the last of an array as older builds answer."""
    value = parse_json(body)
    if isinstance(value, list):
        value = value[-1] if value else None
    if isinstance(value, dict) and "record_count" in value:
        rows, _ = parse_list(kind, body)
        value = rows[-1] if rows else None
    if not isinstance(value, dict) or not value:
        raise UnreadableError("The answer is not one record.")
    return value


def parse_error(body: bytes) -> tuple[str, str | None]:
    """A sentence and, where HaloPSA named one, the field: from plain text, model state, .NET exceptions, envelopes."""
    text = body.decode("utf-8", "replace").strip()
    try:
        value = json.loads(text) if text[:1] in {"{", "[", '"'} else None
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, str):
        return _short(value), None
    if isinstance(value, list) and value and isinstance(value[0], dict | str):
        value = value[0]
    if isinstance(value, str):
        return _short(value), None
    if not isinstance(value, dict):
        return _short(_TAGS.sub(" ", text)), None
    for key in _SENTENCES:
        held = value.get(key)
        if isinstance(held, str) and held and not isinstance(value.get("errors"), dict):
            return _short(held), None
    state = value.get("errors") or value.get("ModelState") or value.get("modelState") or value
    return _model_state(state if isinstance(state, dict) else value)


def _model_state(state: JsonObject) -> tuple[str, str | None]:
    """``{"[0].id": ["…"]}`` and ``{"id": ["…"]}``: the first field with a sentence."""
    for name, faults in state.items():
        sentences = faults if isinstance(faults, list) else [faults]
        for sentence in sentences:
            if isinstance(sentence, str) and sentence:
                match = _FIELD.match(name)
                field = match.group(1) if match else name
                return _short(sentence), field or None
    return "", None


def _short(text: str) -> str:
    return " ".join(text.split())[:_SENTENCE]

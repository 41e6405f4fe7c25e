"""A webhook body as deliveries: each element's own bytes, strictly read, and what it claims to be about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.errors import Malformed
from shared.model import JsonObject

MOST_DEPTH = 32
_LONGEST_ID = 1000
_LARGEST_CUSTOMER = 2**53
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{},]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One readable delivery. What it claims is not to be trusted before the record was read from the API."""

    id: str
    payload: bytes
    customer: str | None
    source: JsonObject


@dataclass(frozen=True, slots=True)
class Unread:
    """One element that could not be read, and why."""

    payload: bytes
    why: str


def split(body: bytes) -> tuple[list[bytes], bool]:
    """The elements' exact bytes, and whether the body was an array. Raises Malformed when the outside is not sound."""
    text = body.removeprefix(_BOM).strip(_SPACE)
    if not text.startswith(b"["):
        return [body], False
    elements: list[bytes] = []
    depth, start = 0, 1
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in (b"[", b"{"):
            depth += 1
        elif token in (b"]", b"}"):
            depth -= 1
            if depth == 0:
                if token != b"]" or match.end() != len(text):
                    break
                return _close(elements, text[start : match.start()]), True
        elif token == b"," and depth == 1:
            elements.append(text[start : match.start()].strip(_SPACE))
            start = match.end()
        elif token == b'"':
            break
    raise Malformed("The array is cut off or followed by something else.", code="delivery_unreadable")


def _close(elements: list[bytes], last: bytes) -> list[bytes]:
    last = last.strip(_SPACE)
    if last or elements:
        elements.append(last)
    if b"" in elements:
        raise Malformed("The array has an empty place.", code="delivery_unreadable")
    return elements


def read(payload: bytes, allowed_webhooks: frozenset[str]) -> Delivery | Unread:
    """One element, strictly: UTF-8, no duplicate names, no NaN, no depth that no honest delivery has."""
    if _too_deep(payload):
        return Unread(payload, f"It is nested deeper than {MOST_DEPTH}.")
    try:
        value = json.loads(payload.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return Unread(payload, "It is not JSON, or names a member twice.")
    if not isinstance(value, dict):
        return Unread(payload, "It is not an object.")
    delivery_id = value.get("id")
    if not isinstance(delivery_id, str) or not 0 < len(delivery_id) <= _LONGEST_ID:
        return Unread(payload, "It has no id that can be used.")
    webhook_id = value.get("webhook_id")
    if allowed_webhooks and not (isinstance(webhook_id, str) and webhook_id in allowed_webhooks):
        return Unread(payload, "Its webhook_id is not on the allow-list.")
    customer = _customer(value)
    return Delivery(delivery_id, payload, customer, _source(value))


def _source(value: JsonObject) -> JsonObject:
    """What is told of the delivery in the ledger: identifiers and the event's name, never texts of people."""
    out: JsonObject = {}
    for name in ("webhook_id", "event", "object_id", "agent_id", "timestamp"):
        held = value.get(name)
        if isinstance(held, int) and not isinstance(held, bool) and abs(held) < _LARGEST_CUSTOMER:
            out[name] = held
        elif isinstance(held, str) and len(held) <= 200:
            out[name] = printable(held)
    return out


def _customer(value: JsonObject) -> str | None:
    """The client id the payload claims: its own, its ticket's, or that of the first object inside that has one."""
    candidates: list[Any] = [value.get("ticket"), value, *value.values()]
    for held in candidates:
        client = held.get("client_id") if isinstance(held, dict) else None
        if isinstance(client, int) and not isinstance(client, bool) and 0 < client < _LARGEST_CUSTOMER:
            return str(client)
    return None


def printable(text: str) -> str:
    """Text that any store can encode: half surrogate pairs are written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _too_deep(payload: bytes) -> bool:
    depth = 0
    for token in _tokens(payload):
        if token in (b"[", b"{"):
            depth += 1
            if depth > MOST_DEPTH:
                return True
        elif token in (b"]", b"}"):
            depth -= 1
    return False


def _tokens(payload: bytes) -> Iterator[bytes]:
    return (match.group() for match in _TOKEN.finditer(payload))


def _unique(pairs: list[tuple[str, Any]]) -> JsonObject:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a member is named twice")
    return out


def _refuse(name: str) -> float:
    raise ValueError(name)

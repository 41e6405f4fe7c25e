"""Reports that were published: kind, period, the time they judge by, and a digest per format."""

from __future__ import annotations

from shared.model import JsonObject
from shared.ports import Rows
from shared.registers.store import Register


def register(rows: Rows) -> Register:
    """Reports; keys sort by period, then by the time they judge by."""
    return Register(rows, "reports")


def key_of(kind: str, period: str, as_of: str) -> str:
    """The row's key."""
    return f"{kind}~{period}~{as_of}"


def latest(rows: Rows, kind: str, period: str, as_of: str | None) -> JsonObject | None:
    """The newest report of a period, not after ``as_of`` where that is given."""
    found: JsonObject | None = None
    for body in register(rows).all(first=f"{kind}~{period}~", last=f"{kind}~{period}~~"):
        if as_of is None or body["as_of"] <= as_of:
            found = body
    return found

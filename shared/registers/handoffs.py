"""Handoffs: each won opportunity's checklist, its score at first submission, its sign-off and the project made from it."""

from __future__ import annotations

from collections.abc import Iterator

from shared.errors import RowStale
from shared.model import JsonObject
from shared.ports import Rows
from shared.registers.store import Held, Register


def register(rows: Rows) -> Register:
    """Handoffs by opportunity id."""
    return Register(rows, "handoffs")


def get(rows: Rows, opportunity_id: str) -> JsonObject | None:
    """One handoff, or None."""
    held = register(rows).get(opportunity_id)
    return held.body if held else None


def all_of(rows: Rows) -> Iterator[JsonObject]:
    """All handoffs in key order."""
    return register(rows).all()


def amend(rows: Rows, opportunity_id: str, change: JsonObject) -> JsonObject | None:
    """Set some cells of a handoff; answer it as it stands afterwards (None when there is none)."""
    return register(rows).change(opportunity_id, lambda body: None if body is None else {**body, **change})


def swap(rows: Rows, body: JsonObject, seen: Held | None) -> None:
    """Write a handoff over the version that was read (None: there was none); RowStale when there is another by now."""
    identity = str(body["id"])
    if register(rows).swap_many([(identity, body)], {identity: seen} if seen is not None else {}):
        raise RowStale(f"The handoff of opportunity {identity} has changed.")


def told(rows: Rows) -> Register:
    """What has been told once and is not told again."""
    return Register(rows, "handoff_told")

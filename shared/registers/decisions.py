"""The decision log and the backlog: what was decided, why, by whom; what is to be done next."""

from __future__ import annotations

from shared.model import JsonObject
from shared.ports import Rows
from shared.registers.store import Register

DELIVERED = "delivered"
"""The state of a backlog item that was put to work; before, it is ``proposed``."""


def decisions(rows: Rows) -> Register:
    """All decisions by id."""
    return Register(rows, "decisions")


def backlog(rows: Rows) -> Register:
    """The automation and enhancement backlog by id."""
    return Register(rows, "backlog")


def rank(body: JsonObject) -> float:
    """Backlog order: business value over implementation effort (both 1 to 5)."""
    return float(body.get("value", 1)) / float(body.get("effort", 1))

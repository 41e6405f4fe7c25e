"""Usage: what suppliers' files say is in use, one file in force per supplier and month."""

from __future__ import annotations

from collections.abc import Iterator

from shared.model import JsonObject
from shared.ports import Rows
from shared.registers.store import Register


def register(rows: Rows) -> Register:
    """Files in force."""
    return Register(rows, "usage")


def key_of(supplier: str, period: str) -> str:
    """The row of a supplier's month."""
    return f"{supplier}~{period}"


def every(rows: Rows) -> Iterator[JsonObject]:
    """All files in force, by supplier and month."""
    return register(rows).all()

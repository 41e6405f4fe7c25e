"""Sign-offs: which content of a recurring invoice finance signed, when, and who."""

from __future__ import annotations

from collections.abc import Iterator

from shared.model import JsonObject
from shared.ports import Rows
from shared.registers.store import Register


def register(rows: Rows) -> Register:
    """All sign-offs; those of one invoice lie together, in the order of signing."""
    return Register(rows, "signoffs")


def key_of(recurring_id: str, at: str, approval_id: str) -> str:
    """A sign-off's row. ``at`` is the instant the approval closed."""
    return f"{recurring_id}~{at}~{approval_id}"


def of_invoice(rows: Rows, recurring_id: str) -> tuple[JsonObject, ...]:
    """Every sign-off of one recurring invoice, oldest first."""
    return tuple(register(rows).all(first=f"{recurring_id}~", last=f"{recurring_id}~~"))


def every(rows: Rows) -> Iterator[JsonObject]:
    """All of them; for one invoice the oldest comes first."""
    return register(rows).all()

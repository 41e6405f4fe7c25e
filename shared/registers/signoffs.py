"""Sign-offs: which content of an invoice finance signed, when, and who."""

from __future__ import annotations

from collections.abc import Iterator

from shared.errors import RowExists
from shared.model import JsonObject
from shared.ports import Rows
from shared.registers.store import Register


def register(rows: Rows) -> Register:
    """All sign-offs; those of one invoice lie together, in the order of signing."""
    return Register(rows, "signoffs")


def name_of(body: JsonObject) -> str:
    """What the sign-offs of one invoice have in common: a recurring invoice's id, or ``invoice.<id>`` of any other."""
    return body.get("recurring_invoice_id") or f"invoice.{body['invoice_id']}"


def key_of(name: str, at: str, approval_id: str) -> str:
    """A sign-off's row. ``at`` is the instant the approval closed."""
    return f"{name}~{at}~{approval_id}"


def keep(rows: Rows, name: str, body: JsonObject) -> None:
    """Keep one, and then that finance has signed for its customer. Repeating it changes nothing."""
    for register_of, key, kept in (
        (register(rows), key_of(name, body["at"], body["approval_id"]), body),
        (_customers(rows), str(body["customer"]), {"customer": body["customer"], "first": body["at"]}),
    ):
        try:
            register_of.insert(key, kept)
        except RowExists:
            continue


def _customers(rows: Rows) -> Register:
    """One row for each customer finance has signed anything for: what a single invoice's judgement asks."""
    return Register(rows, "signed-customers")


class SignedCustomers:
    """Customers finance has signed anything for, looked up one by one."""

    def __init__(self, rows: Rows) -> None:
        self._register = _customers(rows)
        self._known: dict[str, bool] = {}

    def __contains__(self, customer: object) -> bool:
        name = str(customer)
        if name not in self._known:
            self._known[name] = self._register.get(name) is not None
        return self._known[name]


def of_invoice(rows: Rows, name: str) -> tuple[JsonObject, ...]:
    """Every sign-off of one invoice, oldest first."""
    return tuple(register(rows).all(first=f"{name}~", last=f"{name}~~"))


def every(rows: Rows) -> Iterator[JsonObject]:
    """All of them; for one invoice the oldest comes first."""
    return register(rows).all()

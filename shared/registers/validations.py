"""Validations of billing, the contract map, and what look-backs found: what must stand before automation counts as trusted."""

from __future__ import annotations

from shared.model import JsonObject
from shared.ports import Rows
from shared.registers.store import Register

DRAFT, FAILED, WAITING, SIGNED, REJECTED, LAPSED = "draft", "failed", "waiting", "signed", "rejected", "lapsed"
_MAP = "current"


def register(rows: Rows) -> Register:
    """Validations; their ids begin with when they were made, so that the newest comes last."""
    return Register(rows, "billing-validations")


def every(rows: Rows) -> list[JsonObject]:
    """Oldest first; there are few."""
    return list(register(rows).all())


def contract_map(rows: Rows) -> JsonObject | None:
    """The old system's contract types and what became of each; None until somebody drew it up."""
    held = Register(rows, "contract-map").get(_MAP)
    return held.body if held else None


def put_contract_map(rows: Rows, body: JsonObject) -> None:
    """Replace it."""
    Register(rows, "contract-map").put(_MAP, body)


def look_backs(rows: Rows) -> Register:
    """What looking back found, by the month looked back from."""
    return Register(rows, "look-backs")


def newest_look_back(rows: Rows) -> JsonObject | None:
    """The one made last."""
    return max(look_backs(rows).all(), key=lambda body: str(body["at"]), default=None)

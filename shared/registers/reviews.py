"""Permission reviews: one row per quarter, and its frozen items in a partition of their own."""

from __future__ import annotations

from shared.model import JsonObject
from shared.ports import Rows
from shared.registers.store import Register

AWAITING, DECIDED, VERIFIED, NOT_REVOKED = "awaiting_second", "decided", "verified", "not_revoked"
OPEN, CLOSED = "open", "closed"


def register(rows: Rows) -> Register:
    """Reviews by quarter."""
    return Register(rows, "reviews")


def items(rows: Rows, part: str) -> Register:
    """Items of one review by item id; ``part`` is named in the review's row, so that half an opening is never seen."""
    return Register(rows, "reviews", part)


def earlier(rows: Rows, quarter: str) -> JsonObject | None:
    """The newest review before a quarter, or None."""
    last: JsonObject | None = None
    for body in register(rows).all(last=quarter):
        last = body
    return last


def settled(item: JsonObject) -> bool:
    """True when nothing more is to be done about an item this quarter."""
    decision = item["decision"]
    if decision is None:
        return False
    final = VERIFIED if decision["decision"] in ("reduce", "revoke") else DECIDED
    return bool(decision["state"] == final)


def answered_by(decision: JsonObject) -> list[str]:
    """Who stands behind an answer, by name; by object id where no token told a name."""
    names = decision.get("by_names") or [""] * len(decision["by"])
    return [name or oid for oid, name in zip(decision["by"], names, strict=True)]


def shown(item: JsonObject) -> JsonObject:
    """The contract's shape: what was frozen, and what was decided since."""
    frozen = dict(item["frozen"])
    decision = item["decision"]
    if decision is not None and decision["state"] == NOT_REVOKED and "not_revoked" not in frozen["risks"]:
        frozen["risks"] = [*frozen["risks"], "not_revoked"]
    return {**frozen, "decision": decision}

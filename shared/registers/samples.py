"""Monthly samples of overrides, and what people concluded of each override in them."""

from __future__ import annotations

from shared.model import JsonObject
from shared.ports import Rows
from shared.registers.store import Register


def samples(rows: Rows) -> Register:
    """Samples by month."""
    return Register(rows, "override-samples")


def conclusions(rows: Rows) -> Register:
    """Conclusions; a sample that is drawn again keeps them."""
    return Register(rows, "override-conclusions")


def concluded(rows: Rows, period: str) -> dict[str, JsonObject]:
    """What was concluded of a month's overrides, by approval id."""
    found = conclusions(rows).all(first=f"{period}~", last=f"{period}~~")
    return {str(body["approval_id"]): body for body in found}

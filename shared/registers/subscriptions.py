"""Subscriptions of Power Automate flows: which event goes to which callback address, and what its owner may see."""

from __future__ import annotations

from shared.ports import Rows
from shared.registers.store import Register

EVENTS = ("approval_requested", "hold_placed", "finding_opened", "report_ready", "review_item_assigned")


def register(rows: Rows) -> Register:
    """All subscriptions by id."""
    return Register(rows, "subscriptions")

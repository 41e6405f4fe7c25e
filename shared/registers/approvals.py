"""Approvals: what was asked, of whom, and how it stands."""

from __future__ import annotations

from shared.ports import Rows
from shared.registers.store import Register


def register(rows: Rows) -> Register:
    """All approvals; keys grow with time."""
    return Register(rows, "approvals")

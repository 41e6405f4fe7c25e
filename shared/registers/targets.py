"""Targets in force: one per figure, accepted once and then a promise."""

from __future__ import annotations

from shared.ports import Rows
from shared.registers.store import Register


def register(rows: Rows) -> Register:
    """Targets by figure id."""
    return Register(rows, "targets")

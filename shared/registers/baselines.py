"""Baselines of figures: frozen with date and method, never moved afterwards."""

from __future__ import annotations

from shared.ports import Rows
from shared.registers.store import Register


def register(rows: Rows) -> Register:
    """Baselines by figure id: ``{"value", "frozen_at", "method"}``, value in the figure's own unit."""
    return Register(rows, "baselines")

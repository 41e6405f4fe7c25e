"""The programme: what people said of each step, by its id."""

from __future__ import annotations

from shared.ports import Rows
from shared.registers.store import Register

OPEN, DONE, WAIVED = "open", "done", "waived"


def register(rows: Rows) -> Register:
    """Steps somebody has said something of; the others are as policy has them."""
    return Register(rows, "programme")


def id_of(step: str, practice: str | None) -> str:
    """``step``, or ``step.practice`` for one of a practice."""
    return step if practice is None else f"{step}.{practice}"

"""Reports and practices' editions that were published: kind, period, the time they judge by, digests of their files."""

from __future__ import annotations

from shared.model import JsonObject
from shared.ports import Rows
from shared.registers.store import Register


def register(rows: Rows) -> Register:
    """Reports; keys sort by period, then by the time they judge by."""
    return Register(rows, "reports")


def artefacts(rows: Rows) -> Register:
    """Sets of artefacts; keys sort by the time they judge by."""
    return Register(rows, "artefacts")


def key_of(kind: str, period: str, as_of: str, practice: str | None = None) -> str:
    """The row's key; ``practice`` names an edition, None the whole report."""
    return f"{_of(kind, practice)}~{period}~{as_of}"


def latest(rows: Rows, kind: str, period: str, as_of: str | None, practice: str | None = None) -> JsonObject | None:
    """The newest report of a period (or a practice's edition of it), not after ``as_of`` where that is given."""
    found: JsonObject | None = None
    first = f"{_of(kind, practice)}~{period}~"
    for body in register(rows).all(first=first, last=f"{first}~"):
        if as_of is None or body["as_of"] <= as_of:
            found = body
    return found


def _of(kind: str, practice: str | None) -> str:
    return kind if practice is None else f"{kind}@{practice}"

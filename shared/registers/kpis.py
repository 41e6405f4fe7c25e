"""What was answered or reported for which figure, practice, customer and period: by it a later answer knows it restates."""

from __future__ import annotations

import hashlib

from shared.model import JsonObject
from shared.ports import Rows
from shared.registers.store import Register


def register(rows: Rows) -> Register:
    """One row per period and circle of customers and practices; figures inside."""
    return Register(rows, "kpis")


def key_of(start: str, end: str, circle: str) -> str:
    """The row's key; ``circle`` names whose data the figures count."""
    return f"{start}~{end}~{hashlib.sha256(circle.encode()).hexdigest()[:16]}"


def fold(held: JsonObject | None, values: dict[str, float | None], now: str) -> JsonObject | None:
    """The row after another answer; None when nothing is new.

    A figure not known before is not restated when it becomes known; one that was known and changes is.
    """
    figures: JsonObject = dict(held["figures"]) if held else {}
    changed = held is None
    for name, value in values.items():
        old = figures.get(name)
        if old is not None and old["value"] == value:
            continue
        if old is None or old["value"] is None:
            figures[name] = {
                "value": value,
                "since": now,
                "was": old["was"] if old else None,
                "restated": bool(old and old["restated"]),
            }
        else:
            figures[name] = {"value": value, "since": now, "was": old["value"], "restated": True}
        changed = True
    return {"figures": figures} if changed else None


def restated(row: JsonObject | None, name: str) -> JsonObject | None:
    """``{"was", "since"}`` of a figure that was answered before with another value, else None."""
    figure = (row or {"figures": {}})["figures"].get(name)
    if figure is None or not figure["restated"]:
        return None
    return {"was": figure["was"], "since": figure["since"]}

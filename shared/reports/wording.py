"""How values read: the same figure reads the same in every format that shows text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from shared.measures.money import WIDE
from shared.model import parse_instant
from shared.reports.document import Value

UNKNOWN = "unknown"
NUMERIC = frozenset({"count", "number", "hours", "ratio", "money"})
"""Kinds of columns that hold numbers."""
RIGHT = NUMERIC | {"reading"}
"""Kinds of columns that are set right; a reading is a number already in words."""

_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), " ")
"""Control characters say nothing on a page, and some formats cannot hold them."""


def shown(value: Value, kind: str = "text") -> str:
    """One cell as text."""
    if value is None:
        return UNKNOWN if kind in NUMERIC else "–"
    if kind in ("instant", "day") and isinstance(value, str):
        return moment(value, day=kind == "day")
    if isinstance(value, str):
        text = value.translate(_CONTROLS)
        return text.replace("_", " ") if kind == "term" else text
    return number(value, kind)


def number(value: float, unit: str) -> str:
    """``1,204``, ``87.3 %``, ``4.2 h``, ``12,300.00``."""
    if unit == "ratio":
        return f"{rounded(value * 100, 1)} %"
    if unit == "hours":
        return f"{rounded(value, 1)} h"
    if unit == "count":
        return f"{int(value):,}" if value == int(value) else rounded(value, 2)
    if unit == "number":
        return rounded(value, 2)
    return rounded(value, 2)


def rounded(value: float, places: int) -> str:
    """Half up on the shortest decimal text, with thousands apart."""
    exact = Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, WIDE)
    return f"{exact:,}"


def moment(text: str, *, day: bool = False) -> str:
    """``2026-11-20 17:00 UTC`` or ``2026-11-20``; text that is no instant stays as it is."""
    if not text:
        return "–"
    try:
        at = parse_instant(text)
    except ValueError:
        return text
    return f"{at:%Y-%m-%d}" if day else f"{at:%Y-%m-%d %H:%M} UTC"


def instant_of(text: Value) -> datetime | None:
    """The instant in a cell, for formats with real dates; None where it is none."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return parse_instant(text)
    except ValueError:
        try:
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError:
            return None


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 finding``, ``2 findings``, ``1,204 findings``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def words(names: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def neutral(text: str) -> str:
    """Text a spreadsheet cannot take for a formula: an apostrophe before it, unless it is a number."""
    return "'" + text if text.startswith(_RISKY) and not _NUMBER.fullmatch(text) else text

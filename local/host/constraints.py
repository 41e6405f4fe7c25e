"""ASP.NET's inline route constraints, as functions of the text in the path."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation

Check = Callable[[str], bool]

_INT = re.compile(r"[+-]?\d{1,19}", re.ASCII)


def _whole(low: int, high: int) -> Check:
    return lambda text: bool(_INT.fullmatch(text)) and low <= int(text) <= high


def _guid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return len(text) in (32, 36, 38)


def _number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _instant(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


_PLAIN: dict[str, Check] = {
    "int": _whole(-(2**31), 2**31 - 1),
    "long": _whole(-(2**63), 2**63 - 1),
    "bool": lambda text: text.lower() in ("true", "false"),
    "guid": _guid,
    "alpha": lambda text: bool(re.fullmatch(r"[A-Za-z]*", text)),
    "decimal": _number,
    "double": _number,
    "float": _number,
    "datetime": _instant,
    "required": bool,
}


def constraint(text: str) -> Check:
    """The check named by ``int``, ``length(3)``, ``regex(^a$)`` …; ValueError when there is none of that name."""
    name, bracket, rest = text.partition("(")
    if not bracket:
        if name not in _PLAIN:
            raise ValueError(f"there is no route constraint {name!r}")
        return _PLAIN[name]
    if not rest.endswith(")"):
        raise ValueError(f"the route constraint {text!r} is not closed")
    inner = rest[:-1]
    if name == "regex":
        pattern = re.compile(inner.replace("{{", "{").replace("}}", "}"), re.IGNORECASE)
        return lambda value: bool(pattern.search(value))
    return _counted(name, [int(part) for part in inner.split(",")])


def _counted(name: str, numbers: list[int]) -> Check:
    first, last = numbers[0], numbers[-1]
    if len(numbers) > (2 if name in ("length", "range") else 1):
        raise ValueError(f"the route constraint {name!r} takes fewer numbers")
    checks: dict[str, Check] = {
        "length": lambda value: first <= len(value) <= last,
        "minlength": lambda value: len(value) >= first,
        "maxlength": lambda value: len(value) <= first,
        "min": lambda value: bool(_INT.fullmatch(value)) and int(value) >= first,
        "max": lambda value: bool(_INT.fullmatch(value)) and int(value) <= first,
        "range": lambda value: bool(_INT.fullmatch(value)) and first <= int(value) <= last,
    }
    if name not in checks:
        raise ValueError(f"there is no route constraint {name!r}")
    return checks[name]

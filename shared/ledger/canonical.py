"""RFC 8785 bytes with a profile tighter than the RFC: what cannot be read in two ways cannot be argued about."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import rfc8785

from shared.errors import Malformed

_MOST_DEEP = 32
_MOST_INT = 2**53 - 1
_SURROGATE = re.compile("[\ud800-\udfff]")


def _refuse(why: str) -> Malformed:
    return Malformed(f"This value cannot be recorded: {why}.", code="E_INPUT")


def check_profile(value: Any, depth: int = 0) -> None:
    """Strings in NFC, booleans, null, integers within 2^53-1, arrays and objects up to 32 deep; else Malformed."""
    if depth > _MOST_DEEP:
        raise _refuse("it is nested more than 32 deep")
    if isinstance(value, str):
        if value.isascii():
            return
        if _SURROGATE.search(value):
            raise _refuse("it holds half of a surrogate pair")
        if not unicodedata.is_normalized("NFC", value):
            raise _refuse("it holds text that is not in normal form C")
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int):
        if abs(value) > _MOST_INT:
            raise _refuse("it holds an integer beyond 2^53-1")
    elif isinstance(value, list | tuple):
        for item in value:
            check_profile(item, depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str):
                raise _refuse("an object has a key that is not text")
            check_profile(name, depth + 1)
            check_profile(item, depth + 1)
    else:
        raise _refuse(f"it holds a {type(value).__name__}")


def dumps(value: Any) -> bytes:
    """Canonical bytes of a value within the profile. Raises Malformed (E_INPUT) otherwise."""
    check_profile(value)
    return rfc8785.dumps(value)


def fit(value: Any, depth: int = 0) -> Any:
    """The nearest value within the profile, for descriptive fields whose exact form is kept by digest elsewhere."""
    if isinstance(value, str):
        clean = value.encode("utf-8", "backslashreplace").decode("utf-8")
        return unicodedata.normalize("NFC", clean)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) <= _MOST_INT else str(value)
    if depth >= _MOST_DEEP - 4:
        return "nested too deep to be shown"
    if isinstance(value, list | tuple):
        return [fit(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {fit(str(name)): fit(item, depth + 1) for name, item in value.items()}
    return str(value)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _refuse("an object names a key twice")
    return found


def _constant(name: str) -> Any:
    raise _refuse(f"{name} is no JSON number")


def loads(data: bytes) -> Any:
    """Read JSON strictly: UTF-8, no duplicate keys, no NaN. Raises Malformed (E_INPUT)."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_constant)
    except (ValueError, RecursionError):
        raise _refuse("it is not JSON") from None

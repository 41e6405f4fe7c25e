"""Withholding fields of an item: its salted digest stands in place, so that the field can still be shown later."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from shared.errors import Malformed
from shared.ledger import canonical, verify
from shared.model import JsonObject


def may_hold(media_type: str) -> bool:
    """True when content of this type has fields."""
    kind = media_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def check_pointer(pointer: str) -> str:
    """A JSON pointer (RFC 6901) below the root, where ``*`` stands for any name or number. Raises Malformed."""
    if not pointer.startswith("/") or len(pointer) > 500 or any(ord(letter) < 32 for letter in pointer):
        raise Malformed(f"{pointer[:60]!r} is not a JSON pointer such as /caller/email.", code="E_INPUT")
    canonical.check_profile(pointer)
    return pointer


def field_salt(salt: str, item: str, pointer: str) -> str:
    """The salt of one field of one item; with it and the value, the digest can be redone."""
    return hmac.new(bytes.fromhex(salt), f"{item}\n{pointer}".encode(), hashlib.sha256).hexdigest()[:32]


def withhold(payload: bytes, pointers: tuple[str, ...], salt: str, item: str) -> tuple[bytes, JsonObject] | None:
    """The content without these fields, and pointer to digest of what was withheld; None when it has none of them."""
    try:
        value = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    withheld: JsonObject = {}
    for pointer in pointers:
        _cut(value, _steps(pointer), "", withheld, salt, item)
    if not withheld:
        return None
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(), withheld


def field(payload: bytes, pointer: str) -> Any:
    """The value at a pointer that ``withhold`` named."""
    value = json.loads(payload.decode("utf-8"))
    for step in _steps(pointer):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _cut(value: Any, steps: list[str], at: str, withheld: JsonObject, salt: str, item: str) -> None:
    names: list[Any] = []
    if isinstance(value, dict) and "@withheld" not in value:
        names = list(value) if steps[0] == "*" else [steps[0]] if steps[0] in value else []
    elif isinstance(value, list):
        names = [number for number in range(len(value)) if steps[0] in ("*", str(number))]
    for name in names:
        here = at + "/" + str(name).replace("~", "~0").replace("/", "~1")
        if len(steps) > 1:
            _cut(value[name], steps[1:], here, withheld, salt, item)
        elif not (isinstance(value[name], dict) and "@withheld" in value[name]):
            withheld[here] = verify.redacted_digest(field_salt(salt, item, here), value[name])
            value[name] = {"@withheld": withheld[here]}

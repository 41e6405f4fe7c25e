"""Our mark in what we write, by which a repeat and our own echo are recognised."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from shared.model import JsonObject

_PLAIN = re.compile(r"[A-Za-z0-9_.:@-]{1,120}")
_MARK = re.compile(r"\[halo-attest:([A-Za-z0-9_.:@-]{1,120})\]")
_TEXTS = ("note", "note_html", "details", "details_html", "internal_note")


def marker(key: str) -> str:
    """``[halo-attest:<key>]``; a key with other characters is told by its hash."""
    name = key if _PLAIN.fullmatch(key) else hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:40]
    return f"[halo-attest:{name}]"


def bears(row: JsonObject, mark: str) -> bool:
    """True when one of the row's texts holds the mark."""
    return any(mark in row[name] for name in _TEXTS if isinstance(row.get(name), str))


def with_mark(text: Any, mark: str) -> str:
    """The text with the mark on a line of its own, once."""
    before = text if isinstance(text, str) else ""
    return before if mark in before else f"{before}\n{mark}".lstrip("\n")


def without_mark(text: Any, mark: str) -> str:
    """The text as it was before ``with_mark``."""
    before = text if isinstance(text, str) else ""
    return before.replace(f"\n{mark}", "").replace(mark, "")


def is_echo(row: JsonObject) -> bool:
    """True when this action or note was written by this service."""
    return any(isinstance(row.get(name), str) and _MARK.search(row[name]) for name in _TEXTS)

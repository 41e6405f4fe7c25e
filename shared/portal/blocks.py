"""What detail pages are made of: tables, forms and sentences about subjects, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.model import JsonObject
from shared.portal.words import NONE, is_number, plain, words

Fact = tuple[str, str, Any]
"""A label, how the value is written, the value."""


_NUMBERS_THAT_NAME = ("id", "site", "account", "credit_of")
_USUAL = ("no_signoff", "unregistered")


def why(reasons: Sequence[JsonObject]) -> str:
    """The most telling reason, and how many more there are: that nobody signed yet says least."""
    if not reasons:
        return NONE
    first = next((one for one in reasons if one["code"] not in _USUAL), reasons[0])
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{first['text']}{more}"


def subject(row: JsonObject, names: Mapping[tuple[str, str], str] | None = None) -> str:
    """A subject in words: its name where one is known, else its kind and id."""
    held = row.get("subject") or {}
    kind, identity = str(held.get("kind", "")), str(held.get("id", ""))
    known = (names or {}).get((kind, identity)) or (row.get("detail") or {}).get("title")
    if known:
        return str(known)
    said = f"{words(kind)} {identity}".strip() if kind else identity
    return said[:1].upper() + said[1:] if said else NONE


def sentences(text: str) -> tuple[str, str]:
    """The first sentence without its full stop, and the rest."""
    first, _, rest = text.partition(". ")
    return first.rstrip("."), rest


def table(
    title: str,
    rows: Sequence[JsonObject],
    columns: Mapping[str, str],
    *,
    caption: str = "",
    kinds: Mapping[str, str] | None = None,
    empty: str = "None.",
    note: str = "",
) -> JsonObject:
    """A table on a detail page: ``columns`` are keys with their headings; ``kinds`` say how a column is written."""
    how = {name: (kinds or {}).get(name, "text") for name in columns}
    return {
        "title": title,
        "rows": [{name: row.get(name) for name in columns} | {"_path": row.get("_path")} for row in rows],
        "columns": [(name, label, how[name]) for name, label in columns.items()],
        "caption": caption or title,
        "empty": empty,
        "note": note,
    }


def exactly(title: str, rows: Sequence[JsonObject], caption: str) -> JsonObject:
    """A table of rows whose keys are not known before: every key that has a value anywhere, numbers to the right."""
    keys = [
        key
        for key in dict.fromkeys(key for row in rows for key in row)
        if any(plain(row.get(key)) != NONE for row in rows)
    ]
    shown = [{key: plain(row.get(key)) for key in keys} for row in rows]
    kinds = {
        key: "right"
        if all(is_number(row[key]) or row[key] == NONE for row in shown) and key not in _NUMBERS_THAT_NAME
        else "text"
        for key in keys
    }
    return table(title, shown, {key: _heading(key) for key in keys}, kinds=kinds, caption=caption)


def content(approval: JsonObject) -> list[JsonObject]:
    """Exactly what is approved: its values one by one, and each list of rows as a table of its own."""
    given = approval["content"]
    lists = {
        key: value
        for key, value in given.items()
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
    }
    single = [{"what": _heading(key), "is": plain(value)} for key, value in given.items() if key not in lists]
    out = [
        table(
            "What exactly is approved",
            single,
            {"what": "Field", "is": "Value"},
            caption="A decision counts for this content only; if it changes, the approval is void",
        )
    ]
    return out + [
        exactly(_heading(key), rows, f"{len(rows)} in all; fields that are empty everywhere are left out")
        for key, rows in lists.items()
    ]


def _heading(key: str) -> str:
    said = key.replace("_", " ")
    return said[:1].upper() + said[1:]

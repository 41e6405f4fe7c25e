"""Tables of a page that say which rows its figures were computed from, and in which observation each row was read."""

from __future__ import annotations

from collections.abc import Mapping

from functions.page_frames import path
from shared.model import JsonObject
from shared.portal.blocks import table
from shared.portal.words import words


def parts_table(row: JsonObject, address: str, meaning: Mapping[str, str]) -> JsonObject:
    """The parts of what was read, each with a link to its rows."""
    parts = row.get("inputs")
    shown = [
        {"part": words(part), "what": meaning.get(part, ""), "_path": f"{address}?part={part}"}
        | {name: one[name] for name in ("rows", "observations", "unknown")}
        for part, one in (parts or {}).items()
    ]
    return table(
        "What the figures come from",
        shown,
        {"part": "Part", "what": "What it is", "rows": "Rows", "observations": "Observations", "unknown": "Unknown"},
        kinds={"part": "link", **dict.fromkeys(("rows", "observations", "unknown"), "number0")},
        caption="Unknown counts rows that came into the mirror before observations were kept, or by our own writing",
        empty="It was recorded before observations were kept: where its rows came from is not known."
        if parts is None
        else "Nothing has been read yet.",
    )


def rows_table(part: str, page: JsonObject, *, may_read: bool) -> JsonObject:
    """One part's rows with the observation each came from; who may read evidence can open it."""
    items = [
        {**one, "_path": path("evidence", one["observation"]) if may_read and "." in one["observation"] else None}
        for one in page["items"]
    ]
    return table(
        f"Rows: {words(part)}",
        items,
        {"row": "Row", "kind": "List", "observation": "Observation"},
        kinds={"observation": "link"},
        caption=f"{len(items)} of this part; a row that two readings made stands under both",
        empty="The part has no rows.",
    )

"""HaloPSA in memory for procedures: lists, details, writes, and refusals by kind. The wire is tested elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shared.ports import ReadPage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.model import JsonObject
    from shared.ports import Clock


class FakeHalo:
    """``tables[kind]`` holds rows; ``faults[kind]`` an error to raise; ``calls`` what was asked."""

    def __init__(self, clock: Clock, tables: dict[str, list[JsonObject]] | None = None) -> None:
        self.clock = clock
        self.tables: dict[str, list[JsonObject]] = tables or {}
        self.faults: dict[str, Exception] = {}
        self.after: dict[str, int] = {}
        """Pages of a kind answered before its fault strikes."""
        self.calls: list[tuple[str, str, dict[str, str]]] = []
        self.written: list[tuple[str, JsonObject]] = []
        self.hidden: dict[str, frozenset[str]] = {}
        """Fields of a kind that only detail reads show."""

    def pages(self, kind: str, query: Mapping[str, str] | None = None) -> Iterator[ReadPage]:
        asked = dict(query or {})
        rows = [row for row in self.tables.get(kind, []) if _fits(kind, row, asked)]
        count = asked.get("count")
        size = int(asked.get("page_size", "100"))
        number = int(asked.get("page_no", "1"))
        while True:
            self.calls.append(("GET", kind, asked | {"page_no": str(number)}))
            if kind in self.faults and self.after.get(kind, 0) < number:
                raise self.faults[kind]
            part = rows[: int(count)] if count else rows[(number - 1) * size : number * size]
            shown = [{k: v for k, v in row.items() if k not in self.hidden.get(kind, ())} for row in part]
            told = {**asked, "page_no": str(number), "page_size": str(size)}
            yield self._page(kind, told, shown, len(rows))
            if count or len(part) < size:
                return
            number += 1

    def one(self, kind: str, record_id: str, query: Mapping[str, str] | None = None) -> ReadPage | None:
        self.calls.append(("GET", f"{kind}/{record_id}", dict(query or {})))
        if f"{kind}/" in self.faults:
            raise self.faults[f"{kind}/"]
        kinds = ("Tickets", "Projects", "Opportunities") if kind == "Tickets" else (kind,)
        for held in kinds:
            for row in self.tables.get(held, []):
                if str(row.get("id")) == record_id:
                    return self._page(f"{kind}/{record_id}", dict(query or {}), [row], None)
        return None

    def _page(self, path: str, query: dict[str, str], rows: list[JsonObject], count: int | None) -> ReadPage:
        copies: list[Any] = json.loads(json.dumps(rows))
        body = json.dumps({"record_count": count, "rows": rows}).encode()
        return ReadPage(path, query, 200, body, tuple(copies), count, self.clock.now())

    def write(self, kind: str, row: JsonObject) -> JsonObject:
        self.calls.append(("POST", kind, {}))
        self.written.append((kind, row))
        if f"POST {kind}" in self.faults:
            raise self.faults[f"POST {kind}"]
        kinds = ("Projects", "Opportunities", "Tickets") if kind == "Tickets" else (kind,)
        for held in kinds:
            for stored in self.tables.get(held, []):
                if "id" in row and stored.get("id") == row["id"] and kind != "Actions":
                    stored.update({k: v for k, v in row.items() if k[:1] != "_"})
                    return dict(stored)
        rows = self.tables.setdefault(kind, [])
        mine = [held for held in rows if kind != "Actions" or held.get("ticket_id") == row.get("ticket_id")]
        new = {"id": 1 + max((int(held["id"]) for held in mine), default=0), **row}
        if kind == "Actions":
            new.setdefault("datetime", self.clock.now().isoformat())
        rows.append(new)
        return dict(new)

    def remove(self, kind: str, record_id: str, query: Mapping[str, str] | None = None) -> None:
        self.calls.append(("DELETE", f"{kind}/{record_id}", dict(query or {})))
        self.tables[kind] = [row for row in self.tables.get(kind, []) if str(row.get("id")) != record_id]


def _fits(kind: str, row: JsonObject, asked: dict[str, str]) -> bool:
    if kind == "Actions":
        if "ticket_id" in asked:
            return str(row.get("ticket_id")) == asked["ticket_id"]
        return asked.get("startdate", "9") <= str(row.get("datetime")) <= asked.get("enddate", "0")
    since = asked.get("lastupdatefromdate")
    if since and "last_update" in row and str(row["last_update"]) < since:
        return False
    return not (asked.get("webhook_id") and row.get("webhook_id") != asked["webhook_id"])

"""A Mirror in a dict: rows as the API returns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from shared.model import JsonObject


def row_id(kind: str, row: JsonObject) -> str:
    """Identity of a row: ``id``; for Actions ``<ticket_id>-<id>``."""
    return f"{row['ticket_id']}-{row['id']}" if kind == "Actions" else str(row["id"])


class MemoryMirror:
    """``load`` fills it; ``read`` says when each kind was read."""

    def __init__(self) -> None:
        self.kinds: dict[str, dict[str, JsonObject]] = {}
        self.read: dict[str, datetime] = {}

    def load(self, tables: dict[str, list[JsonObject]], at: datetime) -> None:
        """Replace whole kinds."""
        for kind, rows in tables.items():
            self.kinds[kind] = {row_id(kind, row): row for row in rows}
            self.read[kind] = at

    def snapshot(self) -> MemoryMirror:
        return self

    def get(self, kind: str, record_id: str) -> JsonObject | None:
        return self.kinds.get(kind, {}).get(record_id)

    def rows(self, kind: str) -> Iterator[JsonObject]:
        return iter(list(self.kinds.get(kind, {}).values()))

    def read_at(self, kind: str) -> datetime | None:
        return self.read.get(kind)

    def identity(self, kind: str, row: JsonObject) -> str | None:
        return row_id(kind, row) if "id" in row else None

    def state(self, kind: str) -> JsonObject:
        """A mirror that was loaded, not synced, has no state."""
        return {}

    def observations(self, kind: str) -> tuple[str, ...]:
        return (f"observation-of-{kind}",) if kind in self.read else ()

    def apply(self, kind: str, rows: Iterable[JsonObject], *, read_at: datetime, complete: bool = False) -> int:
        held = {} if complete else dict(self.kinds.get(kind, {}))
        before = self.kinds.get(kind, {})
        changed = 0
        for row in rows:
            key = row_id(kind, row)
            changed += before.get(key) != row
            held[key] = row
        self.kinds[kind] = held
        self.read[kind] = read_at
        return changed

"""Registers: JSON rows folded from entries, with compare-and-swap. One table, a partition per register (or part of one)."""

from __future__ import annotations

import json
import string
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.errors import Malformed, RowExists, RowStale
from shared.model import JsonObject
from shared.ports import Cell, Op, Row, Rows

TABLE = "registers"
_PLAIN = 15_000
"""Characters up to which a body stays readable text in one cell."""
_CHUNK = 60 * 1024
_MOST = 14
_TRIES = 12
_KEY_LETTERS = frozenset(string.ascii_letters + string.digits + "-_.~ :@+")


@dataclass(frozen=True, slots=True)
class Held:
    """A register row as read."""

    id: str
    body: JsonObject
    etag: str


def safe_key(text: str) -> str:
    """Any text as a table key: injective, and free of what Table storage refuses."""
    return "".join(
        letter if letter in _KEY_LETTERS else "".join(f"={byte:02X}" for byte in letter.encode()) for letter in text
    )


def cells_of(body: JsonObject) -> dict[str, Cell]:
    """Pack a JSON object into cells. Raises Malformed above 840 KiB compressed."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    if len(text) <= _PLAIN:
        return {"body": text}
    packed = zlib.compress(text.encode(), 6)
    parts = [packed[at : at + _CHUNK] for at in range(0, len(packed), _CHUNK)]
    if len(parts) > _MOST:
        raise Malformed("A register row is larger than a table row can hold.", code="row_too_large")
    return {f"z{number:02d}": part for number, part in enumerate(parts)}


def body_of(row: Row) -> JsonObject:
    """The inverse of cells_of."""
    if "body" in row.cells:
        return dict(json.loads(str(row.cells["body"])))
    parts = b"".join(
        bytes(part) for name, part in sorted(row.cells.items()) if name.startswith("z") and isinstance(part, bytes)
    )
    return dict(json.loads(zlib.decompress(parts)))


class Register:
    """One register. ``part`` narrows it to a partition (for example a customer or a control)."""

    def __init__(self, rows: Rows, name: str, part: str | None = None) -> None:
        self._rows = rows
        self.partition = name if part is None else f"{name}-{safe_key(part)}"

    def get(self, key: str) -> Held | None:
        """The row, or None."""
        row = self._rows.get(TABLE, self.partition, safe_key(key))
        return Held(key, body_of(row), row.etag) if row else None

    def insert(self, key: str, body: JsonObject) -> None:
        """Create-only; RowExists otherwise."""
        self._rows.insert(TABLE, Row(self.partition, safe_key(key), cells_of(body)))

    def insert_many(self, bodies: Sequence[tuple[str, JsonObject]]) -> frozenset[str]:
        """Create-only, up to 100 in a transaction; answer the keys that were there before, whose rows stay as they are."""
        there: set[str] = set()
        for batch in self._batches(Op.INSERT, bodies):
            if len(batch) > 1:
                try:
                    self._rows.transact(TABLE, [step for _, step in batch])
                except RowExists:  # one of them is there: find out which, singly
                    pass
                else:
                    continue
            for key, (_, row) in batch:
                try:
                    self._rows.insert(TABLE, row)
                except RowExists:
                    there.add(key)
        return frozenset(there)

    def put(self, key: str, body: JsonObject) -> None:
        """Insert or replace."""
        self._rows.upsert(TABLE, Row(self.partition, safe_key(key), cells_of(body)))

    def put_many(self, bodies: Sequence[tuple[str, JsonObject]]) -> None:
        """Insert or replace many, up to 100 in a transaction."""
        for batch in self._batches(Op.UPSERT, bodies):
            self._rows.transact(TABLE, [step for _, step in batch])

    def swap_many(self, bodies: Sequence[tuple[str, JsonObject]], seen: Mapping[str, Held]) -> frozenset[str]:
        """Write many over the versions in ``seen`` (create those that are not in it), up to 100 in a transaction.

        Answers the keys that somebody else has written since they were seen; their rows stay as they are.
        """
        stale: set[str] = set()
        etags = {key: held.etag for key, held in seen.items()}
        for batch in self._batches(Op.INSERT, bodies, etags):
            try:
                self._rows.transact(TABLE, [step for _, step in batch])
            except (RowExists, RowStale):  # one of them has moved: find out which, singly
                for key, step in batch:
                    try:
                        self._rows.transact(TABLE, [step])
                    except (RowExists, RowStale):
                        stale.add(key)
        return frozenset(stale)

    def _batches(
        self, op: Op, bodies: Sequence[tuple[str, JsonObject]], etags: Mapping[str, str] | None = None
    ) -> Iterator[list[tuple[str, tuple[Op, Row]]]]:
        batch: list[tuple[str, tuple[Op, Row]]] = []
        size = 0
        for key, body in bodies:
            etag = (etags or {}).get(key, "")
            row = Row(self.partition, safe_key(key), cells_of(body), etag)
            weight = sum(len(cell) for cell in row.cells.values() if isinstance(cell, bytes | str))
            if batch and (len(batch) == 100 or size + weight > 2_500_000):
                yield batch
                batch, size = [], 0
            batch.append((key, (Op.REPLACE if etag else op, row)))
            size += weight
        if batch:
            yield batch

    def change(
        self, key: str, step: Callable[[JsonObject | None], JsonObject | None], seen: Held | None = None
    ) -> JsonObject | None:
        """Compare-and-swap: ``step`` gets the body (None when absent) and answers the new one (None: leave as it is).

        ``step`` may run several times and must have no effects. Answers what is stored afterwards.
        ``seen``: the row as the caller has just read it, to be read again only where somebody else was quicker.
        Raises RowStale when it keeps losing.
        """
        for _ in range(_TRIES):
            held, seen = seen or self.get(key), None
            new = step(dict(held.body) if held else None)
            if new is None:
                return held.body if held else None
            row = Row(self.partition, safe_key(key), cells_of(new), held.etag if held else "")
            try:
                if held is None:
                    self._rows.insert(TABLE, row)
                else:
                    self._rows.replace(TABLE, row)
            except (RowExists, RowStale):
                continue
            return new
        raise RowStale(f"The row {key} of {self.partition} keeps changing; try again.", code="row_contended")

    def delete(self, key: str) -> None:
        """Delete if there."""
        self._rows.delete(TABLE, self.partition, safe_key(key))

    def all(self, first: str | None = None, last: str | None = None) -> Iterator[JsonObject]:
        """Bodies in key order, read in pages."""
        return (body_of(row) for row in self._between(first, last))

    def held(self, first: str | None = None, last: str | None = None) -> Iterator[Held]:
        """The same with their versions."""
        return (Held(row.key, body_of(row), row.etag) for row in self._between(first, last))

    def last(self, first: str, last: str) -> Held | None:
        """The row at the end of a range; None when nothing lies in it."""
        tail = deque(self._between(first, last), maxlen=1)
        return Held(tail[0].key, body_of(tail[0]), tail[0].etag) if tail else None

    def _between(self, first: str | None, last: str | None) -> Iterator[Row]:
        after: str | None = None
        while True:
            page = self._rows.scan(TABLE, partition=self.partition, first=first, last=last, limit=1000, after=after)
            yield from page.rows
            after = page.next
            if after is None:
                return

"""Rows, Blobs and Queues in memory, with the contract of ``shared.ports`` and faults on every write."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from datetime import UTC, datetime
from itertools import count
from threading import RLock
from typing import TYPE_CHECKING

from shared.errors import Malformed, NotFound, RowExists, RowStale
from shared.ports import BlobInfo, Op, Page, Row
from tests.harness.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_FORBIDDEN = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")
_MOST_STEPS = 100
_MOST_BYTES = 64 * 1024


def _check(row: Row) -> None:
    for key in (row.partition, row.key):
        if _FORBIDDEN.search(key):
            raise Malformed(f"The key {key!r} holds a character that Table storage refuses.")
    for name, cell in row.cells.items():
        size = len(cell) if isinstance(cell, bytes) else len(cell.encode("utf-16-le")) if isinstance(cell, str) else 0
        if size > _MOST_BYTES:
            raise Malformed(f"The cell {name} is over 64 KiB.")


class MemoryRows:
    """Table storage in a dict; sorted by (partition, key) as Azure sorts."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self._tables: dict[str, dict[tuple[str, str], Row]] = {}
        self._order: dict[str, list[tuple[str, str]]] = {}
        self._etags = count(1)
        self._lock = RLock()

    def twin(self) -> MemoryRows:
        """The same rows once more; what happens to one does not happen to the other."""
        made = MemoryRows()
        with self._lock:
            made._tables = {table: dict(rows) for table, rows in self._tables.items()}
            made._order = {table: list(order) for table, order in self._order.items()}
            made._etags = count(next(self._etags) + 1)
        return made

    def get(self, table: str, partition: str, key: str) -> Row | None:
        with self._lock:
            return self._tables.get(table, {}).get((partition, key))

    def insert(self, table: str, row: Row) -> None:
        with self.faults.write(f"insert {table}"):
            self._apply(table, [(Op.INSERT, row)])

    def upsert(self, table: str, row: Row) -> None:
        with self.faults.write(f"upsert {table}"):
            self._apply(table, [(Op.UPSERT, row)])

    def replace(self, table: str, row: Row) -> None:
        with self.faults.write(f"replace {table}"):
            self._apply(table, [(Op.REPLACE, row)])

    def delete(self, table: str, partition: str, key: str) -> None:
        with self.faults.write(f"delete {table}"), self._lock:
            if (partition, key) in self._tables.get(table, {}):
                self._apply(table, [(Op.DELETE, Row(partition, key, {}, "*"))])

    def transact(self, table: str, steps: Sequence[tuple[Op, Row]]) -> None:
        if not steps:
            return
        if len(steps) > _MOST_STEPS:
            raise Malformed("A transaction holds at most 100 steps.")
        if len({row.partition for _, row in steps}) != 1 or len({row.key for _, row in steps}) != len(steps):
            raise Malformed("A transaction stays in one partition and names each key once.")
        with self.faults.write(f"transact {table}"):
            self._apply(table, steps)

    def ready(self, table: str, steps: Sequence[tuple[Op, Row]]) -> Callable[[], None]:
        return lambda: self.transact(table, steps)

    def _apply(self, table: str, steps: Sequence[tuple[Op, Row]]) -> None:
        with self._lock:
            rows = self._tables.setdefault(table, {})
            order = self._order.setdefault(table, [])
            for op, row in steps:
                _check(row)
                at = (row.partition, row.key)
                old = rows.get(at)
                if op is Op.INSERT and old is not None:
                    raise RowExists(f"{table} already holds {at}.")
                if op is Op.REPLACE and (old is None or old.etag != row.etag):
                    raise RowStale(f"{table} {at} has changed.")
                if op is Op.DELETE and (old is None or row.etag not in ("*", old.etag)):
                    raise RowStale(f"{table} {at} has changed.")
            for op, row in steps:
                at = (row.partition, row.key)
                if op is Op.DELETE:
                    del rows[at]
                    del order[bisect_left(order, at)]
                    continue
                if at not in rows:
                    insort(order, at)
                rows[at] = Row(row.partition, row.key, dict(row.cells), str(next(self._etags)))

    def scan(
        self,
        table: str,
        *,
        partition: str | None = None,
        first: str | None = None,
        last: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page:
        with self._lock:
            rows = self._tables.get(table, {})
            order = self._order.get(table, [])
            start = (partition, first or "") if partition is not None else ("", "")
            if after is not None:
                part, key = after.split("\n")
                start = max(start, (part, key))
            found: list[Row] = []
            for position in range(bisect_left(order, start), len(order)):
                at = order[position]
                if partition is not None and at[0] != partition:
                    break
                if (first is not None and at[1] < first) or (last is not None and at[1] >= last):
                    continue
                if limit is not None and len(found) == limit:
                    return Page(tuple(found), f"{at[0]}\n{at[1]}")
                found.append(rows[at])
            return Page(tuple(found), None)


class MemoryBlobs:
    """Blob storage in a dict."""

    def __init__(self, faults: Faults | None = None, *, worm: frozenset[str] = frozenset()) -> None:
        self.faults = faults or Faults()
        self.worm = worm
        """Containers with a locked immutability policy: no overwrite, no delete."""
        self._blobs: dict[tuple[str, str], tuple[bytes, str, datetime]] = {}
        self._etags = count(1)
        self._lock = RLock()

    def twin(self) -> MemoryBlobs:
        """The same blobs once more; what happens to one does not happen to the other."""
        made = MemoryBlobs(worm=self.worm)
        with self._lock:
            made._blobs = dict(self._blobs)
            made._etags = count(next(self._etags) + 1)
        return made

    def create(self, container: str, name: str, data: bytes, media_type: str = "application/octet-stream") -> None:
        with self.faults.write(f"create {container}"), self._lock:
            if (container, name) in self._blobs:
                raise RowExists(f"{container} already holds {name}.")
            self._store(container, name, data)

    def put(
        self,
        container: str,
        name: str,
        data: bytes,
        media_type: str = "application/octet-stream",
        *,
        etag: str | None = None,
    ) -> str:
        with self.faults.write(f"put {container}"), self._lock:
            old = self._blobs.get((container, name))
            if container in self.worm and old is not None:
                raise RowExists(f"{container} is write-once and already holds {name}.")
            if etag is not None and (old[1] if old else "") != etag:
                raise RowStale(f"{container} {name} has changed.")
            return self._store(container, name, data)

    def _store(self, container: str, name: str, data: bytes) -> str:
        etag = str(next(self._etags))
        self._blobs[(container, name)] = (bytes(data), etag, datetime.now(UTC))
        return etag

    def get(self, container: str, name: str) -> bytes | None:
        found = self._blobs.get((container, name))
        return found[0] if found else None

    def get_with_etag(self, container: str, name: str) -> tuple[bytes, str] | None:
        found = self._blobs.get((container, name))
        return (found[0], found[1]) if found else None

    def get_range(self, container: str, name: str, offset: int, length: int) -> bytes:
        found = self._blobs.get((container, name))
        if found is None:
            raise NotFound(f"{container} holds no {name}.")
        return found[0][offset : offset + length]

    def info(self, container: str, name: str) -> BlobInfo | None:
        found = self._blobs.get((container, name))
        return BlobInfo(name, len(found[0]), found[1], found[2]) if found else None

    def list(self, container: str, prefix: str = "") -> Iterator[BlobInfo]:
        with self._lock:
            names = sorted(name for held, name in self._blobs if held == container and name.startswith(prefix))
        for name in names:
            info = self.info(container, name)
            if info is not None:
                yield info

    def delete(self, container: str, name: str) -> None:
        if container in self.worm:
            raise RowExists(f"{container} is write-once.")
        with self.faults.write(f"delete {container}"), self._lock:
            self._blobs.pop((container, name), None)

    def upload(self, container: str, name: str, chunks: Iterable[bytes], media_type: str) -> None:
        self.put(container, name, b"".join(chunks), media_type)

    def link(self, container: str, name: str, minutes: int) -> str | None:
        return None


class MemoryQueues:
    """Queues as lists; ``messages[queue]`` is what was sent, oldest first."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.messages: dict[str, list[str]] = {}
        self._lock = RLock()

    def send(self, queue: str, message: str, delay_seconds: int = 0) -> None:
        if len(message.encode()) > 48 * 1024:
            raise Malformed("A queue message holds at most 48 KiB.")
        with self.faults.write(f"send {queue}"), self._lock:
            self.messages.setdefault(queue, []).append(message)

    def take(self, queue: str) -> str | None:
        """The oldest message, removed; None when empty."""
        with self._lock:
            waiting = self.messages.get(queue, [])
            return waiting.pop(0) if waiting else None

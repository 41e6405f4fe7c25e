"""HaloPSA's records as last read: a compressed blob of rows per few hundred ids, moved by compare-and-swap."""

from __future__ import annotations

import copy
import json
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from threading import Lock

from shared.errors import RowStale, StorageUnavailable
from shared.halopsa.buckets import Bucket, bucket_name, decode, encode, identity, prefix
from shared.halopsa.fold import REMOVED, completed, resolve, restates
from shared.model import JsonObject, parse_instant, rfc3339
from shared.ports import Blobs, Folded

_CONTAINER = "mirror"
_WIDTH = 8
_MOST_TRIES = 50
_CHUNK = 2000
_CACHE_BYTES = 96 * 1024 * 1024
_DECODED = 16
_EMPTY = encode({})

Held = tuple[str, bytes]
"""A bucket's etag and bytes."""


class BlobMirror:
    """``ports.Mirror`` on ``ports.Blobs``. Buckets read before are kept compressed and re-checked by etag."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._lock = Lock()
        self._cache: OrderedDict[str, Held] = OrderedDict()
        self._cached_bytes = 0
        self._decoded: OrderedDict[str, tuple[str, Bucket]] = OrderedDict()

    def identity(self, kind: str, row: JsonObject) -> str | None:
        """The id under which a row is kept; None when it has none."""
        return identity(kind, row)

    def get(self, kind: str, record_id: str) -> JsonObject | None:
        """One row, or None."""
        name = bucket_name(kind, record_id)
        info = self._blobs.info(_CONTAINER, name)
        if info is None:
            return None
        with self._lock:
            etag, bucket = self._decoded.get(name, ("", {}))
        if etag != info.etag:
            held = self._load(name, info.etag)
            if held is None:
                return None
            etag, bucket = held[0], decode(kind, held[1])
            with self._lock:
                self._decoded[name] = (etag, bucket)
                self._decoded.move_to_end(name)
                while len(self._decoded) > _DECODED:
                    self._decoded.popitem(last=False)
        row = bucket.get(record_id)
        return None if row is None or REMOVED in row else copy.deepcopy(row)

    def rows(self, kind: str) -> Iterator[JsonObject]:
        """All rows of a kind that are not removed, in id order of their buckets; constant memory."""
        for _, bucket in self._buckets(kind):
            for row in bucket.values():
                if REMOVED not in row:
                    yield row

    def _buckets(self, kind: str) -> Iterator[tuple[str, Bucket]]:
        """Buckets in name order, fetched a few ahead."""
        waiting: deque[tuple[str, Future[Held | None]]] = deque()
        listing = self._blobs.list(_CONTAINER, prefix(kind))
        pool = ThreadPoolExecutor(_WIDTH, thread_name_prefix="mirror")
        try:
            while True:
                for info in islice(listing, _WIDTH - len(waiting)):
                    waiting.append((info.name, pool.submit(self._load, info.name, info.etag)))
                if not waiting:
                    return
                name, future = waiting.popleft()
                held = future.result()
                if held is not None:
                    yield name, decode(kind, held[1])
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def read_at(self, kind: str) -> datetime | None:
        """When this kind was last read completely (or brought up to date); None if never."""
        at = self.state(kind).get("read_at")
        return parse_instant(at) if isinstance(at, str) else None

    def observations(self, kind: str) -> tuple[str, ...]:
        """Evidence ids of the observations of the last sync of this kind (at most 100, newest first)."""
        return tuple(self.state(kind).get("observations", ()))[:100]

    def state(self, kind: str) -> JsonObject:
        """What the last sync of this kind left; empty if never."""
        data = self._blobs.get(_CONTAINER, f"state/{kind}")
        held: JsonObject = json.loads(data) if data else {}
        return held

    def save_state(self, kind: str, state: JsonObject) -> None:
        """Replace it."""
        body = json.dumps(state, separators=(",", ":"), sort_keys=True).encode()
        self._blobs.put(_CONTAINER, f"state/{kind}", body, "application/json")

    def apply(self, kind: str, rows: Iterable[JsonObject], *, read_at: datetime, complete: bool = False) -> int:
        """Fold rows in, newest last_update wins; answer how many changed."""
        seen: set[str] = set()

        def noted() -> Iterator[JsonObject]:
            for row in rows:
                record_id = identity(kind, row)
                if record_id is not None:
                    seen.add(record_id)
                yield row

        changed = len(self.fold(kind, noted() if complete else rows).changed)
        if complete:
            changed += self.retire(kind, seen)
            self.save_state(kind, self.state(kind) | {"read_at": rfc3339(read_at)})
        return changed

    def fold(self, kind: str, rows: Iterable[JsonObject]) -> Folded:
        """Fold rows in, a few thousand at a time, and tell what became of them."""
        changed: list[str] = []
        added = 0
        restated: list[str] = []
        refused: list[tuple[str, str]] = []
        source = iter(rows)
        with ThreadPoolExecutor(_WIDTH, thread_name_prefix="mirror") as pool:
            while chunk := list(islice(source, _CHUNK)):
                groups: dict[str, list[tuple[str, JsonObject]]] = {}
                for row in chunk:
                    record_id = identity(kind, row)
                    if record_id is None:
                        refused.append((str(row.get("id", "")), "The row has no id that can be used."))
                        continue
                    groups.setdefault(bucket_name(kind, record_id), []).append((record_id, row))
                for done, fresh, moved in pool.map(lambda item: self._fold_bucket(kind, *item), groups.items()):
                    changed += done
                    added += fresh
                    restated += moved
        return Folded(tuple(changed), added, tuple(restated), tuple(refused))

    def _fold_bucket(
        self, kind: str, name: str, rows: list[tuple[str, JsonObject]]
    ) -> tuple[list[str], int, list[str]]:
        changed: dict[str, bool] = {}
        restated: dict[str, None] = {}

        def change(bucket: Bucket) -> bool:
            changed.clear()
            restated.clear()
            for record_id, row in rows:
                old = bucket.get(record_id)
                stands = resolve(old, row)
                if stands is None:
                    continue
                if restates(old, stands):
                    restated[record_id] = None
                bucket[record_id] = stands
                changed[record_id] = changed.get(record_id, False) or old is None or REMOVED in old
            return bool(changed)

        self._swap(kind, name, change)
        return list(changed), sum(changed.values()), list(restated)

    def complete(self, kind: str, details: Mapping[str, JsonObject]) -> int:
        """Complete rows by what detail reads of them answered, by id; answer how many changed."""
        groups: dict[str, list[str]] = {}
        for record_id in details:
            groups.setdefault(bucket_name(kind, record_id), []).append(record_id)
        count = 0
        for name, ids in groups.items():
            done: list[str] = []

            def change(bucket: Bucket, ids: list[str] = ids, done: list[str] = done) -> bool:
                done.clear()
                for record_id in ids:
                    held = bucket.get(record_id)
                    if held is None or REMOVED in held:
                        continue
                    row = completed(held, details[record_id])
                    if row != held:
                        bucket[record_id] = row
                        done.append(record_id)
                return bool(done)

            self._swap(kind, name, change)
            count += len(done)
        return count

    def retire(self, kind: str, keep: Collection[str]) -> int:
        """Remove rows whose id is not in ``keep``; answer how many. A tombstone stays."""
        count = 0
        for name in [info.name for info in self._blobs.list(_CONTAINER, prefix(kind))]:
            gone: list[str] = []

            def change(bucket: Bucket, gone: list[str] = gone) -> bool:
                gone[:] = [key for key, row in bucket.items() if REMOVED not in row and key not in keep]
                for key in gone:
                    bucket[key] = _tombstone(bucket[key])
                return bool(gone)

            self._swap(kind, name, change)
            count += len(gone)
        return count

    def _swap(self, kind: str, name: str, change: Callable[[Bucket], bool]) -> None:
        """Change one bucket by compare-and-swap."""
        with self._lock:
            held = self._cache.get(name)
        cached = held is not None
        for _ in range(_MOST_TRIES):
            held = held or self._read(name)
            if not change(bucket := decode(kind, held[1])):
                if cached and self._etag(name) != held[0]:
                    held, cached = None, False
                    continue
                self._keep(name, held)
                return
            data = encode(bucket)
            try:
                etag = self._blobs.put(_CONTAINER, name, data, "application/zlib", etag=held[0])
            except RowStale:
                held, cached = None, False
                continue
            self._keep(name, (etag, data))
            return
        raise StorageUnavailable("Too many writers at once on one part of the mirror.", code="mirror_contended")

    def _read(self, name: str) -> Held:
        found = self._blobs.get_with_etag(_CONTAINER, name)
        return (found[1], found[0]) if found else ("", _EMPTY)

    def _etag(self, name: str) -> str:
        info = self._blobs.info(_CONTAINER, name)
        return info.etag if info else ""

    def _load(self, name: str, etag: str) -> Held | None:
        """A bucket at this etag or newer."""
        with self._lock:
            held = self._cache.get(name)
            if held is not None and held[0] == etag:
                self._cache.move_to_end(name)
                return held
        held = self._read(name)
        self._keep(name, held)
        return held if held[0] else None

    def _keep(self, name: str, held: Held) -> None:
        if not held[0]:
            return
        with self._lock:
            before = self._cache.pop(name, None)
            self._cached_bytes += len(held[1]) - (len(before[1]) if before else 0)
            self._cache[name] = held
            while self._cached_bytes > _CACHE_BYTES and len(self._cache) > 1:
                _, (_, data) = self._cache.popitem(last=False)
                self._cached_bytes -= len(data)


def _tombstone(row: JsonObject) -> JsonObject:
    """Only what identifies the row and its version stays."""
    kept = ("id", "ticket_id", "agent_id", "action_number", "date", "start_date", "last_update", "last_updated")
    return {name: row[name] for name in kept if name in row} | {REMOVED: True}

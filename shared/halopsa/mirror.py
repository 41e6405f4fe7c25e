"""HaloPSA's records as last read: a compressed blob of rows per few hundred ids, moved by compare-and-swap."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice

from shared.errors import RowStale, StorageUnavailable
from shared.halopsa.buckets import Bucket, bucket_name, decode, encode, identity, prefix
from shared.halopsa.fold import REMOVED, completed, resolve, restates, says_more
from shared.halopsa.reading import CONTAINER, WIDTH, Cache, MirrorRecords, Now, Then, state_name
from shared.ledger.entry import ulid_floor
from shared.model import JsonObject, rfc3339
from shared.ports import Blobs, Folded

_MOST_TRIES = 50
_CHUNK = 2000
_FEW = 5
"""Rows of one bucket up to which it is a record that rang, not a list that is read."""


class BlobMirror(MirrorRecords):
    """``ports.Mirror`` on ``ports.Blobs``. Buckets read before are kept compressed and re-checked by etag."""

    def __init__(self, blobs: Blobs) -> None:
        super().__init__(Cache(blobs), Now(blobs))
        self._blobs = blobs

    def snapshot(self) -> MirrorRecords:
        """All of it as it stands now, looked up in one request for each few thousand blobs."""
        return MirrorRecords(self._cache, Then({info.name: info for info in self._blobs.list(CONTAINER)}))

    def identity(self, kind: str, row: JsonObject) -> str | None:
        """The id under which a row is kept; None when it has none."""
        return identity(kind, row)

    def change_state(self, kind: str, change: Callable[[JsonObject], JsonObject]) -> JsonObject:
        """Move what is known of a kind by compare-and-swap, so that of two who change it at once neither is lost."""
        name = state_name(kind)
        held = self._cache.standing(name)
        for _ in range(_MOST_TRIES):
            held = held or self._cache.read(name)
            state = change(json.loads(held[1]) if held[0] else {})
            body = json.dumps(state, separators=(",", ":"), sort_keys=True).encode()
            try:
                etag = self._blobs.put(CONTAINER, name, body, "application/json", etag=held[0])
            except RowStale:
                held = None
                continue
            self._cache.keep(name, (etag, body))
            return state
        raise StorageUnavailable("Too many writers at once on one part of the mirror.", code="mirror_contended")

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
            self.change_state(kind, lambda state: state | {"read_at": rfc3339(read_at)})
        return changed

    def fold(self, kind: str, rows: Iterable[JsonObject]) -> Folded:
        """Fold rows in, a few thousand at a time, and tell what became of them."""
        changed: list[str] = []
        added = 0
        restated: list[str] = []
        refused: list[tuple[str, str]] = []
        source = iter(rows)
        with ThreadPoolExecutor(WIDTH, thread_name_prefix="mirror") as pool:
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
        few = len(rows) <= _FEW

        def change(bucket: Bucket) -> bool:
            changed.clear()
            restated.clear()
            written = False
            for record_id, row in rows:
                old = bucket.get(record_id)
                stands = resolve(old, row)
                if stands is None:
                    continue
                bucket[record_id] = copy.deepcopy(stands) if few else stands
                written = True
                if not says_more(old, stands):
                    continue
                if restates(old, stands):
                    restated[record_id] = None
                changed[record_id] = changed.get(record_id, False) or old is None or REMOVED in old
            return written

        self._swap(kind, name, change, few=few)
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
                    if row != held and identity(kind, row) == record_id:  # an answer about another record is none
                        bucket[record_id] = row
                        done.append(record_id)
                return bool(done)

            self._swap(kind, name, change)
            count += len(done)
        return count

    def retire(self, kind: str, keep: Collection[str], since: datetime | None = None) -> int:
        """Remove rows whose id is not in ``keep``; answer how many. A tombstone stays.

        A record that was made and rang after the list began to be read (``since``) is not in it, and is not gone.
        """
        count = 0
        later = ulid_floor(since) if since is not None else "~"

        def lost(key: str, row: JsonObject) -> bool:
            return (
                REMOVED not in row and key not in keep and str(row.get("@observation") or "").rpartition(".")[2] < later
            )

        for info in list(self._blobs.list(CONTAINER, prefix(kind))):
            gone: list[str] = []

            def change(bucket: Bucket, gone: list[str] = gone) -> bool:
                gone[:] = [key for key, row in bucket.items() if lost(key, row)]
                for key in gone:
                    bucket[key] = _tombstone(bucket[key])
                return bool(gone)

            self._swap(kind, info.name, change, info.etag)
            count += len(gone)
        return count

    def _swap(
        self, kind: str, name: str, change: Callable[[Bucket], bool], listed: str = "", *, few: bool = False
    ) -> None:
        """Change one bucket by compare-and-swap. ``listed``: the etag it was just listed with.

        ``few``: it is a row or two, and more will follow; the bucket stays decoded for the next.
        """
        held = self._cache.load(name, listed) if listed else self._cache.standing(name)
        cached = held is not None
        for _ in range(_MOST_TRIES):
            held = held or self._cache.read(name)
            bucket = self._cache.decoded(kind, name, held).copy() if few else decode(kind, held[1])
            if not change(bucket):
                if cached and held[0] != listed and self._etag(name) != held[0]:
                    held, cached = None, False
                    continue
                self._cache.keep(name, held)
                return
            data = encode(bucket)
            try:
                etag = self._blobs.put(CONTAINER, name, data, "application/zlib", etag=held[0])
            except RowStale:
                held, cached = None, False
                continue
            self._cache.keep(name, (etag, data))
            if few:
                self._cache.keep_decoded(name, etag, bucket)
            return
        raise StorageUnavailable("Too many writers at once on one part of the mirror.", code="mirror_contended")

    def _etag(self, name: str) -> str:
        info = self._blobs.info(CONTAINER, name)
        return info.etag if info else ""


def _tombstone(row: JsonObject) -> JsonObject:
    """Only what identifies the row and its version stays."""
    kept = ("id", "ticket_id", "agent_id", "action_number", "date", "start_date", "last_update", "last_updated")
    return {name: row[name] for name in kept if name in row} | {REMOVED: True}

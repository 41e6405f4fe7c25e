"""The mirror read: buckets kept compressed and re-checked by etag, one by one or against a snapshot of all of them."""

from __future__ import annotations

import copy
import json
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Protocol

from shared.halopsa.buckets import Bucket, bucket_name, decode, encode, prefix
from shared.halopsa.fold import REMOVED
from shared.model import JsonObject, parse_instant
from shared.ports import BlobInfo, Blobs

CONTAINER = "mirror"
WIDTH = 8
_CACHE_BYTES = 96 * 1024 * 1024
_DECODED = 16
_STATE = "state/"
EMPTY = encode(Bucket())

Held = tuple[str, bytes]
"""A blob's etag and bytes."""


class Listing(Protocol):
    """Which blobs there are, at which version."""

    def info(self, name: str) -> BlobInfo | None:
        """One, or None."""

    def list(self, begin: str) -> Iterator[BlobInfo]:
        """Those whose name begins so, in name order."""


class Now:
    """As the store says at the moment of asking."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def info(self, name: str) -> BlobInfo | None:
        """One request."""
        return self._blobs.info(CONTAINER, name)

    def list(self, begin: str) -> Iterator[BlobInfo]:
        """A request for each few thousand."""
        return self._blobs.list(CONTAINER, begin)


class Then:
    """As the store said once, for all of the mirror."""

    def __init__(self, infos: Mapping[str, BlobInfo]) -> None:
        self._infos = infos

    def info(self, name: str) -> BlobInfo | None:
        """No request."""
        return self._infos.get(name)

    def list(self, begin: str) -> Iterator[BlobInfo]:
        """No request; the mapping is in name order."""
        return (info for name, info in self._infos.items() if name.startswith(begin))


class Cache:
    """Blobs of the mirror by name, compressed, with the etag they had; safe to share between threads."""

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs
        self._lock = Lock()
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._bytes = 0
        self._decoded: OrderedDict[str, tuple[str, Bucket]] = OrderedDict()

    def standing(self, name: str) -> Held | None:
        """What is held, however old."""
        with self._lock:
            return self._held.get(name)

    def read(self, name: str) -> Held:
        """As the store has it now; an empty etag when there is none."""
        found = self.blobs.get_with_etag(CONTAINER, name)
        return (found[1], found[0]) if found else ("", EMPTY)

    def load(self, name: str, etag: str) -> Held | None:
        """A blob at this etag or newer; None when it is gone."""
        with self._lock:
            held = self._held.get(name)
            if held is not None and held[0] == etag:
                self._held.move_to_end(name)
                return held
        held = self.read(name)
        self.keep(name, held)
        return held if held[0] else None

    def bucket(self, kind: str, name: str, etag: str) -> Bucket:
        """The same decoded; shared, so not to be changed. Empty when it is gone."""
        held = self.load(name, etag)
        return self.decoded(kind, name, held) if held is not None else Bucket()

    def decoded(self, kind: str, name: str, held: Held) -> Bucket:
        """What these bytes hold; shared, so not to be changed."""
        with self._lock:
            at, bucket = self._decoded.get(name, ("", Bucket()))
        if at != held[0]:
            bucket = decode(kind, held[1])
            self.keep_decoded(name, held[0], bucket)
        return bucket

    def keep_decoded(self, name: str, etag: str, bucket: Bucket) -> None:
        """Hold on to the few decoded last."""
        with self._lock:
            self._decoded[name] = (etag, bucket)
            self._decoded.move_to_end(name)
            while len(self._decoded) > _DECODED:
                self._decoded.popitem(last=False)

    def keep(self, name: str, held: Held) -> None:
        """Hold on to a blob while there is room."""
        if not held[0]:
            return
        with self._lock:
            before = self._held.pop(name, None)
            self._bytes += len(held[1]) - (len(before[1]) if before else 0)
            self._held[name] = held
            while self._bytes > _CACHE_BYTES and len(self._held) > 1:
                _, (_, data) = self._held.popitem(last=False)
                self._bytes -= len(data)


class MirrorRecords:
    """``ports.Records`` over a cache and a listing."""

    def __init__(self, cache: Cache, listing: Listing) -> None:
        self._cache = cache
        self._listing = listing

    def get(self, kind: str, record_id: str) -> JsonObject | None:
        """One row, or None."""
        name = bucket_name(kind, record_id)
        info = self._listing.info(name)
        row = self._cache.bucket(kind, name, info.etag).get(record_id) if info is not None else None
        return None if row is None or REMOVED in row else copy.deepcopy(row)

    def rows(self, kind: str) -> Iterator[JsonObject]:
        """All rows of a kind that are not removed, in id order of their buckets; constant memory."""
        for bucket in self._buckets(kind):
            for row in bucket.values():
                if REMOVED not in row:
                    yield row

    def _buckets(self, kind: str) -> Iterator[Bucket]:
        """Buckets in name order, fetched a few ahead."""
        waiting: deque[Future[Held | None]] = deque()
        listing = self._listing.list(prefix(kind))
        pool = ThreadPoolExecutor(WIDTH, thread_name_prefix="mirror")
        try:
            while True:
                for info in islice(listing, WIDTH - len(waiting)):
                    waiting.append(pool.submit(self._cache.load, info.name, info.etag))
                if not waiting:
                    return
                held = waiting.popleft().result()
                if held is not None:
                    yield decode(kind, held[1])
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
        info = self._listing.info(state_name(kind))
        held = self._cache.load(info.name, info.etag) if info is not None else None
        return dict(json.loads(held[1])) if held else {}


def state_name(kind: str) -> str:
    """Blob name of what the last sync of a kind left."""
    return _STATE + kind

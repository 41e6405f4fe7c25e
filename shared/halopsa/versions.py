"""When facts made from the mirror are still the same: a key for caches."""

from __future__ import annotations

from collections.abc import Iterable

from shared.halopsa.buckets import prefix
from shared.ports import Blobs, Records


def version_of(mirror: Records, blobs: Blobs, kinds: Iterable[str]) -> tuple[object, ...]:
    """Changes whenever a row of these kinds does.

    Rows also arrive one by one as deliveries are heard, so the buckets' own etags count, not only when a kind was read.
    """
    kinds = tuple(kinds)
    marks = tuple((info.name, info.etag) for kind in kinds for info in blobs.list("mirror", prefix(kind)))
    if not marks:
        return (object(),)  # nothing to tell versions by: never the same twice
    return (*((kind, mirror.read_at(kind)) for kind in kinds), hash(marks))

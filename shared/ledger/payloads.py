"""Stored payloads read ahead of whoever wants them: once where they are small, in bounded memory always."""

from __future__ import annotations

import hashlib
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import repeat
from typing import NamedTuple, TypeVar

from shared.errors import LedgerError, NotFound

CHUNK = 1 << 20
_READERS, _TOGETHER = 8, 16

Read = Callable[[str, int, int], bytes]
"""Name, offset and length of a stored payload to its bytes."""

Job = TypeVar("Job")


class Measure(NamedTuple):
    """What reading a payload once told of it."""

    name: str
    size: int
    crc: int
    sha256: str
    data: bytes | None
    """The bytes themselves where they are few."""


def measured(name: str, data: bytes) -> Measure:
    """Of a payload that is at hand."""
    return Measure(name, len(data), zlib.crc32(data), hashlib.sha256(data).hexdigest(), data)


class Payloads:
    """Stored payloads, read by other threads: stores answer slowly, and hashing leaves the others free."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._readers = ThreadPoolExecutor(_READERS)

    def close(self) -> None:
        """Give the threads back."""
        self._readers.shutdown(cancel_futures=True)

    def along(
        self, jobs: Iterable[Job], wanted: Callable[[Job], tuple[str, int] | None]
    ) -> Iterator[tuple[Job, Measure | NotFound | None]]:
        """Jobs in order, each with the payload (name and size) it wants, read while earlier ones are worked on.

        Threads are handed several at a time: handing one over can take longer than reading it.
        """
        waiting: deque[tuple[list[Job], Future[list[Measure | NotFound | None]] | None]] = deque()
        for some, names in _grouped(jobs, wanted):
            waiting.append((some, self._readers.submit(self._measured, names) if any(names) else None))
            if len(waiting) > _READERS:
                yield from _paired(*waiting.popleft())
        while waiting:
            yield from _paired(*waiting.popleft())

    def _measured(self, names: list[tuple[str, int] | None]) -> list[Measure | NotFound | None]:
        return [None if one is None else self._measure(*one) for one in names]

    def _measure(self, name: str, size: int) -> Measure | NotFound:
        try:
            if size <= CHUNK:
                return measured(name, self._read(name, 0, size))
            digest, crc = hashlib.sha256(), 0
            for data in self.pieces(name, size):
                digest.update(data)
                crc = zlib.crc32(data, crc)
        except NotFound as gone:
            return gone
        return Measure(name, size, crc, digest.hexdigest(), None)

    def pieces(self, name: str, size: int) -> Iterator[bytes]:
        """One as it lies in the store."""
        for at in range(0, size, CHUNK):
            yield self._read(name, at, min(CHUNK, size - at))

    def again(self, first: Measure) -> Iterator[bytes]:
        """A large one a second time. LedgerError when it is no longer what was measured."""
        crc = 0
        for data in self.pieces(first.name, first.size):
            crc = zlib.crc32(data, crc)
            yield data
        if crc != first.crc:
            raise LedgerError("Stored content changed while the pack was made.", code="E_PAYLOAD")


def _grouped(
    jobs: Iterable[Job], wanted: Callable[[Job], tuple[str, int] | None]
) -> Iterator[tuple[list[Job], list[tuple[str, int] | None]]]:
    """Jobs and what they want, as many as are few bytes."""
    some: list[Job] = []
    names: list[tuple[str, int] | None] = []
    weight = 0
    for job in jobs:
        name = wanted(job)
        some.append(job)
        names.append(name)
        weight += name[1] if name is not None else 0
        if weight >= CHUNK or len(some) == _TOGETHER:
            yield some, names
            some, names, weight = [], [], 0
    if some:
        yield some, names


def _paired(
    jobs: list[Job], given: Future[list[Measure | NotFound | None]] | None
) -> Iterator[tuple[Job, Measure | NotFound | None]]:
    return zip(jobs, repeat(None) if given is None else given.result())  # noqa: B905 - one for each, or none for all

"""A pack's archive as it grows: each member is laid out once, with its header, sums and manifest line beside it.

Nothing is kept in memory but buffers: the body, the ZIP's directory, SHA256SUMS and the manifest's list of files are
four temporary files. What is stored elsewhere already (payloads in Blob, files written before) is referred to.
"""

from __future__ import annotations

import hashlib
import struct
import tempfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, TypeVar

from shared.ledger import canonical, verify

CHUNK = 1 << 20
_LARGE = 1 << 16
_BUFFER = 1 << 18
_ELSEWHERE = struct.Struct("<QQIH")
"""Where in the body it belongs, its size, the number of its file (_BLOB: a stored payload), length of its name."""
_BLOB = 0xFFFFFFFF

_READERS, _AHEAD = 8, 16
_MOST_KEPT = 1 << 29
"""From here on stored payloads are read a second time instead: an instance's disk is small."""

ReadBlob = Callable[[str, int, int], bytes]
"""Name, offset and length of a stored payload to its bytes."""


Job = TypeVar("Job")
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Measure:
    """What reading a stored payload once told of it."""

    blob: str
    size: int
    crc: int
    sha256: str
    data: bytes | None
    """The bytes themselves where they are few."""


def ahead(jobs: Iterable[Job], ask: Callable[[Job], Given]) -> Iterator[tuple[Job, Given]]:
    """Jobs in order, each with what was asked for while earlier ones were still being worked on."""
    waiting: deque[tuple[Job, Given]] = deque()
    for job in jobs:
        waiting.append((job, ask(job)))
        if len(waiting) > _AHEAD:
            yield waiting.popleft()
    yield from waiting


class Spool:
    """Members in order, to be written out as a STORED ZIP without data descriptors."""

    def __init__(self, read_blob: ReadBlob) -> None:
        self._read_blob = read_blob
        self._open: list[IO[bytes]] = []
        self._body, self._directory, self._sums, self._files = (self.scratch() for _ in range(4))
        self._elsewhere = self.scratch()
        self._readers = ThreadPoolExecutor(_READERS)
        self._written = 0
        """Length of the body's own bytes."""
        self._at = 0
        """Length of the archive so far."""
        self.count = 0

    def close(self) -> None:
        """Give threads and disk back."""
        self._readers.shutdown(cancel_futures=True)
        for file in self._open:
            file.close()

    def scratch(self) -> IO[bytes]:
        """A temporary file that is gone when the spool is closed."""
        self._open.append(tempfile.TemporaryFile(buffering=_BUFFER))  # noqa: SIM115 - closed by close()
        return self._open[-1]

    def add(self, path: str, role: str, data: bytes, sha256: str = "") -> tuple[int, str]:
        """Keep a small file; ``sha256`` where the caller has just computed it. Answers size and hex SHA-256."""
        sha256 = sha256 or hashlib.sha256(data).hexdigest()
        self._note(path, role, len(data), zlib.crc32(data), sha256)
        self._body.write(data)
        self._written += len(data)
        return len(data), sha256

    def add_file(self, path: str, role: str, file: IO[bytes]) -> tuple[int, str]:
        """Refer to a ``scratch`` file that was written to its end."""
        digest, crc, size = hashlib.sha256(), 0, 0
        file.seek(0)
        while data := file.read(CHUNK):
            digest.update(data)
            crc = zlib.crc32(data, crc)
            size += len(data)
        self._note(path, role, size, crc, digest.hexdigest())
        self._elsewhere.write(_ELSEWHERE.pack(self._written, size, self._open.index(file), 0))
        return size, digest.hexdigest()

    def measure(self, blob: str, size: int) -> Future[Measure]:
        """Have a stored payload read by another thread: stores answer slowly, and hashing leaves the others free."""
        return self._readers.submit(self._measure, blob, size)

    def _measure(self, blob: str, size: int) -> Measure:
        if 0 < size <= CHUNK:
            data = self._read_blob(blob, 0, size)
            return Measure(blob, size, zlib.crc32(data), hashlib.sha256(data).hexdigest(), data)
        digest, crc = hashlib.sha256(), 0
        for at in range(0, size, CHUNK):
            data = self._read_blob(blob, at, min(CHUNK, size - at))
            digest.update(data)
            crc = zlib.crc32(data, crc)
        return Measure(blob, size, crc, digest.hexdigest(), None)

    def add_blob(self, path: str, role: str, measured: Measure) -> None:
        """A stored payload that was read once: kept where it is small and there is room, else referred to."""
        self._note(path, role, measured.size, measured.crc, measured.sha256)
        if measured.data is not None and self._written < _MOST_KEPT:
            self._body.write(measured.data)
            self._written += measured.size
            return
        name = measured.blob.encode()
        self._elsewhere.write(_ELSEWHERE.pack(self._written, measured.size, _BLOB, len(name)) + name)

    def _note(self, path: str, role: str, size: int, crc: int, sha256: str) -> None:
        verify.check_name(path)
        name = path.encode()
        header = verify.local_header(name, size, crc)
        self._body.write(header)
        self._directory.write(verify.central_header(name, size, crc, self._at))
        self._sums.write(f"{sha256}  {path}\n".encode())
        self._files.write(
            b'%s{"path":"%s","role":"%s","sha256":"%s","size":%d}'
            % (b"," if self.count else b"", name, role.encode(), sha256.encode(), size)
        )
        self._written += len(header)
        self._at += len(header) + size
        self.count += 1

    def add_checksums(self) -> None:
        """SHA256SUMS of what is there so far; the last member but the manifest and its proof."""
        sums, self._sums = self._sums, self.scratch()
        self.add_file("SHA256SUMS", "checksums", sums)

    def manifest(self, base: dict[str, object]) -> bytes:
        """manifest.json: canonical, every member in order, named by its own hash."""
        head, found, tail = canonical.dumps({**base, "files": []}).partition(b'"files":[')
        whole = bytearray(head + found)
        for data in _read(self._files):
            whole += data
        digest = hashlib.sha256(whole)
        digest.update(tail)
        named = canonical.dumps({**base, "files": [], "pack_id": f"pk-{digest.hexdigest()[:32]}"})
        whole += named.partition(found)[2]
        return bytes(whole)

    def archive(self, tail: list[tuple[str, bytes]]) -> Iterator[bytes]:
        """The ZIP, a pure function of its members; ``tail`` are members that no list names."""
        return _gather(self._pieces(tail))

    def _pieces(self, tail: list[tuple[str, bytes]]) -> Iterator[bytes]:
        place = 0
        for (where, size, number, name), fetched in ahead(self._references(), self._fetch):
            yield from _range(self._body, place, where)
            place = where
            if number != _BLOB:
                yield from _range(self._open[number], 0, size)
                continue
            if fetched is not None:
                yield fetched.result()
                continue
            for at in range(0, size, CHUNK):
                yield self._read_blob(name, at, min(CHUNK, size - at))
        yield from _range(self._body, place, self._written)
        more, at = b"", self._at
        for path, data in tail:
            crc = zlib.crc32(data)
            header = verify.local_header(path.encode(), len(data), crc)
            yield header
            yield data
            more += verify.central_header(path.encode(), len(data), crc, at)
            at += len(header) + len(data)
        length = self._directory.seek(0, 2)
        yield from _range(self._directory, 0, length)
        yield more + verify.end_records(self.count + len(tail), length + len(more), at)

    def _fetch(self, reference: tuple[int, int, int, str]) -> Future[bytes] | None:
        _, size, number, name = reference
        return self._readers.submit(self._read_blob, name, 0, size) if number == _BLOB and 0 < size <= CHUNK else None

    def _references(self) -> Iterator[tuple[int, int, int, str]]:
        self._elsewhere.seek(0)
        while head := self._elsewhere.read(_ELSEWHERE.size):
            where, size, number, named = _ELSEWHERE.unpack(head)
            yield where, size, number, self._elsewhere.read(named).decode()


def _read(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while data := file.read(CHUNK):
        yield data


def _range(file: IO[bytes], first: int, last: int) -> Iterator[bytes]:
    """Bytes [first, last) of a file, piece by piece."""
    file.seek(first)
    while first < last:
        data = file.read(min(CHUNK, last - first))
        yield data
        first += len(data)


def _gather(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Small pieces together, large ones passed on as they are, not copied."""
    pending: list[bytes] = []
    weight = 0
    for data in pieces:
        if len(data) >= _LARGE:
            if pending:
                yield b"".join(pending)
                pending, weight = [], 0
            yield data
            continue
        pending.append(data)
        weight += len(data)
        if weight >= CHUNK:
            yield b"".join(pending)
            pending, weight = [], 0
    if pending:
        yield b"".join(pending)

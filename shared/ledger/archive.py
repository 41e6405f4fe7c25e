"""A pack's archive as it is written: members are handed on as they come, their header, sums and manifest line beside.

Nothing is kept in memory but buffers: the ZIP's directory, SHA256SUMS and the manifest's list of files grow in three
temporary files. The members themselves are not kept at all; whoever takes the archive takes them while they are made.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import IO

from shared.ledger import canonical, verify

CHUNK = 1 << 20
_LARGE = 1 << 19
_BUFFER = 1 << 18


class Writer:
    """Members in order as a STORED ZIP without data descriptors, every size known before its bytes."""

    def __init__(self) -> None:
        self._open: list[IO[bytes]] = []
        self._directory, self._sums, self._files = (self.scratch() for _ in range(3))
        self._waiting: list[bytes | Iterable[bytes]] = []
        self._weight = 0
        self._at = 0
        """Length of the archive so far."""
        self.count = 0

    def close(self) -> None:
        """Give the disk back."""
        for file in self._open:
            file.close()

    def scratch(self) -> IO[bytes]:
        """A temporary file that is gone when the writer is closed."""
        self._open.append(tempfile.TemporaryFile(buffering=_BUFFER))  # noqa: SIM115 - closed by close()
        return self._open[-1]

    @property
    def full(self) -> bool:
        """Whether enough is waiting to be handed on."""
        return self._weight >= CHUNK

    def ready(self) -> Iterator[bytes]:
        """What was added since the last time, to be handed on."""
        waiting, self._waiting, self._weight = self._waiting, [], 0
        return _gather(waiting)

    def add(self, path: str, role: str, data: bytes, sha256: str = "") -> str:
        """A small file; ``sha256`` where the caller has just computed it. Answers the hex SHA-256."""
        sha256 = sha256 or hashlib.sha256(data).hexdigest()
        self.add_measured(path, role, len(data), zlib.crc32(data), sha256, data)
        return sha256

    def add_made(self, path: str, role: str, make: Callable[[], Iterable[bytes]]) -> None:
        """A file that is made twice, to the same bytes: once to be measured, once to be handed on."""
        digest, crc, size = hashlib.sha256(), 0, 0
        for data in make():
            digest.update(data)
            crc = zlib.crc32(data, crc)
            size += len(data)
        self.add_measured(path, role, size, crc, digest.hexdigest(), make())

    def add_file(self, path: str, role: str, file: IO[bytes]) -> None:
        """A ``scratch`` file that was written to its end."""
        self.add_made(path, role, lambda: read(file))

    def add_measured(
        self, path: str, role: str, size: int, crc: int, sha256: str, content: bytes | Iterable[bytes]
    ) -> None:
        """A file whose sums are known; pieces that are not bytes yet are taken when they are handed on."""
        verify.check_name(path)
        name = path.encode()
        header = verify.local_header(name, size, crc)
        self._directory.write(verify.central_header(name, size, crc, self._at))
        self._sums.write(f"{sha256}  {path}\n".encode())
        self._files.write(
            f'{"," if self.count else ""}{{"path":"{path}","role":"{role}","sha256":"{sha256}","size":{size}}}'.encode()
        )
        self._waiting += (header, content)
        self._weight += len(header) + size
        self._at += len(header) + size
        self.count += 1

    def add_checksums(self) -> None:
        """SHA256SUMS of what is there so far; the last member but the manifest and its proof."""
        sums, self._sums = self._sums, self.scratch()
        self.add_file("SHA256SUMS", "checksums", sums)

    def manifest(self, base: dict[str, object]) -> tuple[str, bytes]:
        """The pack's id and manifest.json: canonical, every member in order, named by its own hash."""
        head, found, tail = canonical.dumps({**base, "files": []}).partition(b'"files":[')
        whole, digest = io.BytesIO(), hashlib.sha256()
        for data in chain((head + found,), read(self._files)):
            whole.write(data)
            digest.update(data)
        digest.update(tail)
        pack_id = f"pk-{digest.hexdigest()[:32]}"
        whole.write(canonical.dumps({**base, "files": [], "pack_id": pack_id}).partition(found)[2])
        return pack_id, whole.getvalue()

    def end(self, tail: list[tuple[str, bytes]]) -> None:
        """Members that no list names, and the ZIP's directory."""
        for path, data in tail:
            name, crc = path.encode(), zlib.crc32(data)
            header = verify.local_header(name, len(data), crc)
            self._directory.write(verify.central_header(name, len(data), crc, self._at))
            self._waiting += (header, data)
            self._at += len(header) + len(data)
            self.count += 1
        length = self._directory.tell()
        self._waiting += (read(self._directory), verify.end_records(self.count, length, self._at))


def read(file: IO[bytes]) -> Iterator[bytes]:
    """A file's bytes from its beginning."""
    file.seek(0)
    while data := file.read(CHUNK):
        yield data


def _gather(pieces: Iterable[bytes | Iterable[bytes]]) -> Iterator[bytes]:
    """Small pieces together, large ones passed on as they are, not copied."""
    pending: list[bytes] = []
    weight = 0
    for data in _flat(pieces):
        if len(data) < _LARGE:
            pending.append(data)
            weight += len(data)
            if weight < CHUNK:
                continue
        if pending:
            yield b"".join(pending)
            pending, weight = [], 0
        if len(data) >= _LARGE:
            yield data
    if pending:
        yield b"".join(pending)


def _flat(pieces: Iterable[bytes | Iterable[bytes]]) -> Iterator[bytes]:
    for one in pieces:
        if isinstance(one, bytes):
            yield one
        else:
            yield from one

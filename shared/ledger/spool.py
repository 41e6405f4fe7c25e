"""A pack's members laid out on disk first, so that sizes are known up front and memory does not grow with the pack."""

from __future__ import annotations

import hashlib
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from shared.ledger import canonical, verify

CHUNK = 1 << 20
_LARGE = 1 << 16
_FACTS = struct.Struct("<QIQ32sHH")
_BLOB = 0xFFFFFFFFFFFFFFFF

ReadBlob = Callable[[str, int, int], bytes]
"""Name, offset and length of a stored payload to its bytes."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive."""

    path: str
    role: str
    size: int
    crc: int
    sha256: bytes
    offset: int
    """Where its bytes lie in the spool; _BLOB when they are read from where they are stored."""
    blob: str = ""


class Spool:
    """Members in order; their bytes in one temporary file, facts about them in another."""

    def __init__(self, read_blob: ReadBlob) -> None:
        self._read_blob = read_blob
        self._bytes: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._facts: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._end = 0
        self.count = 0

    def close(self) -> None:
        """Give the disk back."""
        self._bytes.close()
        self._facts.close()

    def add(self, path: str, role: str, chunks: Iterable[bytes]) -> Member:
        """Keep a file's bytes."""
        digest, crc, start = hashlib.sha256(), 0, self._end
        for data in chunks:
            digest.update(data)
            crc = zlib.crc32(data, crc)
            self._bytes.write(data)
            self._end += len(data)
        return self._note(Member(path, role, self._end - start, crc, digest.digest(), start))

    def add_blob(self, path: str, role: str, blob: str, size: int, sha256: str) -> Member | None:
        """Refer to a stored payload after reading it once; None when its bytes are not those of its digest."""
        digest, crc = hashlib.sha256(), 0
        for at in range(0, size, CHUNK):
            data = self._read_blob(blob, at, min(CHUNK, size - at))
            digest.update(data)
            crc = zlib.crc32(data, crc)
        if digest.hexdigest() != sha256:
            return None
        return self._note(Member(path, role, size, crc, digest.digest(), _BLOB, blob))

    def _note(self, member: Member) -> Member:
        verify.check_name(member.path)
        path, rest = member.path.encode(), f"{member.role}\n{member.blob}".encode()
        facts = _FACTS.pack(member.size, member.crc, member.offset, member.sha256, len(path), len(rest))
        self._facts.write(facts + path + rest)
        self.count += 1
        return member

    def members(self) -> Iterator[Member]:
        """All members in order."""
        self._facts.seek(0)
        while head := self._facts.read(_FACTS.size):
            size, crc, offset, sha256, named, more = _FACTS.unpack(head)
            path = self._facts.read(named).decode()
            role, _, blob = self._facts.read(more).decode().partition("\n")
            yield Member(path, role, size, crc, sha256, offset, blob)
        self._facts.seek(0, 2)

    def bytes_of(self, member: Member) -> Iterator[bytes]:
        """A member's bytes, piece by piece."""
        for at in range(0, member.size, CHUNK):
            length = min(CHUNK, member.size - at)
            if member.offset == _BLOB:
                yield self._read_blob(member.blob, at, length)
            else:
                self._bytes.seek(member.offset + at)
                yield self._bytes.read(length)

    def checksums(self) -> Iterator[bytes]:
        """Lines of SHA256SUMS for what is there so far."""
        for member in self.members():
            yield f"{member.sha256.hex()}  {member.path}\n".encode()

    def manifest(self, base: dict[str, object]) -> bytes:
        """manifest.json: canonical, every member in order, named by its own hash."""
        head, found, tail = canonical.dumps({**base, "files": []}).partition(b'"files":[')
        whole, between = bytearray(head + found), b""
        for member in self.members():
            row = {"path": member.path, "role": member.role, "sha256": member.sha256.hex(), "size": member.size}
            whole += between + verify.canon(row)
            between = b","
        digest = hashlib.sha256(whole)
        digest.update(tail)
        named = canonical.dumps({**base, "files": [], "pack_id": f"pk-{digest.hexdigest()[:32]}"})
        whole += named.partition(found)[2]
        return bytes(whole)


def archive(spool: Spool, tail: list[tuple[str, bytes]]) -> Iterator[bytes]:
    """The ZIP: STORED, no data descriptors, a pure function of its members."""
    directory = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, also when the reader stops early
    try:
        at = count = 0
        pending: list[bytes] = []
        weight = 0
        for name, size, crc, chunks in _parts(spool, tail):
            header = verify.local_header(name, size, crc)
            directory.write(verify.central_header(name, size, crc, at))
            at += len(header) + size
            count += 1
            pending.append(header)
            weight += len(header)
            for data in chunks:
                if len(data) >= _LARGE:  # passed on as it is, not copied
                    yield b"".join(pending)
                    yield data
                    pending, weight = [], 0
                    continue
                pending.append(data)
                weight += len(data)
                if weight >= CHUNK:
                    yield b"".join(pending)
                    pending, weight = [], 0
        yield b"".join(pending)
        length = directory.tell()
        directory.seek(0)
        while data := directory.read(CHUNK):
            yield data
        yield verify.end_records(count, length, at)
    finally:
        directory.close()


def _parts(spool: Spool, tail: list[tuple[str, bytes]]) -> Iterator[tuple[bytes, int, int, Iterable[bytes]]]:
    for member in spool.members():
        yield member.path.encode(), member.size, member.crc, spool.bytes_of(member)
    for path, data in tail:
        yield path.encode(), len(data), zlib.crc32(data), (data,)

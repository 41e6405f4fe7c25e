"""Check an evidence pack offline: python3 verify.py --keys trusted.vkey [--since earlier-checkpoint.txt] [--json] PACK.zip.

Needs only Python (3.9 or newer). It is one file, longer than the others of this project, so that an auditor can carry
it, read it from top to bottom and fetch it by its hash. It shares no code with what writes the log; the writer takes
the definitions of the format (names, rows, headers) from here. What it does, in the order of main():

  1  read the ZIP's own headers, one after the other: nothing hidden, doubled, renamed, compressed or left over
  2  hash every file and compare with manifest.json and SHA256SUMS: a closed set
  3  check the signatures of the checkpoints with the keys YOU bring, never with those in the pack
  4  check that manifest.json is itself an entry of the log, and the end checkpoint an entry of the meta-log
  5  re-hash every entry of the range and rebuild the end checkpoint's root from the start checkpoint's: no gap
  6  recompute population, sample, index, exceptions and OSCAL from the entries; compare every item's bytes
  7  compare with the checkpoint you kept from last time

Exit 0 verified with pinned keys, 1 failed, 2 unreadable or misused, 3 consistent but signer unpinned or pack stale.
W_BACKDATED beside exit 0 names items whose source claims a time before entries that were logged earlier.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import csv
import hashlib
import heapq
import json
import re
import struct
import sys
import unicodedata
import uuid
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

Json = dict[str, Any]
Point = tuple[int, int, int]

FORMAT = "evidence-pack/1"
MOST_FILES, MOST_NAME, MOST_NOTE, MOST_SIGNATURES, MOST_LINE = 500_000, 180, 65_536, 100, 1 << 20
MOST_MANIFEST, CHUNK, TOLERANCE = 256 << 20, 1 << 20, timedelta(hours=1)
TRACED = ("project.measured", "handoff.reviewed")
"""Types of entries that name the observations their figures were computed from."""
COLUMNS = [
    "item_id",
    "control_ids",
    "title",
    "type",
    "method",
    "occurred_at",
    "collected_at",
    "period_start",
    "period_end",
    "collector",
    "source_system",
    "source_url",
    "source_query_sha256",
    "population_id",
    "in_sample",
    "path",
    "size",
    "sha256",
    "media_type",
    "log_index",
    "leaf_hash",
    "expires_at",
    "freshness",
    "reviewer",
    "reviewed_at",
    "review_result",
    "redaction",
    "notes",
]
_TEXT = json.encoder.encode_basestring
EXCEPTION_COLUMNS = ["item_id", "log_index", "kind", "reason"]
EMPTY_ROOT = hashlib.sha256(b"").digest()
OUTSIDE = ("manifest.json", "manifest.tlog-proof", "SHA256SUMS")
NOT_PROVEN = (
    "that every event was reported to the service by its source, or that the source told the truth",
    "that times are right: received_at is the service's clock, occurred_at is a claim of the source",
    "that nothing was received in the period before the start checkpoint or after the end checkpoint",
    "what README.txt, keys/ and policy.txt say, which nothing here depends on",
    "anything about files outside this pack, or that the operator, the anchor and a witness did not collude",
)
DEVICES = {"con", "prn", "aux", "nul", *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(10))}
_PART = re.compile(r"[A-Za-z0-9._-]*[A-Za-z0-9_-]", re.ASCII)
EXTENSIONS = {
    "application/json": "json",
    "text/plain": "txt",
    "text/csv": "csv",
    "application/pdf": "pdf",
    "text/html": "html",
    "application/xml": "xml",
    "image/png": "png",
    "image/jpeg": "jpg",
    "application/zip": "zip",
}


class Fault(Exception):
    """Something that must not be; ``codes`` are stable."""

    def __init__(self, text: str, *codes: str) -> None:
        super().__init__(text)
        self.codes = codes


class Unreadable(Fault):
    """Not something that can be checked at all (exit 2)."""


# -- strict reading ---------------------------------------------------------------------------------------------------


def _no_float(text: str) -> Any:
    raise ValueError(f"{text} is not an integer")


_JSON = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float)
_WRITER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
)
_ORDERED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value, key=lambda name: name.encode("utf-16-be"))}
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def canon(value: Any) -> bytes:
    """RFC 8785 bytes of strings, integers, booleans, null, lists and objects."""
    text = _WRITER.encode(value)
    return (text if text.isascii() else _ORDERED.encode(_ordered(value))).encode()


def read_json(data: bytes) -> Any:
    """A JSON value without numbers other than integers, and nothing around it; ValueError otherwise."""
    text = data.decode("utf-8")
    value, end = _JSON.raw_decode(text)
    if end != len(text):
        raise ValueError("something follows the value")
    return value


def strict_json(data: bytes, code: str) -> Any:
    """A canonical JSON value: what re-encodes to other bytes (twin keys, floats, blanks) is refused."""
    try:
        value = read_json(data)
        same = canon(value) == data
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise Fault("JSON that is not in canonical form", code)
    return value


def strict_json_line(data: bytes, code: str) -> Any:
    """The same as a file of one line."""
    if data[-1:] != b"\n":
        raise Fault("a line without its end", code)
    return strict_json(data[:-1], code)


def strict_base64(text: str, code: str = "E_FORMAT") -> bytes:
    """Base64 that re-encodes to itself."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = None
    if data is None or base64.b64encode(data).decode() != text:
        raise Fault("base64 that is not in canonical form", code)
    return data


def strict_number(text: str) -> int:
    """An ASCII decimal without sign, blank, underscore or leading zero."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", text, re.ASCII):
        raise Fault(f"{text[:40]!r} is not a plain decimal number", "E_FORMAT")
    return int(text)


# -- hashes and proofs (RFC 6962) -------------------------------------------------------------------------------------


def leaf_hash(leaf: bytes) -> bytes:
    """Hash of an entry."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def verify_inclusion(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """True when ``proof`` shows that the leaf is number ``index`` of the tree of ``size`` with this root."""
    if not 0 <= index < size or any(len(node) != 32 for node in (leaf_hash, root, *proof)):
        return False
    at, last, node = index, size - 1, leaf_hash
    for step in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(step, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, step)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def _walk_consistency(
    size1: int, size2: int, proof: Sequence[bytes], root1: bytes
) -> tuple[bytes, bytes, list[bytes]] | None:
    """(old root, new root, compact range of the old tree, largest first) as the proof has them, or None."""
    if not 0 < size1 < size2 or any(len(node) != 32 for node in proof):
        return None
    path = list(proof) if size1 & (size1 - 1) else [root1, *proof]
    if not path:
        return None
    at, last = size1 - 1, size2 - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    edge = [path[0]]
    for step in path[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            old, new = node_hash(step, old), node_hash(step, new)
            edge.append(step)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, step)
        at, last = at >> 1, last >> 1
    return (old, new, edge[::-1]) if last == 0 else None


def verify_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> bool:
    """True when ``proof`` shows that the tree of size1 is a prefix of that of size2. Size 0 proves nothing: False."""
    if size1 == size2:
        return size1 > 0 and not proof and root1 == root2
    walked = _walk_consistency(size1, size2, proof, root1)
    return walked is not None and walked[:2] == (root1, root2)


class Tree:
    """A compact range that grows leaf by leaf."""

    def __init__(self, size: int, edge: Iterable[bytes]) -> None:
        self.size, self.edge = size, list(edge)

    def add(self, node: bytes) -> None:
        """Append one leaf hash."""
        bits = self.size
        while bits & 1:
            node, bits = node_hash(self.edge.pop(), node), bits >> 1
        self.edge.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root now."""
        node = self.edge[-1] if self.edge else EMPTY_ROOT
        for left in self.edge[-2::-1]:
            node = node_hash(left, node)
        return node


# -- signatures (ECDSA P-256, SHA-256) --------------------------------------------------------------------------------

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    1,
)
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


def _double(point: Point) -> Point:
    x, y, z = point
    if not y or not z:
        return (1, 1, 0)
    delta, gamma = z * z % _P, y * y % _P
    beta, alpha = x * gamma % _P, 3 * (x - delta) * (x + delta) % _P
    x3 = (alpha * alpha - 8 * beta) % _P
    return (x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % _P, ((y + z) ** 2 - gamma - delta) % _P)


def _add(one: Point, two: Point) -> Point:
    if not one[2]:
        return two
    if not two[2]:
        return one
    z1, z2 = one[2] * one[2] % _P, two[2] * two[2] % _P
    u1, u2 = one[0] * z2 % _P, two[0] * z1 % _P
    s1, s2 = one[1] * two[2] * z2 % _P, two[1] * one[2] * z1 % _P
    h, r = (u2 - u1) % _P, (s2 - s1) % _P
    if not h:
        return _double(one) if not r else (1, 1, 0)
    h2 = h * h % _P
    h3, v = h * h2 % _P, u1 * h2 % _P
    x3 = (r * r - h3 - 2 * v) % _P
    return (x3, (r * (v - x3) - s1 * h3) % _P, h * one[2] * two[2] % _P)


def _der_integers(data: bytes) -> list[int] | None:
    """The two numbers of a strict DER signature, or None."""
    values, at = [], 2
    if len(data) < 8 or data[0] != 0x30 or data[1] != len(data) - 2 or data[1] > 0x7F:
        return None
    for _ in range(2):
        if at + 2 > len(data) or data[at] != 2:
            return None
        body = data[at + 2 : at + 2 + data[at + 1]]
        if not body or len(body) != data[at + 1] or body[0] & 0x80 or (len(body) > 1 and not body[0] | body[1] >> 7):
            return None
        values.append(int.from_bytes(body, "big"))
        at += 2 + len(body)
    return values if at == len(data) else None


def p256_point(public_key: bytes) -> tuple[int, int] | None:
    """Coordinates of a key given as SPKI DER or as an uncompressed point; None when it is no point of the curve."""
    point = public_key.removeprefix(_SPKI)
    if len(point) != 65 or point[0] != 4:
        return None
    x, y = int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")
    return (x, y) if x < _P and y < _P and (y * y - x * x * x + 3 * x - _B) % _P == 0 else None


def verify_p256(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """True when ``signature`` (strict DER, or 64 bytes r and s) signs SHA-256 of ``message`` with this P-256 key."""
    point, values = p256_point(bytes(public_key)), _der_integers(bytes(signature))
    if values is None and len(signature) == 64:
        values = [int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")]
    if point is None or values is None or not all(0 < value < _N for value in values):
        return False
    r, s = values
    inverse = pow(s, -1, _N)
    u1 = int.from_bytes(hashlib.sha256(message).digest(), "big") * inverse % _N
    u2, key = r * inverse % _N, (*point, 1)
    table, total = ((1, 1, 0), _G, key, _add(_G, key)), (1, 1, 0)
    for bit in range(255, -1, -1):
        total = _add(_double(total), table[(u1 >> bit & 1) | (u2 >> bit & 1) << 1])
    return bool(total[2]) and total[0] * pow(total[2], -2, _P) % _P % _N == r


# -- signed notes, checkpoints, keys, proof files (C2SP) --------------------------------------------------------------


class Key:
    """A verifier key and the tree sizes it may sign; both ends belong to it, ``last`` None is open."""

    def __init__(self, line: str) -> None:
        words = line.split()
        match = re.fullmatch(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)", words[0])
        if match is None or len(words) not in (1, 3):
            raise Unreadable("a line of the key file is not `vkey` or `vkey from_size to_size`", "E_FORMAT")
        self.name, data = match[1], strict_base64(match[3], "E_KEY")
        self.id, self.spki = bytes.fromhex(match[2]), data[1:]
        if data[:1] != b"\x02" or not self.spki.startswith(_SPKI) or p256_point(self.spki) is None:
            raise Fault(f"key {self.name} is not an ECDSA P-256 key", "E_KEY")
        if hashlib.sha256(self.spki).digest()[:4] != self.id:
            raise Fault(f"key {self.name} does not have the id it claims", "E_KEY")
        bounds = words[1:] or ["-", "-"]
        if not all(re.fullmatch(r"-|0|[1-9][0-9]{0,18}", bound, re.ASCII) for bound in bounds):
            raise Unreadable("a size in the key file is neither a plain number nor `-`", "E_FORMAT")
        self.first = 0 if bounds[0] == "-" else int(bounds[0])
        self.last = None if bounds[1] == "-" else int(bounds[1])


def read_keys(text: str) -> list[Key]:
    """Keys of a ``trusted.vkey``. A key listed twice has both ranges."""
    if "\x00" in text or len(text) > 1 << 20:
        raise Unreadable("the key file is not a list of verifier keys", "E_FORMAT")
    lines = [line.strip() for line in text.split("\n")]
    keys = [Key(line) for line in lines if line and not line.startswith("#")]
    if not keys:
        raise Unreadable("the key file holds no key", "E_FORMAT")
    return keys


class Checkpoint:
    """A checkpoint of a log whose signature has been verified."""

    def __init__(self, data: bytes, keys: list[Key], quorum: int = 1) -> None:
        self.quorum = quorum
        if len(data) > MOST_NOTE:
            raise Fault("a checkpoint is too large", "E_LIMIT")
        try:
            note = data.decode("utf-8")
        except ValueError:
            raise Fault("a checkpoint is not UTF-8", "E_FORMAT") from None
        if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp", "Cf") and letter != "\n" for letter in note):
            raise Fault("a checkpoint holds control characters", "E_FORMAT")
        text, found, tail = note.rpartition("\n\n")
        lines = (text + "\n").split("\n")
        if not found or not tail.endswith("\n") or len(lines) != 4 or lines[3] or not lines[0]:
            raise Fault("a checkpoint is not three lines, an empty one and signatures", "E_FORMAT")
        self.text, self.origin, self.size = text + "\n", lines[0], strict_number(lines[1])
        self.root = strict_base64(lines[2])
        if len(self.root) != 32:
            raise Fault("a checkpoint's root is not 32 bytes", "E_FORMAT")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise Fault("an empty log has another root than the empty one", "E_ROOT")
        self._check(tail[:-1].split("\n"), keys)

    def _check(self, lines: list[str], keys: list[Key]) -> None:
        if len(lines) > MOST_SIGNATURES:
            raise Fault("a checkpoint has too many signatures", "E_LIMIT")
        known, ranged = [], False
        for line in lines:
            match = re.fullmatch(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)", line)
            if match is None:
                raise Fault("a signature line is malformed", "E_FORMAT")
            signature = strict_base64(match[2])
            if len(signature) < 5:
                raise Fault("a signature is too short", "E_FORMAT")
            mine = [key for key in keys if (key.name, key.id) == (match[1], signature[:4])]
            if not mine:
                continue
            if _der_integers(signature[4:]) is None or not verify_p256(mine[0].spki, self.text.encode(), signature[4:]):
                raise Fault("a signature of a known key is wrong", "E_SIGNATURE")
            known += mine
            ranged = ranged or any(
                key.first <= self.size and (key.last is None or self.size <= key.last) for key in mine
            )
        if not known:
            raise Fault("no signature is by a trusted key", "E_UNTRUSTED")
        if len({key.spki for key in known}) < self.quorum:  # keys are counted, not names or ids
            raise Fault(f"a checkpoint is not signed by {self.quorum} different keys", "E_QUORUM")
        if not ranged:
            raise Fault("the key may not sign a tree of this size", "E_KEY_RANGE")
        if not any(self.origin == key.name or self.origin.startswith(key.name + "/") for key in known):
            raise Fault("the log's origin does not belong to the key", "E_ORIGIN")

    @property
    def log(self) -> str:
        """Last part of the origin."""
        return self.origin.rpartition("/")[2]


def read_proof(data: bytes, open_checkpoint: Callable[[bytes], Checkpoint]) -> tuple[bytes, int, Checkpoint]:
    """(leaf, index, checkpoint) of a tlog-proof whose signature and inclusion have been verified."""
    if len(data) > 2 * MOST_NOTE:
        raise Fault("a proof is too large", "E_LIMIT")
    head, found, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except ValueError:
        raise Fault("a proof is not ASCII", "E_FORMAT") from None
    if not found or len(lines) < 3 or lines[0] != "c2sp.org/tlog-proof@v1" or len(lines) > 67:
        raise Fault("not a tlog-proof", "E_FORMAT")
    if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise Fault("a proof without leaf or index", "E_FORMAT")
    leaf, index = strict_base64(lines[1][6:]), strict_number(lines[2][6:])
    path = [strict_base64(line) for line in lines[3:]]
    checkpoint = open_checkpoint(note)
    if not verify_inclusion(index, checkpoint.size, leaf_hash(leaf), path, checkpoint.root):
        raise Fault("an entry is not in the log where its proof says", "E_INCLUSION")
    return leaf, index, checkpoint


# -- the ZIP ----------------------------------------------------------------------------------------------------------

_BIG, _MANY, _DATE = 0xFFFFFFFF, 0xFFFF, 0x21  # 1980-01-01


_LOCAL, _CENTRAL = struct.Struct("<IHHHHHIIIHH"), struct.Struct("<IHHHHHHIIIHHHHHII")


def local_header(name: bytes, size: int, crc: int) -> bytes:
    """The only local header a member may have."""
    extra = struct.pack("<HHQQ", 1, 16, size, size) if size >= _BIG else b""
    shown, version = min(size, _BIG), 45 if extra else 20
    fixed = _LOCAL.pack(0x04034B50, version, 0x800, 0, 0, _DATE, crc, shown, shown, len(name), len(extra))
    return fixed + name + extra


def central_header(name: bytes, size: int, crc: int, offset: int) -> bytes:
    """The only central header a member may have."""
    extra = (struct.pack("<QQ", size, size) if size >= _BIG else b"") + (
        struct.pack("<Q", offset) if offset >= _BIG else b""
    )
    extra = struct.pack("<HH", 1, len(extra)) + extra if extra else b""
    shown, version = min(size, _BIG), 45 if extra else 20
    return (
        _CENTRAL.pack(
            0x02014B50,
            0x300 | version,
            version,
            0x800,
            0,
            0,
            _DATE,
            crc,
            shown,
            shown,
            len(name),
            len(extra),
            0,
            0,
            0,
            0o100644 << 16,
            min(offset, _BIG),
        )
        + name
        + extra
    )


def end_records(count: int, size: int, offset: int) -> bytes:
    """The only end an archive may have."""
    big = count >= _MANY or size >= _BIG or offset >= _BIG
    more = (
        (
            struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 0x32D, 45, 0, 0, count, count, size, offset)
            + struct.pack("<IIQI", 0x07064B50, 0, offset + size, 1)
        )
        if big
        else b""
    )
    return more + struct.pack(
        "<IHHHHIIH", 0x06054B50, 0, 0, min(count, _MANY), min(count, _MANY), min(size, _BIG), min(offset, _BIG), 0
    )


def _fine(part: str) -> bool:
    return _PART.fullmatch(part) is not None and part.partition(".")[0].lower() not in DEVICES


@lru_cache(1024)
def _fine_folder(folder: str) -> bool:
    return all(map(_fine, folder.split("/")))


def check_name(name: str) -> None:
    """Refuse names that a file system, a person or another reader could take for something else."""
    folder, slash, last = name.rpartition("/")
    if len(name) > MOST_NAME or not _fine(last) or (slash and not _fine_folder(folder)):
        raise Fault(f"the name {name[:60]!r} is not allowed", "E_ZIP_NAME")


class Member:
    """A file of the pack: where its bytes are, and their hash."""

    __slots__ = ("offset", "sha256", "size")

    def __init__(self, offset: int, size: int, sha256: bytes) -> None:
        self.offset, self.size, self.sha256 = offset, size, sha256


_MEMBER = struct.Struct("<QQ32s")
_ENTRY = struct.Struct("<8xHH4xIIIH8xI4x")


class Archive:
    """A STORED ZIP, read by its own local headers and compared with its directory byte by byte."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.members: dict[str, bytes] = {}
        """Packed, because there may be many; ``member`` unpacks."""
        self.faults: list[Fault] = []
        self.length = file.seek(0, 2)
        count, start = self._end()
        if count > MOST_FILES:
            raise Fault("the archive names too many files", "E_LIMIT")
        self._scan(count, start)

    def _read(self, offset: int, length: int) -> bytes:
        self.file.seek(offset)
        return self.file.read(length)

    def _end(self) -> tuple[int, int]:
        """Number of files and the directory's offset, after comparing the whole end with the only allowed one."""
        tail = self._read(max(0, self.length - 66_000), 66_000)
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or at + 22 > len(tail):
            raise Unreadable("the archive has no end", "E_ZIP_TRUNCATED")
        count, size, offset = struct.unpack("<10xHIIxx", tail[at : at + 22])
        if count == _MANY or _BIG in (size, offset):
            if at < 76 or tail[at - 76 : at - 72] != b"PK\x06\x06":
                raise Fault("the archive's large end record is missing", "E_ZIP_CONFUSED")
            count, size, offset = struct.unpack("<32xQQQ", tail[at - 76 : at - 20])
        end = end_records(count, size, offset)
        if offset + size + len(end) > self.length:
            raise Fault("the archive's directory lies beyond its end", "E_ZIP_CONFUSED")
        if offset + size + len(end) != self.length or tail[-len(end) :] != end:
            raise Fault("the archive has bytes before, after or between its parts", "E_ZIP_CONFUSED")
        if size < 46 * count:
            raise Fault("the archive's directory is too small", "E_ZIP_CONFUSED")
        return count, offset

    def _scan(self, count: int, start: int) -> None:
        directory, at = start, 0
        folded: set[int] = set()
        stop = self.length
        window, base = b"", start
        for _ in range(count):
            if len(window) - (directory - base) < 46 + 2 * MOST_NAME:
                base, window = directory, self._read(directory, min(CHUNK, stop - directory))
            entry = window[directory - base : directory - base + 46]
            if len(entry) < 46 or entry[:4] != b"PK\x01\x02":
                raise Fault("the archive's directory is broken", "E_ZIP_CONFUSED")
            flags, method, crc, packed, size, named, mode = _ENTRY.unpack(entry)
            name = window[directory - base + 46 : directory - base + 46 + named]
            self._refuse(name, flags, method, packed, size, mode >> 16)
            if size == _BIG:
                size = struct.unpack("<Q", self._read(directory + 46 + named + 4, 8))[0]
            expected, header = central_header(name, size, crc, at), local_header(name, size, crc)
            if window[directory - base : directory - base + len(expected)] != expected:
                expected, header = self._repacked(entry, name, size, at)
            text = name.decode("ascii")
            if text in self.members:
                raise Fault(f"{text} is in the archive twice", "E_ZIP_DUP")
            if hash(text.casefold()) in folded:
                raise Fault(f"{text} differs from another name only in case", "E_ZIP_NAME")
            folded.add(hash(text.casefold()))
            if at + len(header) + size > start:
                raise Fault(f"{text} reaches into the archive's directory", "E_ZIP_CONFUSED")
            data = self._read(at, len(header) + min(size, CHUNK))
            if not data.startswith(header):
                raise Fault(f"the local header of {text} is not what the directory says", "E_ZIP_CONFUSED")
            self.members[text] = _MEMBER.pack(at + len(header), size, self._hash(text, data[len(header) :], size, crc))
            at += len(header) + size
            directory += len(expected)
        if at != start:
            raise Fault("the archive holds bytes that no directory entry names", "E_ZIP_CONFUSED")
        if self.length - directory != len(end_records(count, directory - start, start)):
            raise Fault("the archive's directory has bytes left over", "E_ZIP_CONFUSED")

    def _repacked(self, entry: bytes, name: bytes, size: int, at: int) -> tuple[bytes, bytes]:
        """Directory entry and local header of a member that somebody packed anew with another tool.

        That alone is a fault, but what was done to the files can still be said. Whatever two readers may understand in
        two ways ends it here.
        """
        flags, extra, comment, disk, mode, offset = struct.unpack("<8xH20xHHH4xHI", entry)
        text = f"the directory entry of {name[:60]!r} is not what it must be"
        if flags & ~0x800 or extra or comment or disk or offset != at or size >= _BIG:
            raise Fault(text, "E_ZIP_CONFUSED", *(("E_LIMIT",) if offset < min(at, _BIG) else ()))
        code = "E_ZIP_CONFUSED" if mode in (0, 0o100644) else "E_ZIP_TYPE"
        if not any(code in one.codes for one in self.faults):
            self.faults.append(Fault(text, code))
        return entry + name, b"PK\x03\x04" + entry[6:32] + name

    @staticmethod
    def _refuse(name: bytes, flags: int, method: int, packed: int, size: int, mode: int) -> None:
        if flags & 0x2041 or mode >> 12 not in (0, 0o10):
            raise Fault(f"{name[:60]!r} is encrypted or no regular file", "E_ZIP_TYPE")
        if method or packed != size:
            raise Fault(f"{name[:60]!r} is compressed", "E_ZIP_TYPE", "E_LIMIT")
        try:
            check_name(name.decode("ascii"))
        except ValueError:
            raise Fault(f"the name {name[:60]!r} is not ASCII", "E_ZIP_NAME") from None

    def _hash(self, name: str, data: bytes, size: int, crc: int) -> bytes:
        """Hash of a file whose first bytes have been read; the others follow in the archive."""
        digest, check, left = hashlib.sha256(data), zlib.crc32(data), size - len(data)
        while left:
            data = self.file.read(min(CHUNK, left))
            if not data:
                raise Fault("the archive ends within a file", "E_ZIP_TRUNCATED")
            digest.update(data)
            check = zlib.crc32(data, check)
            left -= len(data)
        if check != crc:
            self.faults.append(Fault(f"the bytes of {name} do not have their checksum", "E_DIGEST"))
        return digest.digest()

    def member(self, name: str) -> Member | None:
        """Where a file lies, and its hash."""
        packed = self.members.get(name)
        return None if packed is None else Member(*_MEMBER.unpack(packed))

    def get(self, name: str, most: int = CHUNK) -> bytes:
        """A small file's bytes."""
        member = self.member(name)
        if member is None:
            raise Fault(f"{name} is missing", "E_MISSING")
        if member.size > most:
            raise Fault(f"{name} is too large", "E_LIMIT")
        return self._read(member.offset, member.size)

    def pieces(self, name: str) -> Iterator[bytes]:
        """A file's bytes, piece by piece."""
        member = self.member(name)
        if member is None:
            raise Fault(f"{name} is missing", "E_MISSING")
        at, end = member.offset, member.offset + member.size
        while at < end:
            data = self._read(at, min(CHUNK, end - at))
            yield data
            at += len(data)

    def lines(self, name: str) -> Iterator[bytes]:
        """A file's lines, each ended by LF."""
        rest = b""
        for data in self.pieces(name):
            lines = (rest + data).split(b"\n")
            rest = lines.pop()
            if len(rest) > MOST_LINE:
                raise Fault(f"{name} has a line that is too long", "E_LIMIT")
            yield from lines
        if rest:
            raise Fault(f"the last line of {name} has no end", "E_FORMAT")


def _records(lines: Iterator[bytes]) -> Iterator[bytes]:
    """CSV records: a line break within quotes does not end one."""
    parts: list[bytes] = []
    size = quotes = 0
    for line in lines:
        parts += (line, b"\n")
        size, quotes = size + len(line) + 1, quotes + line.count(b'"')
        if size > MOST_LINE:
            raise Fault("a CSV record is too long", "E_LIMIT")
        if quotes % 2 == 0:
            yield b"".join(parts)
            parts, size, quotes = [], 0, 0
    if parts:
        yield b"".join(parts)


# -- what follows from an entry ---------------------------------------------------------------------------------------


@lru_cache(4096)
def _folder(control: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", control)[:60]
    return f"c_{name}" if name.lower() in DEVICES or not name else name


@lru_cache(4096)
def _extension(media_type: str) -> str:
    return EXTENSIONS.get(media_type.partition(";")[0].strip(), "bin")


def data_path(leaf: Json) -> str:
    """Where an item's bytes lie in the pack."""
    controls = leaf["controls"]
    folder = _folder(controls[0] if controls else "records")
    return f"data/{folder}/{leaf['id']}.{_extension(leaf['payload']['media_type'])}"


def title(leaf: Json) -> str:
    """What an item is called."""
    subject = leaf["subject"]
    return f"{leaf['type']} {subject['kind']} {subject['id']}" if subject else str(leaf["type"])


def index_lines(
    leaf: Json,
    index: int,
    digest: bytes,
    in_sample: bool,
    shipped: tuple[str, int, str] | None,
    redaction: str = "",
    notes: str = "",
) -> tuple[bytes, bytes]:
    """An item's line in index.json (without what separates lines) and in index.csv (with its end).

    ``shipped`` is (path, size, hex SHA-256) of the file in the pack, None when there is none.
    """
    source, actor, kind, payload = leaf["source"], leaf["actor"], leaf["type"], leaf["payload"]
    item, name, controls = f"{leaf['log']}.{leaf['id']}", title(leaf), leaf["controls"]
    happened, collected = leaf["occurred_at"] or "", leaf["received_at"]
    media, place, leaf_hash = payload["media_type"], str(index), digest.hex()
    path, size, sha256 = shipped or ("", payload["size"], payload["sha256"])
    sampled = "true" if in_sample else "false"
    method = "automated" if actor == "service" or ":" in actor else "manual"
    if kind.endswith(".attested") or kind.startswith("attestation."):
        method = "attestation"
    told = [str(source.get(field) or "") for field in _TOLD] if source else _UNTOLD
    first, last, system, url, query, expires, fresh, reviewer, reviewed, result = told
    if source:
        url = url or str(source.get("path") or "")
        query = query or (hashlib.sha256(canon(source["query"])).hexdigest() if "query" in source else "")
    text = _TEXT
    row = (
        f'{{"collected_at":{text(collected)},"collector":{text(actor)},"control_ids":[{",".join(map(text, controls))}],'
        f'"expires_at":{text(expires)},"freshness":{text(fresh)},"in_sample":{sampled},"item_id":{text(item)},'
        f'"leaf_hash":"{leaf_hash}","log_index":{place},"media_type":{text(media)},"method":"{method}",'
        f'"notes":{text(notes)},"occurred_at":{text(happened)},"path":{text(path)},"period_end":{text(last)},'
        f'"period_start":{text(first)},"population_id":"p1","redaction":{text(redaction)},'
        f'"review_result":{text(result)},"reviewed_at":{text(reviewed)},"reviewer":{text(reviewer)},'
        f'"sha256":{text(sha256)},"size":{size},"source_query_sha256":{text(query)},"source_system":{text(system)},'
        f'"source_url":{text(url)},"title":{text(name)},"type":{text(kind)}}}'
    )
    cells = (
        *(item, " ".join(controls), name, kind, method, happened, collected, first, last, actor, system, url, query),
        *("p1", sampled, path, str(size), sha256, media, place, leaf_hash),
        *(expires, fresh, reviewer, reviewed, result, redaction, notes),
    )
    return row.encode(), csv_line(cells)


_TOLD = (
    *("period_start", "period_end", "system", "url", "query_sha256"),
    *("expires_at", "freshness", "reviewer", "reviewed_at", "review_result"),
)
"""What a source may say of an item, in the order ``index_lines`` takes it."""
_UNTOLD = ("",) * len(_TOLD)
_FORMULA = frozenset("=+-@\t\r\n")
_LED = re.compile(r",[=+\-@\t\r\n]")
_QUOTED = re.compile(r'[,"\r\n]')


def csv_line(cells: Sequence[str]) -> bytes:
    """One CSV line (RFC 4180); cells a spreadsheet would run as a formula are neutralised."""
    text = ",".join(cells)
    if text[:1] in _FORMULA or _LED.search(text):
        cells = ["'" + cell if cell[:1] in _FORMULA else cell for cell in cells]
        text = ",".join(cells)
    if text.count(",") >= len(cells) or '"' in text or "\n" in text or "\r" in text:
        text = ",".join('"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell for cell in cells)
    return text.encode() + b"\r\n"


def draw_key(phrase: str, item_id: str) -> bytes:
    """Items with the smallest of these are the sample: anyone can redo the draw."""
    return hashlib.sha256(phrase.encode() + b"\n" + item_id.encode()).digest()


def redacted_digest(salt: str, value: Any) -> str:
    """What stands where a field was withheld."""
    return hashlib.sha256(bytes.fromhex(salt) + canon(value)).hexdigest()


def pack_id(manifest: Json) -> str:
    """Name of a pack: the hash of its manifest without that name."""
    rest = {name: value for name, value in manifest.items() if name != "pack_id"}
    return "pk-" + hashlib.sha256(canon(rest)).hexdigest()[:32]


def in_scope(leaf: Json, start: str, end: str, controls: list[str]) -> str:
    """Why an entry of the range is not of the population; '' when it is."""
    if not start <= leaf["received_at"] < end:
        return "outside the period"
    return "" if not controls or set(controls) & set(leaf["controls"]) else "other controls"


def population_statement(
    manifest: Json, count: int, first: int | None, last: int | None, ids_sha256: str
) -> list[Json]:
    """population.json: what was asked, and what came of it."""
    return [
        {
            "population_id": "p1",
            "definition": "Entries of this customer's log received in the period (start included, end not), and naming one of "
            "the controls where controls are given.",
            "query": "received_at >= start and received_at < end and (controls is empty or shares one)",
            "parameters": {"customer": manifest["customer"], "controls": manifest["controls"], **manifest["period"]},
            "source": manifest["origin"],
            "range": manifest["range"],
            "count": count,
            "first_index": first,
            "last_index": last,
            "ids_sha256": ids_sha256,
        }
    ]


SAMPLE_METHOD = (
    "For every item id of the population: SHA-256 of the phrase, a line feed and the item id, all UTF-8. "
    "The items with the smallest hashes are the sample, in that order."
)
_FILE_ROW = re.compile(
    rb'\{"path":"([A-Za-z0-9._/-]+)","role":"[a-z]+","sha256":"([0-9a-f]{64})","size":(0|[1-9][0-9]{0,18})\}'
)
_KNOWN = re.compile(
    r"README\.txt|index\.(csv|json)|exceptions\.csv|population\.json|sample\.json|custody\.jsonl|policy\.txt|verify\.py"
    r"|SHA256SUMS|data/[^/]+/[^/]+|keys/[^/]+\.(vkey|pem)|oscal/assessment-results\.json|log/range\.jsonl"
    r"|log/checkpoint-(start|end)\.txt|log/consistency\.json|log/(meta|proofs/[0-9A-Z]{26})\.tlog-proof"
    r"|log/(before|meta)\.hashes|log/(sample-drawn|redactions)\.json"
)
_LEAF_KEYS = frozenset(
    re.findall(r"\w+", "v log tenant id type key actor subject occurred_at received_at source controls payload salt")
)
_ULID, _HEX = re.compile(r"[0-9A-Z]{26}", re.ASCII), re.compile(r"[0-9a-f]{64}", re.ASCII)
_RANGE_LINE = re.compile(rb'\{"index":(0|[1-9][0-9]{0,18}),"leaf":"([A-Za-z0-9+/]+={0,2})"\}')
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z", re.ASCII)


def instant(text: str) -> datetime:
    """An RFC 3339 time in UTC with milliseconds, the only form the log writes."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise Fault("a time is not in UTC with milliseconds", "E_FORMAT")
    return datetime.fromisoformat(text[:-1] + "+00:00")  # noqa: FURB162 - also for auditors with Python 3.9


def read_leaf(data: bytes, log: str) -> Json:
    """An entry of this log, checked field by field."""
    leaf: Json = strict_json(data, "E_LEAF")
    try:
        payload, subject = leaf["payload"], leaf["subject"]
        right = (
            leaf.keys() == _LEAF_KEYS
            and type(leaf["v"]) is int
            and leaf["v"] == 1
            and {type(leaf[name]) for name in ("log", "tenant", "id", "type", "actor", "salt", "key")} == {str}
            and _ULID.fullmatch(leaf["id"]) is not None
            and _TIME.fullmatch(leaf["received_at"]) is not None
            and (leaf["occurred_at"] is None or _TIME.fullmatch(leaf["occurred_at"]) is not None)
            and type(leaf["source"]) is dict
            and type(leaf["controls"]) is list
            and all(type(name) is str for name in leaf["controls"])
            and (subject is None or (type(subject["kind"]) is str and type(subject["id"]) is str))
            and _HEX.fullmatch(payload["sha256"]) is not None
            and type(payload["size"]) is int
            and type(payload["media_type"]) is str
        )
    except (KeyError, TypeError, AttributeError):
        right = False
    if not right:
        raise Fault("an entry does not have the fields of an entry", "E_LEAF")
    if leaf["log"] != log or leaf["tenant"] != log:
        raise Fault(f"an entry belongs to another log ({leaf['log'][:40]})", "E_TENANT")
    return leaf


# -- OSCAL ------------------------------------------------------------------------------------------------------------


def observations_of(content: bytes) -> Iterator[str]:
    """Ids of the observations that a measurement or a handoff names as what its figures were computed from."""
    try:
        body = json.loads(content)
        for one in body.get("projects", [body]):
            for part in one["inputs"].values():
                for by in part["rows_of"].values():
                    yield from (name for name in by if "." in name)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return  # of another form, or with fields withheld: it names what it named before


def verdict_of(content: bytes) -> str | None:
    """What a finding's content says; None when it says nothing that can be read."""
    try:
        return str(json.loads(content).get("verdict"))
    except (ValueError, AttributeError, RecursionError):
        return None


def _token(text: str) -> str:
    """An OSCAL token."""
    token = re.sub(r"[^A-Za-z0-9_.-]", "_", text)
    return token if re.match(r"[A-Za-z_]", token) else f"c_{token}"


def _line(text: str) -> str:
    """A single-line, non-empty OSCAL string."""
    return " ".join(text.split()) or "none"


def oscal_line(path: str, title: str, index: int, sha256: str) -> bytes:
    """One item as OSCAL's relevant evidence; ``path`` '' where its content is not in the pack."""
    return (
        f'{{"href": "{path or "log/range.jsonl"}", "description": {_TEXT(_line(title))}, "props": '
        f'[{{"name": "log-index", "value": "{index}"}}, {{"name": "sha256", "value": "{sha256}"}}]}}'
    ).encode()


def _observation(name: str, control: str, lines: Iterable[tuple[str, bytes]], end: str) -> Iterator[bytes]:
    head = {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/observation/{control}")),
        "title": _line(f"Evidence of {control or 'no particular control'}"),
        "description": "Entries of the evidence log, re-hashed from their bytes.",
        "methods": ["EXAMINE"],
        "collected": end,
    }
    yield json.dumps(head, ensure_ascii=False)[:-1].encode() + b',"relevant-evidence":[\n'
    between = b""
    for _, line in lines:
        yield between + line
        between = b",\n"
    yield b"]}"


def oscal(manifest: Json, lines: Iterable[tuple[str, bytes]], verdicts: dict[str, str]) -> Iterator[bytes]:
    """OSCAL 1.2 assessment results, streamed; ``lines`` are (control, ``oscal_line``), sorted; ``verdicts`` the last ones."""
    name, period = manifest["request_id"], manifest["period"]
    reference = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/plan"))
    controls = sorted(set(manifest["controls"]) | set(verdicts))
    selection: Json = {"include-controls": [{"control-id": token} for token in sorted({*map(_token, controls)})]}
    body = {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/results")),
        "metadata": {
            "title": f"Evidence pack {name}",
            "last-modified": manifest["created_at"],
            "version": "1",
            "oscal-version": "1.2.1",
        },
        "import-ap": {"href": f"#{reference}"},
        "back-matter": {
            "resources": [
                {
                    "uuid": reference,
                    "description": "There was no separate assessment plan; population.json states "
                    "what was selected and how.",
                }
            ]
        },
    }
    result = {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/result")),
        "title": f"Entries of {manifest['origin']}",
        "description": f"{manifest['counts']['population']} entries received in the period.",
        "start": period["start"],
        "end": period["end"],
        "reviewed-controls": {"control-selections": [selection if controls else {"include-all": {}}]},
    }
    findings = [
        {
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/finding/{control}")),
            "title": _line(f"Control {control}"),
            "description": f"The last verdict recorded in the period is {verdict}.",
            "target": {
                "type": "objective-id",
                "target-id": _token(control),
                "status": {"state": "satisfied" if verdict == "pass" else "not-satisfied"},
            },
        }
        for control, verdict in sorted(verdicts.items())
        if verdict in ("pass", "fail")
    ]
    if findings:
        result["findings"] = findings
    yield b'{"assessment-results":' + json.dumps(body, ensure_ascii=False)[:-1].encode()
    yield b',"results":[' + json.dumps(result, ensure_ascii=False)[:-1].encode()
    opened = False
    for control, group in groupby(lines, key=lambda line: line[0]):
        yield b"," if opened else b',"observations":['
        opened = True
        yield from _observation(name, control, group, manifest["created_at"])
    yield (b"]" if opened else b"") + b"}]}}\n"


# -- the pack ---------------------------------------------------------------------------------------------------------


class Pack:
    """One pack under examination; what is found goes into ``faults`` and ``said``."""

    def __init__(self, file: BinaryIO, keys: list[Key] | None, since: bytes | None, quorum: int = 1) -> None:
        self.quorum = quorum
        self.archive = Archive(file)
        self.pinned = keys is not None
        self.keys, self.since_note = keys or [], since
        self.faults: list[Fault] = list(self.archive.faults)
        self.said: list[str] = []
        self.items = self.population = 0
        self.stale = False
        self.warned: list[str] = []
        """What an auditor should know though nothing is wrong."""
        self.backdated: list[str] = []
        """Items that claim to have occurred before entries were logged that stand before them."""
        self._hours: list[str] = []
        self.observations: set[str] = set()
        """Observations among the items."""
        self.rests_on: set[str] = set()
        """Observations that the items' figures were computed from, wherever they are kept."""
        self.verdicts: Json = {}
        """The last verdict of each control, for the assessment results."""
        self.manifest: Json = {}
        self.edge: list[bytes] | None = None
        self.meta: Checkpoint | None = None
        self.end: Checkpoint | None = None
        self.root_then: bytes | None = None
        self.sample: Json | None = None
        self.redactions: Json = {}
        self.rows = bytearray()
        """Hash of the index row of each entry of the range; zeros where there must be none."""
        self.draws: list[tuple[bytes, str]] = []
        self.proofs: dict[int, tuple[bytes, Json]] = {}
        self._opened: dict[bytes, Checkpoint] = {}

    def attempt(self, step: Callable[[], None]) -> bool:
        """Run a step; a fault is noted and what does not build on it goes on."""
        try:
            step()
            return True
        except Unreadable:
            raise
        except Fault as fault:
            self.faults.append(fault)
        except MemoryError:
            self.faults.append(Fault("the pack needs more memory than there is", "E_LIMIT"))
        except (
            ValueError,
            KeyError,
            TypeError,
            IndexError,
            AttributeError,
            OverflowError,
            RecursionError,
            struct.error,
            csv.Error,
        ) as error:
            self.faults.append(Fault(f"something is not of its form ({type(error).__name__})", "E_FORMAT"))
        return False

    def run(self) -> None:
        """All steps in order."""
        if not self.pinned:
            self.keys = read_keys(self.archive.get("keys/keys.vkey").decode("utf-8"))
        fine = self.attempt(self.step_manifest)
        if fine and self.attempt(self.step_files) and self.attempt(self.step_checkpoints):
            self.attempt(self.step_custody)
            if self.attempt(self.step_range):
                self.attempt(self.step_index)
            self.attempt(self.step_meta)
        if self.since_note is not None and self.end is not None:
            self.attempt(self.step_since)

    def open(self, note: bytes) -> Checkpoint:
        """A verified checkpoint; the same note is verified once."""
        if note not in self._opened:
            self._opened[note] = Checkpoint(note, self.keys, self.quorum)
        return self._opened[note]

    def step_manifest(self) -> None:
        """The manifest is an entry of the log: that is its signature."""
        leaf, self.exported, self.newest = read_proof(self.archive.get("manifest.tlog-proof"), self.open)
        data = self.archive.get("manifest.json", MOST_MANIFEST)
        self.exported_leaf = read_leaf(leaf, self.newest.log)
        if self.exported_leaf["type"] != "pack.exported":
            raise Fault("the manifest's proof is of another kind of entry", "E_MANIFEST")
        if self.exported_leaf["payload"]["sha256"] != hashlib.sha256(data).hexdigest():
            raise Fault("manifest.json is not the one that was logged", "E_MANIFEST", "E_SIGNATURE")
        first = data.find(b'"files":[') + 9
        last = self._files_end(data, first)
        manifest = strict_json(data[:first] + data[last:], "E_MANIFEST")
        self.manifest = manifest
        if manifest["format"] != FORMAT:
            raise Fault("not a pack of this format", "E_FORMAT")
        named = b'"pack_id":' + canon(manifest["pack_id"]) + b","
        cut = data.rfind(named)
        digest = hashlib.sha256(memoryview(data)[:cut])
        digest.update(memoryview(data)[cut + len(named) :])
        if cut < last or manifest["pack_id"] != "pk-" + digest.hexdigest()[:32]:
            raise Fault("the pack's id is not the hash of its manifest", "E_PACK_ID")
        if (manifest["log"], manifest["origin"]) != (self.newest.log, self.newest.origin):
            raise Fault("the manifest names another log than its proof", "E_ORIGIN")
        if not instant(manifest["period"]["start"]) < instant(manifest["period"]["end"]):
            raise Fault("the period ends before it begins", "E_PERIOD")

    @staticmethod
    def _files_end(data: bytes, at: int) -> int:
        """Where the manifest's list of files ends, after checking that it is canonical throughout."""
        while data[at : at + 1] == b"{":
            row = _FILE_ROW.match(data, at)
            if row is None:
                break
            at = row.end()
            if data[at : at + 1] == b"]":
                return at
            if data[at : at + 1] == b",":
                at += 1
        if data[at : at + 1] == b"]" and data[at - 1 : at] == b"[":
            return at
        raise Fault("the manifest's list of files is malformed", "E_MANIFEST")

    def _files(self) -> Iterator[tuple[str, bytes, int]]:
        """The manifest's files, one by one."""
        data = self.archive.get("manifest.json", MOST_MANIFEST)
        for row in _FILE_ROW.finditer(data, data.find(b'"files":[')):
            yield row[1].decode("ascii"), bytes.fromhex(row[2].decode("ascii")), int(row[3])

    def step_files(self) -> None:
        """A closed set: every file listed, every listed file there, with its bytes."""
        sums, order = self.archive.lines("SHA256SUMS"), iter(self.archive.members)
        alike = True
        for path, sha256, size in self._files():
            alike = alike and next(order, None) == path
            member = self.archive.member(path)
            if member is None:
                self.faults.append(Fault(f"{path} is missing", "E_MISSING"))
                continue
            if (member.sha256, member.size) != (sha256, size):
                self.faults.append(Fault(f"{path} does not have the bytes of the manifest", "E_DIGEST"))
            if not _KNOWN.fullmatch(path):
                self.faults.append(
                    Fault(f"{path} is a time stamp, which this format does not check", "E_TSA")
                    if path.startswith("log/tsa/")
                    else Fault(f"{path} is no file of this format", "E_EXTRA")
                )
            if path != "SHA256SUMS" and next(sums, None) != f"{sha256.hex()}  {path}".encode():
                raise Fault(f"SHA256SUMS says something else of {path}", "E_SUMS")
        if next(sums, None) is not None:
            raise Fault("SHA256SUMS has lines for files that are not listed", "E_SUMS")
        if not alike or tuple(order) != OUTSIDE[:2]:
            listed = {path for path, _, _ in self._files()}
            extra = [name for name in self.archive.members if name not in listed and name not in OUTSIDE[:2]]
            self.faults += [Fault(f"{name} is not in the manifest", "E_EXTRA") for name in extra]
            if not self.faults:
                raise Fault("the files are not in the manifest's order, each once", "E_MANIFEST")
        self.said.append(
            f"{len(self.archive.members)} files, each with the bytes the logged manifest names, and none besides."
        )

    def step_checkpoints(self) -> None:
        """The range's two checkpoints are signed, of this log, and one continues the other."""
        start = self.open(self.archive.get("log/checkpoint-start.txt"))
        end = self.open(self.archive.get("log/checkpoint-end.txt"))
        origin, ranged = self.manifest["origin"], self.manifest["range"]
        if not start.origin == end.origin == origin:
            raise Fault("a checkpoint is of another log", "E_ORIGIN")
        if (ranged["start"], ranged["end"]) != (start.size, end.size):
            raise Fault("the manifest's range is not that of the checkpoints", "E_MANIFEST")
        if (ranged["start_root"], ranged["end_root"]) != (start.root.hex(), end.root.hex()):
            raise Fault("the manifest's roots are not those of the checkpoints", "E_FORK")
        if end.size > self.newest.size:
            raise Fault("the pack was logged before its own end", "E_ROLLBACK")
        proof = strict_json_line(self.archive.get("log/consistency.json"), "E_FORMAT")
        path = [strict_base64(node) for node in proof["proof"]]
        if (proof["size1"], proof["size2"]) != (start.size, end.size) or set(proof) != {"size1", "size2", "proof"}:
            raise Fault("the consistency proof is of other sizes", "E_CONSISTENCY")
        edge: list[bytes] | None = []
        if start.size == 0:
            fine = not path
        elif start.size == end.size:
            fine, edge = verify_consistency(start.size, end.size, path, start.root, end.root), None
        else:
            fine = verify_consistency(start.size, end.size, path, start.root, end.root)
            walked = _walk_consistency(start.size, end.size, path, start.root)
            edge = walked[2] if walked is not None else None
        if not fine:
            raise Fault("the end checkpoint does not continue the start checkpoint", "E_CONSISTENCY")
        for one in (start, end):
            if one.size == self.newest.size and one.root != self.newest.root:
                raise Fault("two checkpoints of one size have different roots", "E_FORK")
        self.start, self.end, self.edge = start, end, edge
        self.said.append(f"Log {end.origin}: entries {start.size} to {end.size - 1} between two signed checkpoints.")

    def step_custody(self) -> None:
        """Every proof in the pack holds; custody names entries of this log."""
        for name in [name for name in self.archive.members if name.startswith("log/proofs/")]:
            data, index, checkpoint = read_proof(self.archive.get(name), self.open)
            if checkpoint.origin != self.manifest["origin"]:
                raise Fault(f"{name} is of another log", "E_ORIGIN")
            leaf = read_leaf(data, self.manifest["log"])
            if name != f"log/proofs/{leaf['id']}.tlog-proof":
                raise Fault(f"{name} proves another entry than it is named for", "E_LEAF")
            if self.proofs.setdefault(index, (data, leaf))[0] != data:
                raise Fault("two proofs give one place of the log to different entries", "E_FORK")
        held = {leaf["id"]: (index, leaf) for index, (_, leaf) in self.proofs.items()}
        told = []
        for line in self.archive.lines("custody.jsonl"):
            row = strict_json(line, "E_FORMAT")
            identity = str(row["evidence_id"]).rpartition(".")[2]
            told.append(identity)
            index, leaf = held.get(identity, (-1, {}))
            if not leaf or row != {
                "event": leaf["type"],
                "by": leaf["actor"],
                "at": leaf["received_at"],
                "evidence_id": f"{leaf['log']}.{identity}",
                "index": index,
                "proof": f"log/proofs/{identity}.tlog-proof",
            }:
                raise Fault("the custody log says something the log does not", "E_LEAF")
        mine = {"kind": "pack", "id": self.manifest["request_id"]}
        asked = {
            leaf["id"]: leaf["type"]
            for _, leaf in self.proofs.values()
            if leaf["subject"] == mine and leaf["type"] in ("pack.requested", "sample.drawn")
        }
        if sorted(told) != sorted(asked) or "pack.requested" not in asked.values():
            raise Fault("the custody log does not say, once each, who asked and who drew", "E_LEAF")

    def step_range(self) -> None:
        """Re-hash every entry; decide of each whether it belongs to the population, and compare its bytes."""
        manifest, period = self.manifest, self.manifest["period"]
        start, end, controls = period["start"], period["end"], manifest["controls"]
        self.tree = tree = Tree(self.start.size, self.edge or ())
        self.redactions = self._redactions()
        self.sample = self._sample() if "sample.json" in self.archive.members else None
        chosen = set(self.sample["chosen"]) if self.sample else None
        if (self.sample is None) != (manifest["sample"] is None):
            raise Fault("the manifest and sample.json do not agree", "E_SAMPLE")
        exceptions = self._exceptions()
        exception: list[str] | None = next(exceptions, None)
        ids, latest = hashlib.sha256(), ""
        first: int | None = None
        last: int | None = None
        counts: dict[str, int] = {}
        floor = (instant(start) - TOLERANCE).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        bounded = self.start.size == 0
        wanted = self._since_size()
        self.root_then = tree.root() if wanted == tree.size else None
        for line in self.archive.lines("log/range.jsonl"):
            leaf, digest = self._line(line, tree.size)
            index = tree.size
            tree.add(digest)
            if wanted == tree.size:
                self.root_then = tree.root()
            received = leaf["received_at"]
            if received < latest:
                if instant(latest) - instant(received) > TOLERANCE:
                    raise Fault(f"entry {index} was received long before an earlier entry", "E_TIME")
            elif received[:13] != latest[:13]:
                self._hours.append(received)
            latest = max(latest, received)
            bounded = bounded or received < floor
            found = None
            if exception is not None and exception[1] == str(index):
                found, exception = exception, next(exceptions, None)
            item, why = f"{leaf['log']}.{leaf['id']}", in_scope(leaf, start, end, controls)
            if found is not None and found[0] != item:
                raise Fault(f"exceptions.csv names another entry than {index}", "E_POPULATION")
            if why:
                self.rows += bytes(32)
                if found is None or found[2:] != ["out_of_scope", why]:
                    raise Fault(f"entry {index} is out of scope and exceptions.csv does not say so", "E_POPULATION")
                counts["out_of_scope"] = counts.get("out_of_scope", 0) + 1
                continue
            if not bounded:
                raise Fault("the range begins within the period: earlier entries may be left out", "E_POPULATION")
            self.population += 1
            first, last = index if first is None else first, index
            ids.update(item.encode() + b"\n")
            if leaf["occurred_at"] is not None and leaf["occurred_at"][:13] < received[:13]:
                self._claimed_before_logged(leaf, index)
            if self.sample is not None:
                self.draws.append((draw_key(self.sample["phrase"], item), item))
            if found is not None:
                counts[found[2]] = counts.get(found[2], 0) + 1
            row, cells = self._item(leaf, index, digest, found, item, chosen is None or item in chosen)
            self.rows += hashlib.sha256(row + b"\n" + cells).digest()
        self._range_end(exception, counts, first, last, ids.hexdigest())

    def _claimed_before_logged(self, leaf: Json, index: int) -> None:
        """Note an entry that says it occurred before one was logged that the log holds since an hour or more.

        Checkpoints are made every minute, so one of them lies between the two and does not know of this entry.
        """
        before = (instant(leaf["received_at"]) - TOLERANCE).strftime("%Y-%m-%dT%H:%M:%S.%f")[:23] + "Z"
        known = bisect_right(self._hours, before)
        if known and leaf["occurred_at"] < self._hours[known - 1]:
            self.backdated.append(f"entry {index} ({leaf['occurred_at']}, logged {leaf['received_at']})")

    def _line(self, line: bytes, index: int) -> tuple[Json, bytes]:
        head = b'{"index":%d,"leaf":"' % index
        if not line.startswith(head) or not line.endswith(b'"}'):
            if _RANGE_LINE.fullmatch(line):
                raise Fault(f"log/range.jsonl does not go on with entry {index}", "E_GAP")
            raise Fault("a line of log/range.jsonl is malformed", "E_FORMAT")
        text = line[len(head) : -2]
        data = binascii.a2b_base64(text)
        if binascii.b2a_base64(data, newline=False) != text:
            raise Fault("base64 that is not in canonical form", "E_FORMAT")
        if index in self.proofs and self.proofs[index][0] != data:
            raise Fault(f"entry {index} is another one in the range than in its proof", "E_FORK")
        return read_leaf(data, self.manifest["log"]), leaf_hash(data)

    def _item(
        self, leaf: Json, index: int, digest: bytes, found: list[str] | None, item: str, in_sample: bool
    ) -> tuple[bytes, bytes]:
        """The index lines an item must have, after comparing its bytes."""
        kind, reason = (found[2], found[3]) if found else ("", "")
        if not in_sample:
            if kind:
                raise Fault(f"{item} is excepted though it is not in the sample", "E_POPULATION")
            return index_lines(leaf, index, digest, in_sample, None)
        if kind in ("erased", "missing"):
            stone = next((one for _, one in self.proofs.values() if f"{one['log']}.{one['id']}" == reason), None)
            if (
                kind == "missing"
                or stone is None
                or stone["type"] != "evidence.erased"
                or (
                    (stone["subject"] or {}).get("id") != item
                    and stone["source"].get("sha256") != leaf["payload"]["sha256"]
                )
            ):
                self.faults.append(
                    Fault(f"the content of {item} is missing and no erasure is logged", "E_PAYLOAD_MISSING")
                )
            return index_lines(leaf, index, digest, in_sample, None, "", f"{kind}: {reason}")
        path = data_path(leaf)
        member = self.archive.member(path)
        if member is None:
            raise Fault(f"{path} is missing", "E_POPULATION", "E_MISSING")
        self.items += 1
        if leaf["type"].startswith("observation."):
            self.observations.add(item)
        elif leaf["type"] in TRACED and member.size <= MOST_MANIFEST:
            self.rests_on.update(observations_of(self.archive.get(path, MOST_MANIFEST)))
        if leaf["type"].startswith("finding.") and member.size <= CHUNK:
            verdict = verdict_of(self.archive.get(path))
            self.verdicts.update(dict.fromkeys(leaf["controls"] if verdict is not None else (), verdict))
        shipped = (path, member.size, member.sha256.hex())
        if kind == "redacted":
            self._redacted(path, item)
            return index_lines(leaf, index, digest, in_sample, shipped, reason, f"original {leaf['payload']['sha256']}")
        if kind or item in self.redactions:
            raise Fault(f"{item} is excepted for a reason that does not exist", "E_REDACTION")
        if shipped[1:] != (leaf["payload"]["size"], leaf["payload"]["sha256"]):
            raise Fault(f"{path} does not have the bytes that were logged", "E_PAYLOAD")
        return index_lines(leaf, index, digest, in_sample, shipped)

    def _range_end(
        self, exception: list[str] | None, counts: dict[str, int], first: int | None, last: int | None, ids_sha256: str
    ) -> None:
        manifest, end = self.manifest, self.end or self.newest
        if self.tree.size != end.size:
            raise Fault(f"log/range.jsonl ends at {self.tree.size}, not at {end.size}", "E_GAP")
        if self.edge is not None and self.tree.root() != end.root:
            raise Fault("the entries do not have the root that was signed", "E_ROOT")
        if exception is not None:
            raise Fault("exceptions.csv names entries that are not in the range", "E_POPULATION")
        told = {
            name: number for name, number in manifest["counts"].items() if name not in ("range", "population", "items")
        }
        found = {name: counts.get(name, 0) for name in ("out_of_scope", "erased", "missing", "redacted")}
        total = (end.size - self.start.size, self.population, self.items)
        if total != tuple(manifest["counts"][name] for name in ("range", "population", "items")) or told != found:
            raise Fault("the manifest's counts are not those of the entries", "E_POPULATION")
        if self.items != sum(1 for name in self.archive.members if name.startswith("data/")):
            raise Fault("data/ holds files that are no items", "E_EXTRA")
        stated = canon(population_statement(manifest, self.population, first, last, ids_sha256)) + b"\n"
        if self.archive.get("population.json") != stated:
            raise Fault("population.json is not what the entries give", "E_POPULATION")
        if self.sample is not None:
            self._check_sample(self.sample, ids_sha256)
        self.said.append(
            f"Population {self.population} of {total[0]} entries, recomputed; {self.items} items with the bytes logged."
        )
        if self.rests_on:
            told = self.traced()
            elsewhere = sum(map(len, told["other_logs"].values()))
            self.said.append(
                f"Figures in it name {len(self.rests_on)} observations they were computed from: {told['in_pack']} are "
                f"items of this pack, {len(told['this_log'])} lie in this log but not in the pack, {elsewhere} in other "
                f"logs ({', '.join(told['other_logs']) or 'none'}); --json lists what is not in the pack."
            )

    def traced(self) -> Json:
        """Where the observations are kept that figures in this pack were computed from."""
        away: dict[str, list[str]] = {}
        for name in sorted(self.rests_on - self.observations):
            away.setdefault(name.partition(".")[0], []).append(name)
        mine = away.pop(self.manifest.get("log", ""), [])
        return {"in_pack": len(self.rests_on & self.observations), "this_log": mine, "other_logs": away}

    def _exceptions(self) -> Iterator[list[str]]:
        lines = csv.reader(line.decode("utf-8") + "\n" for line in self.archive.lines("exceptions.csv"))
        if next(lines, None) != EXCEPTION_COLUMNS:
            raise Fault("exceptions.csv has other columns", "E_POPULATION")
        for row in lines:
            if len(row) != 4:
                raise Fault("exceptions.csv is not rectangular", "E_POPULATION")
            yield row

    def _redactions(self) -> Json:
        """Which fields were withheld, as logged."""
        if "log/redactions.json" not in self.archive.members:
            return {}
        data = self.archive.get("log/redactions.json", MOST_MANIFEST)
        digest = hashlib.sha256(data).hexdigest()
        if not any(
            leaf["type"] == "pack.redacted" and leaf["payload"]["sha256"] == digest for _, leaf in self.proofs.values()
        ):
            raise Fault("what was withheld is not what was logged", "E_REDACTION")
        redactions: Json = strict_json(data, "E_REDACTION")
        return redactions

    def _redacted(self, path: str, item: str) -> None:
        declared, held = dict(self.redactions.get(item, {})), {}

        def look(value: Any, pointer: str) -> None:
            if isinstance(value, dict):
                if "@withheld" in value:
                    held[pointer] = value["@withheld"] if len(value) == 1 else None
                for name, inner in value.items():
                    look(inner, pointer + "/" + name.replace("~", "~0").replace("/", "~1"))
            elif isinstance(value, list):
                for number, inner in enumerate(value):
                    look(inner, f"{pointer}/{number}")

        look(json.loads(self.archive.get(path, MOST_MANIFEST)), "")
        if not declared or held != declared:
            raise Fault(f"{path} withholds other fields than were declared", "E_REDACTION")

    def _sample(self) -> Json:
        sample: Json = strict_json_line(self.archive.get("sample.json", MOST_MANIFEST), "E_SAMPLE")
        drawn = self.archive.get("log/sample-drawn.json")
        told = strict_json(drawn, "E_SAMPLE")
        index, leaf = next(
            ((at, one) for at, (_, one) in self.proofs.items() if f"{one['log']}.{one['id']}" == sample["drawn"]),
            (-1, {}),
        )
        if (
            not leaf
            or leaf["type"] != "sample.drawn"
            or index >= self.exported
            or leaf["payload"]["sha256"] != hashlib.sha256(drawn).hexdigest()
        ):
            raise Fault("the draw was not logged before the pack was made", "E_SAMPLE")
        manifest = self.manifest
        if manifest["sample"] != {"drawn": sample["drawn"]}:
            raise Fault("the manifest names another draw than sample.json", "E_SAMPLE")
        if (told["phrase"], told["size"], told["controls"], told["period"], told["request_id"]) != (
            sample["phrase"],
            sample["size"],
            manifest["controls"],
            manifest["period"],
            manifest["request_id"],
        ) or (sample["drawn_by"], sample["drawn_at"]) != (leaf["actor"], leaf["received_at"]):
            raise Fault("the draw that was logged is another one", "E_SAMPLE")
        return sample

    def _check_sample(self, sample: Json, ids_sha256: str) -> None:
        chosen = [item for _, item in heapq.nsmallest(sample["size"], self.draws)]
        if (
            sample["chosen"] != chosen
            or sample["method"] != SAMPLE_METHOD
            or (sample["population_count"], sample["ids_sha256"]) != (self.population, ids_sha256)
        ):
            raise Fault("the sample is not the one the phrase gives", "E_SAMPLE")
        proven = {f"{leaf['log']}.{leaf['id']}" for _, leaf in self.proofs.values()}
        if not proven.issuperset(chosen):
            raise Fault("an item of the sample has no proof of its own", "E_SAMPLE")
        self.said.append(f"Sample of {len(chosen)} redrawn from the phrase, logged as entry before the pack was made.")

    def step_index(self) -> None:
        """index.json, index.csv and the OSCAL results say of every item what its entry says, in order."""
        digest, name = hashlib.sha256(), "oscal/assessment-results.json"
        for piece in oscal(self.manifest, self._index_rows(), self.verdicts):
            digest.update(piece)
        self.said.append("Index (CSV and JSON) recomputed from the entries.")
        member = self.archive.member(name)
        if member is None or member.sha256 != digest.digest():
            raise Fault(f"{name} is not what the entries give", "E_INDEX")
        self.said.append("OSCAL assessment results recomputed from the entries.")

    def _index_rows(self) -> Iterator[tuple[str, bytes]]:
        """(control, line for OSCAL) of every row, each compared with its entry; by control, time and place in the log."""
        sheet = _records(self.archive.lines("index.csv"))
        if next(sheet, None) != csv_line(COLUMNS):
            raise Fault("index.csv has other columns", "E_INDEX")
        lines = self.archive.lines("index.json")
        former: tuple[str, str, int] = ("", "", -1)
        if next(lines, None) != b"[":
            raise Fault("index.json is not a list of rows", "E_INDEX")
        left = self.population
        for line in lines:
            if line == b"]":
                break
            text = line[:-1] if line.endswith(b",") else line
            row = read_json(text)
            at = 32 * (row["log_index"] - self.start.size)
            told = hashlib.sha256(text + b"\n" + next(sheet, b"")).digest()
            if at < 0 or self.rows[at : at + 32] != told:
                raise Fault(f"what the index says of entry {row['log_index']} is not what the entry gives", "E_INDEX")
            order = ((row["control_ids"] or [""])[0], row["collected_at"], at)
            left -= 1
            if line.endswith(b",") != bool(left) or not former < order:
                raise Fault("index.json is not in order", "E_INDEX")
            former = order
            yield order[0], oscal_line(row["path"], row["title"], row["log_index"], row["sha256"])
        if left or next(lines, None) is not None or next(sheet, None) is not None:
            raise Fault("the index lacks items or has too many", "E_INDEX", "E_POPULATION")

    def step_meta(self) -> None:
        """The end checkpoint is an entry of the meta-log, whose checkpoints are kept in write-once storage."""
        leaf, _, self.meta = read_proof(self.archive.get("log/meta.tlog-proof"), self.open)
        base, _, _ = self.manifest["origin"].rpartition("/")
        if not self.meta.origin.startswith(base + "/m-"):
            raise Fault("the meta-log's proof is of another log", "E_ORIGIN")
        if self.end is None or leaf != self.end.text.encode():
            raise Fault("the meta-log holds another checkpoint than the pack's end", "E_LEAF")
        for name, one in (("log/before.hashes", self.start), ("log/meta.hashes", self.meta)):
            member = self.archive.member(name)
            if member is not None and (member.size != 32 * one.size or self._root_of(name, one.size) != one.root):
                raise Fault(f"{name} does not have the root that was signed", "E_ROOT")
        self.said.append(f"End checkpoint is in the meta-log {self.meta.origin}, size {self.meta.size}.")

    def _root_of(self, name: str, size: int) -> bytes | None:
        """Root of the first ``size`` hashes of a file of hashes; None when it has fewer."""
        member = self.archive.member(name)
        if member is None or member.size < 32 * size:
            return None
        tree, rest = Tree(0, ()), b""
        for data in self.archive.pieces(name):
            rest += data
            for at in range(0, len(rest) - 31, 32):
                if tree.size == size:
                    return tree.root()
                tree.add(rest[at : at + 32])
            rest = rest[len(rest) - len(rest) % 32 :]
        return tree.root() if tree.size == size else None

    def _since_size(self) -> int | None:
        """Size at which the range pass must remember the root."""
        if self.since_note is None:
            return None
        match = re.match(rb"[^\n]+\n([0-9]{1,19})\n", self.since_note)
        return int(match[1]) if match else None

    def step_since(self) -> None:
        """The checkpoint the auditor kept is a prefix of this log."""
        since, end = self.open(self.since_note or b""), self.end or self.newest
        root = None
        if self.meta is not None and since.origin == self.meta.origin:
            newest, hashes = self.meta, "log/meta.hashes"
        elif since.origin == self.start.origin:
            newest, root, hashes = self.newest, self.root_then, "log/before.hashes"
        else:
            raise Fault("the earlier checkpoint is of another log", "E_ORIGIN")
        for one in (newest, self.start, end):
            if (one.origin, one.size) == (since.origin, since.size) and one.root != since.root:
                raise Fault("the log shows another root at the size of your checkpoint", "E_FORK", "E_CONSISTENCY")
        if since.size > newest.size or (newest is self.newest and end.size < since.size < newest.size):
            self.stale = True
            self.warned.append("W_STALE: your checkpoint is newer than this pack's; ask for a newer pack.")
            return
        if since.size == 0 or (since.origin, since.size, since.root) == (newest.origin, newest.size, newest.root):
            return
        if root is None or since.size < self.start.size:
            if hashes not in self.archive.members:
                raise Fault("the pack holds nothing that connects it with your checkpoint", "E_CONSISTENCY")
            root = self._root_of(hashes, since.size)
        if root != since.root:
            raise Fault("the log does not continue your checkpoint", "E_CONSISTENCY")
        self.said.append(f"Your checkpoint of size {since.size} is a prefix of this log.")


def read_since(note: bytes) -> bytes:
    """The checkpoint an auditor kept: what is none says nothing about the pack."""
    if not re.match(rb"[^\n]+\n[0-9]+\n[^\n]+\n\n", note):
        raise Unreadable("what --since names is no checkpoint", "E_FORMAT")
    return note


def examine(
    path: str,
    keys: list[Key] | None,
    since: bytes | None = None,
    max_age_days: int | None = None,
    now: datetime | None = None,
    quorum: int = 1,
) -> tuple[int, str, list[str], Pack]:
    """Examine a pack; answers (exit code, verdict, codes, pack). ``keys`` None: nothing is pinned."""
    with Path(path).open("rb", CHUNK) as file:
        try:
            pack = Pack(file, keys, since, quorum)
        except (ValueError, struct.error, IndexError):
            raise Fault("the archive's records are not of their form", "E_ZIP_CONFUSED") from None
        pack.run()
    codes = [code for fault in pack.faults for code in fault.codes]
    aged = None if codes or max_age_days is None or now is None else now - instant(pack.exported_leaf["received_at"])
    if aged is not None and max_age_days is not None and aged > timedelta(days=max_age_days):
        pack.stale = True
        pack.warned.append(f"W_STALE: the pack is older than {max_age_days} days.")
    late = ["W_BACKDATED"] if pack.backdated else []
    if late:
        some = "; ".join(pack.backdated[:3]) + ("; …" if len(pack.backdated) > 3 else "")
        pack.warned.append(
            f"W_BACKDATED: items that say they occurred before earlier entries, {len(pack.backdated)}: {some}"
        )
    if codes:
        return 1, "failed", codes + late, pack
    if not pack.pinned:
        return 3, "unpinned", ["E_UNTRUSTED", *late], pack
    return (3, "stale", ["W_STALE", *late], pack) if pack.stale else (0, "verified", late, pack)


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description="Check an evidence pack offline.",
        epilog="Exit 0 verified, 1 failed, 2 unreadable or misused, 3 consistent but signer unpinned or pack stale.",
    )
    parser.add_argument("pack")
    parser.add_argument("--keys", help="trusted.vkey, from outside the pack")
    parser.add_argument("--since", help="a checkpoint of this log (or of its meta-log) that you kept")
    parser.add_argument("--max-age-days", type=int, help="how old a pack may be")
    parser.add_argument("--quorum", type=int, default=1, help="how many different keys must have signed (1)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    pack, notes = None, []
    try:
        keys = since = None
        if options.keys:
            with Path(options.keys).open(encoding="utf-8") as file:
                keys = read_keys(file.read(1 << 21))
        if options.since:
            with Path(options.since).open("rb") as notes_file:
                since = read_since(notes_file.read(MOST_NOTE + 1))
        now = datetime.now(timezone.utc)  # noqa: UP017, TID251 - an auditor's own clock, for --max-age-days
        code, verdict, codes, pack = examine(options.pack, keys, since, options.max_age_days, now, options.quorum)
        notes = [*map(str, pack.faults), *pack.warned]
    except Unreadable as fault:
        code, verdict, codes, notes = 2, "unreadable", list(fault.codes), [str(fault)]
    except Fault as fault:
        code, verdict, codes, notes = 1, "failed", list(fault.codes), [str(fault)]
    except (OSError, UnicodeDecodeError) as error:
        code, verdict, codes, notes = 2, "unreadable", ["E_FORMAT"], [f"a file cannot be read ({type(error).__name__})"]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, struct.error, RecursionError) as error:
        code, verdict, codes, notes = (
            1,
            "failed",
            ["E_FORMAT"],
            [f"something is not of its form ({type(error).__name__})"],
        )
    codes = list(dict.fromkeys(codes))
    items, population = (pack.items, pack.population) if pack else (0, 0)
    said = pack.said if pack else []
    if options.json:
        print(
            json.dumps(
                {
                    "verdict": verdict,
                    "codes": codes,
                    "items": items,
                    "population": population,
                    "found": notes[:50],
                    "proven": said,
                    "observations": pack.traced() if pack else None,
                    "not_proven": list(NOT_PROVEN),
                }
            )
        )
        return code
    for text in said:
        print(f"  {text}")
    for text in notes[:50]:
        print(f"! {text}")
    if code == 3 and verdict == "unpinned":
        print("! The signer is NOT pinned: the keys came from the pack itself. Bring trusted.vkey and use --keys.")
    print(f"{verdict.upper()}{': ' + ' '.join(codes) if codes else ''} ({items} items of a population of {population})")
    print("Not proven here:")
    for text in NOT_PROVEN:
        print(f"  - {text}")
    return code


if __name__ == "__main__":
    sys.exit(main())

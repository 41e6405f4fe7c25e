"""Packs made in memory and packs tampered with: by a stranger without the key, and by a vendor who has it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.ledger import verify
from shared.ledger.entry import ulid
from shared.ledger.names import TABLE
from shared.ledger.seal import seal_log
from shared.model import NewEntry, Person, Role, Subject
from shared.ports import Row
from shared.procedures.export_pack import build_pack, request_pack
from shared.procedures.seal import seal_all, seal_customer
from tests.ledger.stand import Stand

AUDITOR = Person("a0d1-auditor", "Nora Fictive", frozenset({Role.AUDITOR}))
WEEK = {"customer": "12", "from": "2026-11-16T00:00:00Z", "to": "2026-11-19T00:00:00Z"}
TAIL = ("manifest.json", "manifest.tlog-proof")


def played(days: int = 4, each: int = 6) -> Stand:
    """A ledger with some days of entries, sealed every evening; one entry a day is large."""
    stand = Stand()
    for day in range(days):
        for number in range(each):
            stand.record(
                day * 100 + number,
                controls=("billing.margin", "desk.stale")[: number % 3],
                subject=Subject("ticket", f"{number}"),
                payload=json.dumps(
                    {"n": number, "title": f"=SUM({number})", "caller": {"email": "a@b.example"}}
                ).encode(),
            )
        stand.record(day * 100 + 99, payload=bytes([day]) * 70_000, media_type="text/plain")
        stand.record(day, "77")
        seal_all(stand)
        stand.clock.advance(days=1)
    return stand


def made(stand: Stand, **body) -> bytes:
    """Ask for a pack and build it."""
    asked = request_pack(stand, AUDITOR, {**WEEK, **body})
    built = build_pack(stand, asked["id"])
    assert built["state"] == "ready", built
    return stand.blobs.get("packs", f"{asked['id']}.zip")


def unzip(data: bytes) -> dict[str, bytes]:
    """Files in order."""
    archive = verify.Archive(io.BytesIO(data))
    return {name: archive.get(name, 1 << 30) for name in archive.members}


def rezip(files: dict[str, bytes] | list[tuple[str, bytes]]) -> bytes:
    """The same layout with other files; names are not checked."""
    out, directory, at = [], [], 0
    pairs = list(files.items()) if isinstance(files, dict) else files
    for name, data in pairs:
        raw, crc = name.encode(), zlib.crc32(data)
        out += [verify.local_header(raw, len(data), crc), data]
        directory.append(verify.central_header(raw, len(data), crc, at))
        at += len(out[-2]) + len(data)
    central = b"".join(directory)
    return b"".join([*out, central, verify.end_records(len(pairs), len(central), at)])


def relog(stand: Stand, files: dict[str, bytes], *, base=None) -> bytes:
    """What a vendor with the key can do: recompute sums and manifest, log the manifest, pack again."""
    files = {name: data for name, data in files.items() if name not in (*TAIL, "SHA256SUMS")}
    files["SHA256SUMS"] = "".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items()
    ).encode()
    listed = [
        {"path": name, "role": "x", "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        for name, data in files.items()
    ]
    body = {name: value for name, value in base.items() if name != "pack_id"} | {"files": listed}
    body["pack_id"] = verify.pack_id(body)
    manifest = verify.canon(body)
    receipt = stand.ledger.record(
        NewEntry(type="pack.exported", key=hashlib.sha256(manifest).hexdigest(), payload=manifest, customer="12")
    )
    seal_customer(stand, "12")
    return rezip(
        {**files, "manifest.json": manifest, "manifest.tlog-proof": stand.ledger.proof(receipt.evidence_id).encode()}
    )


def manifest_of(files: dict[str, bytes]) -> dict:
    """The manifest as an object."""
    return json.loads(files["manifest.json"])


def slip_in(stand: Stand, change, *, customer: str = "12") -> None:
    """Put an entry into a log's queue that ingest would never have written, and seal it."""
    log = stand.names.log_of(customer)
    receipt = stand.record(int(stand.clock.now().timestamp() * 1000) % 10**9, customer)
    row = stand.rows.get(TABLE, log, "q-" + receipt.evidence_id.rpartition(".")[2])
    leaf = change(json.loads(row.cells["leaf"]))
    stand.rows.upsert(TABLE, Row(log, row.key, {**row.cells, "leaf": verify.canon(leaf)}))
    seal_log(stand.rows, log, stand.clock.now())


@dataclass
class Verdict:
    """What verify.py said."""

    exit: int
    verdict: str
    codes: list[str]
    items: int
    population: int
    said: list[str]


def check(
    folder: Path, data: bytes, *, keys: str | None, since: str | bytes | None = None, more: tuple[str, ...] = ()
) -> Verdict:
    """Run verify.py's main on a pack, in this process."""
    pack = folder / "pack.zip"
    pack.write_bytes(data)
    arguments = ["--json", *more, str(pack)]
    if keys is not None:
        (folder / "trusted.vkey").write_text(keys, encoding="utf-8")
        arguments += ["--keys", str(folder / "trusted.vkey")]
    if since is not None:
        (folder / "since.txt").write_bytes(since.encode() if isinstance(since, str) else since)
        arguments += ["--since", str(folder / "since.txt")]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = verify.main(arguments)
    said = json.loads(out.getvalue())
    return Verdict(code, said["verdict"], said["codes"], said["items"], said["population"], said["found"])


__all__ = [
    "AUDITOR",
    "WEEK",
    "check",
    "datetime",
    "made",
    "manifest_of",
    "played",
    "relog",
    "rezip",
    "slip_in",
    "ulid",
    "unzip",
]

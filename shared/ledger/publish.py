"""Publishing: a sealed head becomes a signed checkpoint, never shrinking, forking or going back in time."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.errors import LedgerError, RowExists, RowStale
from shared.ledger import merkle, note
from shared.ledger.entry import ulid
from shared.ledger.names import TABLE, Namespace, checkpoint_key, claim_key
from shared.ledger.stored import Head, head_of, int_cell, logs, text_cell
from shared.ledger.tree import edge_at
from shared.model import parse_instant, rfc3339
from shared.ports import Blobs, Op, Row, Rows, Signer

CHECKPOINTS = "checkpoints"
"""The write-once container."""
KEYS = "keys"
HEARTBEAT = timedelta(hours=24)
SKEW = timedelta(seconds=60)
"""By which instances' clocks may differ; further back no clock of ours goes."""


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint that now stands."""

    log: str
    size: int
    note: str
    fresh: bool
    """False when nothing had to be done."""


def worm_folder(origin: str) -> str:
    """Folder of a log's checkpoints in the write-once container."""
    return hashlib.sha256(origin.encode()).hexdigest()[:32] + "/"


def worm_blob(origin: str, size: int, now: datetime) -> str:
    """Blob name of one checkpoint."""
    return f"{worm_folder(origin)}{size:020d}-{now.strftime('%Y%m%dT%H%M%SZ')}"


@dataclass(frozen=True, slots=True)
class Publisher:
    """Signs the heads of one installation's logs."""

    rows: Rows
    blobs: Blobs
    signer: Signer
    names: Namespace
    _remembered: set[str] = field(default_factory=set)

    def publish(self, log: str, now: datetime) -> Published | None:
        """Publish the head of a log if it grew (the meta-log also once a day); None while the log is empty.

        Raises LedgerError: E_ROLLBACK when the head is behind what was published, E_FORK when it contradicts it,
        E_CONSISTENCY when it does not continue it, E_TIME when the clock went back.
        """
        meta = log == self.names.meta
        row = self.rows.get(TABLE, log, "pub")
        head, former = head_of(self.rows.get(TABLE, log, "head")), head_of(row)
        if head.size < former.size:
            raise LedgerError(f"The head of log {log} is behind its published checkpoint.", code="E_ROLLBACK")
        if head.size == 0:
            return None
        before = parse_instant(former.time) if former.time else now
        if now < before <= now + SKEW:  # another instance has just published; its clock, or its turn, was ahead
            now = before
        if now < before:
            raise LedgerError(
                f"The clock is behind the last checkpoint of log {log}; nothing is signed.", code="E_TIME"
            )
        stood = self._standing(log, former) if row is not None else None
        if head.size == former.size:
            if head.root != former.root:
                raise LedgerError(f"Log {log} has two roots at one size.", code="E_FORK")
            if stood is not None and not (meta and now - parse_instant(former.time) >= HEARTBEAT):
                return Published(log, head.size, stood, fresh=False)
        elif edge_at(self.rows, log, former.size, former.edge, head.size) != head.edge:
            raise LedgerError(f"The head of log {log} does not continue its checkpoint.", code="E_CONSISTENCY")
        if row is None:
            self._keep(log, 0, merkle.EMPTY_ROOT)  # so that a pack of the log's first days has a signed beginning
        signed = self._keep(log, head.size, head.root)
        cells = self._cells(head, now)
        self._retire(text_cell(row, "key_id") if row is not None else "", former.size)
        if meta:
            cells["worm"] = self._anchor(log, head, signed, now)
        else:
            self._tell_meta(signed, now)
        try:
            if row is None:
                self.rows.insert(TABLE, Row(log, "pub", cells))
            else:
                self.rows.replace(TABLE, Row(log, "pub", cells, row.etag))
        except (RowExists, RowStale):
            pass  # another publisher stood there first: our checkpoint is kept and consistent with theirs
        return Published(log, head.size, signed, fresh=True)

    def _cells(self, head: Head, now: datetime) -> dict[str, int | str | bytes]:
        return {
            "size": head.size,
            "number": head.number,
            "root": head.root,
            "edge": b"".join(head.edge),
            "time": rfc3339(now),
            "key_id": note.key_id(self.signer.public_spki).hex(),
        }

    def _standing(self, log: str, former: Head) -> str | None:
        """The note behind ``pub``; LedgerError when it says something else."""
        row = self.rows.get(TABLE, log, checkpoint_key(former.size))
        if row is None:
            return None
        signed = text_cell(row, "note")
        if note.text_of(signed) != note.checkpoint_text(self.names.origin_of(log), former.size, former.root):
            raise LedgerError(f"Log {log} was published with another root.", code="E_FORK")
        return signed

    def _keep(self, log: str, size: int, root: bytes) -> str:
        """Sign and keep one checkpoint, create-only; what stands already counts if it says the same."""
        text = note.checkpoint_text(self.names.origin_of(log), size, root)
        row = self.rows.get(TABLE, log, checkpoint_key(size))
        if row is None:
            signed = note.sign(text, self.signer)
            self._remember_key()
            try:
                self.rows.insert(TABLE, Row(log, checkpoint_key(size), {"note": signed}))
                return signed
            except RowExists:
                row = self.rows.get(TABLE, log, checkpoint_key(size))
        signed = text_cell(row, "note") if row else ""
        if note.text_of(signed) != text:  # texts are compared: two ECDSA signatures of one text differ
            raise LedgerError(f"Log {log} was published at size {size} with another root.", code="E_FORK")
        return signed

    def _remember_key(self) -> None:
        """Once for each publisher and key: keys are never taken away."""
        identity = note.key_id(self.signer.public_spki).hex()
        if identity in self._remembered:
            return
        if self.rows.get(TABLE, KEYS, identity) is None:
            cells: dict[str, int | str | bytes] = {
                "name": self.signer.name,
                "spki": self.signer.public_spki,
                "since": "",
            }
            count = len(self.rows.scan(TABLE, partition=KEYS).rows)
            cells["since"] = f"{count:06d}"
            with suppress(RowExists):
                self.rows.insert(TABLE, Row(KEYS, identity, cells))
        self._remembered.add(identity)

    def _retire(self, identity: str, size: int) -> None:
        """A key that gave way to another may sign no tree larger than the largest it signed."""
        if identity in ("", note.key_id(self.signer.public_spki).hex()):
            return
        row = self.rows.get(TABLE, KEYS, identity)
        if row is None:
            return
        bound = row.cells.get("to_size")
        if not isinstance(bound, int):  # other logs may have larger trees under that key
            pubs = [
                self.rows.get(TABLE, log, "pub") for log in (*(one.log for one in logs(self.rows)), self.names.meta)
            ]
            bound = max(
                (int_cell(pub, "size") for pub in pubs if pub and text_cell(pub, "key_id") == identity), default=0
            )
        elif bound >= size:
            return
        with suppress(RowStale):  # the other publisher bounds it too
            self.rows.replace(TABLE, Row(KEYS, identity, {**row.cells, "to_size": max(bound, size)}, row.etag))

    def _anchor(self, log: str, head: Head, signed: str, now: datetime) -> str:
        """Put the meta-log's checkpoint where nobody can change it."""
        origin = self.names.origin_of(log)
        text = note.checkpoint_text(origin, head.size, head.root)
        for held in self.blobs.list(CHECKPOINTS, f"{worm_folder(origin)}{head.size:020d}-"):
            kept = self.blobs.get(CHECKPOINTS, held.name) or b""
            if note.text_of(kept.decode("utf-8", "replace")) != text:
                raise LedgerError("The anchor holds another root at this size.", code="E_FORK")
        name = worm_blob(origin, head.size, now)
        with suppress(RowExists):  # compared above: it is the same text
            self.blobs.create(CHECKPOINTS, name, signed.encode(), "text/plain; charset=utf-8")
        return name

    def _tell_meta(self, signed: str, now: datetime) -> None:
        """Queue a checkpoint's text as a leaf of the meta-log, once."""
        leaf = note.text_of(signed)
        identity = ulid(now)
        claim = {"ulid": identity, "sha256": hashlib.sha256(leaf.encode()).hexdigest()}
        steps = [
            (Op.INSERT, Row(self.names.meta, claim_key(leaf), claim)),
            (Op.INSERT, Row(self.names.meta, f"q-{identity}", {"leaf": leaf.encode()})),
        ]
        try:
            self.rows.transact(TABLE, steps)
        except RowExists:
            return  # told before

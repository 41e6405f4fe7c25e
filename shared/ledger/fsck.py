"""The separate reader: re-hashes rows and payloads, rebuilds every root, reconciles counts and the anchor.

Shares no code with what seals and publishes; hashes, notes and proofs are read by ``verify.py``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.ledger import verify
from shared.ledger.fsck_reading import bytes_of, instant_of, scan, size_of, stamp, text_of
from shared.ledger.fsck_report import Erasures, Report
from shared.ledger.names import LOGS, TABLE, Namespace, payload_blob
from shared.ports import Blobs, Row, Rows

_TILE = 256
_PUBLISHED_WITHIN = timedelta(hours=1)
"""A publisher that was stopped between its steps has finished them by then."""


class Reader:
    """Audits the logs of one installation."""

    def __init__(
        self,
        rows: Rows,
        blobs: Blobs,
        names: Namespace,
        keys: list[verify.Key],
        *,
        now: datetime,
        receipts: Mapping[str, set[str]],
    ) -> None:
        """``receipts``: by log, the ids of entries that sources were told are kept; read before this."""
        self.rows = rows
        self.blobs = blobs
        self.names = names
        self.keys = keys
        self.report = Report()
        self.now = now
        self._receipts = dict(receipts)
        self._told_at: dict[str, tuple[int, datetime]] = {}
        """By origin: the largest size told, and when."""
        self._told: dict[str, dict[int, bytes]] = {}
        """By origin: roots that the meta-log's leaves give at sizes."""
        self._erasures = Erasures()
        self._origins: dict[str, str] = {}
        self._anchored_size = 0
        """What the anchor's names say, so that a rollback that took the keys along is seen too."""

    def logs(self) -> list[str]:
        """Every log that is registered or that the meta-log has heard of; the meta-log is read apart."""
        prefix = f"{self.names.origin}/{self.names.incarnation}/"
        heard = {origin.removeprefix(prefix) for origin in self._told if origin.startswith(prefix)}
        for row in scan(self.rows, TABLE, LOGS):
            heard.add(row.key)
            origin = text_of(row, "origin")
            if origin.startswith(self.names.origin + "/") and origin.endswith(f"/{row.key}"):
                self._origins[row.key] = origin  # a closed incarnation's log is audited under its own name
        return sorted(heard)

    def audit_meta(self) -> None:
        """Read the meta-log and compare it with every checkpoint in write-once storage."""
        anchored = self._anchored()
        log = self.names.meta
        if anchored or self._anchored_size or self.rows.get(TABLE, log, "head") is not None:
            self._log(log, anchored)

    def audit_log(self, log: str) -> None:
        """Read one log, its payloads, its tiles and its read index."""
        self._log(log, {})

    def settle(self) -> None:
        """When every log was read: what is gone must have been erased, on record; what was promised must be there."""
        for log, promised in self._receipts.items():
            for identity in sorted(promised):
                if "E_GAP" not in self.report.codes and "E_ROLLBACK" not in self.report.codes:
                    self.report.add("E_RECEIPT_UNMET", log, f"A source holds a receipt for entry {identity}.")
        for log, index in self._erasures.unexplained():
            self.report.add(
                "E_PAYLOAD_MISSING", log, f"The content of entry {index} is gone, and no erasure is logged."
            )

    # -- the anchor ---------------------------------------------------------------------------------------------------

    def _checkpoint(self, log: str, data: bytes, what: str) -> verify.Checkpoint | None:
        try:
            return verify.Checkpoint(data, self.keys)
        except verify.Fault as fault:
            for code in fault.codes:
                self.report.add(code, log, f"{what}: {fault}")
            return None

    def _anchored(self) -> dict[int, bytes]:
        """Roots by size that the write-once container gives for the meta-log."""
        meta, origin = self.names.meta, self.names.origin_of(self.names.meta)
        folder = hashlib.sha256(origin.encode()).hexdigest()[:32]
        roots: dict[int, bytes] = {}
        for blob in self.blobs.list("checkpoints"):
            self.report.anchors += 1
            if blob.name.startswith(folder + "/") and blob.name[33:53].isdigit():
                self._anchored_size = max(self._anchored_size, int(blob.name[33:53]))
                self._told_largest(origin, int(blob.name[33:53]), stamp(blob.name[54:]))
            found = self._checkpoint(meta, self.blobs.get("checkpoints", blob.name) or b"", f"anchor {blob.name}")
            if found is None:
                continue
            where, _, rest = blob.name.partition("/")
            named = re.fullmatch(r"([0-9]{20})-[0-9]{8}T[0-9]{6}Z", rest)
            if where != hashlib.sha256(found.origin.encode()).hexdigest()[:32] or named is None:
                self.report.add("E_ANCHOR_CONFIG", meta, f"Anchor {blob.name} is not where its checkpoint belongs.")
            elif int(named[1]) != found.size:
                self.report.add("E_FORK", meta, f"Anchor {blob.name} holds a checkpoint of size {found.size}.")
            if found.origin != origin:
                if where == folder or "/m-" not in found.origin:
                    self.report.add("E_ORIGIN", meta, f"Anchor {blob.name} is of another log.")
            elif roots.setdefault(found.size, found.root) != found.root:
                self.report.add("E_FORK", meta, f"The anchor holds two roots at size {found.size}.")
        pub = self.rows.get(TABLE, meta, "pub")
        name = text_of(pub, "worm")
        if pub is not None and self.blobs.info("checkpoints", name) is None:
            self.report.add("E_ANCHOR_CONFIG", meta, f"Anchor {name} is not in the write-once container.")
        return roots

    # -- one log ------------------------------------------------------------------------------------------------------

    def _log(self, log: str, anchored: dict[int, bytes]) -> None:
        self.report.logs += 1
        origin = self._origins.get(log) or self.names.origin_of(log)
        meta = log == self.names.meta
        claims = {
            text_of(row, "ulid"): (row.key, bytes_of(row, "leaf_hash")) for row in scan(self.rows, TABLE, log, "i-")
        }
        waiting = {row.key[2:]: row for row in scan(self.rows, TABLE, log, "q-")}
        waiting |= {row.key[2:]: row for row in scan(self.rows, TABLE, log, "x-")}
        before, pub = self.rows.get(TABLE, log, "head"), self.rows.get(TABLE, log, "pub")
        wanted: list[tuple[int, bytes, str, str]] = [
            (size, root, "E_CONSISTENCY", "the meta-log's entry") for size, root in self._told.get(origin, {}).items()
        ]
        wanted += [(size, root, "E_CONSISTENCY", "the anchor") for size, root in anchored.items()]
        wanted += self._seals(log)
        wanted += self._published(log, origin, pub)
        if before is not None:
            wanted.append((size_of(before), bytes_of(before, "root"), "E_ROOT", "the head"))
        count, roots = self._entries(log, {size for size, *_ in wanted}, claims, waiting, meta=meta)
        for size, root, code, what in wanted:
            if size > count:
                self.report.add("E_ROLLBACK", log, f"The log has {count} entries; {what} says {size}.")
            elif roots.get(size) != root:
                self.report.add(code, log, f"The entries do not have the root that {what} gives at size {size}.")
                self.report.add("E_ROOT", log, f"Another root at size {size}.")
        if meta and self._anchored_size > count:
            self.report.add(
                "E_ROLLBACK", log, f"The meta-log has {count} entries; the anchor knows {self._anchored_size}."
            )
        after = self.rows.get(TABLE, log, "head")
        if count > size_of(after):
            self.report.add("E_ROLLBACK", log, f"The head is at {size_of(after)}; there are entries up to {count}.")
        told, at = self._told_at.get(origin, (0, self.now))
        if size_of(pub) < told and self.now - at > _PUBLISHED_WITHIN:
            self.report.add(
                "E_ROLLBACK", log, f"The publication is at {size_of(pub)}; size {told} was published before."
            )
        if size_of(pub) > size_of(after):
            self.report.add("E_ROLLBACK", log, "The head is behind the published checkpoint.")
        self._reconcile(log, claims, waiting, count)

    def _seals(self, log: str) -> list[tuple[int, bytes, str, str]]:
        found, number, size = [], 0, 0
        for row in scan(self.rows, TABLE, log, "s-"):
            number += 1
            if row.key != f"s-{number:020d}":
                self.report.add("E_GAP", log, f"Seal {number} is missing.")
                number = int(row.key[2:]) if row.key[2:].isdigit() else number
            if size_of(row) <= size:
                self.report.add("E_FORK", log, f"Seal {number} does not grow the log.")
            size = size_of(row)
            found.append((size, bytes_of(row, "root"), "E_ROOT", f"seal {number}"))
        head = self.rows.get(TABLE, log, "head")
        if size_of(head, "number") < number:
            self.report.add("E_ROLLBACK", log, f"The head is at seal {size_of(head, 'number')} of {number}.")
        return found

    def _published(self, log: str, origin: str, pub: Row | None) -> list[tuple[int, bytes, str, str]]:
        found: list[tuple[int, bytes, str, str]] = []
        for row in scan(self.rows, TABLE, log, "c-"):
            one = self._checkpoint(log, text_of(row, "note").encode(), f"checkpoint {row.key}")
            if one is None:
                continue
            if one.origin != origin:
                self.report.add("E_ORIGIN", log, f"Checkpoint {row.key} is of another log.")
            elif row.key != f"c-{one.size:020d}":
                self.report.add("E_FORK", log, f"Checkpoint {row.key} is of size {one.size}.")
            else:
                found.append((one.size, one.root, "E_CONSISTENCY", "a published checkpoint"))
        if pub is not None and all(size != size_of(pub) for size, *_ in found):
            self.report.add("E_ROLLBACK", log, "The newest published checkpoint is not kept.")
        if pub is not None:
            found.append((size_of(pub), bytes_of(pub, "root"), "E_CONSISTENCY", "the publication"))
        return found

    def _entries(
        self,
        log: str,
        sizes: set[int],
        claims: dict[str, tuple[str, bytes]],
        waiting: dict[str, Row],
        *,
        meta: bool,
    ) -> tuple[int, dict[int, bytes]]:
        """Re-hash every sealed entry; answers how many there are and the roots at the sizes wanted."""
        tree, roots = verify.Tree(0, ()), {0: verify.EMPTY_ROOT}
        promised = self._receipts.get(log, set())
        for row in waiting.values():
            self._erasures.look(bytes_of(row, "leaf"))
        followed = size_of(self.rows.get(TABLE, log, "f"), "index")
        tile, shown = bytearray(), {}
        for row in scan(self.rows, TABLE, log, "e-"):
            if row.key != f"e-{tree.size:020d}":
                self.report.add("E_GAP", log, f"Entry {tree.size} is missing; {row.key} follows.")
                self.report.add("E_ROOT", log, "Without a missing entry no root can be rebuilt.")
                break
            leaf, identity = bytes_of(row, "leaf"), text_of(row, "ulid")
            digest = verify.leaf_hash(leaf)
            self.report.entries += 1
            waiting.pop(identity, None)
            promised.discard(identity)
            self._claimed(log, claims, identity, leaf, digest, meta=meta)
            if meta:
                self._heard(log, leaf, identity)
            else:
                self._erasures.look(leaf)
                shown[identity], sha256 = self._described(log, tree.size, row, leaf, identity)
                if sha256:
                    self._erasures.missing(log, tree.size, identity, sha256)
            tree.add(digest)
            tile += digest
            if tree.size in sizes:
                roots[tree.size] = tree.root()
            if len(tile) == _TILE * 32:
                self._tile(log, tree.size, bytes(tile), followed)
                tile = bytearray()
        if not meta:
            self._index(log, shown, followed)
        return tree.size, roots

    def _claimed(
        self, log: str, claims: dict[str, tuple[str, bytes]], identity: str, leaf: bytes, digest: bytes, *, meta: bool
    ) -> None:
        key, promised = claims.pop(identity, ("", b""))
        if not key:  # perhaps received after the claims were read
            claim = self.rows.get(TABLE, log, _claim_of(leaf, meta=meta))
            key, promised = (claim.key, bytes_of(claim, "leaf_hash")) if claim is not None else ("", b"")
        if not key:
            self.report.add("E_RECEIPT_UNMET", log, f"Entry {identity} has no claim.")
        elif not meta and promised != digest:
            self.report.add("E_LEAF", log, f"Entry {identity} is not the one that was received.")
        elif meta and key != "i-" + hashlib.sha256(leaf).hexdigest():
            self.report.add("E_LEAF", log, f"Entry {identity} is not the checkpoint that was told.")

    def _told_largest(self, origin: str, size: int, at: datetime | None) -> None:
        if at is not None and size > self._told_at.get(origin, (0, at))[0]:
            self._told_at[origin] = size, at

    def _heard(self, log: str, leaf: bytes, identity: str) -> None:
        lines = leaf.decode("utf-8", "replace").split("\n")
        try:
            origin, size, root = lines[0], verify.strict_number(lines[1]), verify.strict_base64(lines[2])
        except (verify.Fault, IndexError):
            self.report.add("E_LEAF", log, "An entry of the meta-log is not a checkpoint's text.")
            return
        self._told_largest(origin, size, instant_of(identity))
        if self._told.setdefault(origin, {}).setdefault(size, root) != root:
            self.report.add("E_FORK", log, f"The meta-log holds two roots of {origin} at size {size}.")

    def _described(self, log: str, index: int, row: Row, leaf: bytes, identity: str) -> tuple[bytes, str]:
        """Check an entry's description and content.

        Answers what the read index must say of it, hashed, and the content's SHA-256 where the content is gone.
        """
        try:
            body = verify.read_leaf(leaf, log)
        except verify.Fault as fault:
            for code in fault.codes:
                self.report.add(code, log, f"Entry {index}: {fault}.")
            return b"", ""
        if body["id"] != identity:
            self.report.add("E_LEAF", log, f"Entry {index} is stored under another id.")
        sha256 = body["payload"]["sha256"]
        payload: bytes | None = bytes_of(row, "payload") if "payload" in row.cells else None
        if payload is None and body["payload"].get("blob"):
            payload = self.blobs.get("payloads", payload_blob(log, sha256))
        if payload is not None:
            self.report.payloads += 1
            if hashlib.sha256(payload).hexdigest() != sha256:
                self.report.add("E_PAYLOAD", log, f"The content of entry {index} is not what was received.")
        told = _digest(body["type"], sha256, body["received_at"], body["payload"]["size"], body["controls"], index)
        return told, sha256 if payload is None else ""

    def _tile(self, log: str, size: int, tile: bytes, followed: int) -> None:
        kept = self.blobs.get("tiles", f"{log}/tile/0/{size // _TILE - 1:012d}")
        if (kept is None and size <= followed) or kept not in (None, tile):
            self.report.add("E_TILE", log, f"The tile before entry {size} is not that of the entries.")

    def _index(self, log: str, shown: dict[str, bytes], followed: int) -> None:
        """The read index says of every followed entry what the entry says."""
        held = 0
        for row in scan(self.rows, "evidence", log):
            held += 1
            try:
                body = json.loads(bytes_of(row, "record"))
                told = _digest(
                    body["type"],
                    body["sha256"],
                    body["received_at"],
                    body["size"],
                    body["controls"],
                    size_of(row, "index"),
                )
            except (ValueError, KeyError, TypeError):
                told = None
            expected = shown.get(row.key)
            if expected is not None and expected not in (b"", told):
                self.report.add("E_INDEX", log, f"The read index says something else of {row.key} than its entry.")
        if held < followed:
            self.report.add("E_INDEX", log, f"The read index lacks {followed - held} entries.")

    def _reconcile(self, log: str, claims: dict[str, tuple[str, bytes]], waiting: dict[str, Row], count: int) -> None:
        """Claims equal entries sealed, queued and quarantined; what moved meanwhile is looked up again."""
        for identity, row in waiting.items():
            self.report.queued += 1
            key, promised = claims.pop(identity, ("", b""))
            leaf = bytes_of(row, "leaf")
            if key and promised and leaf and verify.leaf_hash(leaf) != promised and row.key.startswith("q-"):
                self.report.add("E_LEAF", log, f"The queued entry {identity} is not the one that was received.")
            if "payload" in row.cells and leaf and row.key.startswith("q-"):
                self._queued_payload(log, identity, leaf, bytes_of(row, "payload"))
        owed = self._receipts.get(log, set())
        owed.difference_update(waiting)
        for identity in list(owed):
            if any(self.rows.get(TABLE, log, f"{kind}-{identity}") for kind in "qx"):
                owed.discard(identity)
        if not claims and not owed:
            return
        sealed = {text_of(row, "ulid") for row in self._beyond(log, count)}
        owed.difference_update(sealed)
        for identity in claims:
            if identity in sealed or any(self.rows.get(TABLE, log, f"{kind}-{identity}") for kind in "qx"):
                continue
            if "E_GAP" not in self.report.codes and "E_ROLLBACK" not in self.report.codes:
                self.report.add("E_LOST_PENDING", log, f"Entry {identity} was received and is nowhere.")

    def _beyond(self, log: str, count: int) -> list[Row]:
        return list(self.rows.scan(TABLE, partition=log, first=f"e-{count:020d}", last="e.").rows)

    def _queued_payload(self, log: str, identity: str, leaf: bytes, payload: bytes) -> None:
        try:
            body = verify.read_leaf(leaf, log)
        except verify.Fault:
            return  # said above
        if hashlib.sha256(payload).hexdigest() != body["payload"]["sha256"]:
            self.report.add("E_PAYLOAD", log, f"The content of the queued entry {identity} is not what was received.")


def _claim_of(leaf: bytes, *, meta: bool) -> str:
    """Row key of the claim an entry must have."""
    if meta:
        return "i-" + hashlib.sha256(leaf).hexdigest()
    try:
        key = str(json.loads(leaf)["key"])
    except (ValueError, KeyError, TypeError):
        key = ""
    return "i-" + key if re.fullmatch("[0-9a-f]{64}", key) else "i-none"


def _digest(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()

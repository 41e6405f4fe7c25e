"""The ledger as procedures see it: record, find, read, prove."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from shared.errors import Conflict, LedgerError, NotFound, RowExists, RowStale
from shared.ledger import canonical, listing, merkle, note, proof
from shared.ledger import entry as entries
from shared.ledger.follow import EVIDENCE, position, read_record
from shared.ledger.names import LOGS, TABLE, Namespace, checkpoint_key, claim_key, entry_key, payload_blob
from shared.ledger.stored import bytes_cell, int_cell, leaf_of, text_cell
from shared.ledger.stored import entries as sealed_rows
from shared.model import EvidenceRecord, JsonObject, NewEntry, Receipt, Subject
from shared.ports import Blobs, Clock, Op, Row, Rows

PAYLOADS = "payloads"
_MOST_TOGETHER = 49
_MOST_BYTES = 2_500_000
_NEAR = 400
_ID = re.compile(r"([st]-[0-9a-f]{20})\.([0-9A-HJKMNP-TV-Z]{26})")


class Ledger:
    """One installation's logs over Table and Blob storage. Safe to share between threads."""

    def __init__(self, rows: Rows, blobs: Blobs, clock: Clock, names: Namespace) -> None:
        self.rows = rows
        self.blobs = blobs
        self.clock = clock
        self.names = names
        self._registered: set[str] = set()
        self._customers: dict[str, str | None] = {}

    # -- writing ------------------------------------------------------------------------------------------------------

    def record(self, entry: NewEntry) -> Receipt:
        """Durable when it returns; safe to repeat. Conflict (entry_conflict) when the key is taken by other bytes."""
        prepared = self._prepare(entry)
        try:
            self.rows.transact(TABLE, prepared.steps)
        except RowExists:
            return self._former(prepared.log, entry, prepared.sha256)
        return Receipt(prepared.evidence_id, prepared.sha256, duplicate=False)

    def record_many(self, new: Sequence[NewEntry]) -> list[Receipt]:
        """The same for many, in as few transactions as possible; not atomic across entries."""
        receipts: dict[int, Receipt] = {}
        groups: dict[str, list[int]] = {}
        for number, entry in enumerate(new):
            groups.setdefault(self.names.log_of(entry.customer), []).append(number)
        for numbers in groups.values():
            batch: list[tuple[int, _Prepared]] = []
            for number in numbers:
                prepared = self._prepare(new[number])
                taken = {held.steps[0][1].key for _, held in batch}
                if batch and (
                    len(batch) == _MOST_TOGETHER
                    or prepared.steps[0][1].key in taken
                    or sum(held.weight for _, held in batch) + prepared.weight > _MOST_BYTES
                ):
                    receipts.update(self._together(new, batch))
                    batch = []
                batch.append((number, prepared))
            receipts.update(self._together(new, batch))
        return [receipts[number] for number in range(len(new))]

    def _together(self, new: Sequence[NewEntry], batch: Sequence[tuple[int, _Prepared]]) -> dict[int, Receipt]:
        try:
            self.rows.transact(TABLE, [step for _, prepared in batch for step in prepared.steps])
        except RowExists:  # one of them is a duplicate: find out which, singly
            return {number: self.record(new[number]) for number, _ in batch}
        return {number: Receipt(held.evidence_id, held.sha256, duplicate=False) for number, held in batch}

    def _prepare(self, entry: NewEntry) -> _Prepared:
        log = self.names.log_of(entry.customer)
        self._register(log, entry.customer)
        sha256, inline = entries.digest(entry.payload), len(entry.payload) <= entries.MOST_INLINE
        now = self.clock.now()
        identity = entries.ulid(now)
        leaf = entries.leaf_bytes(entry, log=log, identity=identity, received_at=now, sha256=sha256, inline=inline)
        if not inline:
            self._keep(log, sha256, entry.payload)
        claim: dict[str, str | bytes] = {"ulid": identity, "sha256": sha256, "leaf_hash": merkle.leaf_hash(leaf)}
        queued: dict[str, str | bytes] = {"leaf": leaf}
        if inline:
            queued["payload"] = entry.payload
        steps = [
            (Op.INSERT, Row(log, claim_key(entry.key), claim)),
            (Op.INSERT, Row(log, f"q-{identity}", queued)),
        ]
        return _Prepared(log, f"{log}.{identity}", sha256, steps, len(leaf) + len(queued.get("payload", b"")))

    def _former(self, log: str, entry: NewEntry, sha256: str) -> Receipt:
        claim = self.rows.get(TABLE, log, claim_key(entry.key))
        if claim is None:
            raise LedgerError("An entry is claimed and not claimed at once.", code="E_LOST_PENDING")
        evidence_id = f"{log}.{text_cell(claim, 'ulid')}"
        if text_cell(claim, "sha256") != sha256:
            raise Conflict(
                "This id was recorded before with other content.", code="entry_conflict", evidence_id=evidence_id
            )
        return Receipt(evidence_id, sha256, duplicate=True)

    def _keep(self, log: str, sha256: str, payload: bytes) -> None:
        name = payload_blob(log, sha256)
        try:
            self.blobs.create(PAYLOADS, name, payload)
        except RowExists:
            if self.blobs.get(PAYLOADS, name) != payload:
                raise LedgerError("A stored payload does not have the bytes of its digest.", code="E_PAYLOAD") from None

    def _register(self, log: str, customer: str | None) -> None:
        if log in self._registered:
            return
        cells = {"origin": self.names.origin_of(log)}
        if customer is not None:
            cells["customer"] = customer
        with suppress(RowExists):  # known since long
            self.rows.insert(TABLE, Row(LOGS, log, cells))
        self._registered.add(log)
        self._customers[log] = customer

    def erase(self, evidence_id: str, *, actor: str, reason: str) -> str:
        """Legal erasure: the content goes, the leaf stays, a tombstone is logged first; answers its evidence id.

        Safe to repeat. NotFound when unknown. Every entry of the log with the same content in Blob loses it too.
        """
        found = self._locate(evidence_id)
        if found is None:
            raise NotFound("There is no such evidence.")
        row = found[0]
        record = entries.record_of(leaf_of(row), index=found[1], customer=self.customer_of(row.partition))
        stone = self._tombstone(record, actor, reason)
        for name in (evidence_id.rpartition(".")[2], record.sha256):
            cells = {"evidence_id": stone}
            self.rows.upsert(TABLE, Row(row.partition, f"d-{name}", cells))
        self.blobs.delete(PAYLOADS, payload_blob(row.partition, record.sha256))
        while "payload" in row.cells:
            cells_left = {name: cell for name, cell in row.cells.items() if name != "payload"}
            try:
                self.rows.replace(TABLE, Row(row.partition, row.key, cells_left, row.etag))
                break
            except RowStale:  # sealed meanwhile
                moved = self._locate(evidence_id)
                if moved is None:
                    raise LedgerError("An entry vanished while it was erased.", code="E_LOST_PENDING") from None
                row = moved[0]
        return stone

    def _tombstone(self, record: EvidenceRecord, actor: str, reason: str) -> str:
        """Evidence id of the entry that says the content was erased; the first one when it was tried before."""
        entry = NewEntry(
            type=entries.ERASED,
            key=f"erased\n{record.id}",
            payload=canonical.dumps({"evidence_id": record.id, "reason": canonical.fit(reason)}),
            customer=record.customer,
            actor=actor,
            subject=Subject("evidence", record.id),
            source={"sha256": record.sha256},
        )
        try:
            return self.record(entry).evidence_id
        except Conflict as fault:  # tried before under another reason: what was logged first stands
            return str(fault.details["evidence_id"])

    def erased_by(self, evidence_id: str) -> str | None:
        """Evidence id of the tombstone of erased content; None when nothing was erased."""
        record = self.find(evidence_id)
        log, _, identity = evidence_id.partition(".")
        for name in (identity, record.sha256) if record is not None else ():
            row = self.rows.get(TABLE, log, f"d-{name}")
            if row is not None:
                return text_cell(row, "evidence_id")
        return None

    # -- reading ------------------------------------------------------------------------------------------------------

    def customer_of(self, log: str) -> str | None:
        """Whose log it is; None for the service's own and for unknown ones."""
        if log not in self._customers:
            row = self.rows.get(TABLE, LOGS, log)
            if row is None:
                return None
            customer = row.cells.get("customer")
            self._customers[log] = customer if isinstance(customer, str) else None
        return self._customers[log]

    def _locate(self, evidence_id: str) -> tuple[Row, int | None] | None:
        """The row that holds the entry (queued or sealed) and its index."""
        match = _ID.fullmatch(evidence_id)
        if match is None:
            return None
        log, identity = match.groups()
        for _ in range(2):  # an entry may move between two looks
            queued = self.rows.get(TABLE, log, f"q-{identity}")
            if queued is not None:
                return queued, None
            known = self.rows.get(EVIDENCE, log, identity)
            if known is not None:
                index = int_cell(known, "index")
                row = self.rows.get(TABLE, log, entry_key(index))
                return (row, index) if row is not None else None
            first, last = position(self.rows, log)
            for index, row in enumerate(sealed_rows(self.rows, log, first, last), first):
                if text_cell(row, "ulid") == identity:
                    return row, index
        return None

    def find(self, evidence_id: str) -> EvidenceRecord | None:
        """The record, sealed or still queued; None when there is none."""
        match = _ID.fullmatch(evidence_id)
        if match is None:
            return None
        known = self.rows.get(EVIDENCE, *match.groups())
        if known is not None:
            return read_record(known)
        found = self._locate(evidence_id)
        if found is None:
            return None
        row, index = found
        return entries.record_of(leaf_of(row), index=index, customer=self.customer_of(row.partition))

    def content(self, evidence_id: str) -> bytes | None:
        """The exact payload bytes; None when erased or unknown. LedgerError (E_PAYLOAD) when they were changed."""
        read = self.read(evidence_id)
        return read[1] if read else None

    def read(self, evidence_id: str) -> tuple[EvidenceRecord, bytes | None] | None:
        """``find`` and ``content`` in one look; None when there is no such evidence."""
        found = self._locate(evidence_id)
        if found is None:
            return None
        row, index = found
        record = entries.record_of(leaf_of(row), index=index, customer=self.customer_of(row.partition))
        payload = bytes_cell(row, "payload")
        if payload is None:
            payload = self.blobs.get(PAYLOADS, payload_blob(row.partition, record.sha256))
        if payload is not None and entries.digest(payload) != record.sha256:
            raise LedgerError("The stored content is not what was recorded.", code="E_PAYLOAD")
        return record, payload

    def leaf(self, evidence_id: str) -> tuple[bytes, int | None] | None:
        """The exact leaf bytes and the index, None until sealed."""
        found = self._locate(evidence_id)
        return (leaf_of(found[0]), found[1]) if found else None

    def list_evidence(self, query: listing.Query) -> listing.Listed:
        """Records that match, oldest first within a log, and a token for what follows."""
        return listing.list_evidence(self.rows, query, self.customer_of)

    # -- proving ------------------------------------------------------------------------------------------------------

    def proof(self, evidence_id: str) -> str | None:
        """``c2sp.org/tlog-proof@v1`` under the log's newest checkpoint; None until one covers the entry."""
        found = self.leaf(evidence_id)
        if found is None or found[1] is None:
            return None
        log = evidence_id.partition(".")[0]
        return proof.tlog_proof(self.rows, self.blobs, log, found[1], found[0])

    def index_in_meta(self, identity: str, size: int) -> int | None:
        """Index of a meta-log entry by its ULID; ULIDs rise with the index up to the order within one seal."""
        low, high = 0, size
        while high - low > _NEAR:
            middle = (low + high) // 2
            row = self.rows.get(TABLE, self.names.meta, entry_key(middle))
            if row is None:
                return None
            if text_cell(row, "ulid") < identity:
                low = max(low + 1, middle - _NEAR // 4)
            else:
                high = min(high - 1, middle + _NEAR // 4)
        for index, row in enumerate(sealed_rows(self.rows, self.names.meta, low, high), low):
            if text_cell(row, "ulid") == identity:
                return index
        return None

    def checkpoint(self, log: str) -> str | None:
        """The log's newest published checkpoint, a signed note; None when there is none."""
        published = self.rows.get(TABLE, log, "pub")
        if published is None:
            return None
        row = self.rows.get(TABLE, log, checkpoint_key(int_cell(published, "size")))
        return text_cell(row, "note") if row is not None else None

    def keys(self) -> list[JsonObject]:
        """Every key that signed checkpoints here, newest last: C2SP verifier key, PEM and the sizes it may sign."""
        found: list[JsonObject] = []
        for row in sorted(self.rows.scan(TABLE, partition="keys").rows, key=lambda row: text_cell(row, "since")):
            spki, name = bytes_cell(row, "spki") or b"", text_cell(row, "name")
            to_size = row.cells.get("to_size")
            found.append(
                {
                    "vkey": note.verifier_key(name, spki),
                    "key_id": note.key_id(spki).hex(),
                    "sha256": entries.digest(spki),
                    "pem": note.pem(spki),
                    "from_size": 0,
                    "to_size": to_size if isinstance(to_size, int) else None,
                }
            )
        return found

    def trusted_vkey(self) -> str:
        """The file ``verify.py --keys`` reads."""
        lines = ["# Verifier keys of the evidence log: key, then the first and last tree size it may sign (- is open)."]
        for key in self.keys():
            last = "-" if key["to_size"] is None else str(key["to_size"])
            lines.append(f"{key['vkey']} {key['from_size']} {last}")
        return "\n".join([*lines, ""])


class _Prepared:
    """An entry ready to be written."""

    __slots__ = ("evidence_id", "log", "sha256", "steps", "weight")

    def __init__(self, log: str, evidence_id: str, sha256: str, steps: list[tuple[Op, Row]], weight: int) -> None:
        self.log = log
        self.evidence_id = evidence_id
        self.sha256 = sha256
        self.steps = steps
        self.weight = weight

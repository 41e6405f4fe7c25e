"""A Recorder that remembers: for tests of procedures that do not care how evidence is sealed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from shared.errors import Conflict
from shared.ledger.names import Namespace
from shared.model import EvidenceRecord, NewEntry, Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.harness.clock import StillClock


class MemoryLedger:
    """``entries`` is everything recorded, oldest first, as (evidence id, entry)."""

    def __init__(self, clock: StillClock) -> None:
        self.clock = clock
        self.names = Namespace("evidence.example/memory", "1", "a salt for tests")
        self.entries: list[tuple[str, NewEntry]] = []
        self._by_key: dict[tuple[str | None, str], tuple[str, str]] = {}
        self._at: dict[str, EvidenceRecord] = {}

    def record(self, entry: NewEntry) -> Receipt:
        digest = hashlib.sha256(entry.payload).hexdigest()
        held = self._by_key.get((entry.customer, entry.key))
        if held is not None:
            if held[1] != digest:
                raise Conflict("The key is taken by another payload.", code="entry_conflict", evidence_id=held[0])
            return Receipt(held[0], digest, duplicate=True)
        log = f"t-{entry.customer}" if entry.customer else "s-service"
        identity = f"{log}.{len(self.entries):026d}"
        self.entries.append((identity, entry))
        self._by_key[(entry.customer, entry.key)] = (identity, digest)
        self._at[identity] = EvidenceRecord(
            identity,
            entry.type,
            log,
            None,
            entry.customer,
            self.clock.now(),
            digest,
            len(entry.payload),
            entry.media_type,
            entry.subject,
            entry.controls,
            entry.actor,
            entry.occurred_at,
            entry.practice,
        )
        return Receipt(identity, digest, duplicate=False)

    def record_many(self, entries: Sequence[NewEntry]) -> list[Receipt]:
        return [self.record(entry) for entry in entries]

    def find(self, evidence_id: str) -> EvidenceRecord | None:
        return self._at.get(evidence_id)

    def content(self, evidence_id: str) -> bytes | None:
        return next((entry.payload for identity, entry in self.entries if identity == evidence_id), None)

    def read(self, evidence_id: str) -> tuple[EvidenceRecord, bytes | None] | None:
        record = self.find(evidence_id)
        return (record, self.content(evidence_id)) if record else None

    def of_type(self, kind: str) -> list[NewEntry]:
        """Entries of one type, oldest first."""
        return [entry for _, entry in self.entries if entry.type == kind]

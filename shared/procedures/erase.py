"""Legal erasure: a logged tombstone first, then the content, then the packs that carried it. A person starts it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shared.errors import NotFound, Unacceptable
from shared.ledger.entry import ERASED
from shared.model import EvidenceRecord, JsonObject, rfc3339
from shared.procedures.export_pack import PACKS, PARTITION, REGISTERS, pack_blob, withdraw_pack
from shared.registers.decisions import decisions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.procedures.services import Services

_KEPT = (ERASED,)
"""What says that content was erased, and why, is not erased itself."""


def erasable(services: Services, evidence_id: str, decision_id: str) -> EvidenceRecord:
    """What would be erased. NotFound, or Unacceptable when no decision taken by a person covers it."""
    record = services.ledger.find(evidence_id)
    if record is None:
        raise NotFound("There is no such evidence.", code="evidence_not_found")
    if record.type in _KEPT:
        raise Unacceptable("The record of an erasure cannot be erased.", code="erasure_kept")
    held = decisions(services.rows).get(decision_id)
    if held is None or held.body["state"] != "decided" or held.body["customer"] not in (None, record.customer):
        raise Unacceptable(
            "Erasing needs a decision that was taken, for this customer or for all; none has that id.",
            code="decision_missing",
        )
    return record


def erase(services: Services, evidence_id: str, decision_id: str, by: str) -> JsonObject:
    """Erase content; safe to repeat after a failure half way. Answers the tombstone's id and the packs withdrawn.

    Not to be undone. The entry, its SHA-256 and everything proven by them stay.
    """
    record = erasable(services, evidence_id, decision_id)
    stone = services.ledger.erase(evidence_id, actor=by, reason=f"decision {decision_id}")
    withdrawn = []
    for pack_id in _packs_with(services, record):
        services.blobs.delete(PACKS, pack_blob(pack_id))
        withdraw_pack(services, pack_id, stone)
        withdrawn.append(pack_id)
    return {"evidence_id": evidence_id, "tombstone": stone, "packs_withdrawn": withdrawn}


def _packs_with(services: Services, record: EvidenceRecord) -> Iterator[str]:
    """Packs, finished or being built, that may hold the content: of this customer, with a period over the entry."""
    received = rfc3339(record.received_at)
    after: str | None = None
    while True:
        page = services.rows.scan(REGISTERS, partition=PARTITION, limit=500, after=after)
        for row in page.rows:
            cell = row.cells.get("body")
            state = json.loads(cell if isinstance(cell, bytes) else b"{}")
            wanted = state["wanted"]
            if wanted["customer"] != record.customer or state["state"] not in ("ready", "building"):
                continue
            if wanted["period"]["start"] <= received < wanted["period"]["end"]:
                yield row.key
        after = page.next
        if after is None:
            return

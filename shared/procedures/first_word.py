"""What may happen once is recorded under one key: whoever comes second, or after a crash, goes on from what was recorded first."""

from __future__ import annotations

import json

from shared.errors import Conflict
from shared.model import JsonObject, NewEntry
from shared.procedures.services import Services


def first_recorded(services: Services, entry: NewEntry) -> tuple[JsonObject, str]:
    """The payload that stands under the entry's key, ours or that of whoever was faster, and its evidence id.

    A crash between this and the row that follows leaves evidence without a row; the next one writes the row from it.
    """
    try:
        return json.loads(entry.payload), services.ledger.record(entry).evidence_id
    except Conflict as fault:
        evidence_id = str(fault.details["evidence_id"])
        before = services.ledger.content(evidence_id)
        if before is None:
            raise
        return json.loads(before), evidence_id

"""Showing one withheld field of a pack: its salt and value, with which anyone can redo the digest that stands in its place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shared.errors import NotFound
from shared.ledger import canonical, redaction, verify
from shared.model import JsonObject, NewEntry, Subject
from shared.procedures.export_pack import PACKS, pack_status

if TYPE_CHECKING:
    from shared.procedures.services import Services


def disclose(services: Services, pack_id: str, evidence_id: str, pointer: str, by: str) -> JsonObject:
    """``{"digest","salt","value"}`` of one field; that it was shown, and by whom, is on record (the value is not).

    NotFound when the pack withheld no such field of this item, or its content was erased.
    """
    customer = pack_status(services, pack_id)["customer"]
    plan = json.loads(services.blobs.get(PACKS, f"{pack_id}/plan.json") or b"{}")
    content = services.ledger.content(evidence_id) if plan.get("redact") else None
    cut = redaction.withhold(content, tuple(plan["redact"]), plan["redact_salt"], evidence_id) if content else None
    if content is None or cut is None or pointer not in cut[1] or not evidence_id.startswith(plan["log"] + "."):
        raise NotFound("The pack withheld no such field of this item.", code="field_not_withheld")
    services.ledger.record(
        NewEntry(
            type="pack.disclosed",
            key=f"pack.disclosed\n{pack_id}\n{evidence_id}\n{pointer}\n{by}",
            payload=canonical.dumps({"request_id": pack_id, "evidence_id": evidence_id, "field": pointer, "by": by}),
            customer=customer,
            actor=by,
            subject=Subject("pack", pack_id),
        )
    )
    salt = redaction.field_salt(plan["redact_salt"], evidence_id, pointer)
    value = redaction.field(content, pointer)
    return {"digest": verify.redacted_digest(salt, value), "salt": salt, "value": value}

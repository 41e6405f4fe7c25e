"""Evidence to those who may see it: records, exact bytes, proofs, checkpoints. Reading bytes leaves a custody record.

Whoever is narrowed to practices sees entries about one of them. A delivery, a page read or anything else that may hold
several practices' data names none, and is for callers who are not narrowed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shared.errors import Gone, LedgerError, Malformed, NotFound, Unavailable
from shared.ledger.listing import Query
from shared.model import EvidenceRecord, JsonObject, NewEntry, Person, Role, Subject, rfc3339
from shared.procedures.seal import seal_customer
from shared.procedures.services import Services
from shared.settings import Group

_READERS = (Role.AUDITOR, Role.STEERING_MEMBER, Role.ADMINISTRATOR)


def list_evidence(
    services: Services, person: Person, query: Mapping[str, Any], limit: int, after: str | None
) -> JsonObject:
    """Records by customer, type, control, subject and time of receipt [from, to)."""
    customers = person.customers
    wanted = query.get("customer")
    if wanted is not None:
        customers = frozenset({wanted}) if person.sees_customer(wanted) else frozenset()
    kind, colon, identity = str(query.get("subject", "")).partition(":")
    if query.get("subject") is not None and not colon:
        raise Malformed("subject must be written as kind:id.", code="value_invalid")
    listed = services.ledger.list_evidence(
        Query(
            customers=customers,
            practices=person.practices,
            type=query.get("type"),
            control=query.get("control"),
            subject_kind=kind or None,
            subject_id=identity or None,
            start=query.get("from"),
            end=query.get("to"),
            limit=limit,
            after=after,
        )
    )
    return {"items": [record.to_json() for record in listed.records], "next": listed.next}


def record_view(services: Services, person: Person, evidence_id: str) -> JsonObject:
    """One record."""
    return _record(services, person, evidence_id).to_json()


def _record(services: Services, person: Person, evidence_id: str) -> EvidenceRecord:
    record = services.ledger.find(evidence_id)
    if record is None or not person.sees_customer(record.customer) or not person.sees_practice(record.practice):
        raise NotFound("There is no such evidence.", code="evidence_not_found")
    return record


def content_of(services: Services, person: Person, evidence_id: str) -> tuple[bytes, str]:
    """Exact bytes and their media type; who read them is recorded. Gone when they were erased lawfully."""
    record = _record(services, person, evidence_id)
    body = services.ledger.content(evidence_id)
    if body is None:
        stone = services.ledger.erased_by(evidence_id)
        if stone is None:
            raise LedgerError("The content is gone, and no erasure is logged.", code="E_PAYLOAD_MISSING")
        raise Gone("The content was erased; its digest stays in the log.", code="evidence_erased", tombstone=stone)
    now = rfc3339(services.clock.now())
    services.ledger.record(
        NewEntry(
            type="custody.read",
            key=f"custody\n{evidence_id}\n{person.oid}\n{now}",
            payload=json.dumps(
                {"evidence_id": evidence_id, "by": person.oid, "at": now, "sha256": record.sha256}, sort_keys=True
            ).encode(),
            customer=record.customer,
            subject=Subject("evidence", evidence_id),
            actor=person.oid,
            practice=record.practice,
        )
    )
    return body, record.media_type


def proof_of(services: Services, person: Person, evidence_id: str) -> str:
    """A tlog-proof under the newest checkpoint; where one identity does everything, a record still queued is sealed first."""
    record = _record(services, person, evidence_id)
    proof = services.ledger.proof(evidence_id)
    if proof is None and services.settings.group is Group.ALL:
        seal_customer(services, record.customer)
        proof = services.ledger.proof(evidence_id)
    if proof is None:
        # The desk may not sign; the engine seals within a minute by its timer.
        raise Unavailable("The record is not sealed yet; ask again in a moment.", code="not_sealed_yet", retry_after=20)
    return proof


def checkpoints(services: Services, person: Person, log: str | None) -> JsonObject:
    """The newest checkpoint of a log (the service's own when none is named) and of the meta-log, as signed notes."""
    names = services.ledger.names
    wanted = log or names.log_of(None)
    if wanted != names.meta:
        customer = services.ledger.customer_of(wanted)
        known = wanted == names.log_of(None) or customer is not None
        if not known or (customer is not None and not person.sees_customer(customer)):
            raise NotFound(f"There is no log {wanted[:64]}.", code="log_not_found")
    return {
        "log": wanted,
        "origin": names.origin_of(wanted),
        "checkpoint": services.ledger.checkpoint(wanted),
        "meta": {
            "log": names.meta,
            "origin": names.origin_of(names.meta),
            "checkpoint": services.ledger.checkpoint(names.meta),
        },
    }


def keys(services: Services) -> JsonObject:
    """Verifier keys with the sizes they may sign, and the file ``verify.py --keys`` reads."""
    return {"items": services.ledger.keys(), "trusted_vkey": services.ledger.trusted_vkey(), "next": None}

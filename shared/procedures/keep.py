"""Deliveries kept exactly once: claim, entry, message, mark; and a trace of what came that was not simply kept.

Order of effects for each delivery: a claim on its id, the entry in the ledger, the message to the queue, then a mark
that all was done. A crash between two of them is healed by the sender's next attempt, because every step is idempotent
and a claim without a mark means that the later steps may not have happened. Every write creates: the functions that
face the internet may change and delete nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import Conflict, RowExists
from shared.log import Event, log
from shared.model import NewEntry, Receipt, Subject
from shared.ports import Op, Row
from shared.procedures.deliveries import Delivery, Unread, printable
from shared.procedures.services import Services

TABLE = "claims"
TROUBLE = "-trouble"
"""Partition suffix of what came that was not simply kept."""

QUEUE = "deliveries"
_TOLD = {"unreadable": Event.DELIVERY_QUARANTINED, "conflict": Event.DELIVERY_CONFLICT}
_GROUP = 45
"""Deliveries claimed in one transaction."""


@dataclass(slots=True)
class Kept:
    """What became of one delivery."""

    evidence_id: str
    duplicate: bool
    conflict: bool = False


def quarantine(services: Services, source: str, unread: Sequence[Unread], now: datetime) -> list[Receipt]:
    """The same bytes are quarantined once, however often they come."""
    receipts = services.ledger.record_many(
        [
            NewEntry(
                type="delivery.quarantined",
                key=f"quarantine\n{source}\n{hashlib.sha256(each.payload).hexdigest()}",
                payload=each.payload,
                media_type="application/octet-stream",
                subject=Subject("webhook_source", source),
                actor=f"halopsa:{source}",
                source={"system": "halopsa", "source": source, "why": each.why},
            )
            for each in unread
        ]
    )
    for each, receipt in zip(unread, receipts, strict=True):
        _queue(services, None, receipt)
        name = hashlib.sha256(each.payload).hexdigest()
        claim = Row(source, name, {"received_at": now.isoformat()})
        _trouble(services, source, claim, "unreadable", "", receipt.evidence_id)
    return receipts


def keep_all(services: Services, source: str, deliveries: Sequence[Delivery], now: datetime) -> list[Kept]:
    """Groups hold each id once; a later element with the same id is judged against the kept one."""
    out: list[Kept] = []
    group: list[tuple[Delivery, datetime]] = []
    for position, each in enumerate(deliveries):
        if len(group) == _GROUP or any(each.id == other.id for other, _ in group):
            out += _keep(services, source, group)
            group = []
        # A microsecond apart: the order of an array is the order of arrival.
        group.append((each, now + timedelta(microseconds=position)))
    return out + (_keep(services, source, group) if group else [])


def _keep(services: Services, source: str, arrivals: Sequence[tuple[Delivery, datetime]]) -> list[Kept]:
    group = [each for each, _ in arrivals]
    claims = [_claim(source, each, at) for each, at in arrivals]
    outcomes: dict[int, Kept] = {}
    try:
        _insert(services, claims)
    except RowExists:
        for position, (each, claim) in enumerate(zip(group, claims, strict=True)):
            found = _claimed_before(services, source, each, claim)
            if found is not None:
                outcomes[position] = found
    fresh = [position for position in range(len(group)) if position not in outcomes]
    recorded = _record(services, source, [group[at] for at in fresh], [claims[at] for at in fresh])
    outcomes.update(zip(fresh, recorded, strict=True))
    _mark(services, [_done(claims[at], outcomes[at]) for at in fresh if not outcomes[at].conflict])
    return [outcomes[position] for position in range(len(group))]


def _done(claim: Row, kept: Kept) -> Row:
    return Row(
        claim.partition,
        f"{claim.key}-done",
        {"evidence_id": kept.evidence_id, "received_at": claim.cells["received_at"]},
    )


def _mark(services: Services, marks: Sequence[Row]) -> None:
    """Another attempt may have marked some of them meanwhile."""
    try:
        if marks:
            _insert(services, marks)
    except RowExists:
        for mark in marks:
            try:
                services.rows.insert(TABLE, mark)
            except RowExists:
                continue


def _insert(services: Services, claims: Sequence[Row]) -> None:
    if len(claims) == 1:
        services.rows.insert(TABLE, claims[0])
    else:
        services.rows.transact(TABLE, [(Op.INSERT, claim) for claim in claims])


def _claim(source: str, each: Delivery, now: datetime) -> Row:
    name = hashlib.sha256(each.id.encode("utf-8", "surrogatepass")).hexdigest()
    cells = {
        "sha256": hashlib.sha256(each.payload).hexdigest(),
        "customer": each.customer or "",
        "received_at": now.isoformat(),
        "sent_at": str(each.source.get("timestamp", "")),
    }
    return Row(source, name, cells)


def _claimed_before(services: Services, source: str, each: Delivery, claim: Row) -> Kept | None:
    """A duplicate or a conflict; None when the later steps are still to be done."""
    row = services.rows.get(TABLE, source, claim.key)
    if row is None:
        try:
            services.rows.insert(TABLE, claim)
            return None
        except RowExists:
            row = services.rows.get(TABLE, source, claim.key) or claim
    if row.cells["sha256"] != claim.cells["sha256"]:
        return _conflict(services, source, each, claim)
    done = services.rows.get(TABLE, source, f"{claim.key}-done")
    if done is None:
        return None
    evidence_id = str(done.cells["evidence_id"])
    _trouble(services, source, claim, "duplicate", each.id, evidence_id)
    return Kept(evidence_id, duplicate=True)


def _conflict(services: Services, source: str, each: Delivery, claim: Row) -> Kept:
    """The conflicting bytes are evidence too, once."""
    digest = hashlib.sha256(each.payload).hexdigest()
    key = f"conflict\n{source}\n{_key(each)}\n{digest}"
    receipt = services.ledger.record(_entry(source, each, "intake.conflict", key))
    _queue(services, each.customer, receipt)
    _trouble(services, source, claim, "conflict", each.id, receipt.evidence_id)
    return Kept(receipt.evidence_id, duplicate=False, conflict=True)


def _trouble(services: Services, source: str, claim: Row, what: str, delivery_id: str, evidence_id: str) -> None:
    """For the reconciliation: what came that was not simply kept, in the order of time."""
    if what in _TOLD:
        log(_TOLD[what], source=source, evidence_id=evidence_id)
    at = str(claim.cells["received_at"])
    moment = int(datetime.fromisoformat(at).timestamp() * 1_000_000)
    cells = {"what": what, "delivery_id": printable(delivery_id), "evidence_id": evidence_id, "received_at": at}
    try:
        services.rows.insert(TABLE, Row(f"{source}{TROUBLE}", f"{moment:020d}-{claim.key[:24]}-{what}", cells))
    except RowExists:
        return  # the same at the same microsecond


def _record(services: Services, source: str, group: Sequence[Delivery], claims: Sequence[Row]) -> list[Kept]:
    if not group:
        return []
    entries = [_entry(source, each, "delivery.received", f"{source}\n{_key(each)}") for each in group]
    try:
        receipts = services.ledger.record_many(entries) if len(entries) > 1 else [services.ledger.record(entries[0])]
    except Conflict:
        # Only when the claims table lost what the ledger still knows; each is then judged by itself.
        lost = zip(group, entries, claims, strict=True)
        return [_record_one(services, source, each, entry, claim) for each, entry, claim in lost]
    for each, receipt in zip(group, receipts, strict=True):
        _queue(services, each.customer, receipt)
    return [Kept(receipt.evidence_id, receipt.duplicate) for receipt in receipts]


def _record_one(services: Services, source: str, each: Delivery, entry: NewEntry, claim: Row) -> Kept:
    try:
        receipt = services.ledger.record(entry)
    except Conflict:
        return _conflict(services, source, each, claim)
    _queue(services, each.customer, receipt)
    return Kept(receipt.evidence_id, receipt.duplicate)


def _queue(services: Services, customer: str | None, receipt: Receipt) -> None:
    services.queues.send(QUEUE, json.dumps({"evidence_id": receipt.evidence_id, "customer": customer}))


def _key(each: Delivery) -> str:
    """Ids compare byte for byte; one that UTF-8 cannot hold is told by its hash."""
    try:
        each.id.encode()
    except UnicodeEncodeError:
        return "sha256:" + hashlib.sha256(each.id.encode("utf-8", "surrogatepass")).hexdigest()
    return each.id


def _entry(source: str, each: Delivery, kind: str, key: str) -> NewEntry:
    return NewEntry(
        type=kind,
        key=key,
        payload=each.payload,
        customer=each.customer,
        subject=Subject("delivery", printable(each.id)),
        actor=f"halopsa:{source}",
        source={"system": "halopsa", "source": source, "delivery_id": printable(each.id), **each.source},
    )

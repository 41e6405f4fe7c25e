"""Closing a review: its report in every format, its evidence, and a pack of everything that was said in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.errors import Forbidden, NotFound, RowExists
from shared.model import JsonObject, NewEntry, Person, Role, Subject, parse_instant, rfc3339
from shared.procedures.export_pack import request_own_pack
from shared.procedures.plan import QUEUE
from shared.procedures.review_answers import sees
from shared.procedures.review_items import canonical
from shared.procedures.services import Services
from shared.registers import reviews
from shared.reports.document import dumps, loads
from shared.reports.formats import FORMATS, media_type, render
from shared.reports.review import review_document

CONTAINER = "reports"
CONTROL = "integration_permissions"
_READERS = (Role.AUDITOR, Role.ADMINISTRATOR, Role.STEERING_MEMBER)


def close_if_settled(
    services: Services, quarter: str, meta: JsonObject, items: Sequence[JsonObject], as_of: datetime
) -> JsonObject:
    """A missing answer is no consent: the review closes only when every item is answered and every removal verified.

    Every step may be repeated: a run that died in between is made up for by the next.
    """
    if not all(reviews.settled(item) for item in items):
        return meta
    # What the report says of an item is the last word on it: whoever answers anew from here on is told that it is closed.
    register = reviews.items(services.rows, meta["part"])
    seen = {str(held.body["id"]): held for held in register.held()}
    items = [held.body for held in seen.values()]
    if not all(reviews.settled(item) for item in items):
        return meta
    if register.swap_many([(item["id"], {**item, "closed": True}) for item in items], seen):
        return meta  # somebody has just answered; the next run looks again
    outcome: JsonObject = {}
    for item in items:
        outcome[item["decision"]["decision"]] = outcome.get(item["decision"]["decision"], 0) + 1
    told: JsonObject = {
        "quarter": quarter,
        "population": meta["population"],
        "outcome": outcome,
        "items": [
            {"id": item["id"], "integration": item["frozen"]["integration"], "decision": item["decision"]}
            for item in items
        ],
    }
    digest = hashlib.sha256(canonical(told)).hexdigest()
    report = _report(services, meta, items, rfc3339(as_of), digest)
    services.ledger.record(
        NewEntry(
            type="review.closed",
            key=f"review-closed\n{quarter}\n{digest}",
            payload=canonical(told),
            subject=Subject("review", quarter),
            occurred_at=as_of,
            controls=(CONTROL,),
        )
    )
    closing = {"report": report, "pack": _pack(services, meta)}
    change = {"state": reviews.CLOSED, "closed_at": report["as_of"], "outcome": outcome, "closing": closing}
    reviews.register(services.rows).change(quarter, lambda body: None if body is None else {**body, **change})
    return {**meta, **change}


def _report(services: Services, meta: JsonObject, items: Sequence[JsonObject], as_of: str, digest: str) -> JsonObject:
    """Written once and recorded with a digest for each format; the same closing gives the same bytes."""
    folder = f"review/{meta['quarter']}/{digest[:24]}"
    document = loads(_once(services, f"{folder}/model", "json", dumps(review_document(meta, items, as_of))))
    sums: JsonObject = {}
    for name in FORMATS:
        data = _once(services, f"{folder}/{name}", name, render(name, document))
        sums[name] = hashlib.sha256(data).hexdigest()
    row: JsonObject = {"quarter": meta["quarter"], "as_of": document.as_of, "folder": folder, "sha256": sums}
    receipt = services.ledger.record(
        NewEntry(
            type="report.published",
            key=f"report\nreview\n{meta['quarter']}\n{digest}",
            payload=canonical(row),
            subject=Subject("report", f"review/{meta['quarter']}"),
            occurred_at=parse_instant(document.as_of),
            controls=(CONTROL,),
        )
    )
    return {**row, "evidence_id": receipt.evidence_id}


def _once(services: Services, blob: str, name: str, made: bytes) -> bytes:
    try:
        services.blobs.create(CONTAINER, blob, made, media_type(name))
    except RowExists:
        return services.blobs.get(CONTAINER, blob) or made
    return made


def _pack(services: Services, meta: JsonObject) -> str:
    """Everything this review recorded, from its opening to now, for an auditor to check offline."""
    # By the time of recording, which may be far from the clock the run judged by.
    start = parse_instant(meta["recorded_at"])
    end = max(services.clock.now(), start) + timedelta(seconds=1)
    pack = request_own_pack(services, rfc3339(start), rfc3339(end), (CONTROL,))
    services.queues.send(QUEUE, json.dumps({"pack": pack["id"]}))
    return str(pack["id"])


def review_file(services: Services, person: Person, quarter: str, name: str) -> tuple[bytes, str]:
    """(bytes, media type) of a closed review's report. Forbidden, or NotFound while it is open."""
    if not person.has(*_READERS):
        raise Forbidden("A review's report is for auditors, administrators and steering members.", code="role_missing")
    if name not in FORMATS:
        raise NotFound(f"A report comes as {', '.join(FORMATS)}.", code="format_unknown")
    held = reviews.register(services.rows).get(quarter) if sees(person) else None
    closing = held.body.get("closing") if held is not None else None
    data = services.blobs.get(CONTAINER, f"{closing['report']['folder']}/{name}") if closing else None
    if data is None:
        raise NotFound(f"There is no report of a review of {quarter} yet.", code="report_not_found")
    return data, media_type(name)

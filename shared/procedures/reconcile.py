"""Did everything HaloPSA sent arrive? Its delivery log against our receipts, and a certificate that says so by id.

HaloPSA's log is the source's word: what it says it delivered and we do not have is missing, is fetched from the log (or
by reading the record) and kept as late. What changed without any delivery is told as a figure: nobody promises that every
change rings.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.errors import SourceDenied, SourceRejected
from shared.model import JsonObject, NewEntry, Subject, parse_instant, rfc3339
from shared.ports import ReadPage
from shared.procedures.deliveries import printable
from shared.procedures.keep import QUEUE
from shared.procedures.observe import observation, record_pages
from shared.procedures.reconcile_compare import Compared, Sent, compare, log_of, sent_of
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers.store import Register

_WINDOW = timedelta(hours=36)
_MOST_IDS = 1000
_TEXTS = {
    "intake_missing": "HaloPSA's log says that delivery {id} was sent, but it never arrived; it was fetched now.",
    "intake_lost": "HaloPSA's log says that delivery {id} was sent, but it never arrived and cannot be fetched.",
    "intake_duplicate": "Delivery {id} arrived more than once; it was kept once.",
    "intake_late": "Delivery {id} arrived later after its time stamp than policy allows.",
    "intake_reordered": "Delivery {id} arrived after one that was sent later.",
    "intake_conflict": "Delivery {id} arrived again with other content; both are kept.",
    "intake_unreadable": "An authentic delivery could not be read; its bytes are kept as {id}.",
}


def reconcile_run(services: Services, run: Run) -> JsonObject:
    """One certificate per webhook source."""
    sources = sorted(services.settings.webhook_sources())
    certificates: list[JsonObject] = []
    reasons: list[JsonObject] = []
    for number, source in enumerate(sources):
        run.progress(number / len(sources), f"Comparing HaloPSA's delivery log with what {source} received.")
        certificate, found = _reconcile(services, run, source, alone=len(sources) == 1)
        certificates.append(certificate)
        reasons += found
    return {
        "certificate": certificates[0] if certificates else None,
        "certificates": certificates,
        "reasons": reasons,
    }


def _reconcile(services: Services, run: Run, source: str, *, alone: bool) -> tuple[JsonObject, list[JsonObject]]:
    state_name = f"{log_of(services).LOG}-{source}"
    state = services.mirror.state(state_name)
    now = services.clock.now()
    since = parse_instant(state["until"]) if state.get("until") else None
    try:
        pages = _log_pages(services, source, since, alone=alone)
    except (SourceDenied, SourceRejected) as fault:
        return _certify(services, run, source, {"state": "unknown", "text": fault.message, "code": fault.code}), []
    observations = record_pages(services.ledger, log_of(services).LOG, pages)
    readable, unreadable = _apart(services, pages)
    sent = [each for row in readable for each in sent_of(log_of(services), row)]
    if since is not None:
        sent = [each for each in sent if each.at is None or each.at >= since - _WINDOW]
    covered = set(state.get("covered", ()))
    limit = timedelta(minutes=services.policy.policy.service.intake_late_minutes)
    compared = compare(services, source, sent, covered, limit, str(state.get("trouble_after", "")))
    recovered, lost = _recover(services, source, compared.missing)
    until = max((each.at for each in sent if each.at), default=since)
    body: JsonObject = {
        "state": "gaps" if recovered or lost else "unknown" if unreadable else "complete",
        "since": rfc3339(since) if since else None,
        "until": rfc3339(until) if until else None,
        "sent": compared.sent,
        "received": compared.received,
        "missing": [each.id for each in compared.missing],
        "recovered": recovered,
        "lost": lost,
        "failed": compared.failed,
        "duplicate": compared.duplicate,
        "late": compared.late,
        "reordered": compared.reordered,
        "conflicts": compared.conflict,
        "quarantined": compared.unreadable,
        "log_unreadable": unreadable[:_MOST_IDS],
        "unannounced": _unannounced(services, sent, since, until),
        "observations": observations[:100],
    }
    if body["state"] == "unknown":
        body["text"] = f"{len(unreadable)} of its rows have a field of the wrong type."
    certificate = _certify(services, run, source, body)
    keep = {
        each.key for each in sent if each.id not in lost and (until is None or not each.at or each.at > until - _WINDOW)
    }
    reached = {
        "until": body["until"], "covered": sorted(keep), "trouble_after": compared.trouble_after, "at": rfc3339(now)
    }  # fmt: skip
    services.mirror.change_state(state_name, lambda _state: reached)
    return certificate, _reasons(source, compared, lost)


def _log_pages(services: Services, source: str, since: datetime | None, *, alone: bool) -> list[ReadPage]:
    """The log of our webhooks: on the allow-list, or pointing at this source; with one source also those unknown."""
    allowed = services.settings.webhook_sources()[source].webhook_ids
    log = log_of(services)
    every, aimed = log.hooks((row for page in services.halo.pages("Webhook") for row in page.rows), source)
    ours = aimed | set(allowed)
    if ours and not alone:
        return [page for hook in sorted(ours) for page in _newest_first(services, since, log.of_hook(hook))]
    pages: list[ReadPage] = []
    for page in _newest_first(services, since, {}):
        mine = tuple(row for row in page.rows if log.hook_of(row) not in every - ours)
        pages.append(ReadPage(page.path, page.query, page.status, page.body, mine, page.record_count, page.read_at))
    return pages


def _apart(services: Services, pages: Sequence[ReadPage]) -> tuple[list[JsonObject], list[JsonObject]]:
    """Rows of the log that can be read, and what is wrong with the others: what those were about is unknown."""
    spelling: Any = services.facts("records")
    readable: list[JsonObject] = []
    unreadable: list[JsonObject] = []
    for row in (row for page in pages for row in page.rows):
        fault = spelling.fault(log_of(services).LOG, row)
        if fault is None:
            readable.append(row)
        else:
            unreadable.append({"id": str(row.get("id", "")), "text": fault})
    return readable, unreadable


def _newest_first(services: Services, since: datetime | None, query: Mapping[str, str]) -> Iterator[ReadPage]:
    """The log back to what the last certificate covered: it is kept for weeks, and cannot be asked by time."""
    for page in _ordered(services, query):
        yield page
        times = [each.at for row in page.rows for each in sent_of(log_of(services), row)[:1]]
        known = [at for at in times if at is not None]
        # Only where the order was kept: a server that ignores it may have newer rows on later pages.
        if since is None or len(known) < len(page.rows) or known != sorted(known, reverse=True):
            continue
        if known and known[0] < since - _WINDOW:
            return


def _ordered(services: Services, query: Mapping[str, str]) -> Iterator[ReadPage]:
    """By time where HaloPSA takes the order, else as it comes: what may be ordered by is documented nowhere."""
    log = log_of(services)
    try:
        pages = services.halo.pages(log.LOG, {**query, **log.NEWEST_FIRST})
        first = next(pages, None)
    except SourceRejected:
        pages = services.halo.pages(log.LOG, query)
        first = next(pages, None)
    if first is not None:
        yield first
        yield from pages


def _recover(services: Services, source: str, missing: Sequence[Sent]) -> tuple[list[str], list[str]]:
    """Keep what is missing, from the log's copy or by reading the record it was about."""
    recovered: list[str] = []
    lost: list[str] = []
    events: dict[str, str] = {}
    if any(each.payload is None for each in missing):
        events = _events(services)
    for each in missing:
        payload = each.payload
        if payload is None:
            payload = _by_reading(services, each, events.get(each.notification_id, ""))
        if payload is None:
            lost.append(each.id)
            continue
        receipt = services.ledger.record(
            NewEntry(
                type="delivery.recovered",
                key=f"recovered\n{source}\n{each.id}",
                payload=payload,
                customer=each.customer,
                subject=Subject("delivery", printable(each.id)),
                actor="service",
                occurred_at=each.at,
                source={"system": "halopsa", "source": source, "delivery_id": printable(each.id), "late": True},
            )
        )
        services.queues.send(QUEUE, json.dumps({"evidence_id": receipt.evidence_id, "customer": each.customer}))
        recovered.append(each.id)
    return recovered, lost


def _events(services: Services) -> dict[str, str]:
    """Names of events by the id of the row that asks for them."""
    try:
        rows = [row for page in services.halo.pages("Notification") for row in page.rows]
    except (SourceDenied, SourceRejected):
        return {}
    return log_of(services).events(rows)


def _by_reading(services: Services, each: Sent, event: str) -> bytes | None:
    """The log kept no body: what the event was about is read, and a delivery that names it stands for the lost one.

    None when nobody can say what the number means: an invoice's is no ticket's.
    """
    number = int(each.entity_id) if each.entity_id else None
    target = log_of(services).target({"event": event, "object_id": number})
    if target is None:
        return None
    kind, identity, query = target
    try:
        page = services.halo.one(kind, identity, query)
    except (SourceDenied, SourceRejected):
        return None
    if page is None:
        return None
    services.ledger.record(observation(kind, page))
    return json.dumps({"id": each.id, "event": event.lower(), "object_id": number}, sort_keys=True).encode()


def _unannounced(
    services: Services, sent: Sequence[Sent], since: datetime | None, until: datetime | None
) -> JsonObject:
    """Tickets that changed in the window without any delivery about them."""
    begin = since or min((each.at for each in sent if each.at), default=None)
    if begin is None or until is None:
        return {"count": None, "ids": []}
    rung = {each.entity_id for each in sent}
    first, last = rfc3339(begin), rfc3339(until)
    ids = [one for one in log_of(services).changed(services.mirror.rows("Tickets"), first, last) if one not in rung]
    return {"count": len(ids), "ids": ids[:100]}


def _certify(services: Services, run: Run, source: str, body: JsonObject) -> JsonObject:
    at = rfc3339(services.clock.now())
    certificate = {"source": source, "at": at, "run_id": run.run_id, **body}
    payload = json.dumps(certificate, sort_keys=True).encode()
    digest = hashlib.sha256(payload).hexdigest()
    receipt = services.ledger.record(
        NewEntry(
            type="intake.certificate",
            # A run that was killed after this step certifies again, with what it finds then.
            key=f"certificate\n{source}\n{run.run_id}\n{digest}",
            payload=payload,
            subject=Subject("webhook_source", source),
        )
    )
    certificate["evidence_id"] = receipt.evidence_id
    shown = {name: value[:_MOST_IDS] if isinstance(value, list) else value for name, value in certificate.items()}
    shown["counts"] = {name: len(value) for name, value in certificate.items() if isinstance(value, list)}
    Register(services.rows, "certificates").put(f"{at} {source}", shown)
    return certificate


def _reasons(source: str, compared: Compared, lost: Sequence[str]) -> list[JsonObject]:
    groups = (
        ("intake_missing", [each.id for each in compared.missing]),
        ("intake_duplicate", compared.duplicate),
        ("intake_late", compared.late),
        ("intake_reordered", compared.reordered),
        ("intake_conflict", compared.conflict),
        ("intake_unreadable", compared.unreadable),
    )
    return [
        {
            "code": code,
            "text": _TEXTS["intake_lost" if name in lost and code == "intake_missing" else code].format(id=name),
            "delivery_id": name,
            "source": source,
        }
        for code, names in groups
        for name in names
    ]

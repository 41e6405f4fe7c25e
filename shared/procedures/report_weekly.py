"""The weekly control report: gathered once, kept as a document, rendered in every format, recorded as evidence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from shared.actions import Action, ActionKind
from shared.errors import Malformed, NotFound, RowExists
from shared.model import JsonObject, NewEntry, Person, Subject, rfc3339
from shared.procedures.artefacts import blob_of, make_artefacts
from shared.procedures.deliver import Delivery, deliveries, plan_deliveries
from shared.procedures.page import page
from shared.procedures.plan import queue_actions
from shared.procedures.power_bi import publish_figures
from shared.procedures.report_sources import KIND, gather, sees_all, time_limit
from shared.procedures.runs import PERIODS, Run
from shared.procedures.services import Services
from shared.registers import reports
from shared.reports.cards import practice_facts as _facts
from shared.reports.document import Document, dumps, loads
from shared.reports.formats import FORMATS, media_type, render
from shared.reports.weekly import weekly_document

CONTAINER = "reports"
_MODEL = "model"


def weekly_report_run(services: Services, run: Run) -> JsonObject:
    """The job. What was gathered for an ``as_of`` is kept first: every format, now or later, is made from that."""
    period, as_of = str(run.period), rfc3339(run.as_of)
    folder = f"{KIND}/{period}/{as_of}"
    document = _document(services, run, folder)
    digests: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for number, name in enumerate(FORMATS):
        data = _kept(services, f"{folder}/{name}", name, document)
        digests[name], sizes[name] = hashlib.sha256(data).hexdigest(), len(data)
        run.progress(0.5 + 0.45 * (number + 1) / len(FORMATS), f"{name} written.")
    row: JsonObject = {
        "kind": KIND,
        "period": period,
        "as_of": as_of,
        "folder": folder,
        "title": document.title,
        "sha256": digests,
        "bytes": sizes,
        "headline": document.to_json()["headline"],
    }
    receipt = services.ledger.record(
        NewEntry(
            type="report.published",
            key=f"report\n{KIND}\n{period}\n{as_of}",
            payload=json.dumps(row, sort_keys=True, ensure_ascii=False).encode(),
            subject=Subject("report", f"{KIND}/{period}"),
            occurred_at=run.as_of,
        )
    )
    key = reports.key_of(KIND, period, as_of)
    if reports.register(services.rows).get(key) is None:
        reports.register(services.rows).put(
            key, {**row, "evidence_id": receipt.evidence_id, "published_at": rfc3339(services.clock.now())}
        )
    publish_figures(services, period, as_of, document.data.get("kpis", []))
    artefacts = make_artefacts(services, run.as_of, document)
    plan_deliveries(services, run.run_id, _files(period, as_of, folder, digests, artefacts))
    _tell(services, run, document)
    return {
        "period": period,
        "report": {"formats": digests, "evidence_id": receipt.evidence_id},
        "artefacts": artefacts,
    }


def _files(period: str, as_of: str, folder: str, digests: dict[str, str], artefacts: JsonObject) -> Iterator[Delivery]:
    """Everything a site gets with a report, by path; a later ``as_of`` lies beside an earlier one."""
    report = f"{KIND}/{period}/{as_of}"
    for name, digest in digests.items():
        path = f"Weekly/{period}/{as_of}/weekly-{period}.{name}"
        yield Delivery(report, f"{folder}/{name}", path, media_type(name), digest)
    for file, digest in artefacts.items():
        blob, kind = blob_of(period, as_of, file), media_type(file.rpartition(".")[2])
        yield Delivery(report, blob, f"Weekly/{period}/{as_of}/{file}", kind, digest)


def _document(services: Services, run: Run, folder: str) -> Document:
    held = services.blobs.get(CONTAINER, f"{folder}/{_MODEL}")
    if held is None:
        made = dumps(weekly_document(gather(services, run)))
        try:
            services.blobs.create(CONTAINER, f"{folder}/{_MODEL}", made, "application/json")
            held = made
        except RowExists:  # another run of the same week was faster: its facts count
            held = services.blobs.get(CONTAINER, f"{folder}/{_MODEL}") or made
    return loads(held)


def _kept(services: Services, blob: str, name: str, document: Document) -> bytes:
    held = services.blobs.get(CONTAINER, blob)
    if held is not None:
        return held
    data = render(name, document)
    try:
        services.blobs.create(CONTAINER, blob, data, media_type(name))
    except RowExists:
        return services.blobs.get(CONTAINER, blob) or data
    return data


def _tell(services: Services, run: Run, document: Document) -> None:
    """Report ready: to subscribed flows once, and to every channel once, with the figures of the practices it serves."""
    link = f"{services.settings.text('ATTEST_PUBLIC_URL').rstrip('/')}/api/reports/{KIND}/{document.period}/html"
    text = " ".join(one.text for one in document.headline)
    body = {
        "event": "report_ready",
        "id": f"{KIND}/{document.period}",
        "kind": KIND,
        "title": document.title,
        "text": text,
        "link": link,
        "facts": [{"label": one.label, "text": one.text} for one in document.headline],
    }
    about = Subject("report", f"{KIND}/{document.period}/{document.as_of}")
    key = f"report-ready\n{about.id}"
    actions = [Action(ActionKind.NOTIFY, key, about, None, {**body, "practice": None, "channel": ""})]
    practices = services.policy.policy.practices
    for channel in sorted({one.channel for one in practices.values() if one.channel}):
        mine = [fact for name, one in practices.items() if one.channel == channel for fact in _facts(document, name)]
        card = {**body, "event": "report_channel", "practice": None, "channel": channel, "facts": mine}
        actions.append(Action(ActionKind.NOTIFY, f"{key}\n{channel}", about, None, card))
    queue_actions(services, actions, run.run_id)


def report_file(
    services: Services, person: Person, period: object, name: object, as_of: object = None
) -> tuple[bytes, str]:
    """(bytes, media type) of the report recorded for the latest time not after ``as_of``.

    NotFound for callers who see only some customers or practices: the report is about all of them.
    """
    if not isinstance(period, str) or not PERIODS["weekly_report"].match(period):
        raise Malformed("The period must be an ISO week like 2026-W47.", code="period_invalid")
    if name not in FORMATS:
        raise NotFound(f"A report comes as {', '.join(FORMATS)}.", code="format_unknown")
    limit = time_limit(as_of)
    row = reports.latest(services.rows, KIND, period, limit) if sees_all(person) else None
    data = services.blobs.get(CONTAINER, f"{row['folder']}/{name}") if row else None
    if data is None:
        raise NotFound(f"There is no weekly report of {period} for that time.", code="report_not_found")
    return data, media_type(str(name))


def list_reports(services: Services, person: Person, limit: int = 100, after: str | None = None) -> JsonObject:
    """Published reports, by period and the time they judge by; none for callers who see only some customers."""
    rows = reports.register(services.rows).all() if sees_all(person) else iter(())
    sent = deliveries(services)
    return page(
        rows,
        limit=limit,
        after=after,
        key=lambda row: f"{row['kind']} {row['period']} {row['as_of']}",
        shown=lambda row: {**_shown(row), "deliveries": sent.get(f"{row['kind']}/{row['period']}/{row['as_of']}", [])},
    )


def _shown(row: JsonObject) -> JsonObject:
    links = {name: f"/api/reports/{row['kind']}/{row['period']}/{name}?as_of={row['as_of']}" for name in row["sha256"]}
    return {
        **{key: value for key, value in row.items() if key != "folder"},
        "id": f"{row['kind']}/{row['period']}/{row['as_of']}",
        "formats": list(row["sha256"]),
        "links": links,
    }

"""The weekly control report and its editions: gathered once, kept as documents, made into files, recorded as evidence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from shared.errors import RowExists
from shared.model import JsonObject, NewEntry, Subject, rfc3339
from shared.ports import Place
from shared.procedures.artefacts import blob_of, make_artefacts
from shared.procedures.deliver import Delivery, plan_deliveries
from shared.procedures.power_bi import publish_figures
from shared.procedures.report_sources import CONTAINER, KIND, gather
from shared.procedures.report_told import report_id, tell_report
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers import reports
from shared.reports.document import Document
from shared.reports.formats import FORMATS, media_type, render
from shared.reports.weekly import weekly_document

_MODEL = "model"


def weekly_report_run(services: Services, run: Run) -> JsonObject:
    """The job. What was gathered for an ``as_of`` is kept first: every file, now or later, is made from that.

    The whole report comes in every format. An edition keeps its JSON, which is recorded and which every other format
    can be made from, and the formats it is delivered in; the others are made when somebody asks.
    """
    period, as_of = str(run.period), rfc3339(run.as_of)
    folder = f"{KIND}/{period}/{as_of}"
    documents = _documents(services, run, folder)
    whole = documents[None]
    published: dict[str | None, JsonObject] = {}
    for number, (practice, document) in enumerate(documents.items()):
        published[practice] = _publish(services, run, folder, practice, document)
        run.progress(0.5 + 0.4 * (number + 1) / len(documents), f"{document.title} written.")
    publish_figures(services, period, as_of, whole.data.get("kpis", []))
    artefacts = make_artefacts(services, run.as_of, whole)
    _deliver(services, run.run_id, published, artefacts)
    tell_report(services, run.run_id, documents)
    told = {
        practice: {"formats": row["sha256"], "evidence_id": row["evidence_id"]} for practice, row in published.items()
    }
    return {"period": period, "report": told.pop(None), "editions": told, "artefacts": artefacts}


def _documents(services: Services, run: Run, folder: str) -> dict[str | None, Document]:
    """The whole report (None) and each edition by practice, of one gathering: kept as one blob, so that they agree."""
    held = services.blobs.get(CONTAINER, f"{folder}/{_MODEL}")
    if held is None:
        bodies = {practice or "": weekly_document(data).to_json() for practice, data in gather(services, run).items()}
        made = json.dumps(bodies, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        try:
            services.blobs.create(CONTAINER, f"{folder}/{_MODEL}", made, "application/json")
            held = made
        except RowExists:  # another run of the same week was faster: its facts count
            held = services.blobs.get(CONTAINER, f"{folder}/{_MODEL}") or made
    return {practice or None: Document.from_json(body) for practice, body in json.loads(held).items()}


def _publish(services: Services, run: Run, whole: str, practice: str | None, document: Document) -> JsonObject:
    """Make the files, record them, and answer the register's row."""
    folder = whole if practice is None else f"{whole}/{practice}"
    key = reports.key_of(KIND, document.period, document.as_of, practice)
    held = reports.register(services.rows).get(key)
    digests: dict[str, str] = dict(held.body["sha256"]) if held else {}
    sizes: dict[str, int] = dict(held.body["bytes"]) if held else {}
    for name in FORMATS if practice is None else _formats(services, practice):
        data = _kept(services, f"{folder}/{name}", name, document)
        digests[name], sizes[name] = hashlib.sha256(data).hexdigest(), len(data)
    row: JsonObject = {
        "kind": KIND,
        "period": document.period,
        "as_of": document.as_of,
        "folder": folder,
        "title": document.title,
        "sha256": digests,
        "bytes": sizes,
        "headline": document.to_json()["headline"],
        "practice": practice,
    }
    if held is not None and digests == held.body["sha256"]:
        return held.body
    receipt = services.ledger.record(
        NewEntry(
            type="report.published",
            key=f"report\n{KIND}\n{key}\n{' '.join(digests)}",
            payload=json.dumps(row, sort_keys=True, ensure_ascii=False).encode(),
            subject=Subject("report", f"{KIND}/{document.period}"),
            occurred_at=run.as_of,
            practice=practice,
        )
    )
    row |= {"evidence_id": receipt.evidence_id, "published_at": rfc3339(services.clock.now())}
    reports.register(services.rows).put(key, row)
    return row


def _formats(services: Services, practice: str) -> Sequence[str]:
    mine = services.policy.policy.practices.get(practice)
    return ("json", *(name for name in FORMATS if mine and mine.site and name in mine.formats and name != "json"))


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


def _deliver(
    services: Services, run_id: str, published: Mapping[str | None, JsonObject], artefacts: JsonObject
) -> None:
    """The whole report and the artefacts to the steering team's site, each edition to its practice's."""
    whole = published[None]
    site = Place(services.settings.values.get("SHAREPOINT_SITE", ""))
    plan_deliveries(services, run_id, site, [*_files(whole, "Weekly", whole["sha256"]), *_artefacts(whole, artefacts)])
    for practice, row in published.items():
        mine = services.policy.policy.practices.get(practice or "")
        if mine is not None:
            files = _files(row, mine.folder, mine.formats)
            plan_deliveries(services, run_id, Place(mine.site, mine.drive), files)


def _files(row: JsonObject, top: str, names: Sequence[str]) -> Iterator[Delivery]:
    """A report's files by path; a later ``as_of`` lies beside an earlier one."""
    edition = f"-{row['practice']}" if row["practice"] else ""
    for name in names:
        if name in row["sha256"]:
            path = f"{top}/{row['period']}/{row['as_of']}/weekly-{row['period']}{edition}.{name}"
            yield Delivery(report_id(row), f"{row['folder']}/{name}", path, media_type(name), row["sha256"][name])


def _artefacts(row: JsonObject, digests: JsonObject) -> Iterator[Delivery]:
    for file, digest in digests.items():
        blob, kind = blob_of(row["period"], row["as_of"], file), media_type(file.rpartition(".")[2])
        yield Delivery(report_id(row), blob, f"Weekly/{row['period']}/{row['as_of']}/{file}", kind, digest)

"""Reports for whoever asks: the whole for who sees everything, a practice's edition for who sees the practice."""

from __future__ import annotations

import json

from shared.errors import Malformed, NotFound
from shared.model import JsonObject, Person
from shared.procedures.deliver import deliveries
from shared.procedures.page import page
from shared.procedures.report_sources import CONTAINER, KIND, sees_edition, time_limit
from shared.procedures.report_told import address, report_id
from shared.procedures.runs import PERIODS
from shared.procedures.services import Services
from shared.registers import reports
from shared.reports.document import Document
from shared.reports.formats import FORMATS, media_type, render


def report_file(
    services: Services,
    person: Person,
    period: object,
    name: object,
    as_of: object = None,
    practice: str | None = None,
) -> tuple[bytes, str]:
    """(bytes, media type) of the report, or a practice's edition, recorded for the latest time not after ``as_of``.

    NotFound for callers who do not see all it is about. A format an edition does not keep is made from its JSON.
    """
    if not isinstance(period, str) or not PERIODS["weekly_report"].match(period):
        raise Malformed("The period must be an ISO week like 2026-W47.", code="period_invalid")
    if name not in FORMATS:
        raise NotFound(f"A report comes as {', '.join(FORMATS)}.", code="format_unknown")
    limit = time_limit(as_of)
    data = None
    if sees_edition(person, practice):
        row = reports.latest(services.rows, KIND, period, limit, practice)
        data = _file(services, row, str(name)) if row else None
    if data is None:
        raise NotFound(f"There is no weekly report of {period} for that time.", code="report_not_found")
    return data, media_type(str(name))


def _file(services: Services, row: JsonObject, name: str) -> bytes | None:
    held = services.blobs.get(CONTAINER, f"{row['folder']}/{name}")
    if held is not None or row.get("practice") is None:
        return held
    kept = services.blobs.get(CONTAINER, f"{row['folder']}/json")
    return None if kept is None else render(name, Document.from_json(json.loads(kept)))


def list_reports(
    services: Services, person: Person, limit: int = 100, after: str | None = None, practice: str | None = None
) -> JsonObject:
    """Published reports, by period and the time they judge by: the editions of ``practice``, where that is given.

    Otherwise the widest a caller may read: the whole ones, or the editions of the practices the caller is narrowed to.
    """
    whole = practice is None and sees_edition(person, None)
    rows = (
        row
        for row in reports.register(services.rows).all()
        if sees_edition(person, row.get("practice"))
        and (row.get("practice") is None if whole else practice in (None, row.get("practice")))
    )
    sent = deliveries(services)
    return page(
        rows,
        limit=limit,
        after=after,
        key=lambda row: f"{row['kind']} {row['period']} {row['as_of']} {row.get('practice') or ''}",
        shown=lambda row: {**_shown(row), "deliveries": sent.get(report_id(row), [])},
    )


def _shown(row: JsonObject) -> JsonObject:
    practice = row.get("practice")
    links = {name: address(row["period"], name, practice, row["as_of"]) for name in FORMATS}
    return {
        **{key: value for key, value in row.items() if key != "folder"},
        "id": report_id(row),
        "practice": practice,
        "formats": list(FORMATS),
        "links": links,
    }

"""Bring a published report to where people look: SharePoint, and the reporting container that Power BI reads."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable
from typing import Protocol

from shared.errors import NotFound, SourceError
from shared.log import Event, log
from shared.model import JsonObject, NewEntry, Subject, rfc3339
from shared.procedures.services import Services
from shared.registers import reports
from shared.registers.store import Register
from shared.reports.formats import media_type
from shared.reports.wording import neutral

CONTAINER = "reporting"
KPI_COLUMNS = (
    "period",
    "as_of",
    "from",
    "to",
    "kpi",
    "practice",
    "n",
    "value",
    "unit",
    "mean",
    "median",
    "p90",
    "baseline",
    "status",
    "restated_was",
    "restated_since",
)
"""Stable: columns are only ever added at the end."""


class Shelf(Protocol):
    """Where files are put for people."""

    def put(self, path: str, data: bytes, media_type: str) -> JsonObject:
        """Store by path; the same path again replaces. Raises from the SourceError subtree."""


def register(services: Services) -> Register:
    """What was delivered where, and what could not be: people see the failures here."""
    return Register(services.rows, "report_deliveries")


def deliver_report(services: Services, shelf: Shelf, period: str, as_of: str | None = None) -> JsonObject:
    """Put every format of the newest report (not after ``as_of``) on the shelf; what is there already stays.

    A failure is recorded and the other formats go on; running it again tries only what is missing.
    """
    row = reports.latest(services.rows, "weekly", period, as_of)
    if row is None:
        raise NotFound(f"There is no weekly report of {period}.", code="report_not_found")
    done: list[str] = []
    failed: list[JsonObject] = []
    for name, digest in row["sha256"].items():
        key = f"{row['folder']}/{name}"
        held = register(services).get(key)
        if held is not None and held.body["state"] == "delivered" and held.body["sha256"] == digest:
            continue
        data = services.blobs.get("reports", key)
        if data is None:
            continue
        path = f"Weekly/{period}/{row['as_of']}/weekly-{period}.{name}"
        body: JsonObject = {
            "report": key,
            "format": name,
            "sha256": digest,
            "path": path,
            "at": rfc3339(services.clock.now()),
        }
        try:
            body |= {"state": "delivered", "item": shelf.put(path, data, media_type(name)), "error": None}
            done.append(name)
        except SourceError as fault:
            body |= {"state": "failed", "item": None, "error": {"code": fault.code, "message": fault.message}}
            failed.append({"format": name, "code": fault.code})
        register(services).put(key, body)
    for one in failed:
        log(Event.REPORT_UNDELIVERED, kind=str(one["format"]), code=str(one["code"]))
    if done or failed:
        told = json.dumps({"report": row["folder"], "delivered": done, "failed": failed}, sort_keys=True).encode()
        services.ledger.record(
            NewEntry(
                type="report.delivered" if not failed else "report.delivery_failed",
                key=f"deliver\n{rfc3339(services.clock.now())}\n{hashlib.sha256(told).hexdigest()}",
                payload=told,
                subject=Subject("report", f"weekly/{period}"),
            )
        )
    return {"delivered": done, "failed": failed}


def publish_figures(services: Services, period: str, as_of: str, items: Iterable[JsonObject]) -> None:
    """The week's figures as one CSV blob per week; the newest knowledge of a week replaces the former."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(KPI_COLUMNS)
    for item in items:
        told = item["restated"] or {}
        cells = (
            period,
            as_of,
            item["from"],
            item["to"],
            item["id"],
            item["practice"],
            item["n"],
            item["value"],
            item["unit"],
            item["mean"],
            item["median"],
            item["p90"],
            item["baseline"],
            item["status"],
            told.get("was"),
            told.get("since"),
        )
        writer.writerow(
            ["" if cell is None else neutral(cell) if isinstance(cell, str) else repr(cell) for cell in cells]
        )
    services.blobs.put(CONTAINER, f"kpis/{period}.csv", out.getvalue().encode(), "text/csv; charset=utf-8")

"""What Power BI reads: figures as CSV in the reporting container, their schema beside them, and a file that opens them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from urllib.parse import urlsplit

from shared.model import JsonObject
from shared.procedures.services import Services
from shared.reports.wording import neutral

CONTAINER = "reporting"
STARTER, SCHEMA = "halo-attest.pbids", "datapackage.json"
_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("period", "string", "ISO week the row was published with."),
    ("as_of", "datetime", "The clock the report judged by, UTC."),
    ("from", "datetime", "Beginning of the period, included, UTC."),
    ("to", "datetime", "End of the period, not included, UTC."),
    ("kpi", "string", "Id of the figure."),
    ("practice", "string", "Policy key; empty is all practices together."),
    ("n", "integer", "The denominator."),
    ("value", "number", "Empty is unknown, never zero."),
    ("unit", "string", "hours, ratio (0 to 1), count or a currency."),
    ("mean", "number", "Empty where a mean does not apply."),
    ("median", "number", "By linear interpolation."),
    ("p90", "number", "90th percentile, by linear interpolation."),
    ("baseline", "number", "Frozen value the figure is compared with."),
    ("status", "string", "met, under_way or missed; empty without a target."),
    ("restated_was", "number", "The value told before, where it differs."),
    ("restated_since", "datetime", "When the present value was first told, UTC."),
)
KPI_COLUMNS: tuple[str, ...] = tuple(name for name, _, _ in _FIELDS)
"""Stable: columns are only ever added at the end."""


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
    for name, body in ((STARTER, starter(services)), (SCHEMA, schema())):
        data = (json.dumps(body, indent=2) + "\n").encode()
        if services.blobs.get(CONTAINER, name) != data:
            services.blobs.put(CONTAINER, name, data, "application/json")


def starter(services: Services) -> JsonObject:
    """A Power BI data source file: opening it asks for an account and lists this container."""
    host = urlsplit(services.settings.text("ATTEST_STORAGE__blobServiceUri")).hostname or ""
    account, _, domain = host.partition(".")
    address = {
        "account": account or "<account>",
        "domain": domain or "blob.core.windows.net",
        "container": CONTAINER,
    }
    return {
        "version": "0.1",
        "connections": [
            {"details": {"protocol": "azure-blobs", "address": address}, "options": {}, "mode": "Import"},
        ],
    }


def schema() -> JsonObject:
    """The columns as a Tabular Data Package (Frictionless) describes them."""
    return {
        "profile": "tabular-data-package",
        "name": "halo-attest-figures",
        "resources": [
            {
                "name": "kpis",
                "path": "kpis/*.csv",
                "format": "csv",
                "encoding": "utf-8",
                "schema": {
                    "fields": [{"name": name, "type": kind, "description": about} for name, kind, about in _FIELDS],
                    "primaryKey": ["period", "kpi", "practice"],
                    "missingValues": [""],
                },
            }
        ],
    }

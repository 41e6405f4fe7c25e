"""Pages of reports: each week's files, how it was known, what was made with it, and how it got to people."""

from __future__ import annotations

from urllib.parse import quote

from functions.page_frames import ALL, PAGE, Query, detail_page, list_page, path
from shared.errors import NotFound
from shared.model import JsonObject, Person
from shared.portal.blocks import table
from shared.procedures import artefacts
from shared.procedures.report_answers import list_reports
from shared.procedures.services import Services

_FORMATS = {
    "html": "Page",
    "pdf": "PDF",
    "xlsx": "Excel",
    "docx": "Word",
    "pptx": "PowerPoint",
    "csv": "CSV",
    "json": "JSON",
}


def report_list(services: Services, person: Person, query: Query) -> bytes:
    """Reports, the newest first."""
    rows = list_reports(services, person, ALL, None)["items"]

    def shape(row: JsonObject) -> JsonObject:
        return {**row, "_path": path("reports", row["period"]), "name": row["title"], "links": _links(row)}

    return list_page(services, person, "reports", query, {"items": rows[::-1][:PAGE], "next": None}, shape)


def _links(row: JsonObject) -> list[tuple[str, str]]:
    return [(row["links"][name].removeprefix("/api"), label) for name, label in _FORMATS.items()]


def _editions(services: Services, person: Person, report: JsonObject) -> list[JsonObject]:
    """Each practice's edition of this report that the person may read."""
    return [
        one
        for practice in sorted(services.policy.policy.practices)
        for one in list_reports(services, person, ALL, None, practice)["items"]
        if (one["period"], one["as_of"]) == (report["period"], report["as_of"])
    ]


def report(services: Services, person: Person, period: str, _query: Query) -> bytes:
    """The newest report of a week: its headline and its files."""
    rows = [one for one in list_reports(services, person, ALL, None)["items"] if one["period"] == period]
    if not rows:
        raise NotFound(f"There is no weekly report of {period}.", code="report_not_found")
    newest = rows[-1]
    editions = _editions(services, person, newest)
    versions = [{"as_of": one["as_of"], "name": one["title"], "links": _links(one)} for one in rows[::-1]]
    sent = [file for one in {row["id"]: row for row in (newest, *editions)}.values() for file in one["deliveries"]]
    return detail_page(
        services,
        person,
        "reports",
        newest["title"],
        "The headline; everything behind it stands in the report itself.",
        [("Judged at", "moment", newest["as_of"]), ("Open as", "links", _links(newest))],
        parts=[
            {
                "heading": "Headline",
                "statements": [{"text": one["text"], "href": "", "label": ""} for one in newest.get("headline") or []],
            }
        ],
        blocks=[
            table(
                "As it was known",
                versions,
                {"as_of": "Judged at", "name": "Report", "links": "Open as"},
                kinds={"as_of": "moment", "links": "links"},
                caption="Each stays as it was, byte for byte",
            ),
            table(
                "Editions of the practices",
                [{"name": one["title"].rpartition(": ")[2], "links": _links(one)} for one in editions],
                {"name": "Practice", "links": "Open as"},
                kinds={"links": "links"},
                caption="The same figures, narrowed to what belongs to the practice",
                empty="This report came without editions.",
            ),
            table(
                "Runbook, registers and briefs",
                _artefacts(services, person, newest),
                {"name": "File", "links": "Open"},
                kinds={"links": "links"},
                caption="Made from live data with this report, and recorded as evidence",
                empty="None were made with this report.",
            ),
            table(
                "On the way to SharePoint",
                [{**one, "why": (one["error"] or {}).get("message", "")} for one in sent],
                {"file": "File", "state": "State", "at": "Since", "why": "Why not"},
                kinds={"state": "tag", "at": "moment"},
                caption="What failed is sent again when the report is run again for the same time",
                empty="No SharePoint site is set, so nothing is sent there.",
            ),
        ],
    )


def _artefacts(services: Services, person: Person, report: JsonObject) -> list[JsonObject]:
    rows = artefacts.list_artefacts(services, person, ALL, None)["items"]
    return [
        {"name": file, "links": [(f"{path('artefacts', file)}?as_of={quote(row['as_of'])}", "Open")]}
        for row in rows
        if (row["period"], row["as_of"]) == (report["period"], report["as_of"])
        for file in row["files"]
    ]

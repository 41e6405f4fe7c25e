"""The chapter on what was told differently before: restated figures, and how this report differs from the one before it."""

from __future__ import annotations

from shared.measures.kpi_catalogue import CATALOGUE
from shared.model import JsonObject
from shared.reports.document import Column, Section, Table, Value
from shared.reports.part_figures import by_key
from shared.reports.part_red import practice_name, subject_of
from shared.reports.tones import AMBER, RED, judged, tone
from shared.reports.weekly_input import WeeklyInput
from shared.reports.wording import shown

_ID = Column("id", "Id", "code", aside=True)
_WHERE = Column("practice", "Practice")
_WAS, _NOW = Column("was", "Was", "number"), Column("now", "Is", "number")
_NONE = "Nothing differs from an earlier report of this week, or there was none."


def restatements(data: WeeklyInput, headline: dict[str, float]) -> Section:
    """``headline``: this report's first page by id."""
    before = "an earlier report of this week"
    if data.former is not None:
        before = f"the report as known at {shown(data.former['as_of'], 'instant')}"
    return Section(
        "restated",
        "What was told differently before",
        (
            Table(
                "restated",
                "Restated figures",
                (
                    Column("figure", "Figure"),
                    _WHERE,
                    Column("from", "Period from", "instant"),
                    _WAS,
                    _NOW,
                    Column("since", "Since", "instant"),
                    _ID,
                ),
                tuple(_restated(data, item) for item in (*data.items, *data.before) if item["restated"]),
                empty="No figure of this week or the week before was restated.",
            ),
            Table(
                "differs",
                f"Figures that differ from {before}",
                (Column("figure", "Figure"), _WHERE, _WAS, _NOW, _ID),
                tuple(_figures(data)),
                empty=_NONE,
            ),
            Table(
                "differs-headline",
                f"First page, where it differs from {before}",
                (Column("figure", "Figure"), _WAS, _NOW, _ID),
                tuple(_headline(data, headline)),
                empty=_NONE,
            ),
            Table(
                "differs-findings",
                f"Findings that stand differently than in {before}",
                (Column("subject", "What"), Column("was", "Was", "tone"), Column("now", "Is", "tone"), _ID),
                tuple(_findings(data)),
                empty=_NONE,
            ),
        ),
    )


def _practice(data: WeeklyInput, key: str | None) -> str:
    return practice_name(data, key) if key else "All practices"


def _restated(data: WeeklyInput, item: JsonObject) -> tuple[Value, ...]:
    told = item["restated"]
    label, where = CATALOGUE[item["id"]].label, _practice(data, item["practice"])
    return label, where, item["from"], told["was"], item["value"], told["since"], item["id"]


def _figures(data: WeeklyInput) -> list[tuple[Value, ...]]:
    old = by_key(tuple((data.former or {}).get("kpis", ())))
    return [
        (CATALOGUE[item["id"]].label, _practice(data, item["practice"]), old[key]["value"], item["value"], item["id"])
        for key, item in by_key(data.items).items()
        if key in old and old[key]["value"] != item["value"]
    ]


def _headline(data: WeeklyInput, headline: dict[str, float]) -> list[tuple[Value, ...]]:
    old = {one["id"]: one for one in (data.former or {}).get("headline", ())}
    return [
        (one["label"], one["value"], headline.get(key), key)
        for key, one in old.items()
        if headline.get(key) != one["value"]
    ]


def _findings(data: WeeklyInput) -> list[tuple[Value, ...]]:
    """Red and amber ones that came, went or changed their colour."""
    if data.former is None:
        return []
    old = _told(data.former)
    new = {str(row["id"]): (subject_of(row), tone(row)) for row in judged(data.findings) if tone(row) in (RED, AMBER)}
    colours = {str(row["id"]): tone(row) for row in judged(data.findings)}
    return [
        (
            (new.get(key) or old[key])[0],
            old[key][1] if key in old else "not open",
            new[key][1] if key in new else colours.get(key, "not open"),
            key,
        )
        for key in sorted({*old, *new})
        if old.get(key, ("", ""))[1] != new.get(key, ("", ""))[1]
    ]


def _told(former: JsonObject) -> dict[str, tuple[str, str]]:
    """Subject and colour of the open findings a report told, by id."""
    for section in former.get("sections", ()):
        for block in section["blocks"]:
            if block.get("id") == "open":
                places = {column["id"]: place for place, column in enumerate(block["columns"])}
                what, colour, key = (places[name] for name in ("subject", "tone", "id"))
                return {row[key]: (row[what], row[colour]) for row in block["rows"]}
    return {}

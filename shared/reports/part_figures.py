"""The scorecards: every figure with its denominator, the week before, baseline and target; common ones first."""

from __future__ import annotations

from shared.measures.kpi_catalogue import CATALOGUE, TOGETHER, Kpi
from shared.model import JsonObject
from shared.reports.document import Chart, Column, Paragraph, Section, Series, Table, Value
from shared.reports.part_red import practice_name
from shared.reports.weekly_input import WeeklyInput
from shared.reports.wording import number, shown, words

_KEY = tuple[str, str | None]


def by_key(items: tuple[JsonObject, ...]) -> dict[_KEY, JsonObject]:
    """Items by figure and practice."""
    return {(item["id"], item["practice"]): item for item in items}


def scorecards(data: WeeklyInput) -> list[Section]:
    """One chapter for all practices together, one per practice."""
    now, before = by_key(data.items), by_key(data.before)
    scopes = (None, *data.practices) if data.practice is None else (data.practice,)
    return [_card(data, scope, now, before) for scope in scopes]


def _card(
    data: WeeklyInput, practice: str | None, now: dict[_KEY, JsonObject], before: dict[_KEY, JsonObject]
) -> Section:
    rows = []
    for kpi in CATALOGUE.values():
        item = now.get((kpi.id, practice))
        if item is not None and kpi.of(practice):
            rows.append(_row(kpi, item, before.get((kpi.id, practice))))
    name = practice_name(data, practice) if practice else "All practices"
    key = practice or "all"
    known = sum(1 for row in rows if row[2] is not None)
    told = f"{known} of {len(rows)} figures could be computed; the others have no data in this week or no source yet."
    blocks = [Paragraph(told, "note" if known < len(rows) else "")]
    if practice is not None:
        blocks.append(Paragraph(_TOGETHER, "note"))
    chart = _in_time(data, now) if practice is None else None
    return Section(
        f"scorecard-{key}",
        f"Scorecard: {name}",
        (
            *blocks,
            *([chart] if chart else []),
            Table(f"kpis-{key}", f"Figures, {name}", _COLUMNS, tuple(rows)),
        ),
    )


_TOGETHER = (
    f"Told for all practices together only: {words([CATALOGUE[key].label for key in TOGETHER])}. "
    "Days belong to people, contracts to customers, canaries to the service."
)


def front(data: WeeklyInput) -> list[JsonObject]:
    """The figures of the first scorecard: of all practices together, or of the practice whose edition it is."""
    return [one for one in data.items if one["practice"] == data.practice and CATALOGUE[one["id"]].of(data.practice)]


_COLUMNS = (
    Column("figure", "Figure"),
    Column("category", "Category"),
    Column("value", "Value", "number", aside=True),
    Column("unit", "Unit", "code", aside=True),
    Column("reads", "Value", "reading"),
    Column("n", "Of", "count"),
    Column("counts", "What is counted"),
    Column("before", "Week before", "reading"),
    Column("median", "Median", "reading"),
    Column("p90", "90th percentile", "reading"),
    Column("baseline", "Baseline", "reading"),
    Column("status", "Target", "term"),
    Column("before_value", "Week before, value", "number", aside=True),
    Column("median_value", "Median, value", "number", aside=True),
    Column("p90_value", "90th percentile, value", "number", aside=True),
    Column("baseline_value", "Baseline, value", "number", aside=True),
    Column("id", "Id", "code", aside=True),
)


def _row(kpi: Kpi, item: JsonObject, before: JsonObject | None) -> tuple[Value, ...]:
    unit = item["unit"] if item["unit"] in ("hours", "ratio", "count") else "money"
    former = before["value"] if before else None
    spread = (item["median"], item["p90"], item["baseline"])
    return (
        kpi.label,
        kpi.category,
        item["value"],
        item["unit"],
        shown(item["value"], unit),
        item["n"],
        kpi.counts,
        _reads(former, unit),
        *(_reads(value, unit) for value in spread),
        item["status"] or "",
        former,
        *spread,
        kpi.id,
    )


def _reads(value: float | None, unit: str) -> str:
    return "–" if value is None else shown(value, unit)


def _in_time(data: WeeklyInput, now: dict[_KEY, JsonObject]) -> Chart | None:
    keys = [key for key in data.practices if (now.get(("sla_attainment", key)) or {}).get("value") is not None]
    if not keys:
        return None
    values = tuple(now[("sla_attainment", key)]["value"] for key in keys)
    names = tuple(practice_name(data, key) for key in keys)
    told = "; ".join(f"{name} {number(value, 'ratio')}" for name, value in zip(names, values, strict=True))
    return Chart(
        "in-time",
        "Closed in time, by practice",
        "bar",
        names,
        (Series("Closed in time", values),),
        "ratio",
        f"Share of tickets closed in time. {told}.",
    )

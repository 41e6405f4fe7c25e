"""Pages people come back to: the scorecard as it stands now, and the backlog by what it is worth."""

from __future__ import annotations

from datetime import datetime, timedelta

from functions.page_frames import PAGE, Query, list_page
from shared.measures.kpi_catalogue import CATALOGUE
from shared.model import JsonObject, Person, rfc3339
from shared.portal.words import NONE, day
from shared.procedures import governance, kpis
from shared.procedures.services import Services
from shared.reports.wording import shown

_UNITS = ("hours", "ratio", "count")


def scorecard(services: Services, person: Person, query: Query) -> bytes:
    """Every figure that is told of the practice, over the span asked for and up to now."""
    practice = query.get("practice") or None
    start, end = _span(query.get("span", ""), services.clock.now())
    items = kpis.kpis_view(services, person, rfc3339(start), rfc3339(end), practice, remember=False)["items"]
    rows = [one for one in items if one["practice"] == practice and CATALOGUE[one["id"]].of(practice)]
    return list_page(services, person, "figures", query, {"items": rows, "next": None, "total": len(rows)}, _figure)


def _span(name: str, now: datetime) -> tuple[datetime, datetime]:
    """Whole weeks begin on Monday, 00:00 UTC, as in the weekly report; the end is held for minutes, so that it is cached."""
    end = now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)
    monday = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    if name == "last_week":
        return monday - timedelta(days=7), monday
    if name in ("month", "quarter"):
        return end - timedelta(days=30 if name == "month" else 91), end
    return monday, max(end, monday + timedelta(minutes=5))


def _figure(item: JsonObject) -> JsonObject:
    kpi, aim = CATALOGUE[item["id"]], item["target"]
    unit = item["unit"] if item["unit"] in _UNITS else "money"

    def reads(value: float | None) -> str:
        return NONE if value is None else shown(value, unit)

    return {
        "name": kpi.label,
        "category": kpi.category,
        "value": "unknown" if item["value"] is None else reads(item["value"]),
        "n": item["n"],
        "counts": kpi.counts,
        "median": reads(item["median"]),
        "p90": reads(item["p90"]),
        "baseline": reads(item["baseline"]),
        "target": f"{reads(_reach(aim))} by {day(aim['due'])}" if aim else NONE,
        "status": item["status"],
    }


def _reach(aim: JsonObject) -> float | None:
    return float(aim["reach"]) if isinstance(aim.get("reach"), int | float) else None


def backlog_list(services: Services, person: Person, query: Query) -> bytes:
    """The backlog, best value for its effort first."""
    page = governance.list_backlog(services, person, PAGE, query.get("next"))

    def shape(row: JsonObject) -> JsonObject:
        saved = NONE if row["hours_saved"] is None else shown(float(row["hours_saved"]), "hours")
        return {**row, "name": row["title"], "saved": saved, "worth": f"{row['value']} for {row['effort']}"}

    return list_page(services, person, "backlog", query, page, shape)

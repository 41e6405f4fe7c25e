"""What a practice's channel is told of a report: its own figures in sentences, the whole first page behind them."""

from __future__ import annotations

from shared.measures.kpi_catalogue import CATALOGUE
from shared.model import JsonObject
from shared.reports.document import Document
from shared.reports.wording import number, plural

_TOLD = ("sla_attainment", "sla_at_risk", "mttr_hours", "first_response_hours", "reopen_rate", "stale", "unassigned")
_MONEYLESS = ("hours", "ratio", "count")


def practice_facts(document: Document, practice: str) -> list[JsonObject]:
    """``{"label", "text"}`` rows: what is open in the practice, then each of its figures that could be computed."""
    name = document.data.get("practices", {}).get(practice, practice)
    counts = _open(document, practice)
    facts: list[JsonObject] = [
        {
            "label": name,
            "text": f"{plural(counts['red'], 'finding')} red, {counts['amber']:,} amber; "
            f"{counts['bare']:,} of the red ones without a recovery date.",
        }
    ]
    known = {item["id"]: item for item in document.data.get("kpis", ()) if item["practice"] == practice}
    own = [kpi.id for kpi in CATALOGUE.values() if practice in kpi.practices]
    for key in (*_TOLD, *own):
        item = known.get(key)
        if item is not None and item["value"] is not None:
            unit = item["unit"] if item["unit"] in _MONEYLESS else "money"
            kpi = CATALOGUE[key]
            facts.append(
                {"label": kpi.label, "text": f"{number(item['value'], unit)} of {item['n']:,} {kpi.counts}"}
                if unit != "hours"
                else {"label": kpi.label, "text": f"{number(item['value'], unit)} over {item['n']:,} {kpi.counts}"}
            )
    return facts


def _open(document: Document, practice: str) -> dict[str, int]:
    counts = {"red": 0, "amber": 0, "bare": 0}
    table = next((one for one in document.tables() if one.id == "open"), None)
    if table is None:
        return counts
    places = {column.id: place for place, column in enumerate(table.columns)}
    for row in table.rows:
        if row[places["practice"]] == practice:
            counts[str(row[places["tone"]])] += 1
            counts["bare"] += row[places["tone"]] == "red" and not row[places["recovery"]]
    return counts

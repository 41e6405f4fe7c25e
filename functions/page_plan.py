"""Tables of a project's page that follow its plan: workstreams, periods, and who was told of what."""

from __future__ import annotations

from shared.model import JsonObject
from shared.portal.blocks import table
from shared.portal.words import NONE, day, figure, words


def plan_tables(row: JsonObject) -> list[JsonObject]:
    """Workstreams and periods of the baseline, and escalations where there were any."""
    return [
        table(
            "Workstreams",
            [_stream(one) for one in row.get("workstreams") or []],
            {
                "name": "Workstream",
                "accountable": "Accountable",
                "cost": "Planned cost",
                "ev": "Earned",
                "ac": "Spent",
                "cv": "Variance",
                "cpi": "CPI",
                "planned": "Planned hours",
                "booked": "Booked hours",
            },
            kinds=dict.fromkeys(("cost", "ev", "ac", "cv"), "money")
            | dict.fromkeys(("cpi", "planned", "booked"), "right"),
            caption="Earned, spent and variance add up to those of the project",
            empty="The baseline names no workstream.",
        ),
        table(
            "Periods",
            [_period(one, row.get("as_of")) for one in row.get("periods") or []],
            {
                "period": "Period",
                "planned": "Planned in it",
                "spent": "Spent in it",
                "planned_hours": "Planned hours",
                "booked_hours": "Booked hours",
                "pv": "Planned by then",
                "ev": "Earned by then",
                "ac": "Spent by then",
            },
            kinds=dict.fromkeys(("planned", "spent", "pv", "ev", "ac"), "money")
            | dict.fromkeys(("planned_hours", "booked_hours"), "right"),
            caption="What was planned and what was booked, period by period",
            empty="Without a baseline there are no periods.",
            note="Earned is what was measured last within the period: HaloPSA keeps no history of progress.",
        ),
        *_escalations(row),
    ]


def _stream(one: JsonObject) -> JsonObject:
    return {
        "name": one["name"] or "In no workstream",
        "accountable": one["accountable"] or NONE,
        "cost": one["planned_cost"],
        "ev": one["ev"],
        "ac": one["ac"],
        "cv": one["cv"],
        "cpi": figure(one["cpi"]),
        "planned": figure(one["planned_hours"]),
        "booked": figure(one["booked_hours"]),
    }


def _period(one: JsonObject, as_of: str | None) -> JsonObject:
    ahead = as_of is not None and one["start"] >= as_of
    return {
        "period": f"to {day(one['end'])}" if one["end"] else f"after {day(one['start'])}",
        "planned": one["planned_cost"],
        "spent": one["booked_cost"],
        "planned_hours": figure(one["planned_hours"]),
        "booked_hours": NONE if ahead else figure(one["booked_hours"]),
        "pv": one["pv"],
        "ev": one.get("ev"),
        "ac": one["ac"],
    }


def _escalations(row: JsonObject) -> list[JsonObject]:
    told = row.get("escalations") or []
    if not told:
        return []
    shown = [
        {
            "level": one["level"],
            "to": one["to"],
            "told": one.get("told_at"),
            "answer": words(one.get("quality") or "unanswered"),
            "acknowledged": one.get("acknowledged_at"),
            "responded": one.get("responded_at"),
        }
        for one in sorted(told, key=lambda one: (one.get("told_at") or "", one["level"]))
    ]
    return [
        table(
            "Escalations",
            shown,
            {
                "level": "Level",
                "to": "Told to",
                "told": "Told",
                "answer": "Answer",
                "acknowledged": "Acknowledged",
                "responded": "Responded",
            },
            kinds=dict.fromkeys(("told", "acknowledged", "responded"), "moment"),
        )
    ]

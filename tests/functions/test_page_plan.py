"""The tables of a project's page that follow its plan."""

from __future__ import annotations

from typing import Any

from functions.page_plan import plan_tables


def period(start: str, **more: Any) -> dict[str, Any]:
    """Nothing known of it but its begin."""
    names = ("end", "planned_hours", "planned_cost", "booked_hours", "booked_cost", "pv", "ac")
    return {**dict.fromkeys(names), "start": start, **more}


def test_hours_of_a_period_that_lies_ahead_are_not_unknown_but_none_yet() -> None:
    """What should have been booked by now and cannot be read is unknown."""
    periods = [period("2026-11-09T00:00:00.000Z"), period("2026-12-07T00:00:00.000Z")]
    tables = plan_tables({"as_of": "2026-11-20T18:00:00.000Z", "periods": periods})
    shown = next(one for one in tables if one["title"] == "Periods")
    assert [row["booked_hours"] for row in shown["rows"]] == ["unknown", "—"]

"""Control baselines of the demo's projects, as bodies for ``PUT /api/projects/{id}/baseline``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from local.seeds.calendar import AS_OF, day, wire
from local.seeds.delivery import FIRST_PROJECT, LAST_PROJECT, RATE, START, TASK_HOURS, TASKS, WEEKS
from local.seeds.violations import PROJECTS

_ACCOUNTABLE = {"delivery": "Tomas Example", "customer": "Avery Figment"}


def bodies() -> dict[int, dict[str, Any]]:
    """By project id; the project that is planted without a baseline has none here."""
    return {
        number: _body(number)
        for number in range(FIRST_PROJECT, LAST_PROJECT + 1)
        if PROJECTS.get(number) != "no_baseline"
    }


def _body(number: int) -> dict[str, Any]:
    code = PROJECTS.get(number)
    budget = TASKS * TASK_HOURS * RATE
    gates: list[dict[str, str]] = []
    if code == "gate_skipped":
        # The gate guards Build, is not due yet, and Migration behind it has begun.
        gates = [{"name": "Build accepted", "milestone": "Build", "due": wire(day(11, 27, 17))}]
    elif code == "gate_incomplete":
        gates = [{"name": "Handover accepted", "milestone": "Handover", "due": wire(day(11, 18, 17))}]
    return {
        "currency": "CAD",
        "bac": f"{budget:.2f}",
        "start": wire(START),
        "periods": [
            {"end": wire(START + timedelta(weeks=week)), "pv": f"{budget * week / WEEKS:.2f}"}
            for week in range(1, WEEKS + 1)
        ],
        "workstreams": [],
        "gates": gates,
        "accountable": {} if code == "no_accountable" else dict(_ACCOUNTABLE),
    }


def planned_share() -> float:
    """How much of the plan is over at ``AS_OF``."""
    return (AS_OF - START) / timedelta(weeks=WEEKS)

"""Reads a ServiceNow incident event log (UCI 498's columns) as HaloPSA tickets and actions, inventing no number.

How the log becomes HaloPSA's:

* one incident = the last row, in file order, among those with the greatest ``sys_mod_count``; ``dateoccurred`` is its
  ``opened_at``, ``dateclosed`` its ``resolved_at``;
* an incident that was closed without ``resolved_at`` keeps its ``closed_at`` as ``dateclosed`` and belongs to a client
  of its own (``CLIENT_UNRESOLVED``): its time to resolution is unknown, its service level is not. Asked for
  ``customer=CLIENT_RESOLVED`` the KPIs tell the mean, median and 90th percentile of resolution; asked for all they
  tell service level, reopenings and reassignments of every incident;
* the log has no due time, only ``made_sla``: ``fixbydate`` is ``dateclosed`` where it is true, one second earlier where
  it is false. It carries that one fact and nothing else;
* every row of the log is one action, in the order of ``sys_mod_count``. Resolving closes (status 9), as in HaloPSA;
  a reopening leaves 9. One incident leaves Resolved although its ``reopen_count`` stays: that Resolved is status 8,
  which is not closed.
"""

from __future__ import annotations

import csv
import gzip
import math
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CLIENT_RESOLVED = 1001
CLIENT_UNRESOLVED = 1002
CLOSED = 9
PENDING = 8
PERIOD = ("2016-02-01T00:00:00Z", "2017-03-01T00:00:00Z")
"""Half-open; every closing of the log lies in it."""

Event = dict[str, str]
Row = dict[str, Any]

_STATUSES = {
    "New": (1, "New"),
    "Active": (2, "In Progress"),
    "-100": (3, "Unknown (-100)"),
    "Awaiting User Info": (4, "Awaiting User Info"),
    "Awaiting Problem": (5, "Awaiting Problem"),
    "Awaiting Vendor": (6, "Awaiting Vendor"),
    "Awaiting Evidence": (7, "Awaiting Evidence"),
    "Resolved": (CLOSED, "Closed"),
    "Closed": (CLOSED, "Closed"),
}
_OUTCOMES = {
    "Logged": 2,
    "Assigned": 3,
    "Re-assign": 4,
    "Update": 1,
    "Change Status": 8,
    "Close": 9,
    "Resolve": 10,
    "Re-Open": 11,
    "Change Priority": 12,
}
_COLUMNS = (
    "incident_state", "reassignment_count", "reopen_count", "sys_mod_count", "made_sla", "opened_at", "sys_updated_by",
    "sys_updated_at", "category", "impact", "urgency", "priority", "assignment_group", "assigned_to", "resolved_at",
    "closed_at",
)  # fmt: skip
_MISSING = {"?", ""}
_FIRST_AGENT = 1000


def events(path: Path) -> Iterator[tuple[str, list[Event]]]:
    """Incidents with their rows in file order. The log is grouped by incident; a stray row joins its incident."""
    grouped: dict[str, list[Event]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            # Of 36 columns 16 are read; their values repeat, so one copy of each is enough.
            grouped.setdefault(row["number"], []).append({name: sys.intern(row[name]) for name in _COLUMNS})
    while grouped:
        number = next(iter(grouped))
        yield number, grouped.pop(number)


def seed(path: Path) -> dict[str, list[Row]]:
    """The log as rows by table, as HaloPSA's API would return them."""
    tickets: list[Row] = []
    actions: list[Row] = []
    agents: dict[str, int] = {}
    for ticket_id, (number, rows) in enumerate(events(path), start=1):
        last = _incident(rows)
        story = list(_actions(ticket_id, sorted(rows, key=lambda row: int(row["sys_mod_count"])), agents))
        actions.extend(story)
        tickets.append(_ticket(ticket_id, number, last, rows, agents))
    return {
        "Client": [
            {"id": CLIENT_RESOLVED, "name": "ServiceNow log: resolved incidents", "inactive": False},
            {"id": CLIENT_UNRESOLVED, "name": "ServiceNow log: closed without a resolution time", "inactive": False},
        ],
        "Status": [{"id": number, "name": name} for number, name in sorted(set(_STATUSES.values()))]
        + [{"id": PENDING, "name": "Resolved, then taken up again"}],
        "Outcome": [{"id": number, "outcome": name} for name, number in _OUTCOMES.items()],
        "SLA": [{"id": 1, "name": "made_sla of the log"}],
        "Agent": [
            {"id": number, "name": name, "is_agent": True, "isdisabled": False, "isapiagent": False}
            for name, number in agents.items()
        ],
        "Tickets": tickets,
        "Actions": actions,
    }


def expected_figures(path: Path) -> dict[str, float]:
    """The headline answers, straight from the log's columns and not through any HaloPSA row."""
    hours: list[float] = []
    incidents = made = reopened = never = 0
    for _, rows in events(path):
        last = _incident(rows)
        incidents += 1
        made += last["made_sla"] == "true"
        reopened += max(int(row["reopen_count"]) for row in rows) > 0
        never += last["reassignment_count"] == "0"
        opened, resolved = _when(last["opened_at"]), _when(last["resolved_at"])
        if opened is not None and resolved is not None:
            hours.append((resolved - opened).total_seconds() / 3600)
    hours.sort()
    return {
        "incidents": incidents,
        "mttr_n": len(hours),
        "mttr_mean": math.fsum(hours) / len(hours) if hours else math.nan,
        "mttr_median": _percentile(hours, 0.5),
        "mttr_p90": _percentile(hours, 0.9),
        "sla_met": made,
        "sla_attainment": made / incidents if incidents else math.nan,
        "reopened": reopened,
        "reopen_rate": reopened / incidents if incidents else math.nan,
        "never_reassigned": never / incidents if incidents else math.nan,
    }


def _incident(rows: list[Event]) -> Event:
    newest = max(int(row["sys_mod_count"]) for row in rows)
    return [row for row in rows if int(row["sys_mod_count"]) == newest][-1]


def _ticket(ticket_id: int, number: str, last: Event, rows: list[Event], agents: dict[str, int]) -> Row:
    opened, resolved, closed = (_when(last[name]) for name in ("opened_at", "resolved_at", "closed_at"))
    ended = resolved or closed
    updated = [at for row in rows if (at := _when(row["sys_updated_at"])) is not None]
    met = last["made_sla"] == "true"
    row: dict[str, Any] = {
        "id": ticket_id,
        "summary": number,
        "tickettype_id": 1,
        "client_id": CLIENT_RESOLVED if resolved else CLIENT_UNRESOLVED,
        "team": _known(last["assignment_group"]),
        "agent_id": _agent(last["assigned_to"], agents),
        "priority_id": _leading_number(last["priority"]),
        "impact": _leading_number(last["impact"]),
        "urgency": _leading_number(last["urgency"]),
        "sla_id": 1,
        "status_id": _STATUSES[last["incident_state"]][0],
        "category_1": _known(last["category"]),
        "dateoccurred": _text(opened),
        "dateclosed": _text(ended),
        "fixbydate": _text(ended if met or ended is None else ended - timedelta(seconds=1)),
        "slaholdtime": 0.0,
        "excludefromsla": False,
        "onhold": False,
        "reassigncount": int(last["reassignment_count"]),
        "hasbeenclosed": ended is not None,
        "lastactiondate": _text(max(updated, default=None)),
        "last_update": _text(max(updated, default=None)),
        "use": "ticket",
    }
    return {name: value for name, value in row.items() if value is not None}


def _actions(ticket_id: int, rows: list[Event], agents: dict[str, int]) -> Iterator[Row]:
    """One action for each row of the log, saying what changed against the row before."""
    before: Event | None = None
    status: int | None = None
    for number, (row, reached) in enumerate(zip(rows, _statuses(rows), strict=True), start=1):
        action: Row = {
            "ticket_id": ticket_id,
            "id": number,
            "datetime": _text(_when(row["sys_updated_at"])),
            "outcome": _outcome(before, row, status, reached),
            "old_status": status,
            "new_status": reached,
            "who": row["sys_updated_by"],
            "who_type": 1,
            "who_agentid": _agent(row["sys_updated_by"], agents),
        }
        action["outcome_id"] = _OUTCOMES[action["outcome"]]
        if before is not None and before["priority"] != row["priority"]:
            action["new_priority"] = _leading_number(row["priority"])
        if before is not None and before["assignment_group"] != row["assignment_group"]:
            action["new_team"] = _known(row["assignment_group"])
        yield {name: value for name, value in action.items() if value is not None}
        before, status = row, reached


def _statuses(rows: list[Event]) -> list[int]:
    """HaloPSA's status after each row; a Resolved that is left without counting as a reopening was not a closing."""
    found = [_STATUSES[row["incident_state"]][0] for row in rows]
    for place in range(len(rows) - 2, -1, -1):
        if found[place] != CLOSED or found[place + 1] == CLOSED:
            continue
        reopened = int(rows[place + 1]["reopen_count"]) > int(rows[place]["reopen_count"])
        if not reopened:
            found[place] = PENDING
    return found


def _outcome(before: Event | None, row: Event, old: int | None, new: int) -> str:
    if before is None:
        return "Logged"
    if old == CLOSED and new != CLOSED:
        return "Re-Open"
    if new == CLOSED and row["incident_state"] != before["incident_state"]:
        return "Close" if row["incident_state"] == "Closed" else "Resolve"
    if int(row["reassignment_count"]) > int(before["reassignment_count"]):
        return "Re-assign"
    if row["assigned_to"] != before["assigned_to"]:
        return "Assigned"
    if row["priority"] != before["priority"]:
        return "Change Priority"
    return "Change Status" if old != new else "Update"


def _agent(name: str, agents: dict[str, int]) -> int:
    """HaloPSA's agent id of a name of the log; 1 is its built-in Unassigned."""
    if name in _MISSING:
        return 1
    return agents.setdefault(name, _FIRST_AGENT + len(agents))


def _known(text: str) -> str | None:
    return None if text in _MISSING else text


def _leading_number(text: str) -> int | None:
    head = text.split(" ", 1)[0]
    return int(head) if head.isdigit() else None


def _when(text: str) -> datetime | None:
    """``d/m/YYYY HH:MM``; ``?`` is missing."""
    if text in _MISSING:
        return None
    day, month, rest = text.split("/")
    year, clock = rest.split(" ")
    hour, minute = clock.split(":")
    return datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=UTC)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _percentile(ordered: list[float], share: float) -> float:
    """Linear interpolation between the two nearest ranks."""
    if not ordered:
        return math.nan
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

"""Figures and all seven formats for 10,000 and 100,000 tickets: seconds, memory, and what reading the rows alone costs.

Prints JSON lines. The floor is parsing the same rows' JSON and nothing else.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from shared.model import Person, Role
from shared.procedures.desk import desk_check_run
from shared.procedures.kpis import kpis_view
from shared.procedures.report_weekly import weekly_report_run
from shared.procedures.runs import Run
from shared.reports.document import loads
from shared.reports.formats import FORMATS, render
from tests.harness.clock import StillClock
from tests.harness.services import FakeServices

clock = time.process_time
"""CPU seconds: neighbours on the machine do not count."""
START = datetime(2026, 11, 16, tzinfo=UTC)
NOW = START + timedelta(days=7, hours=6)
CUSTOMERS = 100


class _Names:
    meta = "m-0"


class _Mirror:
    """Rows as JSON lines, parsed when asked for, as the real mirror's buckets are."""

    def __init__(self, tables: dict[str, list[str]]) -> None:
        self.tables = tables

    def rows(self, kind: str) -> Any:
        return (json.loads(line) for line in self.tables.get(kind, ()))

    def read_at(self, kind: str) -> datetime | None:
        return NOW if kind in self.tables else None

    def observations(self, kind: str) -> tuple[str, ...]:
        return (f"o-{kind}",) if kind in self.tables else ()


def _z(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.1234567Z")


def tables(count: int) -> dict[str, list[str]]:
    """A year of tickets: most closed, two per cent open, two actions each."""
    pick = random.Random(count)
    rows: list[str] = []
    actions: list[str] = []
    for number in range(1, count + 1):
        occurred = NOW - timedelta(minutes=pick.randrange(0, 365 * 24 * 60))
        closed = occurred + timedelta(hours=pick.uniform(0.2, 60))
        row: dict[str, Any] = {
            "id": number,
            "summary": f"Ticket {number} about something",
            "tickettype_id": pick.choice((1, 1, 3, 25)),
            "client_id": number % CUSTOMERS + 1,
            "site_id": 4,
            "user_id": number % 5000,
            "team": "Service Desk",
            "agent_id": 7,
            "priority_id": pick.choice((1, 2, 3, 4)),
            "sla_id": 1,
            "status_id": 2,
            "category_1": "Hardware",
            "dateoccurred": _z(occurred),
            "dateassigned": _z(occurred),
            "first_responsedate": _z(occurred + timedelta(hours=1)),
            "respondbydate": _z(occurred + timedelta(hours=4)),
            "fixbydate": _z(occurred + timedelta(hours=24)),
            "slaholdtime": round(pick.random(), 4),
            "excludefromsla": False,
            "onhold": False,
            "reassigncount": number % 4,
            "hasbeenclosed": True,
            "lastactiondate": _z(occurred),
            "last_update": _z(closed),
            "workflow_id": 3,
        }
        if closed < NOW and pick.random() < 0.98:
            row |= {"dateclosed": _z(closed), "status_id": 9}
        rows.append(json.dumps(row))
        actions += [
            json.dumps(
                {
                    "ticket_id": number,
                    "id": action,
                    "datetime": _z(occurred + timedelta(hours=action)),
                    "outcome": "Note",
                    "outcome_id": 7,
                    "old_status": 9 if number % 40 == 0 and action == 2 else 1,
                    "new_status": 2,
                    "who_agentid": 7,
                    "who_type": 1,
                    "timetaken": 0.25,
                    "actionchargehours": 0.25,
                }
            )
            for action in (1, 2)
        ]
    clients = [json.dumps({"id": number, "name": f"Sample Customer {number}"}) for number in range(1, CUSTOMERS + 1)]
    return {"Tickets": rows, "Actions": actions, "Client": clients}


def say(what: str, count: int, figure: float, floor: float) -> None:
    """One line."""
    print(
        json.dumps(
            {
                "bench": what,
                "tickets": count,
                "figure": round(figure, 3),
                "floor": round(floor, 3),
                "ratio": round(figure / floor, 2) if floor else None,
                "unit": "s",
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        ),
        flush=True,
    )


def run(count: int) -> None:
    """All steps for one size."""
    services = FakeServices("", StillClock(NOW))
    services.ledger.names, services.ledger.checkpoint = _Names(), lambda _log: None
    services.ledger.keys = list
    services.mirror = _Mirror(tables(count))
    services.blobs.put("mirror", "rows/Tickets/0", b"x")
    began = clock()
    for kind in services.mirror.tables:
        for _ in services.mirror.rows(kind):
            pass
    floor = clock() - began
    person = Person("oid-1", "Nora Fictive", frozenset({Role.READER}))
    period = ("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z")
    for name in ("report.kpis.first", "report.kpis.again"):
        began = clock()
        kpis_view(services, person, *period)
        say(name, count, clock() - began, floor)
    began = clock()
    desk_check_run(services, Run("r-1", "desk_check", None, NOW, "oid-1"))
    say("report.desk_check", count, clock() - began, floor)
    began = clock()
    weekly_report_run(services, Run("r-2", "weekly_report", "2026-W47", NOW, "oid-1"))
    say("report.weekly.all_formats", count, clock() - began, floor)
    (model,) = [info.name for info in services.blobs.list("reports") if info.name.endswith("/model")]
    document = loads(services.blobs.get("reports", model))
    for name in FORMATS:
        began = clock()
        render(name, document)
        say(f"report.{name}", count, clock() - began, floor)


if __name__ == "__main__":
    for size in [int(one) for one in sys.argv[1:]] or [10_000, 100_000]:
        run(size)

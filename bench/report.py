"""Figures and all seven formats for 10,000 and 100,000 tickets beside 2,000 projects: seconds, memory, growth.

Prints JSON lines, each size in a process of its own. The floor is parsing the same rows' JSON and nothing else. Ends with 1
when figures and formats of the largest size take more than SECONDS or MIB, or HTML after the figures more than HTML_SECONDS.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.projects import prepared
from shared.model import Person, Role
from shared.procedures.desk import desk_check_run
from shared.procedures.kpis import kpis_view
from shared.procedures.projects import project_status_run
from shared.procedures.report_weekly import weekly_report_run
from shared.procedures.runs import Run
from shared.reports.document import Document
from shared.reports.formats import FORMATS, render
from tests.harness.clock import StillClock
from tests.harness.services import FakeServices

clock = time.process_time
"""CPU seconds: neighbours on the machine do not count."""
START = datetime(2026, 11, 16, tzinfo=UTC)
NOW = START + timedelta(days=7, hours=6)
CUSTOMERS, PROJECTS = 100, 2_000
SECONDS, HTML_SECONDS, MIB = 90.0, 5.0, 700


class _Names:
    meta = "m-0"


class _Mirror:
    """Rows as JSON lines in files, read and parsed when asked for, as the real mirror's buckets are."""

    def __init__(self, tables: dict[str, list[str]], folder: Path) -> None:
        self._files = {kind: folder / kind for kind in tables}
        for kind, path in self._files.items():
            path.write_text("\n".join(tables[kind]), encoding="utf-8")

    def rows(self, kind: str) -> Any:
        if kind not in self._files:
            return
        with self._files[kind].open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)

    def read_at(self, kind: str) -> datetime | None:
        return NOW if kind in self._files else None

    def observations(self, kind: str) -> tuple[str, ...]:
        return (f"o-{kind}",) if kind in self._files else ()

    def snapshot(self) -> _Mirror:
        return self


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


def run(count: int) -> dict[str, float]:
    """All steps for one size; what the limits are compared with."""
    services = FakeServices("", StillClock(NOW))
    services.ledger.names, services.ledger.checkpoint = _Names(), lambda _log: None
    services.ledger.keys = list
    services.rows = _measured_projects().rows
    folder = TemporaryDirectory()
    services.mirror = _Mirror(tables(count), Path(folder.name))
    services.blobs.put("mirror", "rows/Tickets/0", b"x")
    began = clock()
    for kind in ("Tickets", "Actions", "Client"):
        for _ in services.mirror.rows(kind):
            pass
    floor = clock() - began
    person = Person("oid-1", "Nora Fictive", frozenset({Role.READER}))
    period = ("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z")
    took: dict[str, float] = {}

    def timed(name: str, step: Callable[[], object]) -> None:
        began = clock()
        step()
        took[name] = clock() - began
        say(f"report.{name}", count, took[name], floor)

    timed("kpis.first", lambda: kpis_view(services, person, *period))
    timed("kpis.again", lambda: kpis_view(services, person, *period))
    desk_check_run(services, Run("r-1", "desk_check", None, NOW, "oid-1"))
    timed("weekly.all", lambda: weekly_report_run(services, Run("r-2", "weekly_report", "2026-W47", NOW, "oid-1")))
    (model,) = [info.name for info in services.blobs.list("reports") if info.name.endswith("/model")]
    document = Document.from_json(json.loads(services.blobs.get("reports", model) or b"{}")[""])
    for name in FORMATS:
        timed(name, partial(render, name, document))
    return took


def _measured_projects() -> FakeServices:
    """Services in which 2,000 projects have been assessed."""
    made = prepared(PROJECTS)
    project_status_run(made, Run("r-0", "project_status", None, made.clock.now(), "bench", lambda _share, _text: None))
    return made


def main() -> int:
    """Each size apart, so that one's memory is not the other's."""
    if sys.argv[1:2] == ["--one"]:
        took = run(int(sys.argv[2]))
        whole = took["kpis.first"] + took["weekly.all"]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        within = whole <= SECONDS and peak <= MIB and took["html"] <= HTML_SECONDS
        told = {"bench": "report.whole", "tickets": int(sys.argv[2]), "figure": round(whole, 1), "floor": SECONDS,
                "ratio": round(whole / SECONDS, 2), "unit": "s", "peak_mib": peak, "within": within}  # fmt: skip
        print(json.dumps(told), flush=True)
        return 0 if within else 1
    ended = 0
    for size in [int(one) for one in sys.argv[1:]] or [10_000, 100_000]:
        command = [sys.executable, "-m", "bench.report", "--one", str(size)]
        ended |= subprocess.run(command, check=False, cwd=Path(__file__).resolve().parents[1]).returncode
    return ended


if __name__ == "__main__":
    sys.exit(main())

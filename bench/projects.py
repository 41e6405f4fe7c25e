"""How long assessing 2,000 projects with 200,000 time entries takes from the mirror, in what memory, and how it grows."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from shared.approvals.quorum import content_digest
from shared.halopsa.mirror import BlobMirror
from shared.model import rfc3339
from shared.procedures import projects
from shared.procedures.baselines import read_baseline
from shared.procedures.runs import Run
from shared.registers import projects as register
from tests.harness.services import FakeServices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.model import JsonObject

PROJECTS = 2_000
TASKS = 10
ENTRIES = 100
"""Time entries per project."""
CUSTOMERS = 200
SECONDS = 60.0
MIB = 500


def came(page: int) -> JsonObject:
    """The cell that names the observation a row came from: a page of a hundred, or a day of time entries."""
    return {"@observation": f"s-{'0123456789abcdef' * 2:.20}.{page:026d}"}


def project_rows(count: int) -> Iterator[JsonObject]:
    """Projects with three milestones each."""
    for number in range(1, count + 1):
        yield {
            "id": number, "summary": f"Project {number}", "tickettype_id": 5, "client_id": 1 + number % CUSTOMERS,
            "status_id": 2, "is_project": True, "last_update": "2026-11-15T10:00:00Z",
            "milestones": [
                {"id": number * 10 + at, "name": f"Stage {at}", "sequence": at, "target_date": f"2026-1{at}-28T00:00:00Z"}
                for at in range(3)
            ],
            **came(number // 100),
        }  # fmt: skip


def task_rows(count: int) -> Iterator[JsonObject]:
    """Ten tasks per project."""
    for number in range(1, count + 1):
        for at in range(TASKS):
            yield {
                "id": 1_000_000 + number * TASKS + at, "parent_id": number, "summary": f"Task {at}", "estimate": 8.0 + at,
                "status_id": 9 if at < 4 else 2, "dateclosed": "2026-11-10T10:00:00Z" if at < 4 else None,
                "projectcompletionpercentage": float(at * 7), "milestone_id": number * 10 + at % 3,
                **came(1000 + number * TASKS // 100),
            }  # fmt: skip


def entry_rows(count: int) -> Iterator[JsonObject]:
    """A hundred time entries per project."""
    for number in range(1, count + 1):
        for at in range(ENTRIES):
            yield {
                "id": at // TASKS + 1, "ticket_id": 1_000_000 + number * TASKS + at % TASKS,
                "timetaken": 0.25 * (at % 5 + 1),
                "who_agentid": 2 + at % 40, "datetime": f"2026-11-{1 + at % 15:02d}T10:00:00Z", "note": "Worked on it.",
                "outcome": "Time entry", "outcome_id": 7, "who_type": 1, "chargerate": 1,
                **came(2000 + at % 15),
            }  # fmt: skip


def prepared(count: int) -> FakeServices:
    """Services whose mirror holds everything, with a baseline for nine projects in ten."""
    services = FakeServices()
    now = services.clock.now()
    mirror = BlobMirror(services.blobs)
    services.mirror = mirror
    mirror.apply("Projects", project_rows(count), read_at=now, complete=True)
    mirror.apply("Tickets", task_rows(count), read_at=now, complete=True)
    mirror.apply("Actions", entry_rows(count), read_at=now, complete=True)
    mirror.apply("Agent", ({"id": at, "costprice": 40.0 + at} for at in range(2, 42)), read_at=now, complete=True)
    mirror.apply("Client", ({"id": at, "name": f"Fictive {at}"} for at in range(1, CUSTOMERS + 1)), read_at=now,
                 complete=True)  # fmt: skip
    body = read_baseline({
        "currency": "CAD", "bac": "10000.00", "start": rfc3339(now - timedelta(days=14)),
        "periods": [{"end": rfc3339(now + timedelta(days=7 * at)), "pv": f"{2500 * (at + 2)}.00"} for at in range(-1, 3)],
        "gates": [{"name": "Stage 1"}], "accountable": {"owner": "oid-nora"},
    })  # fmt: skip
    version = {"version": 1, "baseline": body, "digest": content_digest(body), "accepted_at": rfc3339(now),
               "accepted_by": "oid-nora", "change_order": None}  # fmt: skip
    register.baselines(services.rows).put_many([
        (str(number), {"project_id": str(number), "customer": str(1 + number % CUSTOMERS), "practice": "ps",
                       "versions": [version]})
        for number in range(1, count + 1) if number % 10
    ])  # fmt: skip
    return services


def floor(services: FakeServices) -> float:
    """Only reading the same rows from the mirror."""
    began = time.perf_counter()
    for kind in ("Projects", "Tickets", "Actions"):
        for _ in services.mirror.rows(kind):
            pass
    return time.perf_counter() - began


def one(count: int) -> JsonObject:
    """Measure one size in this process."""
    services = prepared(count)
    least = floor(services)
    at_rest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began, used = time.perf_counter(), time.process_time()
    run = Run("r-bench", "project_status", None, services.clock.now(), "bench", lambda _fraction, _text: None)
    result = projects.project_status_run(services, run)
    took, cpu = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"projects": result["projects"], "entries": count * ENTRIES, "seconds": took, "cpu": cpu, "floor": least, "peak_mib": peak,
            "peak_mib_before": at_rest, "ratings": result["ratings"]}  # fmt: skip


def main() -> int:
    """One JSON line; 1 when a limit is missed. Each size runs in a process of its own, so that peaks do not mix."""
    if len(sys.argv) > 1:
        print(json.dumps(one(int(sys.argv[1]))))
        return 0
    sizes = {}
    for count in (PROJECTS // 10, PROJECTS):
        command = [sys.executable, __file__, str(count)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        sizes[count] = json.loads(answer.stdout.splitlines()[-1])
    small, large = sizes[PROJECTS // 10], sizes[PROJECTS]
    told = {
        "bench": "projects",
        "figure": round(large["seconds"], 2),
        "unit": "s",
        "floor": round(large["floor"], 2),
        "floor_is": "read the same rows from the mirror",
        "ratio": round(large["seconds"] / large["floor"], 1),
        "limit": SECONDS,
        "projects": large["projects"],
        "time_entries": large["entries"],
        "cpu_seconds": round(large["cpu"], 2),
        "ratings": large["ratings"],
        "growth": {"projects": [small["projects"], large["projects"]],
                   "seconds": [round(small["seconds"], 2), round(large["seconds"], 2)],
                   "times": round(large["seconds"] / small["seconds"], 1),
                   "cpu_seconds": [round(small["cpu"], 2), round(large["cpu"], 2)],
                   "cpu_times": round(large["cpu"] / small["cpu"], 1)},
        "peak_mib": round(large["peak_mib"]),
        "peak_mib_before": round(large["peak_mib_before"]),
        "peak_mib_small": round(small["peak_mib"]),
        "limit_mib": MIB,
    }  # fmt: skip
    print(json.dumps(told))
    return 1 if large["seconds"] > SECONDS or large["peak_mib"] > MIB else 0


if __name__ == "__main__":
    sys.exit(main())

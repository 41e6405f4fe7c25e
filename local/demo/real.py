"""A real event log through the ordinary path: into the simulator, over the API, into the mirror, out as figures."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.demo.api import Api, DemoFailed
from local.seeds import servicenow
from local.stack import Stack

Json = dict[str, Any]


def play(log: Path, folder: Path, say: Callable[[str], None]) -> Json:
    """Load, sync, compute, compare with figures computed from the file alone. DemoFailed when they differ."""
    began = time.monotonic()
    say(f"Reading the event log {log.name} as HaloPSA tickets and actions.")
    seed = servicenow.seed(log)
    expected = servicenow.expected_figures(log)
    counts = {table: len(rows) for table, rows in seed.items()}
    say(f"  {counts['Tickets']:,} tickets and {counts['Actions']:,} actions.")
    with Stack(seed=seed, say=say) as stack:
        del seed
        api = Api(stack.host_url, stack.halo_url, stack.entra_url, say, stack.master_key)
        run = api.run("sync")
        synced = time.monotonic() - began
        say(f"  Read over the API into the mirror in {synced:.0f} s.")
        figures = _figures(api)
        api.close()
    wrong = {
        key: {"expected": expected[key], "answered": figures.get(key)}
        for key in expected
        if not _same(expected[key], figures.get(key))
    }
    for key, value in expected.items():
        say(f"  {key.replace('_', ' ')}: {figures.get(key)} (from the file alone: {value})")
    peak = (
        max(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        / 1024
    )
    summary: Json = {
        "data": log.name,
        "figures": figures,
        "expected": expected,
        "agrees": not wrong,
        "sync": run.get("kinds"),
        "seconds": round(time.monotonic() - began, 1),
        "peak_mib_of_one_process": round(peak),
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=1, default=str) + "\n", encoding="utf-8")
    if wrong:
        raise DemoFailed(f"Figures differ from the file's own: {wrong}")
    say(f"\nAll figures agree, after {summary['seconds']:.0f} s; the largest process took {peak:.0f} MiB.")
    return summary


def _figures(api: Api) -> Json:
    """The headline answers as the service gives them; the last one from HaloPSA's rows, which no KPI counts."""
    period = {"from": "2016-02-01T00:00:00Z", "to": "2017-03-01T00:00:00Z"}
    resolved = {
        one["id"]: one
        for one in api.get("nora", "/api/kpis", customer=str(servicenow.CLIENT_RESOLVED), **period)["items"]
        if one["practice"] is None
    }
    every = {one["id"]: one for one in api.get("nora", "/api/kpis", **period)["items"] if one["practice"] is None}
    mttr, sla, reopened = resolved["mttr_hours"], every["sla_attainment"], every["reopen_rate"]
    tickets = api.halo_rows("Tickets")
    return {
        "incidents": sla["n"],
        "mttr_n": mttr["n"],
        "mttr_mean": mttr["mean"],
        "mttr_median": mttr["median"],
        "mttr_p90": mttr["p90"],
        "sla_met": round(sla["value"] * sla["n"]),
        "sla_attainment": sla["value"],
        "reopened": round(reopened["value"] * reopened["n"]),
        "reopen_rate": reopened["value"],
        "never_reassigned": sum(1 for row in tickets if not row.get("reassigncount")) / len(tickets),
    }


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= 1e-6 * max(1.0, abs(one))
    return bool(one == other)

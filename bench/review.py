"""A permission review of 2,000 principals with 40,000 grants, asked for over HTTP of the host, Entra stand-in and Azurite beside it."""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx

from local.demo.api import Api
from local.entra.tokens import HOME_TENANT
from local.stack import Ports, Stack
from shared.entra.catalogue import GRAPH_APP_ID, catalogue
from shared.entra.client import open_graph
from shared.entra.inventory import RESOURCES
from shared.settings import Settings
from tests.harness.clock import StillClock

PRINCIPALS, GRANTS, CALLS = 2_000, 20, 5_000
SECONDS, MIB = 30.0, 300
_PAGE = 999
LEAST_PAGES = (
    math.ceil((PRINCIPALS + 1) / _PAGE) + math.ceil(PRINCIPALS / _PAGE) + math.ceil(PRINCIPALS * GRANTS / _PAGE) + 4
)
"""Principals, registrations, and grants asked of the one resource that gives them; consents, sign-ins, log and roles one each."""
QUARTER = "2026-Q4"


def rows() -> dict[str, list[dict[str, Any]]]:
    """One tenant as Graph returns it: every principal with an owner, a secret and twenty application permissions."""
    known = [(value, row[0]) for value, row in catalogue().raw["opinions"].items() if row[0]]
    graph = {
        "id": "sp-graph", "appId": GRAPH_APP_ID, "displayName": "Microsoft Graph",
        "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
        "appRoles": [{"id": key, "value": value, "displayName": value} for value, key in known],
    }  # fmt: skip
    principals = [
        {
            "id": f"sp-{at}", "appId": f"app-{at}", "displayName": f"Fictive {at}", "appOwnerOrganizationId": HOME_TENANT,
            "servicePrincipalType": "Application", "accountEnabled": True, "signInAudience": "AzureADMyOrg",
            "passwordCredentials": [{"keyId": f"key-{at}", "endDateTime": "2027-03-01T00:00:00Z"}], "keyCredentials": [],
            "appRoles": [], "owners": [{"id": f"owner-{at % 40}"}],
        }
        for at in range(PRINCIPALS)
    ]  # fmt: skip
    grants = [
        {
            "id": f"as-{at}-{number}", "appRoleId": known[(at * 7 + number * 13) % len(known)][1], "principalId": f"sp-{at}",
            "principalType": "ServicePrincipal", "principalDisplayName": f"Fictive {at}", "resourceId": "sp-graph",
            "resourceDisplayName": "Microsoft Graph", "createdDateTime": "2025-01-01T00:00:00Z",
        }
        for at in range(PRINCIPALS)
        for number in range(GRANTS)
    ]  # fmt: skip
    paths = ("users", "groups", "sites", "applications", "devices", "users/x/messages", "users/x/calendar/events")
    calls = [
        {
            "AppId": f"app-{at % PRINCIPALS}", "RequestMethod": "GET", "ResponseStatusCode": 200,
            "RequestUri": f"https://graph.microsoft.com/v1.0/{paths[at % len(paths)]}", "TimeGenerated": "2026-11-10T00:00:00Z",
        }
        for at in range(CALLS)
    ]  # fmt: skip
    applications = [{"id": f"ap-{at}", "appId": f"app-{at}", "owners": []} for at in range(PRINCIPALS)]
    return {
        "servicePrincipals": [graph, *principals], "applications": applications, "appRoleAssignments": grants,
        "microsoftGraphActivityLogs": calls,
    }  # fmt: skip


class Host:
    """The host's process as the system sees it."""

    def __init__(self, port: int) -> None:
        asked = ("local.host", "--port", str(port))
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_text().split("\0")
            except OSError:
                continue
            if set(asked) <= set(command) and not any("leash" in part for part in command):
                self._folder = folder
                return
        raise SystemExit("The host's process is not in /proc; this bench needs Linux.")

    def seconds(self) -> float:
        """Processor time so far."""
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self) -> float:
        """The most memory it ever held."""
        lines = (self._folder / "status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


def main() -> int:
    """One JSON line; 1 when a limit is missed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(
            Ports.free(), seed={"Application": []}, entra_seed=rows(), folder=Path(folder), say=lambda _: None
        ) as stack,
    ):
        api = Api(stack.host_url, stack.halo_url, stack.entra_url, lambda _: None)
        told = measured(stack, api, Host(stack.ports.host))
        api.close()
    print(json.dumps(told))
    return 1 if told["figure"] > SECONDS or told["peak_mib"] > MIB or told["pages"] > LEAST_PAGES else 0


def measured(stack: Stack, api: Api, host: Host) -> dict[str, Any]:
    """Open the quarter, then once more as the next day would; then only read the same pages."""
    at_rest = host.peak_mib()
    took = []
    for _ in range(2):
        cpu, began = host.seconds(), time.perf_counter()
        run = api.run("permission_review", period=QUARTER)
        took.append((time.perf_counter() - began, host.seconds() - cpu))
    pages = _pages(stack) // 2
    began, worked = time.perf_counter(), time.process_time()
    graph = open_graph(Settings.from_environ(stack.environment()), StillClock())
    for name in RESOURCES:
        for _ in graph.pages(name):
            pass
    floor, floor_cpu = time.perf_counter() - began, time.process_time() - worked
    (first, cpu), (again, again_cpu) = took
    return {
        "bench": "review", "figure": round(first, 2), "unit": "s", "floor": round(floor, 2),
        "floor_is": "the same pages read and thrown away", "ratio": round(first / floor, 1), "limit": SECONDS,
        "cpu_s": round(cpu, 2), "floor_cpu_s": round(floor_cpu, 2), "again": round(again, 2),
        "again_cpu_s": round(again_cpu, 2), "pages": pages, "least_pages": LEAST_PAGES,
        "population": run["population"]["entra"], "peak_mib": round(host.peak_mib()), "peak_mib_before": round(at_rest),
        "limit_mib": MIB,
    }  # fmt: skip


def _pages(stack: Stack) -> int:
    calls = httpx.get(f"{stack.entra_url}/_sim/calls", trust_env=False, timeout=60).json()
    return sum(call["path"].startswith(("/graph/", "/arm/", "/logs/")) for call in calls)


if __name__ == "__main__":
    sys.exit(main())

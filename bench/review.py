"""A permission review of 2,000 principals with 40,000 grants, opened over HTTP and Azurite: time, memory, pages."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx

from local.azurite import start_azurite
from local.entra.tokens import HOME_TENANT
from local.processes import Child, free_ports
from shared.entra.catalogue import GRAPH_APP_ID, catalogue
from shared.settings import CATALOGUE
from shared.storage import Account, azurite_connection, ensure_storage

if TYPE_CHECKING:
    from collections.abc import Mapping

PRINCIPALS, GRANTS, CALLS = 2_000, 20, 5_000
SECONDS, MIB = 30.0, 300
PAGES = 55
"""999 rows a page: 3 of principals, 3 of registrations, 41 of grants, and a few for the rest."""


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


def measured() -> dict[str, Any]:
    """In a process that has done nothing else: open the quarter, then once more as the next day would."""
    from shared import bootstrap
    from shared.procedures.review_quarterly import permission_review_run
    from shared.procedures.runs import Run
    from shared.settings import Settings

    live = bootstrap.Live(Settings.from_environ(os.environ), bootstrap._RealClock())  # noqa: SLF001 - the clock of Azure
    began = time.perf_counter()
    resources = ("servicePrincipals", "applications", "appRoleAssignments", "microsoftGraphActivityLogs")
    pages = sum(1 for name in resources for _ in live.graph.pages(name))
    floor = time.perf_counter() - began
    took = []
    for number in range(2):
        cpu, began = time.process_time(), time.perf_counter()
        run = Run(
            f"r-{number}", "permission_review", "2026-Q4", live.clock.now(), "bench", lambda _fraction, _text: None
        )
        result = permission_review_run(live, run)
        took.append((time.perf_counter() - began, time.process_time() - cpu))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"took": took, "floor": floor, "pages": pages, "peak_mib": peak, "population": result["population"]}


def main() -> int:
    """One JSON line; 1 when a limit is missed."""
    if len(sys.argv) > 1:
        print(json.dumps(measured()))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        told = _against_servers(Path(folder))
    (first, cpu), (again, _) = told["took"]
    line = {
        "bench": "review", "figure": round(first, 2), "unit": "s", "floor": round(told["floor"], 2),
        "floor_is": "the same pages read and thrown away", "ratio": round(first / told["floor"], 1), "limit": SECONDS,
        "processor_seconds": round(cpu, 2), "again": round(again, 2), "pages": told["pages"], "limit_pages": PAGES,
        "population": told["population"]["entra"], "peak_mib": round(told["peak_mib"]), "limit_mib": MIB,
    }  # fmt: skip
    print(json.dumps(line))
    return 1 if first > SECONDS or told["peak_mib"] > MIB or told["pages"] > PAGES else 0


def _against_servers(folder: Path) -> dict[str, Any]:
    port = free_ports(4)
    entra = f"http://127.0.0.1:{port + 3}"
    seed = folder / "entra.json"
    seed.write_text(json.dumps(rows()), "utf-8")
    command = [sys.executable, "-m", "local.entra", "--port", str(port + 3), "--seed", str(seed)]
    children = [Child.start("Entra", command, log=folder / "entra.log")]
    try:
        children.append(start_azurite(port, folder, say=lambda _: None))
        children[0].wait_for_ports((port + 3,), 60)
        account = Account(connection=azurite_connection(port))
        ensure_storage(account)
        account.close()
        answer = subprocess.run(
            [sys.executable, __file__, "measured"],
            capture_output=True, text=True, check=False, env=_environment(entra, account.connection),
        )  # fmt: skip
        if answer.returncode:
            raise SystemExit(answer.stderr[-2000:])
        httpx.get(entra, trust_env=False)
        return dict(json.loads(answer.stdout.splitlines()[-1]))
    finally:
        for child in reversed(children):
            child.stop()


def _environment(entra: str, connection: str) -> Mapping[str, str]:
    values = {one.name: one.sample for one in CATALOGUE if one.sample}
    moved = {
        "GRAPH_URL": f"{entra}/graph",
        "ARM_URL": f"{entra}/arm",
        "LOGS_URL": f"{entra}/logs",
        "ATTEST_AUTHORITY": entra,
    }
    return {**os.environ, **values, **moved, "ATTEST_STORAGE": connection, "ATTEST_GROUP": "review"}


if __name__ == "__main__":
    sys.exit(main())

"""Where the story is played: a small corner of the demo's world, and what every step needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from local.demo.api import DemoFailed
from local.seeds import entra, world
from local.seeds.calendar import AS_OF, wire
from shared.entra.catalogue import GRAPH_APP_ID
from shared.storage import AzureQueues, AzureRows
from tests.harness.guarded import CHANNEL, Guarded, Service

Json = dict[str, Any]
INVOICE = -40
_KEPT = {
    "Tickets": {1001, 1002, 1003},
    "Projects": {806, 808},
    "Opportunities": {601, 606},
    "RecurringInvoice": {INVOICE},
    "ClientContract": {300 - INVOICE},
}


def seed() -> dict[str, list[Json]]:
    """One invoice, two projects, two deals, three tickets."""
    rows = world.rows()
    for table, ids in _KEPT.items():
        rows[table] = [row for row in rows[table] if row["id"] in ids]
    tickets = {row["id"] for row in rows["Tickets"]}
    rows["Actions"] = [row for row in rows["Actions"] if row["ticket_id"] in tickets]
    rows["Invoice"] = [row for row in rows["Invoice"] if row.get("recurring_invoice_id") == INVOICE]
    rows["Users"] = rows["Users"][:3]
    return rows


def microsoft() -> dict[str, list[Json]]:
    """Two integrations of the demo's tenant, one of them with a right of tier 0."""
    rows = entra.rows()
    every = [row for row in rows["servicePrincipals"] if row.get("appId") != GRAPH_APP_ID]
    ids = {row["id"] for row in every[:2]}
    apps = {row["appId"] for row in every[:2]}
    kept = [row for row in rows["servicePrincipals"] if row["id"] in ids or row.get("appId") == GRAPH_APP_ID]
    return {
        **rows,
        "servicePrincipals": kept,
        "applications": [row for row in rows["applications"] if row["appId"] in apps],
        "appRoleAssignments": [row for row in rows["appRoleAssignments"] if row["principalId"] in ids],
        "oauth2PermissionGrants": [row for row in rows["oauth2PermissionGrants"] if row["clientId"] in ids],
        "roleAssignments": [],
    }


def policy() -> str:
    """The demo's, with a Teams channel for those whose projects these are."""
    text = world.POLICY.read_text("utf-8")
    return text.replace("[practices.ps]", f'[practices.ps]\nchannel = "{CHANNEL}"')


class Stage:
    """Plays steps against the guarded service. All but a few may be played again and again."""

    def __init__(self, guarded: Guarded) -> None:
        self.guarded, self.api = guarded, Service(guarded)
        self.patience = 90.0
        """Seconds until what was set going must have come about."""
        self.enough = 0.0
        """Once something was refused, seconds from the step's beginning in which it would have come about all the same."""
        self._began, self._refusals = time.monotonic(), 0
        self.queues, self.rows = AzureQueues(guarded.account), AzureRows(guarded.account)

    def steps(self) -> dict[str, Callable[[], None]]:
        """By name, in the order in which each finds what it needs."""
        raise NotImplementedError

    def play(self, name: str) -> float:
        """One step; how long it took. DemoFailed when it does not reach what it is there for."""
        self._began, self._refusals = time.monotonic(), len(self.guarded.gate.refused)
        self.guarded.gate.stage = name
        self.steps()[name]()
        return time.monotonic() - self._began

    def until(self, what: str, check: Callable[[], Any]) -> Any:
        """The first answer that is true; DemoFailed when the patience ends, or soon after something was refused."""
        end, pause = time.monotonic() + self.patience, 0.05
        while True:
            found = check()
            if found:
                return found
            if self.guarded.gate.without is not None and len(self.guarded.gate.refused) > self._refusals:
                end = min(end, self._began + self.enough)
            if time.monotonic() > end:
                raise DemoFailed(f"{what} did not come about.")
            time.sleep(pause)
            pause = min(pause * 1.2, 0.25)

    def job(self, job: str, period: str | None = None, **asked: str | None) -> Json:
        """A job to its end."""
        body = {"job": job, "period": period, "as_of": wire(AS_OF) if job != "seal" else None, **asked}
        run_id = self.api.call("omar", "POST", "/api/runs", body).json()["run_id"]

        def ended() -> Json | None:
            run = self.api.get("omar", f"/api/runs/{run_id}")
            if run["state"] == "failed":
                raise DemoFailed(f"{job} failed: {run['error']}")
            return run if run["state"] == "succeeded" else None

        return dict(self.until(f"The run {job}", ended))

    def heard(self) -> None:
        """What somebody changed in HaloPSA has rung and was read back."""
        self.until("What the rings set going", self.api.quiet)

    def expect(self, held: object, otherwise: str) -> None:
        """DemoFailed with the sentence where it does not hold."""
        if not held:
            raise DemoFailed(otherwise)

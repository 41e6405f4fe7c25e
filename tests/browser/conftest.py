"""One stack for everything that is looked at whole: the portal in a browser, the API by a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_socket import enable_socket

from local.demo.api import Api
from local.seeds import baselines, entra, world
from tests.harness.guarded import Guarded, Service

AS_OF = "2026-11-20T18:00:00Z"


def some_rows() -> dict[str, list[dict]]:
    """The demo's rows with a few recurring invoices and tickets only, so that the stack is ready in seconds."""
    rows = world.rows()
    rows["RecurringInvoice"] = rows["RecurringInvoice"][:6]
    rows["Tickets"] = [row for row in rows["Tickets"] if int(row["id"]) % 8 == 0]
    kept = {row["id"] for row in rows["Tickets"]} | {row["id"] for row in rows.get("Projects", [])}
    rows["Actions"] = [row for row in rows["Actions"] if row["ticket_id"] in kept]
    return rows


@pytest.fixture(scope="session")
def stack(tmp_path_factory) -> Iterator[Guarded]:
    enable_socket()
    folder: Path = tmp_path_factory.mktemp("portal")
    with Guarded(folder, seed=some_rows(), entra_seed=entra.rows(), policy=world.POLICY) as stack:
        yield stack


@pytest.fixture(scope="session")
def api(stack) -> Iterator[Api]:
    api = Service(stack)
    api.clock(AS_OF)
    api.run("sync", as_of=AS_OF)
    for project, body in list(baselines.bodies().items())[:3]:
        api.call("paula", "PUT", f"/api/projects/{project}/baseline", body, want=(200, 201))
    for job in ("billing_check", "project_status", "handoff_review"):
        api.run(job, as_of=AS_OF)
    api.run("permission_review", period="2026-Q4", as_of=AS_OF)
    api.run("weekly_report", period="2026-W47", as_of=AS_OF)
    yield api
    api.close()

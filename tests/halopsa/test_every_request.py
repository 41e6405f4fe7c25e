"""Every request the service made of the simulator, whatever led to it, exists in HaloPSA's own document."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from shared.actions import Action, ActionKind
from shared.halopsa.client import HaloClient
from shared.halopsa.proposal_text import proposal_text
from shared.halopsa.propose import proposals
from shared.halopsa.sample import take_sample
from shared.halopsa.setup import arrived, ensure_webhook, logged
from shared.halopsa.writes import HaloWrites
from shared.model import NewEntry, Subject
from shared.procedures.hear import hear
from shared.procedures.reconcile import reconcile_run
from shared.procedures.sync import sync_run
from tests.halopsa.conftest import connect
from tests.halopsa.test_against_simulator import run

if TYPE_CHECKING:
    from tests.halopsa.conftest import Simulator
    from tests.harness.services import FakeServices

pytestmark = pytest.mark.stack

DOCUMENT = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "halopsa-openapi.json"
EVENTS = (
    ("ticket updated", 1001), ("opportunity updated", 601), ("recurring invoice updated", -9001), ("invoice posted", 1),
    ("quotation updated", 1), ("appointment updated", 1), ("contract updated", 1),
)  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """HaloPSA's OpenAPI document; it is not ours to ship."""
    if not DOCUMENT.exists():
        pytest.skip("HaloPSA's OpenAPI document is not beside this checkout.")
    return json.loads(DOCUMENT.read_text())


def work(services: FakeServices) -> None:
    """A first and a second sync, all writes twice, rings, reconciliation, setup and a proposal."""
    halo = services.halo
    assert isinstance(halo, HaloClient)
    for _ in range(2):
        sync_run(services, run(services))
    writes = HaloWrites(halo, services.mirror)
    invoice = int(next(iter(services.mirror.rows("RecurringInvoice")))["id"])
    ticket = int(next(iter(services.mirror.rows("Tickets")))["id"])
    hold = {"recurring_invoice_id": invoice, "mode": "disable", "hold_id": "h"}
    first = {"invoice_id": 71, "mode": "review", "hold_id": "h-2"}
    plan = {"summary": "Rollout", "client_id": 101, "project_type": 40, "task_type": 41, "tasks": [{"name": "Draw"}]}
    for kind, parameters in (
        (ActionKind.HOLD_INVOICE, hold),
        (ActionKind.RELEASE_INVOICE, hold | {"prior": {}}),
        (ActionKind.HOLD_INVOICE, first),
        (ActionKind.RELEASE_INVOICE, first | {"prior": {}}),
        (ActionKind.NOTE_TICKET, {"ticket_id": ticket, "note": "x"}),
        (ActionKind.CREATE_PROJECT, {"opportunity_id": 601, "plan": plan}),
    ):
        for _ in range(2):
            writes.carry_out(Action(kind, f"a-{kind}", Subject("x", "1"), "101", parameters), {})
    for number, (event, record) in enumerate(EVENTS):
        told = json.dumps({"id": f"d{number}", "event": event, "object_id": record}).encode()
        entry = NewEntry(type="delivery.received", key=f"d{number}", payload=told, customer="101")
        hear(services, services.ledger.record(entry).evidence_id)
    made = ensure_webhook(halo, "https://attest.example/api/webhooks/halopsa/main", "u", "p")
    arrived(halo, made["webhook_id"], logged(halo, made["webhook_id"]))
    reconcile_run(services, run(services, "reconcile"))
    proposal_text(proposals(take_sample(halo)), "x")
    halo.about()
    halo.remove("Webhook", made["webhook_id"])


def test_every_request_that_is_made_exists(simulator: Simulator, document: dict[str, Any]) -> None:
    """Path, method and every query parameter."""
    from local.seeds import world

    simulator.door.post("/_sim/rows?replace=true&quiet=true", json=world.rows()).raise_for_status()
    simulator.rows(Invoice=[{"id": 71, "client_id": 101, "posted": False}])
    work(connect(simulator))
    strange: set[str] = set()
    asked: set[str] = set()
    for call in simulator.calls():
        if call["path"] == "/auth/token":
            continue
        path = call["path"].removeprefix("/api")
        known = next((one for one in (path, re.sub(r"/[^/]+$", "/{id}", path)) if one in document["paths"]), None)
        operation = document["paths"][known].get(call["method"].lower()) if known else None
        asked.add(f"{call['method']} {known}")
        if operation is None:
            strange.add(f"{call['method']} {path}")
            continue
        names = {one["name"] for one in operation.get("parameters", [])}
        strange |= {f"{call['method']} {known}?{name}" for name, _ in parse_qsl(call["query"]) if name not in names}
    assert strange == set()
    assert {"GET /Audit", "POST /Notification", "POST /Projects", "GET /WebhookEvent", "GET /Agent/me"} <= asked
    assert len(asked) > 45

"""The scopes the integrator's page asks for are enough, and each of them is needed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shared.actions import Action, ActionKind
from shared.errors import SourceDenied
from shared.halopsa.setup import ensure_webhook, logged
from shared.halopsa.writes import HaloWrites
from shared.model import Subject
from shared.procedures.sync import sync_run
from tests.halopsa.conftest import connect
from tests.halopsa.test_against_simulator import run, seed

if TYPE_CHECKING:
    from tests.halopsa.conftest import Simulator
    from tests.harness.services import FakeServices

pytestmark = pytest.mark.stack

ROOT = Path(__file__).resolve().parents[2]


def asked() -> list[str]:
    """From the table of section 2."""
    page = (ROOT / "docs" / "integrator.md").read_text("utf-8").partition("## 2.")[2].partition("## 3.")[0]
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return [scope for row in rows for scope in re.findall(r"`([a-z:]+)`", row)]


def use(services: FakeServices) -> set[str]:
    """Everything the service does in a tenant; answers what it was not allowed to."""
    denied = {one["kind"] for one in sync_run(services, run(services))["unreadable"]}
    writes = HaloWrites(services.halo, services.mirror)
    plan = {"summary": "Rollout", "client_id": 3, "project_type": 5, "task_type": 1, "tasks": [{"name": "Draw"}]}
    actions = [
        (ActionKind.HOLD_INVOICE, {"recurring_invoice_id": -240, "mode": "disable", "hold_id": "h-1"}),
        (ActionKind.NOTE_TICKET, {"ticket_id": 7, "note": "Held."}),
        (ActionKind.CREATE_PROJECT, {"opportunity_id": 55, "plan": plan}),
    ]
    for kind, parameters in actions:
        subject = Subject("x", "1")
        try:
            writes.carry_out(Action(kind, f"a-{kind}", subject, "3", parameters), {})
        except SourceDenied:
            denied.add(kind.value)
    try:
        ensure_webhook(services.halo, "https://attest.example/api/webhooks/halopsa/main", "u", "p")
        logged(services.halo, "x")
    except SourceDenied:
        denied.add("webhooks")
    return denied


def state(simulator: Simulator) -> None:
    """Rows of every kind that has a detail of its own."""
    seed(simulator)
    simulator.rows(
        Opportunities=[{"id": 55, "summary": "Deal", "client_id": 3, "is_opportunity": True, "status_id": 1}],
        Quotation=[{"id": 4, "client_id": 3}],
        SalesOrder=[{"id": 4, "client_id": 3}],
    )


def test_the_page_and_the_identities_ask_for_the_same() -> None:
    """One list; the deployment takes its setting from the identities."""
    identities: dict[str, Any] = json.loads((ROOT / "infra" / "identities.json").read_text("utf-8"))
    assert sorted(asked()) == sorted(identities["groups"]["engine"]["halopsa"])


def test_they_are_enough(simulator: Simulator) -> None:
    """Nothing stays unread or undone."""
    state(simulator)
    assert use(connect(simulator, scope=" ".join(asked()))) == set()


@pytest.mark.parametrize("scope", asked())
def test_each_is_needed(simulator: Simulator, scope: str) -> None:
    """Without it something cannot be read or done."""
    state(simulator)
    left = [one for one in asked() if one != scope]
    assert use(connect(simulator, scope=" ".join(left))) != set()

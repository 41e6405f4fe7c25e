"""The real client, sync, setup and reconciliation over real HTTP against the simulator."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.actions import Action, ActionKind
from shared.errors import AttestError, SourceBusy, SourceDenied, SourceDown, SourceRejected
from shared.halopsa.setup import arrived, ensure_webhook, logged
from shared.halopsa.writes import HaloWrites
from shared.model import Subject, rfc3339
from shared.procedures.reconcile import reconcile_run
from shared.procedures.runs import Run
from shared.procedures.sync import sync_run
from shared.settings import Secret
from tests.halopsa.conftest import connect

if TYPE_CHECKING:
    from tests.halopsa.conftest import Simulator
    from tests.harness.services import FakeServices

pytestmark = pytest.mark.stack


def run(services: FakeServices, job: str = "sync") -> Run:
    """A run of now."""
    return Run(f"r-{time.monotonic_ns()}", job, None, services.clock.now(), "test")


def ticket(number: int, day: int) -> dict[str, Any]:
    """A closed ticket of one day."""
    at = f"2026-11-{day:02d}T08:00:00Z"
    return {
        "id": number, "summary": f"Case {number}", "tickettype_id": 1, "client_id": 3, "status_id": 9,
        "dateoccurred": at, "dateclosed": at, "last_update": at,
    }  # fmt: skip


def seed(simulator: Simulator) -> None:
    """Some of everything."""
    simulator.rows(
        Client=[{"id": 3, "name": "Maple Harbour Dental"}],
        Tickets=[ticket(n, 1 + n % 9) for n in range(1, 251)],
        Actions=[
            {"ticket_id": n, "id": 1, "outcome": "x", "outcome_id": 7, "datetime": f"2026-11-{1 + n % 9:02d}T09:00:00Z"}
            for n in range(1, 251)
        ],
        Projects=[{**ticket(900, 2), "tickettype_id": 5, "is_project": True, "budgets": [{"id": 1, "hours": 3}]}],
        RecurringInvoice=[{"id": -240, "client_id": 3, "disabled": False, "lines": [{"id": 1, "net_amount": 5.0}]}],
        ClientContract=[{"id": 5, "client_id": 3, "percentageincrease": 3.0}],
    )


def test_a_sync_reads_everything_and_little_more(simulator: Simulator) -> None:
    """Rows, lines and details arrive; a second sync is by change; a change and a removal are seen."""
    seed(simulator)
    services = connect(simulator)
    result = sync_run(services, run(services))
    assert (result["unreadable"], result["incomplete"]) == ([], [])
    assert len(list(services.mirror.rows("Actions"))) == 250
    assert (services.mirror.get("Projects", "900") or {})["budgets"] == [{"id": 1, "hours": 3}]
    assert (services.mirror.get("ClientContract", "5") or {})["percentageincrease"] == 3
    assert (services.mirror.get("RecurringInvoice", "-240") or {})["lines"]
    before = len(simulator.calls())
    sync_run(services, run(services))
    second = simulator.calls()[before:]
    assert any("lastupdatefromdate" in call["query"] for call in second if call["path"] == "/api/Tickets")
    assert not any(call["path"] == "/api/Actions" for call in second)
    simulator.rows(
        Tickets=[
            {**ticket(3, 4), "summary": "Changed", "last_update": None},
            {"id": 4, "@removed": {"reason": "deleted"}},
        ]
    )
    sync_run(services, run(services))
    assert (services.mirror.get("Tickets", "3") or {})["summary"] == "Changed"
    assert services.mirror.get("Tickets", "4") is None


def test_faults_heal_or_are_told(simulator: Simulator) -> None:
    """429 with and without Retry-After, 500 and a cut connection heal; 504 and 403 are told; a write may be uncertain."""
    seed(simulator)
    services = connect(simulator)

    def fault(**how: Any) -> None:
        simulator.post("/_sim/faults", {"match": "/api/Client", "method": "GET", "times": 1, **how})

    for how in (
        {"status": 429, "retry_after": 1},
        {"status": 429},
        {"status": 500, "body": "boom"},
        {"drop": "before"},
        {"drop": "after"},
    ):
        fault(**how)
        assert [row["id"] for page in services.halo.pages("Client") for row in page.rows] == [3]
    for how, error in (
        ({"status": 504}, SourceDown),
        ({"status": 403}, SourceDenied),
        ({"status": 400, "body": "No."}, SourceRejected),
    ):
        fault(**how)
        with pytest.raises(error):
            list(services.halo.pages("Client"))
    fault(status=429, times=20)
    with pytest.raises(SourceBusy):
        list(services.halo.pages("Client"))
    simulator.post("/_sim/reset", {})
    seed(simulator)
    simulator.post("/_sim/faults", {"match": "/api/Actions", "method": "POST", "times": 1, "drop": "after"})
    note = Action(ActionKind.NOTE_TICKET, "n-1", Subject("ticket", "7"), "3", {"ticket_id": 7, "note": "Held."})
    writes = HaloWrites(services.halo, services.mirror)
    with pytest.raises(SourceDown):
        writes.carry_out(note, {})
    assert writes.carry_out(note, {})["already"] is True


def test_holds_and_projects_are_carried_out(simulator: Simulator) -> None:
    """Through HTTP: hold, release, project with task, each twice with one effect."""
    seed(simulator)
    simulator.rows(TicketType=[{"id": 40, "name": "Delivery project", "use": "project"}, {"id": 41, "name": "Task"}])
    services = connect(simulator)
    writes = HaloWrites(services.halo, services.mirror)
    invoice = {"recurring_invoice_id": -240, "mode": "disable", "hold_id": "h-1"}
    hold = Action(ActionKind.HOLD_INVOICE, "h", Subject("recurring_invoice", "-240"), "3", invoice)
    prior = writes.carry_out(hold, {})["prior"]
    assert writes.carry_out(hold, {})["already"] is True
    page = services.halo.one("RecurringInvoice", "-240", {"includedetails": "true"})
    assert page is not None
    assert page.rows[0]["disabled"] is True
    assert page.rows[0]["lines"]
    release = Action(ActionKind.RELEASE_INVOICE, "r", hold.subject, "3", {**invoice, "prior": prior})
    assert writes.carry_out(release, {})["already"] is False
    simulator.rows(Invoice=[{"id": 71, "client_id": 3, "total": 10.0, "lines": [{"id": 1, "qty_order": 1.0}]}])
    one = Action(
        ActionKind.HOLD_INVOICE,
        "i",
        Subject("invoice", "71"),
        "3",
        {"invoice_id": 71, "mode": "review", "hold_id": "h-2"},
    )
    held = [writes.carry_out(one, {}) for _ in range(2)]
    assert [(told["already"], told["prior"]["reviewrequired"]) for told in held] == [(False, False), (True, False)]
    assert services.halo.one("Invoice", "71", {"includedetails": "true"}).rows[0]["lines"]
    back = Action(ActionKind.RELEASE_INVOICE, "j", one.subject, "3", {**one.parameters, "prior": held[0]["prior"]})
    assert [writes.carry_out(back, {})["already"] for _ in range(2)] == [False, True]
    assert services.halo.one("Invoice", "71", {}).rows[0]["reviewrequired"] is False
    plan = {"summary": "Rollout", "client_id": 3, "project_type": 5, "task_type": 1, "tasks": [{"name": "Draw"}]}
    make = Action(
        ActionKind.CREATE_PROJECT, "p", Subject("opportunity", "55"), "3", {"opportunity_id": 55, "plan": plan}
    )
    first = writes.carry_out(make, {})
    again = writes.carry_out(make, {})
    assert (first["tasks_added"], again["tasks_added"], again["project_id"]) == (1, 0, first["project_id"])


def test_scopes_and_credentials(simulator: Simulator) -> None:
    """A narrow scope is denied elsewhere; unknown scopes and secrets are named; Basic and tenant forms work."""
    seed(simulator)
    narrow = connect(simulator, scope="read:tickets")
    assert list(narrow.halo.pages("Tickets"))
    with pytest.raises(SourceDenied):
        list(narrow.halo.pages("Invoice"))
    for how, code in (
        ({"scope": "read:everything"}, "halo_scope_refused"),
        ({"client_secret": Secret("x")}, "halo_credentials_refused"),
    ):
        with pytest.raises(AttestError) as caught:
            list(connect(simulator, **how).halo.pages("Client"))
        assert caught.value.code == code
    for how in ({"style": "basic"}, {"tenant": "local"}, {"tenant": "local", "tenant_in": "form"}):
        assert list(connect(simulator, **how).halo.pages("Client"))


def settle(simulator: Simulator, count: int) -> list[dict[str, Any]]:
    """The delivery log once it holds that many rows."""
    for _ in range(200):
        rows = simulator.door.get("/_sim/rows/WebhookEvent").json()
        rows = rows if isinstance(rows, list) else next(iter(rows.values()))
        if len(rows) >= count:
            time.sleep(0.6)
            return rows
        time.sleep(0.1)
    pytest.fail(f"The simulator logged {len(rows)} of {count} deliveries.")


def test_setup_from_nothing_and_a_delivery_that_arrives(
    simulator: Simulator, doorbell: tuple[FakeServices, str]
) -> None:
    """The webhook is made through the API; a change rings; the log says 200; the bytes are in the ledger."""
    services, url = doorbell
    seed(simulator)
    told = ensure_webhook(services.halo, url, "halopsa", "local-only")
    assert told["webhook"] == "created"
    assert ensure_webhook(services.halo, url, "halopsa", "local-only")["webhook"] == "unchanged"
    before = logged(services.halo, told["webhook_id"])
    simulator.rows(Tickets=[{**ticket(5001, 20), "status_id": 1, "dateclosed": None, "last_update": None}])
    settle(simulator, 1)
    found = arrived(services.halo, told["webhook_id"], before)
    assert found["arrived"] is True
    record = services.ledger.find(found["evidence_id"])
    assert (record and record.type) == "delivery.received"


@pytest.mark.parametrize(("batch", "count"), [(False, 300), (True, 600)], ids=["one by one", "batched"])
def test_the_certificate_names_exactly_the_injected_ids(
    simulator: Simulator, doorbell: tuple[FakeServices, str], batch: bool, count: int
) -> None:
    """One in a hundred dropped, three doubled, five shuffled, a block twenty minutes late: each told by its id."""
    services, url = doorbell
    seed(simulator)
    ensure_webhook(services.halo, url, "halopsa", "local-only", {3: "New Ticket Logged"})
    knobs = {"batch": batch, "drop": 0.01, "duplicate": 0.03, "shuffle": 0.05, "seed": 5}
    made = [{**ticket(6000 + n, 20), "status_id": 1, "dateclosed": None, "last_update": None} for n in range(count)]
    simulator.post("/_sim/clock", {"now": rfc3339(services.clock.now() - timedelta(minutes=20))})
    simulator.post("/_sim/webhooks", {**knobs, "delay_s": 0.5})
    simulator.rows(Tickets=made[:30])
    late = {one["id"] for one in injected(simulator) if "drop" not in one["injected"]}
    assert all("delay" in one["injected"] for one in injected(simulator))
    settle(simulator, 30)
    simulator.post("/_sim/clock", {"now": None})
    simulator.post("/_sim/webhooks", knobs)
    for start in range(30, count, 95):
        simulator.rows(Tickets=made[start : start + 95])
    settle(simulator, count)
    told = injected(simulator)
    result = reconcile_run(services, run(services, "reconcile"))

    def named(code: str) -> set[str]:
        return {reason["delivery_id"] for reason in result["reasons"] if reason["code"] == code}

    def with_(what: str) -> set[str]:
        return {one["id"] for one in told if what in one["injected"]}

    assert named("intake_missing") == with_("drop")
    assert named("intake_duplicate") == with_("duplicate")
    assert named("intake_late") == late
    overtaken = arrived_after_a_later_one(services)
    assert named("intake_reordered") == overtaken
    assert overtaken <= with_("shuffle") - with_("drop")
    assert len(overtaken) >= 0.8 * len(with_("shuffle") - with_("drop"))
    assert all(with_(what) for what in ("drop", "duplicate", "shuffle"))
    assert {reason["code"] for reason in result["reasons"]} == {
        "intake_missing", "intake_duplicate", "intake_late", "intake_reordered",
    }  # fmt: skip
    assert len(services.ledger.of_type("delivery.received")) == count - len(with_("drop"))
    assert len(services.ledger.of_type("delivery.recovered")) == len(with_("drop"))
    assert reconcile_run(services, run(services, "reconcile"))["reasons"] == []


def injected(simulator: Simulator) -> list[dict[str, Any]]:
    """Each delivery with what the simulator did to it."""
    return list(simulator.door.get("/_sim/deliveries").json()["deliveries"])


def arrived_after_a_later_one(services: FakeServices) -> set[str]:
    """From the order in which the doorbell kept them, whatever the reconciliation thinks."""
    newest, out = "", set()
    for entry in services.ledger.of_type("delivery.received"):
        told = json.loads(entry.payload)
        if told["timestamp"] < newest:
            out.add(told["id"])
        newest = max(newest, told["timestamp"])
    return out

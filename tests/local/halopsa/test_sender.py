"""The simulator's webhook sender: what rings, what is posted, what goes wrong on the way."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from tests.local.halopsa.asking import Asking

HOOK = {
    "id": "0b2f0000-0000-4000-8000-000000000001",
    "name": "Attest",
    "url": "https://intake.test/api/webhooks/halopsa/main",
    "active": True,
    "type": 0,
    "method": 0,
    "content_type": "application/json",
    "authentication_type": 1,
    "basic_username": "halopsa",
    "basic_password": "local-only",
}
BELLS = [
    {"id": 41, "webhook_id": HOOK["id"], "eventno": 3, "name": "New Ticket Logged"},
    {"id": 42, "webhook_id": HOOK["id"], "eventno": 76, "name": "Ticket Status Changed"},
    {"id": 43, "webhook_id": HOOK["id"], "eventno": 39, "name": "Ticket Closed"},
    {"id": 44, "webhook_id": HOOK["id"], "eventno": 1004, "name": "Action Added"},
    {"id": 45, "webhook_id": HOOK["id"], "name": "Recurring Invoice Updated"},
]


class Receiver:
    """Keeps what arrives and answers what it is told to."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.statuses: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self.statuses.pop(0) if self.statuses else 200, json={"receipts": []})

    def bodies(self) -> list:
        return [json.loads(request.content) for request in self.requests]


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def asking(receiver):
    seed = {
        "Webhook": [HOOK],
        "Notification": BELLS,
        "Tickets": [{"id": 7, "summary": "x", "client_id": 12, "status_id": 1, "tickettype_id": 1}],
        "RecurringInvoice": [{"id": -5, "client_id": 12, "total": 1.0}],
    }
    asking = Asking(seed, transport=httpx.MockTransport(receiver))
    asking.world.sender.start()
    yield asking
    asking.world.sender.close()


def _settle(asking: Asking) -> list[dict]:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        told = asking.get("/_sim/deliveries").json()
        if not told["pending"]:
            return told["deliveries"]
        time.sleep(0.01)
    raise AssertionError("deliveries still wait")


def test_a_delivery_looks_like_halopsas(asking, receiver):
    """One JSON object with ids, event name in lower case, time with seven digits and the small ticket; Basic auth."""
    asking.post("/_sim/rows", {"Tickets": [{"id": 8, "summary": "new", "client_id": 12, "status_id": 1}]})
    _settle(asking)
    (body,) = receiver.bodies()
    assert body["event"] == "new ticket logged"
    assert (body["object_id"], body["notification_id"], body["webhook_id"]) == (8, 41, HOOK["id"])
    assert body["ticket"]["client_id"] == 12
    assert len(body["timestamp"]) == len("2026-09-25T06:41:08.7895915Z")
    assert receiver.requests[0].headers["authorization"].startswith("Basic ")
    assert receiver.requests[0].headers["content-type"] == "application/json"


def test_status_closing_actions_and_invoices_ring_and_quiet_does_not(asking, receiver):
    """Each change rings what its Notification rows ask for; ?quiet=true rings nothing."""
    asking.post("/_sim/rows", {"Tickets": [{"id": 7, "summary": "x", "client_id": 12, "status_id": 9}]})
    asking.post("/_sim/rows", {"Actions": [{"ticket_id": 7, "id": 1, "outcome": "Closed"}]})
    asking.post("/api/RecurringInvoice", [{"id": -5, "disabled": True}])
    asking.post("/_sim/rows?quiet=true", {"Tickets": [{"id": 9, "summary": "quiet"}]})
    _settle(asking)
    events = [body["event"] for body in receiver.bodies()]
    assert events == ["ticket status changed", "ticket closed", "action added", "recurring invoice updated"]
    assert receiver.bodies()[2]["action"]["outcome"] == "Closed"
    assert receiver.bodies()[3]["object_id"] == -5


def test_api_writes_can_be_kept_from_ringing(asking, receiver):
    """Whether the real HaloPSA rings for API writes is unknown, so there is a switch."""
    asking.post("/_sim/webhooks", {"api_writes": False})
    asking.post("/api/Tickets", [{"summary": "by the API"}])
    _settle(asking)
    assert receiver.requests == []


def test_the_delivery_log_tells_every_attempts_outcome(asking, receiver):
    """WebhookEvent rows carry the delivery's id, the answer and whether it failed."""
    receiver.statuses = [400]
    asking.post("/_sim/rows", {"Tickets": [{"id": 8, "summary": "refused"}]})
    (delivery,) = _settle(asking)
    rows = asking.get("/api/WebhookEvent", webhook_id=HOOK["id"]).json()["webhookevents"]
    assert [(row["id"], row["responsestatus"], row["error"]) for row in rows] == [(delivery["id"], 400, True)]
    assert json.loads(rows[0]["requestbody"])["object_id"] == 8


def test_a_server_error_is_tried_again_a_few_times(asking, receiver):
    """5xx is retried with the same body until it works or the attempts are used up."""
    receiver.statuses = [503, 200]
    asking.post("/_sim/rows", {"Tickets": [{"id": 8, "summary": "again"}]})
    (delivery,) = _settle(asking)
    assert (delivery["state"], delivery["attempts"]) == ("sent", 2)
    assert receiver.requests[0].content == receiver.requests[1].content


def test_drops_and_duplicates_are_injected_and_named(asking, receiver):
    """A dropped delivery is in HaloPSA's log as sent but never arrives; a duplicate arrives twice with one id."""
    asking.post("/_sim/webhooks", {"drop": 0.3, "duplicate": 0.3, "shuffle": 0.3, "seed": 5})
    asking.post("/_sim/rows", {"Tickets": [{"id": 100 + n, "summary": "x"} for n in range(40)]})
    deliveries = _settle(asking)
    arrived = [body["id"] for body in receiver.bodies()]
    dropped = {one["id"] for one in deliveries if "drop" in one["injected"]}
    doubled = {one["id"] for one in deliveries if "duplicate" in one["injected"]}
    assert dropped
    assert doubled
    assert dropped.isdisjoint(arrived)
    assert {one for one in arrived if arrived.count(one) == 2} == doubled
    assert len(set(arrived)) == 40 - len(dropped)
    order = [body["object_id"] for body in receiver.bodies()]
    assert order != sorted(order)
    logged = asking.get("/api/WebhookEvent", count=100).json()
    assert logged["record_count"] == 40
    assert not any(row["error"] for row in logged["webhookevents"])


def test_batching_sends_arrays(asking, receiver):
    """With batching on, what waits for one webhook goes as one JSON array."""
    asking.post("/_sim/webhooks", {"batch": True})
    asking.post("/_sim/rows", {"Tickets": [{"id": 100 + n, "summary": "x"} for n in range(5)]})
    _settle(asking)
    assert [len(body) for body in receiver.bodies()] == [5]


def test_a_webhook_that_keeps_failing_is_switched_off(asking, receiver):
    """auto_disable_attempts failures in a row make the row inactive."""
    asking.post("/_sim/rows?quiet=true", {"Webhook": [{**HOOK, "auto_disable_attempts": 2}]})
    receiver.statuses = [400, 400]
    asking.post("/_sim/rows", {"Tickets": [{"id": 8, "summary": "a"}, {"id": 9, "summary": "b"}]})
    _settle(asking)
    row = asking.get("/_sim/rows/Webhook").json()[0]
    assert row["active"] is False
    assert row["last_auto_disable_date"]
    assert "basic_password" not in asking.get("/api/Webhook").json()[0]

"""HaloPSA's delivery log against our receipts: exactly what went wrong, by id."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from shared.errors import SourceDenied, SourceRejected
from shared.halopsa.mirror import BlobMirror
from shared.halopsa.setup import arrived, logged
from shared.model import rfc3339
from shared.procedures.reconcile import reconcile_run
from shared.procedures.runs import Run
from shared.registers.store import Register
from tests.harness.halo import FakeHalo
from tests.harness.services import FakeServices
from tests.procedures.test_receive import ring

URL = "https://attest.example/api/webhooks/halopsa/main"


class Story:
    """A HaloPSA that sends and logs, and a receiver that hears what the story lets through."""

    def __init__(self) -> None:
        self.services = FakeServices()
        self.services.mirror = BlobMirror(self.services.blobs)
        self.log: list[dict[str, Any]] = []
        self.services.halo = FakeHalo(
            self.services.clock, {"Webhook": [{"id": "w-1", "url": URL}], "WebhookEvent": self.log}
        )

    def send(self, name: str, *, arrives: bool = True, after: float = 0.0, times: int = 1, **row: Any) -> bytes:
        """One delivery, stamped now, logged, and heard ``after`` seconds later."""
        at = self.services.clock.now()
        payload = json.dumps(
            {
                "id": name,
                "webhook_id": "w-1",
                "object_id": 7,
                "timestamp": rfc3339(at),
                "ticket": {"id": 7, "client_id": 3},
            }
        ).encode()
        self.log.append(
            {
                "id": name,
                "webhook_id": "w-1",
                "timestamp": rfc3339(at),
                "responsestatus": 200,
                "error": False,
                "requestbody": payload.decode(),
                "entity_id": 7,
                **row,
            }
        )
        if arrives:
            self.services.clock.advance(seconds=after)
            for _ in range(times):
                assert ring(self.services, payload)[0] == 200
            self.services.clock.advance(seconds=-after)
        self.services.clock.advance(seconds=1)
        return payload

    def send_together(self, names: list[str]) -> None:
        """Deliveries logged one by one that arrive in one array."""
        payloads = [self.send(name, arrives=False) for name in names]
        assert ring(self.services, b"[" + b",".join(payloads) + b"]")[0] == 200

    def reconcile(self) -> dict[str, Any]:
        """One run."""
        return reconcile_run(
            self.services, Run(f"r-{len(self.log)}", "reconcile", None, self.services.clock.now(), "test")
        )


def named(result: dict[str, Any], code: str) -> list[str]:
    """Delivery ids of the reasons with that code."""
    return [reason["delivery_id"] for reason in result["reasons"] if reason["code"] == code]


def test_all_well_is_certified() -> None:
    """A certificate in the ledger and in the register, without reasons."""
    story = Story()
    for n in range(5):
        story.send(f"d-{n}")
    result = story.reconcile()
    assert result["reasons"] == []
    assert result["certificate"]["state"] == "complete"
    assert (result["certificate"]["sent"], result["certificate"]["received"]) == (5, 5)
    [entry] = story.services.ledger.of_type("intake.certificate")
    assert json.loads(entry.payload)["missing"] == []
    assert len(list(Register(story.services.rows, "certificates").all())) == 1


def test_exactly_the_injected_ids_are_named() -> None:
    """Missing, duplicate, late and out of order, each by id and nothing else."""
    story = Story()
    story.send("a")
    lost = story.send("missing", arrives=False)
    story.send("b", times=2)
    story.send("late", after=3600)
    story.send("c")
    story.send("shuffled", after=1.5)
    story.send("d")
    story.send("e")
    result = story.reconcile()
    assert named(result, "intake_missing") == ["missing"]
    assert named(result, "intake_duplicate") == ["b"]
    assert named(result, "intake_late") == ["late"]
    assert sorted(named(result, "intake_reordered")) == ["late", "shuffled"]
    assert len(result["reasons"]) == 5
    [recovered] = story.services.ledger.of_type("delivery.recovered")
    assert (recovered.payload, recovered.customer) == (lost, "3")
    queued = [json.loads(message)["evidence_id"] for message in story.services.queues.messages["deliveries"]]
    assert len(queued) == len(set(queued)) == 8


def test_a_long_array_arrived_in_its_own_order() -> None:
    """However many transactions it took to keep it, nothing in it counts as out of order."""
    story = Story()
    story.send_together([f"array-{n}" for n in range(130)])
    assert story.reconcile()["reasons"] == []


def test_what_was_certified_is_not_named_again() -> None:
    """The next certificate tells only what is new."""
    story = Story()
    story.send("gone", arrives=False)
    story.send("twice", times=2)
    assert len(story.reconcile()["reasons"]) == 2
    story.send("fine")
    story.send("gone-2", arrives=False)
    result = story.reconcile()
    assert [reason["delivery_id"] for reason in result["reasons"]] == ["gone-2"]
    assert len(story.services.ledger.of_type("delivery.recovered")) == 2


def test_a_halopsa_that_refuses_the_order_is_read_as_it_comes() -> None:
    """What the log may be ordered by is documented nowhere."""
    story = Story()
    story.send("fine")
    story.send("lost", arrives=False)
    pages = story.services.halo.pages

    def refusing(kind: str, query: Any = None) -> Any:
        if "order" in (query or {}):
            raise SourceRejected("Invalid column name.", code="halo_rejected", status=400)
        return pages(kind, query)

    story.services.halo.pages = refusing
    assert named(story.reconcile(), "intake_missing") == ["lost"]
    assert arrived(story.services.halo, "w-1", logged(story.services.halo, "w-1"))["deliveries"] == 0


def test_a_log_row_that_cannot_be_read_makes_completeness_unknown() -> None:
    """It is named with its field, nothing is made of it, and the others are judged."""
    story = Story()
    story.send("fine")
    story.send("odd", responsestatus="two hundred")
    story.log.append({"webhook_id": "w-1", "requestbody": "{}"})
    certificate = story.reconcile()["certificate"]
    assert (certificate["state"], certificate["sent"], certificate["missing"]) == ("unknown", 1, [])
    assert certificate["text"].startswith("2 of its rows")
    assert [one["id"] for one in certificate["log_unreadable"]] == ["odd", ""]
    assert "responsestatus is not a whole number" in certificate["log_unreadable"][0]["text"]
    story.send("lost", arrives=False)
    assert story.reconcile()["certificate"]["state"] == "gaps"


def test_a_long_log_is_read_back_to_the_last_certificate_only() -> None:
    """Newest first, and no further than the window before it; a server that ignores the order is read to its end."""
    story = Story()
    for n in range(450):
        story.send(f"old-{n}")
    story.reconcile()
    story.services.clock.advance(seconds=3 * 86_400)
    story.send("lately")
    story.reconcile()
    story.send("new")
    story.send("lost", arrives=False)
    for ordered, pages in ((True, 2), (False, 5)):
        story.log.sort(key=lambda row: row["timestamp"], reverse=ordered)
        before = len(story.services.halo.calls)
        result = story.reconcile()
        assert len([call for call in story.services.halo.calls[before:] if call[1] == "WebhookEvent"]) == pages
        assert named(result, "intake_missing") == (["lost"] if ordered else [])
        assert story.services.halo.calls[-1][2]["orderdesc"] == "true"


def test_a_log_without_bodies_is_healed_by_reading_the_record() -> None:
    """Lightweight logs keep no body: the record of the event's kind stands in; what nobody can name is lost, and said so."""
    story = Story()
    tables = story.services.halo.tables
    tables["Tickets"] = [{"id": 7, "client_id": 3, "status_id": 9}]
    tables["RecurringInvoice"] = [{"id": -240, "client_id": 3}]
    tables["Notification"] = [
        {"id": 41, "webhook_id": "w-1", "name": "Halo Attest: Ticket Closed"},
        {"id": 42, "webhook_id": "w-1", "name": "Recurring Invoice Updated"},
    ]
    bare: dict[str, Any] = {"arrives": False, "requestbody": None}
    story.send("light", **bare, notification_id=41)
    story.send("bill", **bare, notification_id=42, entity_id=-240)
    story.send("gone", **bare, notification_id=41, entity_id=8)
    story.send("strange", **bare, notification_id=43)
    story.send("nameless", **bare)
    result = story.reconcile()
    assert named(result, "intake_missing") == ["light", "bill", "gone", "strange", "nameless"]
    assert result["certificate"]["recovered"] == ["light", "bill"]
    assert result["certificate"]["lost"] == ["gone", "strange", "nameless"]
    told = [json.loads(entry.payload) for entry in story.services.ledger.of_type("delivery.recovered")]
    assert [(one["object_id"], one["event"]) for one in told] == [
        (7, "halo attest: ticket closed"),
        (-240, "recurring invoice updated"),
    ]
    assert named(story.reconcile(), "intake_missing") == ["gone", "strange", "nameless"]


def test_a_failed_attempt_is_told_and_the_later_success_counts() -> None:
    """Rows of the log may be attempts; only what never arrived is missing."""
    story = Story()
    payload = story.send("retried", responsestatus=503, error=True)
    story.log.append({**story.log[-1], "id": "attempt-2", "responsestatus": 200, "error": False})
    story.send("refused", arrives=False, responsestatus=401, error=True)
    result = story.reconcile()
    assert payload
    assert result["certificate"]["failed"] == ["refused"]
    assert named(result, "intake_missing") == ["refused"]


def test_batched_log_rows_are_their_elements() -> None:
    """An array in the log is several deliveries."""
    story = Story()
    one, two = story.send("x"), story.send("y", arrives=False)
    story.log[:] = [{**story.log[0], "id": "batch", "requestbody": f"[{one.decode()},{two.decode()}]"}]
    assert named(story.reconcile(), "intake_missing") == ["y"]


def test_other_webhooks_are_none_of_ours() -> None:
    """What HaloPSA sends elsewhere is not missing here."""
    story = Story()
    story.services.halo.tables["Webhook"].append({"id": "w-9", "url": "https://other.example/hook"})
    story.send("elsewhere", arrives=False, webhook_id="w-9")
    assert story.reconcile()["reasons"] == []


def test_conflicts_and_unreadable_bytes_are_named() -> None:
    """From our own traces, once."""
    story = Story()
    payload = story.send("d")
    assert ring(story.services, payload + b" ")[0] == 409
    status, answer = ring(story.services, b"{")
    assert status == 400
    result = story.reconcile()
    assert named(result, "intake_conflict") == ["d"]
    assert named(result, "intake_unreadable") == [answer["evidence_id"]]
    assert story.reconcile()["reasons"] == []


def test_without_a_right_to_the_log_completeness_is_unknown() -> None:
    """Never complete, never an empty list of gaps."""
    story = Story()
    story.services.halo.faults["WebhookEvent"] = SourceDenied("No right.", code="halo_denied")
    certificate = story.reconcile()["certificate"]
    assert certificate["state"] == "unknown"
    assert "missing" not in certificate


def test_changes_that_never_rang_are_counted() -> None:
    """Tickets that changed in the window without a delivery about them."""
    story = Story()
    begun = story.services.clock.now()
    story.send("d-1")
    story.services.clock.advance(hours=1)
    story.send("d-2")
    rows = [
        {"id": 7, "last_update": rfc3339(begun + timedelta(minutes=5))},
        {"id": 8, "last_update": rfc3339(begun + timedelta(minutes=5))},
        {"id": 9, "last_update": rfc3339(begun - timedelta(days=5))},
    ]
    story.services.mirror.fold("Tickets", rows)
    assert story.reconcile()["certificate"]["unannounced"] == {"count": 1, "ids": ["8"]}

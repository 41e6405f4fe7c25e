"""The setup: webhook and notification rows once, corrected when they drifted, and a check that deliveries arrive."""

from __future__ import annotations

from datetime import timedelta

from shared.halopsa.setup import EVENTS, arrived, ensure_webhook
from shared.model import rfc3339
from tests.harness.clock import StillClock
from tests.harness.halo import FakeHalo

URL = "https://attest.example/api/webhooks/halopsa/main"


def test_setup_from_nothing_and_again() -> None:
    """One webhook with Basic, one notification per event; the second time nothing is written."""
    halo = FakeHalo(StillClock(), {"Webhook": [{"id": 90, "url": "https://other.example", "name": "Other"}]})
    first = ensure_webhook(halo, URL, "halopsa", "pw")
    assert first["webhook"] == "created"
    row = halo.tables["Webhook"][-1]
    assert (row["authentication_type"], row["basic_username"], row["basic_password"]) == (1, "halopsa", "pw")
    assert [one["eventno"] for one in first["notifications"] if one["created"]] == list(EVENTS)
    written = len(halo.written)
    second = ensure_webhook(halo, URL, "halopsa", "pw")
    assert second["webhook"] == "unchanged"
    assert second["webhook_id"] == first["webhook_id"]
    assert not any(one["created"] for one in second["notifications"])
    assert len(halo.written) == written
    assert "pw" not in str(second)


def test_a_drifted_webhook_is_corrected_and_missing_events_added() -> None:
    """Disabled or without authentication: put right under the same id."""
    halo = FakeHalo(
        StillClock(), {"Webhook": [{"id": 5, "name": "Halo Attest", "url": URL, "type": 0, "active": False}]}
    )
    told = ensure_webhook(halo, URL, "halopsa", "pw", {39: "Ticket Closed"})
    assert (told["webhook"], told["webhook_id"]) == ("corrected", "5")
    assert halo.tables["Webhook"][0]["active"] is True
    assert len(halo.tables["Notification"]) == 1


def test_a_test_delivery_is_looked_for_in_halos_own_log() -> None:
    """Only deliveries since then count, and the newest one's answer decides."""
    clock = StillClock()
    since = clock.now()
    rows = [
        {"webhook_id": "w", "timestamp": rfc3339(since - timedelta(hours=1)), "responsestatus": 200},
        {"webhook_id": "w", "timestamp": rfc3339(since + timedelta(seconds=5)), "responsestatus": 401},
        {"webhook_id": "w", "timestamp": rfc3339(since + timedelta(seconds=9)), "responsestatus": 200},
        {"webhook_id": "w", "timestamp": "never", "responsestatus": 500},
    ]
    halo = FakeHalo(clock, {"WebhookEvent": rows[:2]})
    assert arrived(halo, "w", since) == {"deliveries": 1, "last_status": 401, "arrived": False}
    halo.tables["WebhookEvent"] = rows
    assert arrived(halo, "w", since) == {"deliveries": 2, "last_status": 200, "arrived": True}

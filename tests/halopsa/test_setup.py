"""The setup: webhook and notification rows once, corrected when they drifted, and a check that deliveries arrive."""

from __future__ import annotations

import json

from shared.halopsa.setup import EVENTS, arrived, by_hand, ensure_webhook, logged
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
    halo.tables["Notification"].append({"id": 9, "webhook_id": "5", "name": "Opportunity Updated"})
    halo.tables["Notification"].append({"id": 10, "webhook_id": "other", "name": "Elsewhere"})
    again = ensure_webhook(halo, URL, "halopsa", "pw", {39: "Ticket Closed"})
    assert (again["webhook"], again["others"]) == ("unchanged", ["Opportunity Updated"])


def test_another_webhook_to_the_same_address_is_told() -> None:
    """Two active webhooks ring twice; ours is the one that bears our name, and nothing is deleted."""
    rows = [
        {"id": "AAAAAAAA-0000-4000-8000-000000000001", "name": "Old", "url": URL, "type": 0, "active": True},
        {"id": 6, "name": "Halo Attest", "url": f"{URL}?secret=before", "type": 0, "active": True},
    ]
    halo = FakeHalo(StillClock(), {"Webhook": rows})
    told = ensure_webhook(halo, f"{URL}?secret=now", "halopsa", "pw", {})
    assert (told["webhook_id"], told["webhook"]) == ("6", "corrected")
    assert told["twins"] == ["aaaaaaaa-0000-4000-8000-000000000001"]
    assert halo.tables["Webhook"][1]["url"] == f"{URL}?secret=now"


def test_what_halopsa_leaves_out_is_its_empty_value() -> None:
    """Zeros are sometimes left out of answers: that alone corrects nothing."""
    halo = FakeHalo(StillClock())
    ensure_webhook(halo, URL, "halopsa", "pw", {})
    for name in ("type", "method"):
        del halo.tables["Webhook"][0][name]
    assert ensure_webhook(halo, URL, "halopsa", "pw", {})["webhook"] == "unchanged"


def test_every_click_is_told_and_no_secret() -> None:
    """The same address, user and events; where the secrets are kept instead of the secrets."""
    told = "\n".join(by_hand(URL, "halopsa", path_secret=True, source="main"))
    for said in (URL, "halopsa", "?secret=", "Basic", *EVENTS.values()):
        assert said in told
    assert "?secret=" not in "\n".join(by_hand(URL, "halopsa", path_secret=False, source="main"))


def test_a_test_delivery_is_looked_for_in_halos_own_log() -> None:
    """Only deliveries that were not there before count; the receipt in our answer is told."""
    answer = json.dumps({"receipts": [{"delivery_id": "d", "evidence_id": "e-1", "duplicate": False}]})
    halo = FakeHalo(StillClock(), {"WebhookEvent": [{"id": "1", "webhook_id": "w", "responsestatus": 200}]})
    before = logged(halo, "w")
    assert arrived(halo, "w", before) == {"deliveries": 0, "arrived": False, "last_status": None, "evidence_id": None}
    halo.tables["WebhookEvent"].insert(0, {"id": "2", "webhook_id": "w", "responsestatus": 401, "error": True})
    assert arrived(halo, "w", before) == {"deliveries": 1, "arrived": False, "last_status": 401, "evidence_id": None}
    halo.tables["WebhookEvent"].insert(
        0, {"id": "3", "webhook_id": "w", "responsestatus": 200, "error": False, "responsebody": answer}
    )
    assert arrived(halo, "w", before) == {"deliveries": 2, "arrived": True, "last_status": 200, "evidence_id": "e-1"}
    halo.tables["WebhookEvent"][0]["responsebody"] = "cut o"
    assert arrived(halo, "w", before)["arrived"] is True

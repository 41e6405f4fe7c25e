"""The simulator's control door: rows, faults, rate limit, calls, reset."""

from __future__ import annotations

import pytest

from tests.local.halopsa.asking import Asking

TICKET = {"id": 7, "summary": "x", "client_id": 12, "status_id": 1, "last_update": "2026-11-01T00:00:00Z"}


@pytest.fixture
def asking() -> Asking:
    return Asking({"Tickets": [TICKET], "Client": [{"id": 12, "name": "Maple Harbour Dental"}]})


def _ticket(asking: Asking) -> dict:
    return asking.get("/api/Tickets/7").json()


def test_a_seed_is_loaded_as_it_is(asking):
    """Dates of a seed are kept, and what every tenant has is there too."""
    assert _ticket(asking) == TICKET
    assert {row["id"] for row in asking.get("/api/TicketType").json()} == {1, 3, 5}
    assert {row["id"] for row in asking.get("/api/Status").json()} == {1, 2, 9}


def test_a_posted_row_replaces_and_is_stamped_unless_it_says_later(asking):
    """last_update is kept when it is later than the stored one and is set to now otherwise."""
    asking.post("/_sim/rows", {"Tickets": [{"id": 7, "summary": "y", "last_update": "2026-11-02T00:00:00Z"}]})
    assert _ticket(asking) == {"id": 7, "summary": "y", "last_update": "2026-11-02T00:00:00Z"}
    asking.post("/_sim/clock", {"now": "2026-11-20T10:00:00Z"})
    for given in ({}, {"last_update": "2026-11-02T00:00:00Z"}, {"last_update": "2026-10-02T00:00:00Z"}):
        before = _ticket(asking)["last_update"]
        asking.post("/_sim/rows", {"Tickets": [{"id": 7, "summary": "z", **given}]})
        assert _ticket(asking)["last_update"] > before
    assert _ticket(asking)["last_update"].startswith("2026-11-20T10:00")


def test_a_new_row_keeps_its_stamp_and_gets_one_when_it_has_none(asking):
    """A row nobody knew is kept as posted; without last_update it is stamped now."""
    asking.post("/_sim/clock", {"now": "2026-11-20T10:00:00Z"})
    asking.post("/_sim/rows", {"Projects": [{"id": 8, "last_update": "2020-01-01T00:00:00Z"}, {"id": 9}]})
    rows = {row["id"]: row["last_update"] for row in asking.get("/_sim/rows/Projects").json()}
    assert rows[8] == "2020-01-01T00:00:00Z"
    assert rows[9].startswith("2026-11-20T10:00")


def test_an_action_posted_alone_marks_its_ticket_as_changed(asking):
    """As in HaloPSA, a ticket's last_update moves with its actions; a ticket posted beside them is kept as posted."""
    asking.post("/_sim/clock", {"now": "2026-11-20T10:00:00Z"})
    asking.post("/_sim/rows", {"Actions": [{"ticket_id": 7, "id": 1, "outcome": "Update"}]})
    assert _ticket(asking)["last_update"].startswith("2026-11-20T10:00")
    fresh = {"id": 8, "last_update": "2026-11-02T00:00:00Z"}
    asking.post("/_sim/rows", {"Actions": [{"ticket_id": 8, "id": 1, "outcome": "Update"}], "Tickets": [fresh]})
    assert asking.get("/api/Tickets/8").json()["last_update"] == "2026-11-02T00:00:00Z"


def test_rows_can_be_removed_and_replaced_altogether(asking):
    """@removed takes a row out; replace=true empties first."""
    asking.post("/_sim/rows", {"Client": [{"id": 12, "@removed": {"reason": "deleted"}}]})
    assert asking.get("/api/Client/12").status == 404
    asking.post("/_sim/rows?replace=true", {"Site": [{"id": 1, "name": "Main"}]})
    assert asking.get("/api/Tickets/7").status == 404
    assert asking.get("/_sim/rows").json()["Site"] == 1
    asking.post("/_sim/reset", None)
    assert _ticket(asking) == TICKET


@pytest.mark.parametrize("body", [[], {"Tickets": {}}, {"Tickets": [1]}, "x"])
def test_what_is_no_seed_is_refused(asking, body):
    """The door says in words what it takes."""
    assert asking.post("/_sim/rows", body).status == 400


def test_faults_match_a_prefix_and_a_method_so_many_times(asking):
    """A fault answers its status, body and Retry-After as often as asked, then the real answer comes."""
    fault = {"match": "/api/Tickets", "method": "GET", "status": 429, "times": 2, "retry_after": 2, "body": "slow"}
    asking.post("/_sim/faults", fault)
    told = [asking.get("/api/Tickets") for _ in range(3)]
    assert [one.status for one in told] == [429, 429, 200]
    assert (told[0].headers["retry-after"], told[0].text) == ("2", "slow")
    asking.post("/_sim/faults", {"match": "/api/", "status": 500, "times": None})
    assert asking.get("/api/Client").status == 500
    asking.delete("/_sim/faults")
    assert asking.get("/api/Client").status == 200


def test_the_rate_limit_speaks_halopsas_words(asking):
    """None by default; when set, the 429 is plain text and Retry-After only comes when asked for."""
    asking.post("/_sim/rate-limit", {"requests": 2, "seconds": 300})
    told = [asking.get("/api/Client") for _ in range(3)]
    assert [one.status for one in told] == [200, 200, 429]
    assert told[2].text == "Rate Limit Reached - 2 Requests per rolling 5 minute window"
    assert "retry-after" not in told[2].headers
    asking.post("/_sim/rate-limit", None)
    assert asking.get("/api/Client").status == 200


def test_every_request_is_noted(asking):
    """Calls carry method, path, query, status and time; the door's own requests are not noted."""
    asking.get("/api/Client", count=5)
    call = asking.get("/_sim/calls").json()[-1]
    assert {name: call[name] for name in ("method", "path", "query", "status")} == {
        "method": "GET",
        "path": "/api/Client",
        "query": "count=5",
        "status": 200,
    }


def test_unknown_knobs_are_refused(asking):
    """A misspelt knob is an error, not a silence."""
    assert asking.post("/_sim/webhooks", {"duplicates": 0.1}).status == 400
    assert asking.post("/_sim/faults", {"status": 500}).status == 400
    assert asking.post("/_sim/nothing", {}).status == 404


def test_a_body_without_status_replaces_a_healthy_answer(asking):
    """As many times as asked; none at all for zero times; a rule without effect leaves the answer as it is."""
    asking.post("/_sim/faults", {"match": "/api/Client", "body": '{"record_count":5,"clients":[]}'})
    told = asking.get("/api/Client")
    assert (told.status, told.json()) == (200, {"record_count": 5, "clients": []})
    asking.post("/_sim/faults", {"match": "/api/Client", "status": 500, "times": 0})
    asking.post("/_sim/faults", [{"match": "/API/CLIENT", "method": "get", "times": 2}])
    assert [asking.get("/api/Client").json()["record_count"] for _ in range(3)] == [1, 1, 1]


def test_reset_takes_every_knob_back(asking):
    """Rows, faults, limit, levels, quirks, clock, lifetime of tokens, calls, and how webhooks travel."""
    for path, body in (
        ("rows", {"Client": [{"id": 13}]}),
        ("faults", {"match": "/api", "status": 500, "times": None}),
        ("rate-limit", {"requests": 1, "seconds": 300}),
        ("access", {"tickets": "none"}),
        ("quirks", {"naive_dates": True, "array_answers": True, "strict_arrays": False}),
        ("clock", {"now": "2099-01-01T00:00:00Z"}),
        ("webhooks", {"batch": True, "duplicate": 1, "drop": 1.0, "shuffle": 0.5, "delay_s": 3, "seed": 9}),
    ):
        assert asking.post(f"/_sim/{path}", body).status == 200
    asking.post("/_sim/reset", None)
    asking.login("all")
    assert asking.get("/_sim/rows").json()["Client"] == 1
    assert [asking.get("/api/Tickets").status for _ in range(3)] == [200] * 3
    assert asking.get("/_sim/clock").json()["now"] < "2099"
    knobs = dict.fromkeys(("duplicate", "drop", "shuffle", "delay_s"), 0.0)
    assert asking.get("/_sim/webhooks").json() == {**knobs, "batch": False, "seed": 1, "api_writes": True, "pending": 0}
    assert asking.get("/_sim/rows/Tickets").json() == [TICKET]


def test_half_a_surrogate_pair_comes_back_as_it_was_posted(asking):
    """UTF-8 cannot hold it, JSON can: one odd row must not make its list unreadable."""
    asking.post("/_sim/rows", {"Tickets": [{"id": 77, "summary": "half \ud83d"}]})
    told = asking.get("/api/Tickets")
    assert told.status == 200
    assert next(row for row in told.json()["tickets"] if row["id"] == 77)["summary"] == "half \ud83d"

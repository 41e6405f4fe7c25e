"""The sync: everything the API gives, each page an observation, resumable, and denied lists told by name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SourceDenied, SourceDown, SourceRejected
from shared.halopsa.facts_lists import READINGS
from shared.halopsa.mirror import BlobMirror
from shared.procedures.runs import Run
from shared.procedures.sync import sync_run
from shared.procedures.sync_plan import plan, queue_lives, unqueue
from tests.harness.halo import FakeHalo
from tests.harness.interleave import Turns
from tests.harness.services import FakeServices


def stack(**tables: list[dict[str, Any]]) -> FakeServices:
    """Services whose mirror is the real one over memory and whose HaloPSA holds these tables."""
    services = FakeServices()
    services.mirror = BlobMirror(services.blobs)
    services.halo = FakeHalo(services.clock, dict(tables))
    return services


def run(services: FakeServices) -> dict[str, Any]:
    """One sync."""
    return sync_run(services, Run("r-1", "sync", None, services.clock.now(), "test"))


def ticket(number: int, day: int = 1, **more: Any) -> dict[str, Any]:
    """A closed ticket that lived one day of November 2026."""
    at = f"2026-11-{day:02d}T08:00:00Z"
    return {"id": number, "dateoccurred": at, "dateclosed": at, "last_update": at, "status_id": 9, **more}


def action(ticket_id: int, number: int, day: int = 1) -> dict[str, Any]:
    """An action on that day."""
    return {"id": number, "ticket_id": ticket_id, "datetime": f"2026-11-{day:02d}T09:00:00Z", "outcome": "x"}


def test_everything_is_read_and_every_page_is_an_observation() -> None:
    """Rows land in the mirror under their kinds; each page's exact bytes are evidence with query and counts."""
    services = stack(
        Tickets=[ticket(n) for n in range(1, 251)],
        Actions=[action(n, 1) for n in range(1, 251)],
        RecurringInvoice=[{"id": -240, "lines": [{"id": 1}]}],
        Priority=[{"id": "5f0c0000-0000-4000-8000-000000000001", "priorityid": 1}],
    )
    result = run(services)
    assert result["unreadable"] == []
    assert len(list(services.mirror.rows("Tickets"))) == 250
    assert len(list(services.mirror.rows("Actions"))) == 250
    assert services.mirror.get("RecurringInvoice", "-240") is not None
    pages = services.ledger.of_type("observation.page")
    first = next(entry for entry in pages if entry.subject.kind == "HaloPSA.Tickets")
    assert json.loads(first.payload)["record_count"] == 250
    assert first.source["row_count"] == 100
    assert first.source["query"]["page_no"] == "1"
    assert services.mirror.read_at("Tickets") == services.clock.now()
    assert len(services.mirror.observations("Tickets")) == 3


def test_every_row_names_the_page_it_was_read_in() -> None:
    """List rows, actions, and what a detail read added: the bytes kept under the name hold the row."""
    services = stack(
        Tickets=[ticket(n) for n in range(1, 251)],
        Actions=[action(n, 1) for n in range(1, 251)],
        Projects=[{"id": 900, "last_update": "2026-11-02T00:00:00Z", "budgets": [{"id": 1}]}],
    )
    services.halo.hidden = {"Projects": frozenset({"budgets"})}
    run(services)
    for kind in ("Tickets", "Actions", "Projects"):
        for row in services.mirror.rows(kind):
            page = json.loads(services.ledger.content(row["@observation"]))
            named = ("id", "ticket_id") if kind == "Actions" else ("id",)
            assert [row[name] for name in named] in [[one[name] for name in named] for one in page["rows"]]
    completed = services.mirror.get("Projects", "900") or {}
    assert json.loads(services.ledger.content(completed["@detail"]["observation"]))["rows"][0]["budgets"] == [{"id": 1}]


def test_the_first_read_has_no_lower_bound_and_the_next_has_one() -> None:
    """By lastupdatefromdate, with overlap before the newest change seen."""
    services = stack(Tickets=[ticket(n, 3) for n in range(1, 301)])
    run(services)
    first = [query for _, kind, query in services.halo.calls if kind == "Tickets"]
    assert not any("lastupdatefromdate" in query for query in first)
    services.halo.calls.clear()
    services.clock.advance(minutes=15)
    run(services)
    second = [query for _, kind, query in services.halo.calls if kind == "Tickets"]
    assert second[0]["lastupdatefromdate"] == "2026-11-03T07:50:00.000Z"


def test_a_change_stamp_from_the_future_does_not_hide_later_changes() -> None:
    """The lower bound never passes our own clock."""
    services = stack(Tickets=[ticket(1), {**ticket(2), "last_update": "2031-01-01T00:00:00Z"}])
    run(services)
    assert services.mirror.state("Tickets")["high_water"] <= "2026-11-16T09:00:00.000Z"


def test_syncing_twice_changes_nothing() -> None:
    """No changed rows, no action windows, few requests."""
    services = stack(Tickets=[ticket(n) for n in range(1, 400)], Actions=[action(1, 1)])
    run(services)
    services.halo.calls.clear()
    result = run(services)
    assert all(told["changed"] == 0 for told in result["kinds"].values())
    assert not [kind for _, kind, _ in services.halo.calls if kind == "Actions"]


def test_a_short_list_shows_removals_and_backdated_rows_at_once() -> None:
    """What reading by change would miss."""
    services = stack(Tickets=[ticket(1, 10), ticket(2, 11)])
    run(services)
    services.halo.tables["Tickets"] = [ticket(1, 10), ticket(3, 1)]
    run(services)
    assert [row["id"] for row in services.mirror.rows("Tickets")] == [1, 3]


def test_a_long_list_is_counted_and_read_whole_when_the_count_differs() -> None:
    """One request tells that a row vanished."""
    services = stack(Tickets=[ticket(n, 2) for n in range(1, 401)])
    run(services)
    services.halo.tables["Tickets"] = [row for row in services.halo.tables["Tickets"] if row["id"] != 7]
    run(services)
    assert services.mirror.get("Tickets", "7") is None
    assert len(list(services.mirror.rows("Tickets"))) == 399


def test_a_denied_list_is_unknown_and_the_rest_goes_on() -> None:
    """The result names it; its state keeps the reason; other kinds are read. 404 counts the same."""
    services = stack(Tickets=[ticket(1)], Invoice=[{"id": 1}], Quotation=[{"id": 1}])
    services.halo.faults["Invoice"] = SourceDenied("No right to invoices.", code="halo_denied")
    services.halo.faults["ConfigCommit"] = SourceRejected("Unknown path.", code="halo_not_found")
    result = run(services)
    assert [told["kind"] for told in result["unreadable"]] == ["Invoice", "ConfigCommit"]
    assert services.mirror.read_at("Invoice") is None
    assert services.mirror.state("Invoice")["unreadable"]["code"] == "halo_denied"
    assert services.mirror.read_at("Quotation") is not None
    del services.halo.faults["Invoice"]
    run(services)
    assert services.mirror.read_at("Invoice") is not None
    assert services.mirror.state("Invoice")["unreadable"] is None


def test_a_sync_that_may_read_nothing_has_not_succeeded() -> None:
    """One list denied is one kind unknown; all denied is an application nobody gave rights, or lost them."""
    services = stack(Tickets=[ticket(1)])
    for reading in READINGS:
        services.halo.faults[reading.kind] = SourceDenied(f"No right to {reading.kind}.", code="halo_denied")
    with pytest.raises(SourceDenied, match="nothing at all: No right to") as denied:
        run(services)
    assert denied.value.code == "halo_denied"
    assert services.mirror.state("Tickets")["unreadable"]["code"] == "halo_denied"
    del services.halo.faults["Tickets"]
    assert run(services)["kinds"]["Tickets"]["rows"] == 1


def test_without_a_token_the_run_fails() -> None:
    """Refused credentials are not thirty unreadable lists."""
    services = stack()
    services.halo.faults["TicketType"] = SourceDenied("Wrong secret.", code="halo_credentials_refused")
    with pytest.raises(SourceDenied):
        run(services)
    assert len(services.halo.calls) == 1


def test_an_outage_fails_the_run_and_keeps_what_was_read() -> None:
    """One list down: the others are read, the run fails, the next run heals."""
    services = stack(Tickets=[ticket(1)], Item=[{"id": 4}])
    services.halo.faults["Timesheet"] = SourceDown("Down.", code="halo_down")
    with pytest.raises(SourceDown):
        run(services)
    assert services.mirror.get("Tickets", "1") is not None
    assert services.mirror.read_at("Template") is not None
    del services.halo.faults["Timesheet"]
    run(services)
    assert services.mirror.read_at("Timesheet") is not None


def test_a_source_that_is_down_altogether_is_not_asked_for_every_list() -> None:
    """Three lists without answer are enough."""
    services = stack()
    for kind in ("TicketType", "Status", "Priority", "SLA", "Team"):
        services.halo.faults[kind] = SourceDown("Down.", code="halo_down")
    with pytest.raises(SourceDown):
        run(services)
    assert len(services.halo.calls) == 3


@pytest.mark.slow
def test_a_run_killed_in_a_long_list_goes_on_where_it_stood() -> None:
    """Most pages are not read again, and actions of tickets read before the kill are still read."""
    services = stack(
        Tickets=[ticket(n, 1 + n % 9) for n in range(1, 8001)],
        Actions=[action(n, 1, 1 + n % 9) for n in range(1, 8001)],
    )
    services.halo.faults["Tickets"] = SourceDown("Cut.", code="halo_down")
    services.halo.after["Tickets"] = 72
    with pytest.raises(SourceDown):
        run(services)
    services.halo.faults.clear()
    services.halo.calls.clear()
    run(services)
    pages = [query for _, kind, query in services.halo.calls if kind == "Tickets"]
    assert len(pages) < 45
    assert len(list(services.mirror.rows("Tickets"))) == 8000
    assert len(list(services.mirror.rows("Actions"))) == 8000


@pytest.mark.parametrize("step", range(1, 40, 3))
def test_killed_at_any_write_the_next_run_completes(step: int) -> None:
    """Whatever storage write fails, repeating the sync ends with every row and every action."""
    services = stack(Tickets=[ticket(n) for n in range(1, 31)], Actions=[action(n, 1) for n in range(1, 31)])
    services.halo.tables["Projects"] = [{"id": 900, "last_update": "2026-11-02T00:00:00Z", "budgets": [1]}]
    services.halo.hidden["Projects"] = frozenset({"budgets"})
    services.blobs.faults.hook = lambda _name, number: ("before", "after")[number % 2] if number == step else None
    for _ in range(3):
        try:
            run(services)
        except Exception:  # noqa: BLE001 - the harness's fault, as a kill would be
            continue
        break
    assert len(list(services.mirror.rows("Tickets"))) == 30
    assert len(list(services.mirror.rows("Actions"))) == 30
    assert (services.mirror.get("Projects", "900") or {}).get("budgets") == [1]


def test_details_are_read_only_for_what_changed() -> None:
    """Projects by their change stamp, contracts by their content; a denial of details is told and the rows stay."""
    services = stack(
        Projects=[{"id": 900, "last_update": "2026-11-02T00:00:00Z", "budgets": [{"id": 1}], "summary": "p"}],
        ClientContract=[{"id": n, "ref": f"c{n}", "percentageincrease": n} for n in range(1, 4)],
    )
    services.halo.hidden = {"Projects": frozenset({"budgets"}), "ClientContract": frozenset({"percentageincrease"})}
    run(services)
    details = [kind for _, kind, _ in services.halo.calls if "/" in kind]
    assert sorted(details) == ["ClientContract/1", "ClientContract/2", "ClientContract/3", "Tickets/900"]
    assert (services.mirror.get("Projects", "900") or {})["budgets"] == [{"id": 1}]
    services.halo.calls.clear()
    services.halo.tables["ClientContract"][1]["ref"] = "changed"
    run(services)
    assert [kind for _, kind, _ in services.halo.calls if "/" in kind] == ["ClientContract/2"]
    row = services.mirror.get("ClientContract", "2") or {}
    assert (row["ref"], row["percentageincrease"]) == ("changed", 2)
    services.halo.faults["ClientContract/"] = SourceDenied("No.", code="halo_denied")
    services.halo.tables["ClientContract"].append({"id": 9, "ref": "new"})
    result = run(services)
    assert result["unreadable"] == []
    assert services.mirror.get("ClientContract", "9") is not None
    assert services.mirror.state("ClientContract")["details_unreadable"]["code"] == "halo_denied"


def test_a_full_window_is_halved() -> None:
    """More actions in a day than an answer holds are all read."""

    class Capped(FakeHalo):
        def pages(self, kind: str, query: Any = None) -> Any:
            asked = dict(query or {})
            if kind == "Actions":
                asked["count"] = "200"
            return super().pages(kind, asked)

    services = stack()
    rows = [{**action(1, n, 5), "datetime": f"2026-11-05T{n % 24:02d}:{n % 60:02d}:00Z"} for n in range(1, 1501)]
    rows += [{**action(n, 1, 5), "datetime": f"2026-11-05T{n % 24:02d}:30:00Z"} for n in range(2, 40)]
    services.halo = Capped(services.clock, {"Tickets": [ticket(n, 5) for n in range(1, 40)], "Actions": rows})
    result = run(services)
    assert result["incomplete"] == []
    assert len(list(services.mirror.rows("Actions"))) == 1538


def test_work_before_the_ticket_was_opened_is_read_from_the_project_s_start() -> None:
    """A project that was entered late has time on it from before."""
    services = stack()
    late = {**ticket(1, 20), "startdate": "2026-11-02T00:00:00Z"}
    rows = [{**action(1, 1, 20), "datetime": "2026-11-03T09:00:00Z"}, action(1, 2, 20)]
    # enough tickets that reading days is cheaper than reading each ticket by itself
    others = [ticket(n, 20) for n in range(2, 60)]
    services.halo = FakeHalo(services.clock, {"Tickets": [late, *others], "Actions": rows})
    run(services)
    assert {row["id"] for row in services.mirror.rows("Actions")} == {1, 2}


def test_rows_without_an_id_are_told_and_the_others_kept() -> None:
    """Quarantine by name; the observation holds the bytes."""
    services = stack(Client=[{"id": 1}, {"name": "x"}, {"id": True}, {"id": {"a": 1}}])
    result = run(services)
    assert len(result["refused"]) == 3
    assert [row["id"] for row in services.mirror.rows("Client")] == [1]


def test_a_restated_record_is_counted() -> None:
    """A ticket closed at another time in the past than was read before."""
    services = stack(Tickets=[ticket(1, 5)])
    run(services)
    moved = {"dateclosed": "2026-11-02T00:00:00Z", "last_update": "2026-11-09T00:00:00Z"}
    services.halo.tables["Tickets"] = [{**ticket(1, 5), **moved}]
    assert run(services)["kinds"]["Tickets"]["restated"] == ["1"]


def test_a_list_that_repeats_itself_is_incomplete_and_removes_nothing() -> None:
    """It claims more rows than it gives: what is held stays, and the kind does not count as read."""
    services = stack(Client=[{"id": n} for n in range(1, 61)])

    class Repeating(FakeHalo):
        def pages(self, kind: str, query: Any = None) -> Any:
            from dataclasses import replace

            for page in super().pages(kind, query):
                yield replace(page, record_count=500) if kind == "Client" else page

    services.halo = Repeating(services.clock, services.halo.tables)
    result = run(services)
    assert "Client" in result["incomplete"]
    assert services.mirror.read_at("Client") is None
    assert len(list(services.mirror.rows("Client"))) == 60


@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(0, 300)), max_size=60),
    st.sets(st.integers(1, 400), max_size=30),
)
def test_the_plan_covers_every_life_and_never_costs_more_than_one_by_one(
    lives: list[tuple[int, int]], queued: set[int]
) -> None:
    """Each ticket is read by itself or every day of its life is; new requests are at most one per ticket."""
    known = [(str(number), first, first + length) for number, (first, length) in enumerate(lives)]
    days, tickets = plan(known, queued)
    assert queued <= days
    assert all(ticket in tickets or set(range(first, last + 1)) <= days for ticket, first, last in known)
    assert len(days - queued) + len(tickets) <= len(known)


def test_what_was_queued_anew_stays_in_the_queue() -> None:
    """A sync beside this one queued the same day after it had been read here."""
    state = {"days": {"5": 3, "6": 1}, "tickets": {"7": 1, "8": 4}}
    assert unqueue(state, {"5": 2, "6": 1}, {"7": 1, "8": 2}) == {"days": {"5": 3}, "tickets": {"8": 4}}


def test_lives_without_dates_are_read_one_by_one() -> None:
    """Unknown is not zero days."""
    assert plan([("7", 0, 0)], set()) == (set(), {"7"})


@pytest.mark.parametrize("steps", [(one, other) for one in range(4) for other in range(4)])
def test_two_lists_that_queue_actions_at_once_lose_none(steps: tuple[int, int]) -> None:
    """Projects and tickets are read side by side, each with actions to be read: wherever they cross, all stay."""
    turns = Turns()
    services = [FakeServices() for _ in range(2)]
    for one in services:
        one.mirror = BlobMirror(turns.port(services[0].blobs))
    now = services[0].clock.now()
    queue_lives(services[0], [ticket(1, 3)], now)
    turns.play(
        lambda: queue_lives(services[0], [ticket(2, 10)], now),
        lambda: queue_lives(services[1], [ticket(3, 20)], now),
        steps,
    )
    assert set(services[0].mirror.state("Actions")["tickets"]) == {"1", "2", "3"}

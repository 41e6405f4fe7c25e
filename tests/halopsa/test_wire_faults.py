"""Every way HaloPSA's answers go wrong, injected by the simulator, against the real client and sync."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import SourceDenied, SourceDown, SourceRejected
from shared.halopsa.budget import Budget
from shared.procedures.runs import Run
from shared.procedures.sync import sync_run
from shared.registers import findings
from tests.halopsa.conftest import connect

if TYPE_CHECKING:
    from tests.halopsa.conftest import Simulator
    from tests.harness.services import FakeServices

pytestmark = pytest.mark.stack


def ids(services: FakeServices, kind: str, **query: str) -> list[Any]:
    """Ids of a whole list."""
    return [row.get("id") for page in services.halo.pages(kind, query) for row in page.rows]


def fault(simulator: Simulator, match: str, **how: Any) -> None:
    """One rule."""
    simulator.post("/_sim/faults", {"match": match, "method": "GET", **how})


def clients(simulator: Simulator, count: int) -> None:
    """So many."""
    simulator.rows(Client=[{"id": n, "name": f"Maple {n}"} for n in range(1, count + 1)])


def told(simulator: Simulator, path: str) -> list[dict[str, Any]]:
    """Requests of a path."""
    return [call for call in simulator.calls() if call["path"] == path]


def page(numbers: range, count: Any) -> str:
    """A list's body with a record_count of our choice."""
    rows = [{"id": n, "name": f"Maple {n}"} for n in numbers]
    return json.dumps({"record_count": count, "clients": rows})


@pytest.mark.parametrize("count", [1, 100, 99_999, -1, "many", None, 2.5])
def test_a_wrong_record_count_loses_and_repeats_nothing(simulator: Simulator, count: Any) -> None:
    """A count that is the page's own, too large, no number or absent: 130 rows come, each once."""
    services = connect(simulator)
    clients(simulator, 130)
    for numbers in (range(1, 101), range(101, 131)):
        fault(simulator, "/api/Client", status=200, body=page(numbers, count))
    fault(simulator, "/api/Client", times=5, status=200, body=page(range(0), count))
    assert ids(services, "Client", order="id") == list(range(1, 131))


def test_a_page_that_repeats_for_ever_ends_and_removes_nothing(simulator: Simulator) -> None:
    """Page two is page one again while more is promised: the list counts as incomplete, and what is held stays."""
    services = connect(simulator)
    clients(simulator, 150)
    sync(services)
    fault(simulator, "/api/Client", times=None, status=200, body=page(range(1, 101), 150))
    result = sync(services)
    assert "Client" in result["incomplete"]
    assert len(list(services.mirror.rows("Client"))) == 150


def test_endpoints_that_ignore_paging_are_asked_once(simulator: Simulator) -> None:
    """The time sheet's events come all at once; asking on would ask for ever."""
    services = connect(simulator)
    simulator.rows(
        TimesheetEvent=[
            {"id": 0, "agent_id": 5, "ticket_id": n, "action_number": 1, "start_date": "2026-11-10T08:00:00Z"}
            for n in range(1, 261)
        ]
    )
    assert len(ids(services, "TimesheetEvent")) == 260
    assert len(told(simulator, "/api/TimesheetEvent")) == 1


@pytest.mark.parametrize(
    "how",
    [
        {"drop": "half"},
        {"drop": "before"},
        {"drop": "after"},
        {"status": 200, "body": '{"record_count":130,"clients":[{"id":1},{"i'},
        {"status": 200, "body": "<html>Please wait</html>"},
        {"status": 200, "body": '{"record_count":130}'},
        {"status": 200, "body": "NaN"},
        {"status": 502},
        {"status": 515, "body": "Cannot insert NULL into TSEeventid"},
    ],
)
def test_half_answers_and_outages_of_the_moment_heal(simulator: Simulator, how: dict[str, Any]) -> None:
    """The page is asked for again; nothing is half taken."""
    services = connect(simulator)
    clients(simulator, 130)
    fault(simulator, "/api/Client", times=2, **how)
    assert ids(services, "Client", order="id") == list(range(1, 131))


@pytest.mark.parametrize("retry_after", [1, None])
def test_the_rate_limit_is_waited_out(simulator: Simulator, retry_after: float | None) -> None:
    """With and without Retry-After: the read goes on, and our own budget stands still for everybody."""
    services = connect(simulator)
    clients(simulator, 250)
    more = {} if retry_after is None else {"retry_after": retry_after}
    fault(simulator, "/api/Client", times=2, status=429, **more)
    assert len(ids(services, "Client", order="id")) == 250
    assert [call["status"] for call in told(simulator, "/api/Client")] == [429, 429, 200, 200, 200]


def test_an_expired_token_is_renewed_once_and_a_permission_is_no_loop(simulator: Simulator) -> None:
    """A revoked token heals unseen; a 401 that stays is a refusal after one renewal."""
    services = connect(simulator)
    clients(simulator, 3)
    assert ids(services, "Client") == [1, 2, 3]
    simulator.post("/_sim/tokens", {"revoke": True})
    assert ids(services, "Client") == [1, 2, 3]
    simulator.rows(ClientContract=[{"id": 5, "client_id": 1}])
    simulator.post("/_sim/access", {"contracts": "none"})
    before = len(simulator.calls())
    with pytest.raises(SourceDenied):
        services.halo.one("ClientContract", "5")
    assert [call["path"] for call in simulator.calls()[before:]] == [
        "/api/ClientContract/5",
        "/auth/token",
        "/api/ClientContract/5",
    ]


def test_refusals_name_the_field_and_answers_may_be_arrays(simulator: Simulator) -> None:
    """Model state, plain text and .NET exceptions become one typed error; one-element arrays are one row."""
    services = connect(simulator)
    simulator.rows(Tickets=[{"id": 7, "summary": "x", "client_id": 3, "status_id": 1, "tickettype_id": 1}])
    with pytest.raises(SourceRejected) as refused:
        services.halo.write("Tickets", {"id": 7, "status_id": "9"})
    assert (refused.value.details["field"], refused.value.details["status"]) == ("status_id", 400)
    with pytest.raises(SourceRejected, match="An Outcome must be entered"):
        services.halo.write("Actions", {"ticket_id": 7, "note": "x"})
    exception = '{"ClassName":"System.Exception","Message":"Column priority_id is gone"}'
    simulator.post("/_sim/faults", {"match": "/api/Tickets", "method": "POST", "status": 400, "body": exception})
    with pytest.raises(SourceRejected, match="Column priority_id is gone"):
        services.halo.write("Tickets", {"id": 7, "status_id": 9})
    simulator.post("/_sim/quirks", {"array_answers": True})
    assert services.halo.write("Tickets", {"id": 7, "status_id": 9})["status_id"] == 9


def test_a_gateway_that_gives_up_is_not_asked_again(simulator: Simulator) -> None:
    """HaloPSA goes on working after its gateway's minute."""
    services = connect(simulator)
    fault(simulator, "/api/Client", status=504)
    with pytest.raises(SourceDown) as down:
        ids(services, "Client")
    assert down.value.code == "halo_gateway_timeout"
    assert len(told(simulator, "/api/Client")) == 1


def test_a_field_of_the_wrong_type_is_told_and_one_nobody_knows_is_kept(simulator: Simulator) -> None:
    """Through HTTP, sync and register; naive times and numbers like 12.0 are no faults."""
    services = connect(simulator)
    simulator.post("/_sim/quirks", {"naive_dates": True})
    good = {
        "summary": "x",
        "client_id": 12.0,
        "dateoccurred": "2026-11-10T08:00:00.27",
        "last_update": "2026-11-10T09:00:00Z",
    }
    simulator.rows(Tickets=[{"id": 1, **good, "newest_thing": 5}, {"id": 2, **good, "sla_id": "gold"}])
    assert sync(services)["faults"] == 1
    rows = [row for row in findings.of_control(services.rows, "records_readable") if row["verdict"] == "fail"]
    assert [row["subject"]["id"] for row in rows] == ["Tickets/2"]
    assert "sla_id is not a whole number" in rows[0]["reasons"][0]["text"]
    assert services.mirror.state("Tickets")["unknown_fields"]["newest_thing"] == 1


def test_one_budget_for_several_instances(azurite: Any, mark: str) -> None:
    """Eight threads of three instances over a real table: in no rolling window more than allowed."""
    from shared.storage import AzureRows

    rows = AzureRows(azurite)
    taken: list[float] = []

    class Wall:
        def now(self) -> Any:
            from datetime import UTC, datetime

            return datetime.now(UTC)

    instances = [
        Budget(rows, Wall(), requests=20, seconds=2, name=mark, sleep=lambda wait: time.sleep(min(wait, 1)))
        for _ in range(3)
    ]

    def take(number: int) -> None:
        instances[number % 3].take()
        taken.append(time.monotonic())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(50)))
    taken.sort()
    # the moment is noted a little after it was taken: half a tenth of the window is allowed for that
    assert all(later - first > 1.9 for first, later in zip(taken, taken[20:], strict=False))


def sync(services: FakeServices) -> dict[str, Any]:
    """One run; lists are read whole, so that faults meet them."""
    for kind in ("Client",):
        state = services.mirror.state(kind)
        if state.get("whole_at"):
            from shared.model import parse_instant, rfc3339

            before = {"whole_at": rfc3339(parse_instant(state["whole_at"]) - timedelta(days=2))}
            services.mirror.change_state(kind, lambda held, before=before: held | before)
    now = services.clock.now()
    return sync_run(services, Run(f"r-{time.monotonic_ns()}", "sync", None, now, "test"))

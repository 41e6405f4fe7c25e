"""Every figure beside service performance, as the running service answers it and as counted again from HaloPSA's rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from local.demo.api import Api
from local.seeds import baselines, world
from local.seeds.calendar import AS_OF, wire
from tests.end_to_end.recount import World, recount
from tests.harness.guarded import Guarded, Service

pytestmark = pytest.mark.stack

START = datetime(2026, 9, 1, tzinfo=UTC)
CHANGED = 805
"""The project whose baseline a change order moves."""
TABLES = ("Tickets", "Projects", "Opportunities", "Actions", "Timesheet", "Appointment", "Invoice", "Agent")
KNOWN = {
    None: 28,
    "msp": 11,
    "mssp": 14,
    "ps": 10,
}
"""How many figures have something to count at least: a recount of nothing proves nothing."""


def extras() -> dict[str, list[dict[str, Any]]]:
    """Odd work beside the demo's: half-told rows, times on the edges, charges of every kind, days of people."""
    dice = random.Random(20261129)
    tickets, actions, days = [], [], []
    for number in range(20_000, 20_160):
        occurred = AS_OF - timedelta(minutes=dice.randrange(0, 40 * 24 * 60))
        kind = dice.choice((1, 3, 25, 25, 999))
        row: dict[str, Any] = {
            "id": number, "summary": f"Odd {number}", "tickettype_id": kind, "client_id": 101 + number % 12,
            "team": dice.choice(("Network", "Security Operations", "Unheard of", None)),
            "agent_id": dice.choice((1, 0, 11, 12)), "priority_id": dice.choice((1, 2, 3)), "status_id": 2,
            "category_1": dice.choice(("", "Hardware")), "dateoccurred": wire(occurred), "sla_id": 1,
            "lastactiondate": wire(occurred + timedelta(hours=dice.randrange(0, 48))), "workflow_id": dice.choice((0, 4)),
            "respondbydate": wire(occurred + timedelta(hours=2)), "attachment_count": dice.choice((0, 0, 2)),
            "dateassigned": dice.choice(("1900-01-01T00:00:00", wire(occurred + timedelta(hours=dice.randrange(1, 8))))),
            "first_responsedate": dice.choice((None, wire(occurred + timedelta(minutes=dice.randrange(5, 300))))),
            "nextactivitydate": dice.choice(("1900-01-01T00:00:00", wire(AS_OF + timedelta(days=2)))),
        }  # fmt: skip
        closed = occurred + timedelta(hours=dice.randrange(0, 200))
        if dice.random() < 0.6 and closed < AS_OF:
            row |= {"dateclosed": wire(closed), "status_id": 9}
        tickets.append(row)
        for place in range(dice.randrange(0, 4)):
            moment = occurred + timedelta(hours=place)
            if moment >= AS_OF:
                continue
            actions.append(
                {
                    "id": place + 1, "ticket_id": number, "datetime": wire(moment), "who_agentid": 11,
                    "outcome": dice.choice(("Email User", "evidence captured", "Change Priority")),
                    "timetaken": dice.choice((0, 0.25, 1.5)), "actionchargehours": dice.choice((None, 0, 0.25, 1.5)),
                    "chargerate": dice.choice((-1, 0, 2, None)), "actisbillable": dice.choice((True, False, None)),
                    "actioninvoicenumber": dice.choice((None, "", "-1", "INV-7")),
                    "action_invoice_line_id": dice.choice((0, 0, 55)), "actreviewed": True,
                    "new_priority": dice.choice((None, 0, 1, 2)), "action_contract_id": 0,
                    "actionby_application_id": dice.choice((None, "", "flow-1")),
                }
            )  # fmt: skip
    for number in range(40):
        actual = dice.choice((0.0, 3.75, 7.5, 9.0))
        day = (AS_OF - timedelta(days=number)).strftime("%Y-%m-%dT00:00:00")
        days.append(
            {
                "id": number + 1,
                "agent_id": 11,
                "date": day,
                "target_hours": dice.choice((0.0, 7.5)),
                "actual_hours": actual,
            }
        )
    return {"Tickets": tickets, "Actions": actions, "Timesheet": days}


def seed() -> dict[str, list[dict[str, Any]]]:
    """The demo's rows with the odd ones; some projects come of deals, and carry time of their own."""
    rows = world.rows()
    for project, deal in ((803, 601), (804, 602), (805, 608)):
        next(one for one in rows["Projects"] if one["id"] == project)["createdfrom_id"] = deal
    for table, more in extras().items():
        rows[table] = [*rows.get(table, []), *more]
    for place, project in enumerate((803, 804)):
        spent = {
            "datetime": wire(AS_OF - timedelta(days=3)),
            "timetaken": 2.0,
            "actionchargehours": 2.0,
            "who_agentid": 11,
        }
        rows["Actions"].append({"id": 900 + place, "ticket_id": project, "chargerate": 1, "actreviewed": True, **spent})
    return rows


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("recount")
    with Guarded(folder, seed=seed(), policy=world.POLICY) as stack:
        api = Service(stack)
        api.clock(wire(AS_OF))
        api.run("sync")
        for project, body in baselines.bodies().items():
            api.call("paula", "PUT", f"/api/projects/{project}/baseline", body)
        moved = {**baselines.bodies()[CHANGED], "accountable": {"delivery": "Somebody Fictive"}}
        where = f"/api/projects/{CHANGED}/baseline"
        asked = api.call("nora", "PUT", where, moved, want=(409,)).json()["approval_id"]
        api.decide(asked, "dev", "paula", rationale="Another person leads it.")
        api.call("nora", "PUT", where, moved)
        for job in ("handoff_review", "project_status", "desk_check", "billing_check"):
            api.run(job)
        failing = [one for one in api.every("nora", "/api/findings") if one["verdict"] == "fail"]
        for place, one in enumerate(failing[:: max(1, len(failing) // 9)]):
            kind = "false_positive" if place % 3 else "confirmed"
            api.call("nora", "POST", f"/api/findings/{one['id']}/feedback", {"kind": kind})
        for one in [found for found in failing if found["control"] == "desk_discipline"][:3]:
            asked = api.call(
                "nora", "POST", f"/api/findings/{one['id']}/override", {"rationale": "Known; moves next week."}
            )
            api.decide(asked.json()["id"], "steve", rationale="Agreed until then.")
        for practice, hours, steps in (("msp", 12.5, 3), ("ps", 0.1, None), (None, None, 7), ("msp", 99, 99)):
            item = {"title": "Less typing", "practice": practice, "hours_saved": hours, "steps_removed": steps}
            made = api.call("nora", "POST", "/api/backlog", item).json()
            if hours != 99:
                api.call("nora", "POST", f"/api/backlog/{made['id']}/delivery", {"hours_basis": "Counted in October."})
        yield api
        api.close()


@pytest.fixture(scope="module")
def counted(house: Api) -> World:
    end = AS_OF + timedelta(hours=1)
    details = [house.get("nora", f"/api/projects/{one['id']}") for one in house.every("nora", "/api/projects")]
    handoffs = [house.get("nora", f"/api/handoffs/{one['id']}") for one in house.every("nora", "/api/handoffs")]
    return World(
        rows={table: house.halo_rows(table) for table in TABLES},
        findings=house.every("nora", "/api/findings"),
        projects=details,
        handoffs=handoffs,
        backlog=house.every("nora", "/api/backlog"),
        controls=house.every("nora", "/api/controls"),
        plans={str(number): body for number, body in baselines.bodies().items()},
        changes={str(CHANGED): [AS_OF]},
        start=START,
        end=end,
    )


@pytest.mark.parametrize("practice", [None, "msp", "mssp", "ps"])
def test_every_figure_is_what_its_rows_come_to(house: Api, counted: World, practice: str | None) -> None:
    """Denominator and value; a figure with nothing to count is unknown in both."""
    query = {"from": wire(START), "to": wire(counted.end)} | ({"practice": practice} if practice else {})
    answered = {
        one["id"]: (one["n"], one["value"])
        for one in house.get("nora", "/api/kpis", **query)["items"]
        if one["practice"] == practice
    }
    again = {
        name: (n, None if value is None else pytest.approx(float(value), rel=1e-12, abs=1e-12))
        for name, (n, value) in recount(counted, practice).items()
    }

    assert {name: answered[name] for name in again} == again
    assert sum(1 for n, _ in again.values() if n) >= KNOWN[practice]


def test_what_was_saved_counts_from_the_day_it_was_put_to_work_and_once(house: Api) -> None:
    """A proposal saves nothing; what was delivered is not delivered again."""
    delivered = [one for one in house.every("nora", "/api/backlog") if one["state"] == "delivered"]
    assert {one["hours_basis"] for one in delivered} == {"Counted in October."}
    answer = house.call("nora", "POST", f"/api/backlog/{delivered[0]['id']}/delivery", {}, want=(409,))
    assert answer.json()["code"] == "backlog_delivered"
    assert isinstance(answer, httpx.Response)

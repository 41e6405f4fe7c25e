"""A figure followed back on the local stack: from the answer to the rows, to what HaloPSA sent, and out of a pack."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.end_to_end.test_evidence import House, files

pytestmark = pytest.mark.stack

STAMP = {"dateoccurred": "2024-11-04T08:00:00Z", "last_update": "2024-11-15T10:00:00Z", "client_id": 4711}
TABLES: dict[str, list[dict[str, Any]]] = {
    "Projects": [
        {"id": 800, "summary": "Server move", "tickettype_id": 5, "is_project": True, "status_id": 2, **STAMP}
    ],
    "Tickets": [
        {"id": 801, "parent_id": 800, "summary": "Design", "estimate": 10.0, "status_id": 2, **STAMP}
        | {"projectcompletionpercentage": 100.0},
        {"id": 802, "parent_id": 800, "summary": "Build", "estimate": 30.0, "status_id": 2, **STAMP}
        | {"projectcompletionpercentage": 50.0},
    ],
    "Actions": [
        {"id": 1, "ticket_id": ticket, "timetaken": hours, "who_agentid": 5, "datetime": "2024-11-05T10:00:00Z"}
        for ticket, hours in ((801, 10.0), (802, 12.5))
    ],
    "Agent": [{"id": 5, "name": "Ada Fictive", "costprice": 50.0}],
}
BASELINE = {
    "currency": "CAD",
    "bac": "2000.00",
    "start": "2024-11-04T08:00:00Z",
    "periods": [{"end": "2024-12-02T08:00:00Z", "pv": "2000.00"}],
    "accountable": {"owner": "oid-nora"},
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One synced project with a baseline; one of its tasks rang and was read back for its customer alone."""
    house = House(tmp_path_factory.mktemp("traces"), **TABLES)
    with house.stack:
        house.run("sync")
        with house.person("DeliveryManager") as api:
            api.put("/api/projects/800/baseline", json=BASELINE).raise_for_status()
        assert house.ring("d-1", id=802).status_code == 200
        until = time.monotonic() + 60
        with house.person("Auditor") as api:
            while time.monotonic() < until:
                house.run("project_status")
                time_of = by_part(api)["tasks"]
                if any(one["observation"].startswith("t-") for one in time_of):
                    break
                time.sleep(0.5)
        house.run("seal")
        yield house


def by_part(api: httpx.Client) -> dict[str, list[dict[str, Any]]]:
    """The whole listing of the project, page by page."""
    found: dict[str, list[dict[str, Any]]] = {}
    after: str | None = ""
    while after is not None:
        query = {"limit": "3"} | ({"next": after} if after else {})
        page = api.get("/api/projects/800/inputs", params=query).raise_for_status().json()
        for one in page["items"]:
            found.setdefault(one["part"], []).append(one)
        after = page["next"]
    return found


def answered(content: Any) -> list[dict[str, Any]]:
    """The rows of an answer: a bare list, a list in an envelope, or one record."""
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
        content = lists[0] if "record_count" in content else [content]
    return [row for row in content if isinstance(row, dict)]


def rows(api: httpx.Client, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as they stand in the bytes HaloPSA sent, read out of the evidence by the id each row names."""
    found = []
    for one in listed:
        content = api.get(f"/api/evidence/{one['observation']}/content").raise_for_status().json()
        [row] = [
            row
            for row in answered(content)
            if one["row"] in (str(row.get("id")), f"{row.get('ticket_id')}-{row.get('id')}")
        ]
        found.append(row)
    return found


def test_cost_and_progress_are_recomputed_from_what_halopsa_sent(house: House) -> None:
    """AC and EV, each from nothing but the payloads their rows name."""
    with house.person("Auditor") as api:
        view = api.get("/api/projects/800").raise_for_status().json()
        listed = by_part(api)
        assert {part: one["unknown"] for part, one in view["inputs"].items() if one["unknown"]} == {}
        rates = {row["id"]: Decimal(str(row["costprice"])) for row in rows(api, listed["rates"]) if "costprice" in row}
        cost = sum(Decimal(str(row["timetaken"])) * rates[row["who_agentid"]] for row in rows(api, listed["time"]))
        assert cost == Decimal(view["ac"]["amount"]) == Decimal("1125.00")
        tasks = {row["id"]: row for row in rows(api, listed["tasks"])}.values()
        estimates = [Decimal(str(row["estimate"])) for row in tasks]
        shares = [Decimal(str(row["projectcompletionpercentage"])) / 100 for row in tasks]
        done = sum(hours * share for hours, share in zip(estimates, shares, strict=True)) / sum(estimates)
        [accepted] = [api.get(f"/api/evidence/{one['observation']}/content").json() for one in listed["baseline"]]
        assert Decimal(accepted["baseline"]["bac"]) * done == Decimal(view["ev"]["amount"]) == Decimal("1250.00")


def test_a_pack_holds_the_trace_and_says_where_the_rest_is(house: House) -> None:
    """The verified measurement has the listing; the ring's page is in the pack, the lists' are named by their log."""
    _, data = house.pack()
    code, found = house.examined(data, house.keys())
    assert (code, found["codes"]) == (0, [])
    held = files(data)
    index = {row["item_id"]: row for row in json.loads(held["index.json"])}
    newest = [row for row in index.values() if row["type"] == "project.measured"][-1]
    [body] = json.loads(held[newest["path"]])["projects"]
    tasks = body["inputs"]["tasks"]["rows_of"]["Tickets"]
    mine = [one for one in tasks if one in index]
    assert [tasks[one] for one in mine] == [["802"]]
    assert json.loads(held[index[mine[0]]["path"]])["projectcompletionpercentage"] == 50.0
    others = {one for one in tasks if one not in index}
    assert others
    assert others <= {one for named in found["observations"]["other_logs"].values() for one in named}
    assert found["observations"]["in_pack"] >= 1

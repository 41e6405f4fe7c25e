"""Every figure traces to the observations it came from: from the answer to the rows, to the bytes HaloPSA sent."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Gone, NotFound
from shared.halopsa.mirror import BlobMirror
from shared.measures.inputs import told
from shared.measures.project_inputs import PARTS
from shared.procedures import gates, handoffs, projects
from shared.procedures.runs import Run
from shared.procedures.sync import sync_run
from shared.registers import findings
from shared.registers import projects as register
from tests.harness.delivery import (
    BASELINE,
    NORA,
    STRANGER,
    handoff_rows,
    opportunity,
    project_rows,
    quotation,
    run_of,
)
from tests.harness.halo import FakeHalo
from tests.harness.services import FakeServices

if TYPE_CHECKING:
    from shared.model import JsonObject

UPDATED = {"dateoccurred": "2026-11-02T08:00:00Z", "last_update": "2026-11-15T10:00:00Z"}


def dated(tables: dict[str, list[JsonObject]]) -> dict[str, list[JsonObject]]:
    """The harness's rows with the stamps that a sync reads by."""
    return {kind: [row if kind == "Actions" else {**UPDATED, **row} for row in rows] for kind, rows in tables.items()}


def synced(tables: dict[str, list[JsonObject]]) -> FakeServices:
    """Services whose mirror was filled by reading these tables, every page kept."""
    services = FakeServices()
    services.mirror = BlobMirror(services.blobs)
    services.halo = FakeHalo(services.clock, dated(tables))
    sync(services)
    return services


def sync(services: FakeServices) -> None:
    sync_run(services, Run("r-sync", "sync", None, services.clock.now(), "test"))


@pytest.fixture
def services() -> FakeServices:
    made = synced(project_rows())
    projects.put_baseline(made, NORA, "100", BASELINE)
    projects.project_status_run(made, run_of("project_status", made))
    return made


def rows_behind(services: FakeServices, figure: str, as_of: Any = None) -> dict[str, list[JsonObject]]:
    """Part to the rows as they stand in the recorded bytes, found through the figure's own words only."""
    view = projects.project_view(services, NORA, "100", as_of)
    found: dict[str, list[JsonObject]] = {}
    for part in view["traces"][figure]:
        for one in projects.project_inputs(services, NORA, "100", as_of, 500, None, part)["items"]:
            content = json.loads(services.ledger.content(one["observation"]))
            held = [
                row
                for row in content.get("rows", [])
                if one["row"] in (str(row.get("id")), f"{row.get('ticket_id')}-{row.get('id')}")
            ]
            found.setdefault(part, []).append(held[0] if held else content)
    return found


def test_actual_cost_is_recomputed_from_the_bytes_it_came_from(services: FakeServices) -> None:
    """Hours of the time entries times the rate of who booked them."""
    behind = rows_behind(services, "ac")
    rates = {row["id"]: Decimal(str(row["costprice"])) for row in behind["rates"] if "costprice" in row}
    cost = sum(Decimal(str(row["timetaken"])) * rates[row["who_agentid"]] for row in behind["time"])
    assert cost == Decimal(projects.project_view(services, NORA, "100", None)["ac"]["amount"]) == Decimal("1125.00")


def test_earned_value_is_recomputed_from_the_bytes_it_came_from(services: FakeServices) -> None:
    """Each task's share of the accepted budget by its estimate, times its completion."""
    behind = rows_behind(services, "ev")
    tasks = {row["id"]: row for row in behind["tasks"]}.values()
    [accepted] = behind["baseline"]
    total = sum(Decimal(str(row["estimate"])) for row in tasks)
    done = sum(
        Decimal(str(row["estimate"]))
        * (1 if row["status_id"] == 9 else Decimal(str(row["projectcompletionpercentage"])) / 100)
        for row in tasks
    )
    assert Decimal(accepted["baseline"]["bac"]) * done / total == Decimal("1250.00")


def test_every_number_of_a_status_names_its_parts_and_every_part_its_observations(services: FakeServices) -> None:
    """No figure without a trace, no row without an observation, no part that is not explained."""
    view = projects.project_view(services, NORA, "100", None)
    told_of = {name.partition(".")[0] for name in view["traces"]}
    numbers = {
        "pv", "ev", "ac", "bac", "sv", "cv", "eac", "etc", "vac", "spi", "cpi", "tcpi", "es", "at", "sv_t", "spi_t",
        "eac_t", "planned_duration", "finish_forecast", "finished_at", "slip_days", "burn", "cone", "duration_cone",
        "causes", "milestones", "blockages", "gates", "workstreams", "periods", "tasks", "hours", "resources", "health",
        "closed", "closed_at",
    }  # fmt: skip
    assert told_of == numbers
    assert numbers <= view.keys()
    assert {part for parts in view["traces"].values() for part in parts} == PARTS.keys()
    assert view["inputs"].keys() <= PARTS.keys()
    assert {part: one["unknown"] for part, one in view["inputs"].items() if one["unknown"]} == {}
    assert {"project", "tasks", "time", "rates", "customer", "baseline", "reads"} == view["inputs"].keys()


def test_the_record_of_the_measurement_holds_the_whole_listing(services: FakeServices) -> None:
    """What the answer tells in brief stands there in full, under the same digest."""
    view = projects.project_view(services, NORA, "100", None)
    [body] = json.loads(services.ledger.content(view["evidence"][0]))["projects"]
    assert body["inputs"] == told({part: one["rows_of"] for part, one in body["inputs"].items()})
    assert {part: one["sha256"] for part, one in view["inputs"].items()} == {
        part: one["sha256"] for part, one in body["inputs"].items()
    }
    assert body["traces"] == view["traces"]


def test_a_long_listing_is_null_in_the_answer_and_whole_over_the_listing() -> None:
    """Page by page, every row once."""
    rows = project_rows()
    rows["Actions"] = [
        {"id": n, "ticket_id": 101, "timetaken": 0.5, "who_agentid": 5, "datetime": "2026-11-05T10:00:00Z"}
        for n in range(1, 75)
    ]
    services = synced(rows)
    projects.put_baseline(services, NORA, "100", BASELINE)
    projects.project_status_run(services, run_of("project_status", services))
    time = projects.project_view(services, NORA, "100", None)["inputs"]["time"]
    assert (time["rows"], time["rows_of"]) == (74, None)
    found, after = [], None
    while True:
        page = projects.project_inputs(services, NORA, "100", None, 20, after, "time")
        found += [one["row"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(found) == sorted(f"101-{n}" for n in range(1, 75))


def test_time_that_does_not_count_is_listed_apart() -> None:
    """Negative, undated, later and unreadable entries are no part of the cost, and still told."""
    rows = project_rows()
    rows["Actions"] += [
        {"id": 2, "ticket_id": 101, "timetaken": -1.0, "who_agentid": 5, "datetime": "2026-11-05T10:00:00Z"},
        {"id": 3, "ticket_id": 101, "timetaken": 2.0, "who_agentid": 5, "datetime": "2026-12-24T10:00:00Z"},
        {"id": 4, "ticket_id": 101, "timetaken": "two", "who_agentid": 5, "datetime": "2026-11-05T10:00:00Z"},
    ]
    made = FakeServices()
    made.mirror.load(rows, made.clock.now())
    projects.put_baseline(made, NORA, "100", BASELINE)
    projects.project_status_run(made, run_of("project_status", made))
    parts = projects.project_view(made, NORA, "100", None)["inputs"]
    assert parts["time"]["rows_of"] == {"Actions": {"unknown": ["101-1", "102-1"]}}
    assert parts["time_left_out"]["rows_of"] == {"Actions": {"unknown": ["101-2", "101-3", "101-4"]}}


def test_rows_that_do_not_know_their_observation_are_counted_as_unknown() -> None:
    """An old mirror is never told as traced."""
    made = FakeServices()
    made.mirror.load(project_rows(), made.clock.now())
    projects.project_status_run(made, run_of("project_status", made))
    parts = projects.project_view(made, NORA, "100", None)["inputs"]
    assert {part: one["unknown"] for part, one in parts.items()} == {
        "customer": 1, "project": 1, "rates": 1, "reads": 0, "tasks": 2, "time": 2,
    }  # fmt: skip


def test_as_of_names_the_observations_as_they_were_known_then(services: FakeServices) -> None:
    """A later reading of a task changes what is told now, and not what was told then."""
    then = services.clock.now()
    before = projects.project_view(services, NORA, "100", then)
    listed = projects.project_inputs(services, NORA, "100", then, 500, None)
    services.clock.advance(days=1)
    services.halo.tables["Tickets"][1] |= {"projectcompletionpercentage": 80.0, "last_update": "2026-11-17T08:00:00Z"}
    sync(services)
    projects.project_status_run(services, run_of("project_status", services))
    assert projects.project_view(services, NORA, "100", then) == before
    assert projects.project_inputs(services, NORA, "100", then, 500, None) == listed
    now = projects.project_view(services, NORA, "100", None)
    assert now["ev"] != before["ev"]
    assert now["inputs"]["tasks"]["sha256"] != before["inputs"]["tasks"]["sha256"]
    assert now["inputs"]["rates"] == before["inputs"]["rates"]
    assert {row["projectcompletionpercentage"] for row in rows_behind(services, "ev", then)["tasks"] if row["id"] == 102} == {50.0}  # fmt: skip
    assert {row["projectcompletionpercentage"] for row in rows_behind(services, "ev")["tasks"] if row["id"] == 102} == {80.0}  # fmt: skip


def test_a_status_from_before_observations_were_kept_says_that_it_does_not_know(services: FakeServices) -> None:
    """Null, and nothing listed."""
    body = register.status_at(services.rows, "100", None)
    assert body is not None
    register.put_statuses(services.rows, [{k: v for k, v in body.items() if k not in ("inputs", "traces")}])
    view = projects.project_view(services, NORA, "100", None)
    assert (view["inputs"], view["traces"]) == (None, None)
    assert projects.project_inputs(services, NORA, "100", None, 10, None)["items"] == []


def test_the_listing_is_seen_by_who_sees_the_project(services: FakeServices) -> None:
    """Others get 404; an erased record is gone, not empty."""
    with pytest.raises(NotFound):
        projects.project_inputs(services, STRANGER, "100", None, 10, None)
    services.ledger.content = lambda _evidence_id: None
    with pytest.raises(Gone):
        projects.project_inputs(services, NORA, "100", None, 10, None)


def test_findings_and_escalations_name_the_record_of_the_figures() -> None:
    """From a message to the finding, to the measurement, to its rows."""
    rows = project_rows()
    rows["Actions"][1]["timetaken"] = 60.0
    services = synced(rows)
    projects.put_baseline(services, NORA, "100", BASELINE)
    projects.project_status_run(services, run_of("project_status", services))
    view = projects.project_view(services, NORA, "100", None)
    measured = view["evidence"][0]
    finding = next(findings.of_control(services.rows, "project_control"))
    assert measured in finding["evidence"]
    [message] = view["escalations"]
    assert message["evidence"] == finding["evidence"]
    [assessed] = [one for one in services.ledger.of_type("assessment.recorded") if one.controls == ("project_control",)]
    assert measured in json.loads(assessed.payload)["observations"]


def test_a_stage_gate_names_the_figures_it_is_decided_on(services: FakeServices) -> None:
    """The request rests on the newest measurement; the project then names the request's own record."""
    plan = {**BASELINE, "gates": [{"name": "Design"}]}
    made = synced(project_rows())
    projects.put_baseline(made, NORA, "100", plan)
    projects.project_status_run(made, run_of("project_status", made))
    measured = projects.project_view(made, NORA, "100", None)["evidence"][0]
    pack = {
        "deliverables": [{"name": "Plan", "link": "https://files.example.test/plan"}],
        "qa_outcome": "Passed.",
        "customer_acceptance": "Signed.",
        "open_risks": [],
    }
    asked = gates.submit_gate(made, NORA, "100", "Design", pack)
    assert asked["rests_on"] == [measured]
    made.clock.advance(minutes=1)
    projects.project_status_run(made, run_of("project_status", made))
    parts = projects.project_view(made, NORA, "100", None)["inputs"]
    assert parts["gates"]["rows_of"] == {"Approval": {asked["evidence"][0]: [asked["id"]]}}


def test_a_handoff_names_the_rows_of_every_number() -> None:
    """Value, margin and completeness from the deal's own bytes; the first score from the record of its review."""
    policy = FakeServices().policy.policy
    services = synced(handoff_rows(opportunity(policy), quotation()))
    handoffs.handoff_review_run(services, run_of("handoff_review", services))
    view = handoffs.handoff_view(services, NORA, "700")
    parts = view["inputs"]
    assert {part: one["unknown"] for part, one in parts.items() if one["unknown"]} == {}
    for page in parts["opportunity"]["rows_of"]["Opportunities"]:  # the list's, and that of the detail read
        [row] = [one for one in json.loads(services.ledger.content(page))["rows"] if one["id"] == 700]
        assert Decimal(str(row["oppprofit"])) / Decimal(str(row["oppvalue"])) == Decimal(str(view["margin"]))
    assert parts["quotations"]["rows_of"]["Quotation"]
    [first] = parts["first_submission"]["rows_of"]["Handoff"]
    assert json.loads(services.ledger.content(first))["completeness_first"] == view["completeness_first"]
    assert {part for named in view["traces"].values() for part in named} >= parts.keys() - {"projects", "meetings"}
    before = len(services.ledger.of_type("handoff.reviewed"))
    services.clock.advance(minutes=1)
    handoffs.handoff_review_run(services, run_of("handoff_review", services))
    assert len(services.ledger.of_type("handoff.reviewed")) == before

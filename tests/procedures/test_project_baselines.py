"""Baselines: read with every fault named, frozen once accepted, changed only by an approved change order."""

from __future__ import annotations

import copy

import pytest

from shared.errors import Conflict, Forbidden, Unacceptable
from shared.model import Person
from shared.procedures import projects
from shared.registers import approvals
from shared.registers import projects as register
from tests.harness.delivery import BASELINE, NORA, PIET, approve, project_rows, run_of
from tests.harness.services import FakeServices


@pytest.fixture
def services() -> FakeServices:
    made = FakeServices()
    made.mirror.load(project_rows(), made.clock.now())
    return made


ANNA = Person("oid-anna", "Anna Fictive", PIET.roles)
STRETCH = {"end": "2026-11-16T09:00:00Z", "cost": "100.00"}


def changed(**more):
    return {**copy.deepcopy(BASELINE), **more}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (None, "JSON object"),
        ([], "JSON object"),
        ("x", "JSON object"),
        ({}, "currency"),
        (changed(bac=2000), "bac"),
        (changed(bac="0"), "bac"),
        (changed(bac="-5"), "bac"),
        (changed(bac="1e9"), "bac"),
        (changed(bac="NaN"), "bac"),
        (changed(bac="9" * 40), "bac"),
        (changed(bac=None), "bac"),
        (changed(currency="cad"), "currency"),
        (changed(currency="DOLLARS"), "currency"),
        (changed(currency=5), "currency"),
        (changed(start="2026-11-02"), "start"),
        (changed(start="soon"), "start"),
        (changed(start=5), "start"),
        (changed(periods=[]), "periods"),
        (changed(periods={}), "periods"),
        (changed(periods=[{}]), "periods.0.end"),
        (changed(periods=[{"end": "2026-11-01T00:00:00Z", "pv": "1"}]), "later than start"),
        (changed(periods=[*BASELINE["periods"][::-1]]), "later than the period before"),
        (changed(periods=[{"end": "2026-11-16T00:00:00Z", "pv": "2500"}]), "exceed bac"),
        (
            changed(periods=[{"end": "2026-11-16T00:00:00Z", "pv": "5"}, {"end": "2026-11-17T00:00:00Z", "pv": "4"}]),
            "cumulative",
        ),
        (changed(periods=[{"end": "2026-11-16T00:00:00Z", "pv": "0"}]), "more than zero"),
        (changed(gates=[{"name": "A"}, "A"]), "different names"),
        (changed(gates=[5]), "gates"),
        (changed(gates=[{}]), "gates"),
        (changed(gates=[{"name": "A", "due": "soon"}]), "due"),
        (changed(workstreams=[{"hours": "3"}]), "workstreams"),
        (changed(accountable=["oid"]), "accountable"),
        (changed(accountable={"owner": 1.5}), "accountable"),
        (changed(budget="1"), "budget"),
        (changed(burn={"amber": "1.10", "red": "1.05"}), "burn.amber"),
        (changed(burn={"amber": None, "red": "1.05"}), "burn.amber"),
        (changed(burn={"amber": "0", "red": "1.05"}), "burn.amber"),
        (
            changed(periods=[BASELINE["periods"][0] | {"hours": "20"}, BASELINE["periods"][1]]),
            "every period or for none",
        ),
        (
            changed(periods=[one | {"hours": f"{20 - at}"} for at, one in enumerate(BASELINE["periods"])]),
            "must not fall",
        ),
        (changed(workstreams=[{"name": "A", "hours": float("nan")}]), "hours"),
        (changed(workstreams=[{"name": "A", "hours": -1}]), "hours"),
        (changed(workstreams=[{"name": "A", "periods": [{"end": "soon", "cost": "1"}]}]), "end"),
        (changed(workstreams=[{"name": "A", "cost": "5", "periods": [STRETCH]}]), "end with the workstream's cost"),
        (changed(workstreams=[{"name": "A", "periods": [STRETCH, STRETCH]}]), "later than the period before"),
        (changed(change={"kind": "weather"}), "change.kind"),
        (changed(change="scope"), "change"),
        (changed(periods=BASELINE["periods"] * 300), "periods"),
    ],
)
def test_a_baseline_that_cannot_stand_is_refused_by_name(services, body, named):
    """422 with the field and what is wrong with it; nothing is stored."""
    with pytest.raises(Unacceptable) as refusal:
        projects.put_baseline(services, NORA, "100", body)
    assert refusal.value.code == "baseline_invalid"
    assert named in refusal.value.message
    assert register.baselines(services.rows).get("100") is None


def test_all_faults_are_named_at_once(services):
    """So that nobody repairs them one by one."""
    with pytest.raises(Unacceptable) as refusal:
        projects.put_baseline(services, NORA, "100", changed(bac=1, currency="x", start="y"))
    assert all(name in refusal.value.message for name in ("bac", "currency", "start"))


def test_workstreams_gates_and_accountability_may_be_written_in_brief(services):
    """A name for a gate, a name for a workstream, an object or several people for who is accountable."""
    shown = projects.put_baseline(
        services,
        NORA,
        "100",
        changed(
            gates=["Design", {"id": "G2", "milestone": 7, "due": "2026-11-20T00:00:00Z"}],
            workstreams=["Network"],
            accountable={"Network": {"oid": "oid-nora"}, "director": ["oid-a", "oid-b"]},
        ),
    )
    assert [gate["name"] for gate in shown["gates"]] == ["Design", "G2"]
    assert shown["accountable"] == {"Network": "oid-nora", "director": "oid-a, oid-b"}


def test_a_baseline_is_frozen_once_accepted(services):
    """The same again changes nothing; another one is refused and asks for a change order."""
    first = projects.put_baseline(services, NORA, "100", BASELINE)
    assert projects.put_baseline(services, PIET, "100", copy.deepcopy(BASELINE)) == first
    with pytest.raises(Conflict) as refusal:
        projects.put_baseline(services, NORA, "100", changed(bac="2500.00"))
    assert refusal.value.code == "baseline_frozen"
    asked = approvals.register(services.rows).get(refusal.value.details["approval_id"])
    assert asked.body["kind"] == "change_order"
    assert asked.body["needed"]["persons"] == 1


def test_an_approved_change_order_lets_exactly_that_baseline_in(services):
    """Nobody who asked decides it; another baseline than the approved one stays out."""
    projects.put_baseline(services, NORA, "100", BASELINE)
    with pytest.raises(Conflict) as refusal:
        projects.put_baseline(services, NORA, "100", changed(bac="2500.00"))
    order = refusal.value.details["approval_id"]
    with pytest.raises(Forbidden):
        approve(services, projects, order, NORA)
    approve(services, projects, order, PIET)
    with pytest.raises(Conflict):
        projects.put_baseline(services, NORA, "100", changed(bac="2600.00"))
    second = projects.put_baseline(services, NORA, "100", changed(bac="2500.00"))
    assert (second["version"], second["change_order"]) == (2, order)
    with pytest.raises(Conflict):
        projects.put_baseline(services, NORA, "100", BASELINE)


def test_a_large_change_takes_two_persons(services):
    """Above materiality, or into another currency."""
    projects.put_baseline(services, NORA, "100", BASELINE)
    for body in (changed(bac="7000.01"), changed(currency="USD")):
        with pytest.raises(Conflict) as refusal:
            projects.put_baseline(services, NORA, "100", body)
        asked = approvals.register(services.rows).get(refusal.value.details["approval_id"])
        assert asked.body["needed"]["persons"] == 2


def test_a_change_order_is_void_once_another_was_accepted(services):
    """Two proposals from the same baseline: the second to be approved no longer changes what it looked at."""
    projects.put_baseline(services, NORA, "100", BASELINE)
    orders = []
    for bac in ("2500.00", "2600.00"):
        with pytest.raises(Conflict) as refusal:
            projects.put_baseline(services, NORA, "100", changed(bac=bac))
        orders.append(refusal.value.details["approval_id"])
    approve(services, projects, orders[0], PIET)
    projects.put_baseline(services, NORA, "100", changed(bac="2500.00"))
    assert approve(services, projects, orders[1], PIET)["state"] == "void"


def test_a_project_with_a_baseline_is_listed_before_it_is_assessed(services):
    """So that people see that it was accepted."""
    projects.put_baseline(services, NORA, "100", BASELINE)
    items = projects.list_projects(services, NORA, None, 10, None)["items"]
    assert [(one["id"], one["as_of"]) for one in items] == [("100", None)]


def test_burn_thresholds_are_frozen_with_the_baseline(services):
    """Tuning policy later does not move the line of a project that runs."""
    services.set_policy('[project]\nburn_amber = "1.10"\nburn_red = "1.20"\n')
    assert projects.put_baseline(services, NORA, "100", BASELINE)["burn"] == {"amber": "1.10", "red": "1.20"}
    rows = project_rows()
    rows["Actions"][1]["timetaken"] = 18.0
    services.mirror.load(rows, services.clock.now())
    assessed = lambda: projects.project_status_run(services, run_of("project_status", services))["ratings"]  # noqa: E731
    assert assessed()["amber"] == 1
    services.set_policy('[project]\nburn_amber = "1.00"\nburn_red = "1.05"\n')
    services.clock.advance(minutes=1)
    assert assessed()["amber"] == 1


def test_a_baseline_may_bring_its_own_burn_thresholds(services):
    """They are part of what is frozen."""
    own = changed(burn={"amber": "1.01", "red": 1.3})
    assert projects.put_baseline(services, NORA, "100", own)["burn"] == {"amber": "1.01", "red": "1.3"}
    with pytest.raises(Conflict):
        projects.put_baseline(services, NORA, "100", changed(burn={"amber": "1.01", "red": "1.5"}))


def test_why_it_changes_is_approved_and_kept_but_is_no_other_baseline(services):
    """The same baseline with another reason is the same baseline."""
    first = projects.put_baseline(services, NORA, "100", BASELINE)
    why = {"kind": "assumption", "assumption": "Power is there", "text": "It was not."}
    assert projects.put_baseline(services, NORA, "100", changed(change=why)) == first
    with pytest.raises(Conflict) as refusal:
        projects.put_baseline(services, NORA, "100", changed(bac="2500.00", change=why))
    asked = approvals.register(services.rows).get(refusal.value.details["approval_id"])
    assert asked.body["content"]["change"] == why
    approve(services, projects, asked.id, PIET)
    assert projects.put_baseline(services, NORA, "100", changed(bac="2500.00"))["change"] == why


def test_many_small_changes_are_one_large_one(services):
    """Each stays below materiality, together they do not: then two persons are needed."""
    projects.put_baseline(services, NORA, "100", BASELINE)
    needed = []
    for bac in ("6000.00", "8000.00"):
        with pytest.raises(Conflict) as refusal:
            projects.put_baseline(services, NORA, "100", changed(bac=bac))
        order = refusal.value.details["approval_id"]
        needed.append(approvals.register(services.rows).get(order).body["needed"]["persons"])
        approve(services, projects, order, *(PIET, ANNA)[: needed[-1]])
        projects.put_baseline(services, NORA, "100", changed(bac=bac))
    assert needed == [1, 2]
    with pytest.raises(Conflict) as refusal:
        projects.put_baseline(services, NORA, "100", changed(bac="8500.00"))
    assert approvals.register(services.rows).get(refusal.value.details["approval_id"]).body["needed"]["persons"] == 1


def test_who_loses_the_race_for_a_baseline_leaves_no_evidence_of_one(services):
    """Two people at once: one is accepted, the other is told, and only one is on record."""
    rows = services.rows
    first = rows.insert

    def overtaken(table, row):
        services.rows.insert = first
        if row.partition == "project_baselines":
            projects.put_baseline(services, PIET, "100", changed(bac="2500.00"))
        first(table, row)

    services.rows.insert = overtaken
    with pytest.raises(Conflict):
        projects.put_baseline(services, NORA, "100", BASELINE)
    (entry,) = services.ledger.of_type("baseline.accepted")
    assert b"2500.00" in entry.payload

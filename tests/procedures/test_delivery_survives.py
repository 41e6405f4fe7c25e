"""Delivery's jobs under faulty storage and nonsense rows: nothing twice, nothing lost, never an exception."""

from __future__ import annotations

import copy
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import StorageUnavailable
from shared.procedures import handoffs, projects
from shared.procedures.plan import register as actions_of
from shared.registers import approvals, holds
from tests.harness.delivery import BASELINE, NORA, approve, handoff_rows, opportunity, project_rows, quotation, run_of
from tests.harness.faults import Faults
from tests.harness.services import FakeServices


def services_with(rows) -> FakeServices:
    made = FakeServices()
    made.mirror.load(rows, made.clock.now())
    return made


def stumble(services, number, when, step):
    """Carry out a step whose n-th write fails before or after it happened; then again, with storage well."""
    services.rows.faults = Faults()
    services.queues.faults = services.rows.faults
    services.rows.faults.hook = lambda _name, count: when if count == number else None
    try:
        step(services)
    except StorageUnavailable:
        services.rows.faults.hook = None
        step(services)
        return True
    services.rows.faults.hook = None
    return False


def review(services):
    return handoffs.handoff_review_run(services, run_of("handoff_review", services, name="r-1"))


def assess(services):
    return projects.project_status_run(services, run_of("project_status", services, name="r-1"))


def freeze(services):
    return projects.put_baseline(services, NORA, "100", BASELINE)


def created(services):
    parts = ("events", "r-1", "r-2")
    keys = [one["action"]["key"] for part in parts for one in actions_of(services, part).all()
            if one["action"]["kind"] == "create_project"]  # fmt: skip
    return set(keys), len(keys)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_handoff_survives_a_fault_at_every_write(when):
    """One hold, one sign-off request in force, one project asked for, wherever it broke off."""
    number, hit = 0, True
    while hit:
        number += 1
        services = FakeServices()
        services.mirror.load(handoff_rows(opportunity(services.policy.policy), quotation()), services.clock.now())
        hit = stumble(services, number, when, review)
        (asked,) = [one for one in approvals.register(services.rows).all() if one["state"] == "open"]
        (hold,) = holds.of_kind(services.rows, "handoff")
        assert hold["approval_id"] == asked["id"]
        approve(services, handoffs, asked["id"], NORA)
        assert created(services)[0] == {"create-project:700"}
    assert number > 5


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_follows_a_sign_off_survives_a_fault_at_every_write(when):
    """The decision is followed once, however often it is tried; the next review mends what was lost."""
    number, hit = 0, True
    while hit:
        number += 1
        services = FakeServices()
        services.mirror.load(handoff_rows(opportunity(services.policy.policy), quotation()), services.clock.now())
        review(services)
        (asked,) = approvals.register(services.rows).all()
        closed = {**asked, "state": "approved", "closed_at": "2026-11-16T09:00:00.000Z",
                  "decisions": [{"by": "oid-nora", "name": "Nora Fictive", "decision": "approve"}]}  # fmt: skip
        approvals.register(services.rows).put(asked["id"], closed)
        hit = stumble(services, number, when, partial(handoffs.on_decided, approval=closed))
        handoffs.handoff_review_run(services, run_of("handoff_review", services, name="r-2"))
        assert created(services)[0] == {"create-project:700"}
        (hold,) = holds.of_kind(services.rows, "handoff")
        assert hold["state"] == "released"
    assert number > 3


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_status_run_survives_a_fault_at_every_write(when):
    """The same figures and one set of messages in the end."""
    number, hit = 0, True
    while hit:
        number += 1
        services = services_with(project_rows())
        projects.put_baseline(services, NORA, "100", BASELINE)
        hit = stumble(services, number, when, assess)
        assert projects.project_view(services, NORA, "100", None)["ev"]["amount"] == "1250.00"
    assert number > 3


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_baseline_survives_a_fault_at_every_write(when):
    """Sent again after a lost answer it is accepted once."""
    number, hit = 0, True
    while hit:
        number += 1
        services = services_with(project_rows())
        hit = stumble(services, number, when, freeze)
        assert projects.put_baseline(services, NORA, "100", BASELINE)["version"] == 1
        assert len(services.ledger.of_type("baseline.accepted")) == 1
        assert len(projects.list_projects(services, NORA, None, 10, None)["items"]) == 1


NONSENSE = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=True), st.text(max_size=20), st.just([]),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=5), st.integers(), max_size=2), st.just([{}]),
    st.just("0001-01-01T00:00:00"), st.just("9999-12-31T23:59:59-12:00"),
)  # fmt: skip


def mangled(rows, table, at, field, value):
    """The rows with one cell replaced."""
    out = copy.deepcopy(rows)
    row = out[table][at % len(out[table])]
    row[sorted(row)[field % len(row)]] = value
    return out


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    table=st.sampled_from(["Projects", "Tickets", "Actions", "Agent", "Client"]),
    at=st.integers(0, 5), field=st.integers(0, 20), value=NONSENSE,
)  # fmt: skip
def test_nonsense_in_any_cell_of_a_project_never_crashes_the_run(table, at, field, value):
    """And the project does not become green by losing a cell."""
    good = project_rows(milestones=[{"id": 1, "name": "Design", "target_date": "2026-11-20T00:00:00Z", "dependencies": []}],
                        projecttimebudget=40.0, projectcompletionpercentage=50.0, createdfrom_id=700)  # fmt: skip
    services = services_with(good)
    projects.put_baseline(services, NORA, "100", BASELINE)
    services.mirror.kinds = {
        kind: {str(number): row for number, row in enumerate(rows)}
        for kind, rows in mangled(good, table, at, field, value).items()
    }
    result = projects.project_status_run(services, run_of("project_status", services))
    assert sum(result["ratings"].values()) == result["projects"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    table=st.sampled_from(["Opportunities", "Quotation", "Appointment", "Projects", "Client"]),
    at=st.integers(0, 5), field=st.integers(0, 20), value=NONSENSE,
)  # fmt: skip
def test_nonsense_in_any_cell_of_a_handoff_never_crashes_the_review(table, at, field, value):
    """Whatever is unreadable is missing, and what is missing is held."""
    services = FakeServices()
    good = handoff_rows(
        opportunity(services.policy.policy), quotation(),
        Appointment=[{"id": 5, "ticket_id": 700, "subject": "Kickoff", "start_date": "2026-11-20T10:00:00Z"}],
        Projects=[{"id": 900, "createdfrom_id": 700, "is_project": True, "client_id": 12}],
    )  # fmt: skip
    services.mirror.load(good, services.clock.now())
    services.mirror.kinds = {
        kind: {str(row.get("id", number)): row for number, row in enumerate(rows)}
        for kind, rows in mangled(good, table, at, field, value).items()
    }
    result = handoffs.handoff_review_run(services, run_of("handoff_review", services))
    assert sum(result["states"].values()) == result["handoffs"]

"""Daily status end to end on memory: what is recorded, judged, escalated and read."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import Conflict, NotFound
from shared.model import Person
from shared.procedures import projects
from shared.procedures.plan import register as actions_of
from shared.registers import findings
from shared.registers import projects as register
from shared.registers.decisions import decisions
from tests.harness.delivery import (
    BASELINE,
    NORA,
    PIET,
    STRANGER,
    approve,
    handoff_rows,
    opportunity,
    project_rows,
    quotation,
    run_of,
)
from tests.harness.services import FakeServices, crossings


@pytest.fixture
def services() -> FakeServices:
    made = FakeServices()
    made.mirror.load(project_rows(), made.clock.now())
    return made


def assess(services, as_of=None, name=""):
    return projects.project_status_run(services, run_of("project_status", services, as_of, name))


def codes(services, control="project_control"):
    rows = list(findings.of_control(services.rows, control))
    return {reason["code"] for row in rows for reason in row["reasons"]}


def test_before_anything_was_recorded_nothing_that_came_later_is_told():
    """An answer as of a time before the baseline and the first run holds neither, and goes on saying so."""
    rows = project_rows()
    rows["Actions"][1]["timetaken"] = 60.0
    services = FakeServices()
    now = services.clock.now()
    services.mirror.load(rows, now)
    projects.put_baseline(services, NORA, "100", BASELINE)
    before = projects.project_view(services, NORA, "100", now - timedelta(hours=1))
    assert (before["baseline"], before["health"]["tags"], before["recorded_at"]) == (None, ["no_baseline"], None)
    assert projects.project_view(services, NORA, "100", now)["baseline"]["version"] == 1
    assess(services)
    assert list(register.escalations(services.rows).all())
    assert projects.project_view(services, NORA, "100", now - timedelta(hours=1)) == before


def test_a_project_is_measured_recorded_and_read(services):
    """Textbook figures with their sources, evidence behind them, causes adding up."""
    projects.put_baseline(services, NORA, "100", BASELINE)
    result = assess(services)
    assert result["ratings"] == {"green": 1, "amber": 0, "red": 0, "unknown": 0}
    view = projects.project_view(services, NORA, "100", None)
    assert view["pv"] == {"amount": "1000.00", "currency": "CAD"}
    assert view["ev"] == {"amount": "1250.00", "currency": "CAD"}
    assert view["ac"] == {"amount": "1125.00", "currency": "CAD"}
    assert view["cv"] == {"amount": "125.00", "currency": "CAD"}
    assert view["sources"] == {"ev": "tasks", "ac": "time"}
    assert (view["es"], view["at"]) == (1.25, 1.0)
    assert view["spi_t"] == 1.25
    assert sum(float(one["amount"]["amount"]) for one in view["causes"]) == 125.0
    assert view["baseline"]["bac"] == "2000.00"
    assert services.ledger.content(view["evidence"][0])
    assert services.ledger.of_type("project.measured")


def test_a_project_without_a_baseline_is_a_finding(services):
    """Unknown, never green, and it fails the control."""
    assess(services)
    view = projects.project_view(services, NORA, "100", None)
    assert view["health"]["rating"] == "unknown"
    assert codes(services) == {"no_baseline"}
    assert view["pv"] is None
    assert view["spi"] is None


def test_as_of_answers_what_was_recorded_then_and_keeps_answering_it(services):
    """A later run over other facts does not change an earlier answer."""
    projects.put_baseline(services, NORA, "100", BASELINE)
    first = services.clock.now()
    assess(services, first)
    before = projects.project_view(services, NORA, "100", first)
    services.clock.advance(days=3)
    rows = project_rows()
    rows["Actions"].append(
        {"id": 2, "ticket_id": 102, "timetaken": 40.0, "who_agentid": 5, "datetime": "2026-11-18T10:00:00Z"}
    )
    services.mirror.load(rows, services.clock.now())
    assess(services)
    assert projects.project_view(services, NORA, "100", first) == before
    assert projects.project_view(services, NORA, "100", first + timedelta(days=1)) == before
    later = projects.project_view(services, NORA, "100", None)
    assert later["ac"]["amount"] == "3125.00"
    assert later["health"]["rating"] == "red"
    early = projects.project_view(services, NORA, "100", first - timedelta(days=1))
    assert early["health"]["rating"] == "unknown"
    assert early["ev"] is None


def test_an_assessment_of_the_past_counts_only_what_had_happened(services):
    """Time booked and tasks closed after the instant do not count."""
    projects.put_baseline(services, NORA, "100", BASELINE)
    assess(services, datetime(2026, 11, 9, 9, 0, tzinfo=UTC))
    view = projects.project_view(services, NORA, "100", None)
    assert view["ac"]["amount"] == "500.00"
    assert view["ev"]["amount"] == "750.00"


def test_measuring_the_same_instant_again_replaces_its_answer(services):
    """With the facts then held; lists show the newest instant."""
    projects.put_baseline(services, NORA, "100", BASELINE)
    at = services.clock.now()
    assess(services, at, "r-1")
    rows = project_rows()
    rows["Tickets"][1]["projectcompletionpercentage"] = 60.0
    services.mirror.load(rows, at)
    assess(services, at, "r-2")
    assert projects.project_view(services, NORA, "100", at)["ev"]["amount"] == "1400.00"
    assert [one["ev"]["amount"] for one in projects.list_projects(services, NORA, None, 10, None)["items"]] == [
        "1400.00"
    ]
    assert projects.list_projects(services, NORA, at - timedelta(days=1), 10, None)["items"] == []


def test_a_repeated_run_changes_nothing(services):
    """The same run carried out twice records once."""
    projects.put_baseline(services, NORA, "100", BASELINE)
    assess(services, name="r-1")
    before = len(services.ledger.entries)
    assess(services, name="r-1")
    assert len(services.ledger.entries) == before


def test_red_projects_escalate_by_age_once_each(services):
    """Owner at once, approver after two days, director after five."""
    rows = project_rows()
    rows["Actions"][1]["timetaken"] = 60.0
    services.mirror.load(rows, services.clock.now())
    projects.put_baseline(services, NORA, "100", BASELINE)
    levels = []
    for days in (0, 1, 2, 5, 6):
        at = datetime(2026, 11, 16, 9, 0, tzinfo=UTC) + timedelta(days=days)
        services.clock.at = at
        services.mirror.load(rows, at)
        levels.append(assess(services)["escalations"])
    assert levels == [1, 0, 1, 1, 0]
    told = projects.project_view(services, NORA, "100", None)["escalations"]
    assert {one["level"] for one in told} == {"owner", "approver", "director"}
    assert next(one["to"] for one in told if one["level"] == "owner") == "oid-nora"


def test_an_answer_to_an_escalation_is_measured(services):
    """A plan with owner and recovery date is a whole answer, with the hours it took."""
    rows = project_rows()
    rows["Actions"][1]["timetaken"] = 60.0
    services.mirror.load(rows, services.clock.now())
    projects.put_baseline(services, NORA, "100", BASELINE)
    assess(services)
    row = next(findings.of_control(services.rows, "project_control"))
    services.clock.advance(hours=5)
    plan = {
        "owner": "oid-nora",
        "plan": "Add a person.",
        "recovery_date": "2026-11-30T00:00:00Z",
        "by": "oid-nora",
        "at": "2026-11-16T14:00:00.000Z",
    }
    findings.register(services.rows, "project_control").put(findings.key_of(row["id"]), {**row, "mitigation": plan})
    assert assess(services)["acknowledged"] == 1
    told = projects.project_view(services, NORA, "100", None)["escalations"][0]
    assert (told["quality"], told["response_hours"]) == ("planned", 5.0)


def test_stale_facts_are_never_green(services):
    """Read too long ago, or never read at all."""
    projects.put_baseline(services, NORA, "100", BASELINE)
    services.clock.advance(days=3)
    assess(services)
    view = projects.project_view(services, NORA, "100", None)
    assert view["health"]["rating"] == "unknown"
    assert "stale_facts" in view["health"]["tags"]
    del services.mirror.read["Actions"]
    services.clock.advance(days=-2)
    assess(services)
    assert "stale_facts" in projects.project_view(services, NORA, "100", None)["health"]["tags"]


def test_callers_see_their_customers_only(services):
    """Outside them the project does not exist, assessed or not."""
    with pytest.raises(NotFound):
        projects.project_view(services, STRANGER, "100", None)
    with pytest.raises(NotFound):
        projects.put_baseline(services, STRANGER, "100", BASELINE)
    projects.put_baseline(services, NORA, "100", BASELINE)
    assess(services)
    with pytest.raises(NotFound):
        projects.project_view(services, STRANGER, "100", None)
    other = Person("oid-tim", "Tim Fictive", NORA.roles, practices=frozenset({"msp"}))
    with pytest.raises(NotFound):
        projects.project_view(services, other, "100", None)
    assert projects.list_projects(services, STRANGER, None, 10, None)["items"] == []


@pytest.mark.parametrize("identity", ["999", "101", "", "abc", "100~", "../x", "\u0000", "9" * 300])
def test_what_is_no_project_is_not_found(services, identity):
    """A task, a stranger's words and nothing at all."""
    with pytest.raises(NotFound):
        projects.project_view(services, NORA, identity, None)


def test_new_failures_are_told_and_old_ones_are_not_repeated(services):
    """One message when a finding begins to fail."""
    assess(services, name="r-1")
    assess(services, name="r-2")
    events = [
        one["action"]["parameters"]["event"] for name in ("r-1", "r-2") for one in actions_of(services, name).all()
    ]
    assert events == ["finding_opened"]


def test_unreadable_rows_are_named_and_do_not_hide_the_project(services):
    """Wrong types in a task, a time entry, a milestone or the project itself."""
    projects.put_baseline(services, NORA, "100", BASELINE)
    good = project_rows()
    for table, at, field, value in (
        ("Tickets", 1, "estimate", "much"),
        ("Actions", 0, "timetaken", "ten"),
        ("Projects", 0, "summary", 5),
        ("Projects", 0, "milestones", [{"id": 1, "name": []}]),
    ):
        rows = copy.deepcopy(good)
        rows[table][at][field] = value
        services.mirror.load(rows, services.clock.now())
        assess(services, name=f"r-{table}-{field}")
        view = projects.project_view(services, NORA, "100", None)
        assert view["health"]["rating"] == "unknown", (table, field)
        assert "record_unreadable" in view["health"]["tags"], (table, field)


def test_tasks_of_tasks_belong_to_the_project(services):
    """Time and value of a deeper level count once; a ring of parents does no harm."""
    rows = project_rows()
    rows["Tickets"] += [
        {
            "id": 103,
            "parent_id": 102,
            "summary": "Rack",
            "estimate": 30.0,
            "status_id": 2,
            "projectcompletionpercentage": 50,
        },
        {"id": 104, "parent_id": 105},
        {"id": 105, "parent_id": 104},
    ]
    rows["Actions"].append(
        {"id": 1, "ticket_id": 103, "timetaken": 1.0, "who_agentid": 5, "datetime": "2026-11-13T10:00:00Z"}
    )
    services.mirror.load(rows, services.clock.now())
    projects.put_baseline(services, NORA, "100", BASELINE)
    assess(services)
    view = projects.project_view(services, NORA, "100", None)
    assert view["ev"]["amount"] == "1250.00"
    assert view["ac"]["amount"] == "1175.00"


def test_a_milestone_is_dated_by_when_it_was_first_seen_complete(services):
    """HaloPSA keeps no date of completion; closed tasks tell it better where there are any."""
    projects.put_baseline(services, NORA, "100", BASELINE)
    for complete in (False, True, True):
        milestone = {"id": 1, "name": "Design", "target_date": "2026-11-20T00:00:00Z", "_complete": complete}
        services.mirror.load(project_rows(milestones=[milestone]), services.clock.now())
        assess(services)
        services.clock.advance(days=1)
    (milestone,) = projects.project_view(services, NORA, "100", None)["milestones"]
    assert milestone["completed_at"] == "2026-11-17T09:00:00.000Z"


def test_a_project_heard_of_has_its_deal_reviewed_at_once(services):
    """A second project from one opportunity does not wait for the daily run."""
    rows = handoff_rows(opportunity(services.policy.policy), quotation())
    rows["Projects"] = [
        {"id": number, "createdfrom_id": 700, "is_project": True, "client_id": 12} for number in (900, 901)
    ]
    services.mirror.load(rows, services.clock.now())
    projects.judge_projects(services, ["901", "999"], services.clock.now(), "delivery-1")
    assert codes(services, "handoff_single_project") == {"project_duplicate"}


def changes(services):
    return {row["title"]: (row["state"], row["owner"]) for row in decisions(services.rows).all()}


def test_a_project_that_outgrows_its_baseline_becomes_a_decision_once(services):
    """Change order or absorb; settled when a change order is accepted, and when it is within its baseline again."""
    rows = project_rows()
    rows["Actions"][1]["timetaken"] = 60.0
    services.mirror.load(rows, services.clock.now())
    projects.put_baseline(services, NORA, "100", BASELINE)
    assert [assess(services, name=name)["changes_due"] for name in ("r-1", "r-2")] == [1, 0]
    title = "Project 100: Change order or absorb it: the forecast is 3,600.00 CAD over the budget."
    assert changes(services) == {title: ("open", "oid-nora")}
    larger = {**copy.deepcopy(BASELINE), "bac": "6000.00"}
    with pytest.raises(Conflict) as refusal:
        projects.put_baseline(services, NORA, "100", larger)
    approve(services, projects, str(refusal.value.details["approval_id"]), PIET)
    projects.put_baseline(services, NORA, "100", larger)
    services.clock.advance(minutes=1)
    assert assess(services)["changes_due"] == 0
    assert changes(services) == {title: ("settled", "oid-nora")}


def test_work_outside_the_plan_asks_for_a_change_order(services):
    """Time on the project itself and on tasks nobody planned, above the share that policy allows."""
    rows = project_rows()
    rows["Actions"][1]["timetaken"] = 8.0
    rows["Tickets"].append({"id": 103, "parent_id": 100, "summary": "Extra", "status_id": 2})
    rows["Actions"] += [
        {"id": 1, "ticket_id": number, "timetaken": 2.1, "who_agentid": 5, "datetime": "2026-11-13T10:00:00Z"}
        for number in (100, 103)
    ]
    services.mirror.load(rows, services.clock.now())
    projects.put_baseline(services, NORA, "100", BASELINE)
    assess(services)
    assert changes(services) == {
        "Project 100: Change order or absorb it: work outside the plan has cost 210.00 CAD.": ("open", "oid-nora")
    }
    services.mirror.load(project_rows(), services.clock.now())
    services.clock.advance(minutes=1)
    assess(services)
    assert [state for state, _ in changes(services).values()] == ["settled"]


def test_the_list_names_a_baseline_accepted_in_the_middle_of_a_run():
    """The run measured without it; its figures are the newest all the same."""

    def make():
        made = FakeServices()
        made.mirror.load(project_rows(), made.clock.now())
        assess(made, name="r-before")
        return made

    def accepts(made):
        projects.put_baseline(made, NORA, "100", copy.deepcopy(BASELINE))

    for cut, made in crossings(make, lambda made: assess(made, name="r-1"), accepts):
        (row,) = register.heads(made.rows).all()
        assert row["baseline"]["version"] == 1, cut
        assert row["as_of"] is not None, cut


def test_an_older_run_does_not_write_over_the_list_of_a_newer_one():
    """Two runs at once, judging by different clocks: the list tells the later."""

    def make():
        made = FakeServices()
        made.mirror.load(project_rows(), made.clock.now())
        return made

    def later(made):
        assess(made, made.clock.now() + timedelta(hours=1), name="r-later")

    for cut, made in crossings(make, lambda made: assess(made, name="r-1"), later, 3):
        (row,) = register.heads(made.rows).all()
        assert row["as_of"] == "2026-11-16T10:00:00.000Z", cut


def test_what_another_run_says_of_an_escalation_stays():
    """Two runs follow the answers at once; each writes only over the row it has seen."""
    plan = {"owner": "oid-nora", "plan": "Add a person.", "recovery_date": "2026-11-30", "by": "oid-nora"}

    def make():
        rows = project_rows()
        rows["Actions"][1]["timetaken"] = 60.0
        made = FakeServices()
        made.mirror.load(rows, made.clock.now())
        projects.put_baseline(made, NORA, "100", BASELINE)
        assess(made, name="r-first")
        row = next(findings.of_control(made.rows, "project_control"))
        said = {**row, "mitigation": {**plan, "at": "2026-11-16T14:00:00.000Z"}}
        findings.register(made.rows, "project_control").put(findings.key_of(row["id"]), said)
        made.clock.advance(days=3)
        made.mirror.load(rows, made.clock.now())
        return made

    def follows(made):
        for held in list(register.escalations(made.rows).held()):
            register.escalations(made.rows).change(held.id, lambda body: {**body, "seen": True})

    for cut, made in crossings(make, lambda made: assess(made, name="r-second"), follows, 3):
        rows = {one["level"]: one for one in register.escalations(made.rows).all()}
        assert set(rows) == {"owner", "approver"}, cut
        assert rows["owner"]["seen"] is True, cut

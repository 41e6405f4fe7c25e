"""Assessing: one finding per control and subject whatever happens, recorded before it is shown."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from shared.controls.spec import Cadence, Case, Control, Judgement
from shared.model import Person, Reason, Role, Subject, Verdict
from shared.procedures.assess import assess
from shared.procedures.overrides import give_feedback, mitigate
from shared.registers import findings
from tests.harness.faults import Faults
from tests.harness.memory import MemoryRows
from tests.harness.services import FakeServices


def judge(facts, policy, now):
    if facts == "crash":
        raise ZeroDivisionError
    return Judgement.of([Reason("stale", "It is stale.")] if facts == "bad" else [])


CONTROL = Control(
    id="test_control",
    title="It holds.",
    objective="To see it hold.",
    owner=Role.FINANCE,
    subject_kind="thing",
    cadence=Cadence.DAILY,
    needs=("Things",),
    codes=("stale",),
    judge=judge,
)


def case(identity, facts, customer="12", **more):
    return Case(Subject("thing", identity), customer, more.pop("practice", "msp"), facts, **more)


def run(services, *cases, run_id="r1", control=CONTROL):
    return assess(services, control, cases, as_of=services.clock.now(), run_id=run_id)


def verdicts(services):
    return {row["subject"]["id"]: row["verdict"] for row in findings.of_control(services.rows, "test_control")}


def test_every_subject_gets_exactly_one_verdict():
    """A crash is error, missing facts and stale facts are unknown; nothing is silent."""
    services = FakeServices()
    old = services.clock.now() - timedelta(hours=40)

    run(
        services,
        case("1", "good"),
        case("2", "bad"),
        case("3", "crash"),
        case("4", None, missing="Nobody could read it."),
        case("5", "good", observed_at=old),
    )

    assert verdicts(services) == {"1": "pass", "2": "fail", "3": "error", "4": "unknown", "5": "unknown"}


def test_a_crash_stops_no_other_subject_and_names_its_code():
    """The one broad except leaves a finding with control_error."""
    services = FakeServices()
    done = run(services, case("1", "crash"), case("2", "good"))
    assert [one.judgement.verdict for one in done] == [Verdict.ERROR, Verdict.PASS]
    assert done[0].finding["reasons"][0]["code"] == "control_error"


def test_since_stays_while_the_verdict_does():
    """Assessing again does not make an old failure look new."""
    services = FakeServices()
    first = services.clock.now()
    run(services, case("1", "bad"))
    services.clock.advance(days=3)
    done = run(services, case("1", "bad"), run_id="r2")
    assert done[0].finding["since"] == first.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert not done[0].changed


def test_a_run_is_one_entry_per_customer_and_one_per_new_failure():
    """The population is in one leaf, the change in another; a first pass is told by the population alone."""
    services = FakeServices()
    run(services, case("1", "bad"), case("2", "good"), case("3", "good", customer="13"))

    populations = [json.loads(entry.payload) for entry in services.ledger.of_type("assessment.recorded")]
    assert [(one["population"], one["verdicts"]) for one in populations] == [
        (2, {"fail": 1, "pass": 1}),
        (1, {"pass": 1}),
    ]
    assert [entry.customer for entry in services.ledger.of_type("assessment.recorded")] == ["12", "13"]
    assert len(services.ledger.of_type("finding.changed")) == 1


def test_the_same_run_twice_records_nothing_new():
    """Repeating after a crash is harmless."""
    services = FakeServices()
    run(services, case("1", "bad"))
    before = len(services.ledger.entries)
    run(services, case("1", "bad"))
    assert len(services.ledger.entries) == before


def test_a_subject_outside_the_controls_practices_is_not_applicable():
    """It is counted, and asks nothing of anybody."""
    services = FakeServices()
    control = Control(
        id="test_control",
        title="It holds.",
        objective="To see it hold.",
        owner=Role.FINANCE,
        subject_kind="thing",
        cadence=Cadence.DAILY,
        needs=("Things",),
        codes=("stale",),
        judge=judge,
        practices=("ps",),
    )
    done = run(services, case("1", "bad"), control=control)
    assert done[0].finding["verdict"] == "notapplicable"
    assert done[0].finding["status"] == "closed"


def test_evidence_is_kept_before_the_finding_is_shown():
    """When the register cannot be written, the assessment is already in the ledger and the next run completes it."""
    services = FakeServices()
    services.rows = MemoryRows(Faults(lambda _name, number: "before" if number == 1 else None))
    with pytest.raises(Exception, match="did not happen"):
        run(services, case("1", "bad"))
    assert services.ledger.of_type("assessment.recorded")
    run(services, case("1", "bad"))
    assert verdicts(services) == {"1": "fail"}


CROSSINGS = [(one, other) for one in range(6) for other in range(6)]


@pytest.mark.parametrize("steps", CROSSINGS)
def test_what_people_say_while_a_finding_is_judged_again_stays(steps: tuple[int, int]) -> None:
    """A plan agreed in the middle of a run is not written over by the finding as the run had found it."""
    services = FakeServices()
    run(services, case("1", "bad"))
    identity = findings.finding_id("test_control", "12", Subject("thing", "1"))
    (turns, there), here = services.beside(), services
    plan = {"owner": "Nora", "plan": "Call them.", "recovery_date": "2026-12-01"}
    turns.play(
        lambda: run(here, case("1", "crash"), run_id="r2"),
        lambda: mitigate(there, Person("oid-nora", "Nora", frozenset({Role.FINANCE})), identity, plan),
        steps,
    )
    row = findings.get(services.rows, identity)
    assert row is not None
    assert (row["verdict"], row["status"], row["mitigation"]["plan"]) == ("error", "mitigating", "Call them.")


@pytest.mark.parametrize("steps", CROSSINGS)
def test_the_last_word_has_whoever_looked_last(steps: tuple[int, int]) -> None:
    """A long run that looked before the record changed ends after the ring was judged: it closes nothing."""
    services = FakeServices()
    long_ago = services.clock.now()
    services.clock.advance(minutes=10)
    (turns, there), here = services.beside(), services
    turns.play(
        lambda: assess(here, CONTROL, [case("1", "good")], as_of=long_ago, run_id="long", looked_at=long_ago),
        lambda: run(there, case("1", "bad"), run_id="ring"),
        steps,
    )
    assert verdicts(services) == {"1": "fail"}
    told = [json.loads(entry.payload)["verdict"] for entry in services.ledger.of_type("finding.changed")]
    assert told[-1] == "fail"


@pytest.mark.parametrize("steps", CROSSINGS)
def test_of_many_findings_only_those_that_moved_are_folded_again(steps: tuple[int, int]) -> None:
    """A whole population is written in one transaction; one row that moved does not undo the others."""
    services = FakeServices()
    many = [case(str(number), "bad") for number in range(8)]
    run(services, *many)
    (turns, there), here = services.beside(), services
    turns.play(
        lambda: run(here, *[case(str(number), "good") for number in range(8)], run_id="r2"),
        lambda: give_feedback(
            there,
            Person("oid-nora", "Nora", frozenset({Role.FINANCE})),
            findings.finding_id("test_control", "12", Subject("thing", "3")),
            {"kind": "confirmed"},
        ),
        steps,
    )
    rows = list(findings.of_control(services.rows, "test_control"))
    assert {row["verdict"] for row in rows} == {"pass"}
    assert [row["subject"]["id"] for row in rows if row["feedback"]] == ["3"]

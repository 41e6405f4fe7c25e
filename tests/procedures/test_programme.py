"""The programme: steps are owned, in order, in time, and done only when what they rest on stands."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.controls.catalogue import controls
from shared.errors import Forbidden, NotFound, Unacceptable
from shared.model import Person, Role, Subject
from shared.policy.document import read_policy
from shared.policy.programme import steps_of
from shared.procedures import governance
from shared.procedures.policy import put_policy
from shared.procedures.programme import list_programme, record_step, watch_programme
from shared.procedures.runs import Run
from shared.registers import baselines, findings
from tests.harness.services import FakeServices, crossings

STEERING = Person("oid-steering", "Stella Fictive", frozenset({Role.STEERING_MEMBER}))
FINANCE = Person("oid-finance", "Finn Fictive", frozenset({Role.FINANCE}))
MIA = Person("oid-mia", "Mia Fictive", frozenset({Role.PRACTICE_MANAGER}), practices=frozenset({"msp"}))
ADMIN = Person("oid-admin", "Ada Fictive", frozenset({Role.ADMINISTRATOR}))
BEGUN = "[programme]\nbegins = 2026-11-02\n"
NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)


@pytest.fixture
def services() -> FakeServices:
    services = FakeServices(BEGUN)
    services.clock.at = NOW
    return services


def step(services: FakeServices, identity: str, person: Person = STEERING) -> dict[str, Any]:
    return next(one for one in list_programme(services, person, 500, None)["items"] if one["id"] == identity)


def answers(services: FakeServices, identity: str) -> dict[str, str]:
    return dict.fromkeys(step(services, identity)["asks"], "As agreed.")


def done(services: FakeServices, identity: str, person: Person = STEERING, **more: Any) -> dict[str, Any]:
    body = {"owner": "oid-owner", "answers": answers(services, identity), "state": "done", **more}
    return record_step(services, person, identity, body)


def judged(services: FakeServices) -> dict[str, tuple[str, list[str]]]:
    run = Run("r1", "configuration_check", None, NOW, "omar")
    watch_programme(services, run)
    return {
        row["subject"]["id"]: (row["verdict"], [one["code"] for one in row["reasons"]])
        for row in findings.of_control(services.rows, "programme_steps")
    }


def found(services: FakeServices, control: str, verdict: str, status: str = "open") -> None:
    identity = findings.finding_id(control, None, Subject("thing", verdict))
    row = {"id": identity, "control": control, "verdict": verdict, "status": status}
    findings.register(services.rows, control).put(findings.key_of(identity), row)


def test_the_shipped_programme_has_an_order_and_names_only_controls_that_there_are() -> None:
    """Reading the policy refuses anything else of a tenant's own steps."""
    named = {name for one in steps_of(read_policy("").programme) for name in one.controls}
    assert named
    assert named <= controls().keys()
    own = '[[programme.steps]]\nid = "{id}"\nstage = "{stage}"\ntitle = "T."\nowner = "Finance"\nafter = ["{after}"]\n'
    read_policy(own.format(id="mine", stage="billing", after="customers"))
    for fault in (
        own.format(id="mine", stage="elsewhere", after="customers"),
        own.format(id="mine", stage="billing", after="nothing"),
        own.format(id="mine", stage="billing", after="mine"),
        own.format(id="customers", stage="build", after="agreements"),
    ):
        with pytest.raises(Unacceptable) as refused:
            read_policy(fault)
        assert refused.value.code == "policy_invalid"


def test_a_step_of_each_practice_is_one_for_each_and_is_seen_by_its_own() -> None:
    """Who is narrowed to a practice sees no other's and nothing common."""
    services = FakeServices(BEGUN)
    seen = {one["id"] for one in list_programme(services, MIA, 500, None)["items"]}
    assert "interview.msp" in seen
    assert all(one.endswith(".msp") for one in seen)
    assert "interview.ps" in {one["id"] for one in list_programme(services, STEERING, 500, None)["items"]}
    with pytest.raises(NotFound):
        record_step(services, MIA, "interview.ps", {"owner": "oid-mia"})
    with pytest.raises(NotFound):
        record_step(services, STEERING, "interview", {"owner": "oid-mia"})


def test_steps_are_due_by_the_plan_until_somebody_says_another_day(services: FakeServices) -> None:
    """The plan counts from the day the programme began; without a beginning nothing is due."""
    assert step(services, "steering_team")["due"] == "2026-11-07"
    assert record_step(services, STEERING, "steering_team", {"due": "2026-11-20"})["due"] == "2026-11-20"
    assert step(FakeServices(), "steering_team")["due"] is None


def test_a_step_is_done_when_its_questions_are_answered_and_not_before(services: FakeServices) -> None:
    """What is missing is named; what was written stays, and all of it is evidence."""
    record_step(services, STEERING, "steering_team", {"owner": "oid-owner"})
    with pytest.raises(Unacceptable) as refused:
        record_step(services, STEERING, "steering_team", {"state": "done", "answers": {"Finance and billing": "Finn"}})
    assert (refused.value.code, refused.value.details["codes"]) == ("readiness_blocked", ["step_unanswered"])
    row = done(services, "steering_team")
    assert (row["state"], row["done_by"], row["codes"]) == ("done", "oid-steering", [])
    kept = json.loads(services.ledger.content(row["evidence_id"]))
    assert kept["answers"]["Finance and billing"] == "As agreed."
    again = record_step(services, STEERING, "steering_team", {"state": "open"})
    assert (again["state"], again["done_at"], again["answers"]) == ("open", None, row["answers"])


def test_a_step_waits_for_those_before_it(services: FakeServices) -> None:
    """A practice's step waits for its own practice's; a common one for all practices'."""
    with pytest.raises(Unacceptable) as refused:
        done(services, "interview.msp")
    assert refused.value.details["codes"] == ["step_out_of_order"]
    done(services, "steering_team")
    done(services, "interview.msp")
    done(services, "workshop.msp")
    with pytest.raises(Unacceptable):
        done(services, "workshop.ps")


def test_a_step_that_asks_nothing_needs_something_that_shows_it(services: FakeServices) -> None:
    """A link over https, or evidence of this log; anything else is refused."""
    done(services, "steering_team")
    done(services, "interview.msp")
    done(services, "workshop.msp")
    with pytest.raises(Unacceptable) as refused:
        done(services, "process_map.msp")
    assert refused.value.details["codes"] == ["step_unproven"]
    for bad in ("http://example.test/map", "e-unknown", 7):
        with pytest.raises(Unacceptable) as refused:
            done(services, "process_map.msp", evidence=[bad])
        assert refused.value.code == "step_invalid"
    own = step(services, "workshop.msp")["evidence_id"]
    assert done(services, "process_map.msp", evidence=["https://example.test/map", own])["state"] == "done"


def test_what_a_control_finds_speaks_against_a_step_even_after_it_was_done(services: FakeServices) -> None:
    """Not judged is not well; what people accepted for a time does not count against it."""
    with pytest.raises(Unacceptable) as refused:
        done(services, "access", ADMIN)
    assert refused.value.details["codes"] == ["step_unjudged"]
    found(services, "desk_setup", "pass")
    found(services, "desk_setup", "fail", "overridden")
    assert done(services, "access", ADMIN)["state"] == "done"
    assert judged(services)["access"] == ("pass", [])
    found(services, "desk_setup", "fail")
    assert judged(services)["access"] == ("fail", ["readiness_blocked", "step_contradicted"])
    found(services, "desk_setup", "fail", "overridden")
    found(services, "desk_setup", "unknown")
    assert judged(services)["access"][0] == "unknown"


def test_a_step_may_rest_on_what_the_service_holds_itself(services: FakeServices) -> None:
    """Nobody can call the baseline frozen while none is."""
    with pytest.raises(Unacceptable) as refused:
        done(services, "kpi_baseline")
    assert refused.value.details["codes"] == ["step_unproven"]
    baselines.register(services.rows).put("mttr_hours", {"kpi": "mttr_hours", "value": 4.0})
    assert done(services, "kpi_baseline")["state"] == "done"


def test_some_steps_are_said_to_be_done_by_one_role_or_by_a_second_person(services: FakeServices) -> None:
    """A program says so of none, and a step without an owner is done by nobody."""
    services.set_policy(
        BEGUN
        + '[[programme.steps]]\nid = "mine"\nstage = "billing"\ntitle = "T."\nowner = "Finance"\nsigns = "Finance"\nsecond = true\n'
    )
    proof = {"evidence": ["https://example.test/sheet"], "state": "done"}
    for person, owner in ((STEERING, "oid-owner"), (FINANCE, "oid-finance"), (FINANCE, "Finn Fictive")):
        with pytest.raises(Forbidden):
            record_step(services, person, "mine", {**proof, "owner": owner})
    with pytest.raises(Unacceptable) as refused:
        record_step(services, FINANCE, "mine", proof)
    assert refused.value.code == "step_unowned"
    flow = Person("app-1", "A flow", frozenset({Role.FINANCE}), is_application=True)
    with pytest.raises(Forbidden):
        record_step(services, flow, "mine", {**proof, "owner": "oid-owner"})
    assert record_step(services, FINANCE, "mine", {**proof, "owner": "oid-owner"})["done_by"] == "oid-finance"


def test_a_step_is_waived_only_by_a_decision_that_counts(services: FakeServices) -> None:
    """And is asked for again when the decision no longer does."""
    open_one = governance.add_decision(services, STEERING, {"title": "Skip the portal?"})["id"]
    with pytest.raises(Unacceptable) as refused:
        record_step(services, STEERING, "train_users", {"state": "waived", "decision_id": open_one})
    assert refused.value.code == "waiver_undecided"
    filled = dict.fromkeys(
        (
            "client_impact",
            "operational_efficiency",
            "reporting_accountability",
            "revenue_margin_protection",
            "scalability",
        ),
        "None.",
    )
    taken = {
        "title": "No portal this year",
        "decision": "Skip it.",
        "filter": filled,
        "expires": "2026-11-17T00:00:00Z",
    }
    good = governance.add_decision(services, STEERING, taken)["id"]
    assert record_step(services, STEERING, "train_users", {"state": "waived", "decision_id": good})["state"] == "waived"
    assert judged(services)["train_users"] == ("notapplicable", [])
    services.clock.at = datetime(2026, 11, 18, tzinfo=UTC)
    assert judged(services)["train_users"] == ("fail", ["readiness_blocked", "waiver_undecided"])


def test_open_steps_are_owned_and_in_time(services: FakeServices) -> None:
    """Nothing is asked of anybody before the programme begins or after it ends."""
    record_step(services, STEERING, "cutover", {"owner": "oid-admin"})
    told = judged(services)
    assert told["cutover"] == ("pass", [])
    assert told["go_no_go"] == ("fail", ["step_unowned"])
    assert told["steering_team"] == ("fail", ["step_unowned", "step_overdue"])
    for text in ("", "[programme]\nbegins = 2026-11-17\n", "[programme]\nbegins = 2026-10-01\nends = 2026-11-15\n"):
        assert judged(FakeServices(text)) == {}


def test_what_is_said_of_a_step_is_checked_field_by_field(services: FakeServices) -> None:
    """An answer to what is not asked, a day that is none, a state there is not."""
    for body in (
        {"colour": "red"},
        {"due": "soon"},
        {"state": "perhaps"},
        {"answers": {"Why not": "Because."}},
        {"answers": []},
        {"owner": 7},
        {"evidence": "https://example.test"},
    ):
        with pytest.raises(Unacceptable) as refused:
            record_step(services, STEERING, "steering_team", body)
        assert refused.value.code == "step_invalid"


def test_a_policy_whose_steps_rest_on_unknown_controls_is_refused(services: FakeServices) -> None:
    """It would wait for a judgement that never comes."""
    own = (
        '[[programme.steps]]\nid = "mine"\nstage = "billing"\ntitle = "T."\nowner = "Finance"\ncontrols = ["wishes"]\n'
    )
    with pytest.raises(Unacceptable) as refused:
        put_policy(services, ADMIN, {"toml": own, "decision_id": "d-1"})
    assert "wishes" in refused.value.message


def test_who_leads_the_platform_manages_no_practice() -> None:
    """Design, adoption and success of a practice are its own leader's."""
    with pytest.raises(Unacceptable) as refused:
        read_policy('[governance]\nplatform_lead = "oid-vp"\n[practices.msp]\nmanager = "oid-vp"\n')
    assert "msp" in refused.value.message


def test_two_who_answer_at_once_lose_nothing() -> None:
    """Wherever they cross, both answers stand, and the newest evidence says what the row says."""

    def make() -> FakeServices:
        services = FakeServices(BEGUN)
        services.clock.at = NOW
        return services

    asked = next(one for one in list_programme(make(), STEERING, 500, None)["items"] if len(one["asks"]) > 1)
    first, second = asked["asks"][:2]
    for _, services in crossings(
        make,
        lambda services: record_step(services, STEERING, asked["id"], {"answers": {first: "Yes."}}),
        lambda services: record_step(services, ADMIN, asked["id"], {"answers": {second: "No."}}),
    ):
        stands = step(services, asked["id"])
        assert stands["answers"] == {first: "Yes.", second: "No."}
        kept = [json.loads(one.payload) for _, one in services.ledger.entries if one.type == "programme.recorded"]
        assert [one["answers"] for one in kept if one["said"] == 2] == [stands["answers"]]

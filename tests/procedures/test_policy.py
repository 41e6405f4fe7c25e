"""What a new policy rests on."""

from __future__ import annotations

import json
from functools import partial

import pytest

from shared.errors import StorageUnavailable, Unacceptable
from shared.model import Person, Role
from shared.procedures import governance
from shared.procedures.policy import in_force, put_policy, record_first
from shared.registers.decisions import decisions
from tests.harness.services import FakeServices, crossings

NORA = Person("nora", "Nora Fictive", frozenset({Role.ADMINISTRATOR}))
FILTER = dict.fromkeys(
    ("client_impact", "operational_efficiency", "reporting_accountability", "revenue_margin_protection", "scalability"),
    "None.",
)
TOML = '[billing]\nmargin_floor = "0.22"\n'


def decided(services, **more):
    body = {"title": "Policy for the new year", "decision": "Yes.", "filter": FILTER, **more}
    return governance.add_decision(services, NORA, body)["id"]


def refusal(services, decision_id, toml=TOML):
    with pytest.raises(Unacceptable) as refused:
        put_policy(services, NORA, {"toml": toml, "decision_id": decision_id})
    assert in_force(services.rows, "").decision_id is None
    return refused.value.code


def test_a_decision_about_policy_brings_it_into_force():
    """Its version and its decision are what is in force."""
    services = FakeServices()
    identity = decided(services)
    answer = put_policy(services, NORA, {"toml": TOML, "decision_id": identity})
    now = in_force(services.rows, "")
    assert (now.version, now.decision_id) == (answer["version"], identity)


def test_a_decision_that_names_the_setting_it_changes_is_about_policy():
    """In whatever words it says why."""
    services = FakeServices()
    identity = decided(services, title="More margin", decision="billing.margin_floor becomes 0.22.")
    assert put_policy(services, NORA, {"toml": TOML, "decision_id": identity})["decision_id"] == identity


def test_policy_rests_on_no_decision_that_nobody_took_or_another_replaced():
    """Unknown, open, or superseded."""
    services = FakeServices()
    assert refusal(services, "d-0000") == "decision_unknown"
    assert refusal(services, decided(services, decision=None)) == "decision_not_taken"
    former = decided(services)
    decided(services, supersedes=former)
    assert refusal(services, former) == "decision_not_taken"


def test_policy_rests_on_no_decision_that_does_not_count():
    """Without its filter, or run out."""
    services = FakeServices()
    assert refusal(services, decided(services, filter=None)) == "decision_invalid"
    assert refusal(services, decided(services, expires="2020-01-01T00:00:00Z")) == "decision_invalid"


def test_policy_rests_on_no_decision_about_something_else():
    """Neither the word nor a setting that changes."""
    services = FakeServices()
    assert refusal(services, decided(services, title="A second monitor for the desk")) == "decision_elsewhere"
    assert refusal(services, decided(services, title="About desk.stale_days")) == "decision_elsewhere"


def test_a_shipped_number_is_confirmed_by_a_decision_of_the_log():
    """By one that was taken; a name nobody knows and a decision nobody took confirm nothing."""
    services = FakeServices()
    ground, open_one = decided(services), decided(services, title="Materiality", decision=None)

    def toml(identity):
        return f'[confirmed.keys]\n"billing.materiality" = "{identity}"\n'

    assert refusal(services, ground, toml("d-0000")) == "decision_unknown"
    assert refusal(services, ground, toml(open_one)) == "decision_not_taken"
    answer = put_policy(services, NORA, {"toml": toml(ground), "decision_id": ground})
    assert "billing.materiality" not in answer["unconfirmed"]


OTHER = '[billing]\nmargin_floor = "0.24"\n'


def told(services):
    return [json.loads(entry.payload) for entry in services.ledger.of_type("policy.in_force")]


def test_of_two_policies_brought_in_at_once_evidence_tells_which_is_in_force():
    """Each names the version it replaced, whichever was recorded first."""

    def make():
        services = FakeServices()
        decided(services)
        return services

    def brings(toml, services):
        (identity,) = [row["id"] for row in decisions(services.rows).all()]
        put_policy(services, NORA, {"toml": toml, "decision_id": identity})

    for cut, services in crossings(make, partial(brings, TOML), partial(brings, OTHER)):
        chain = {one["replaces"]: one["version"] for one in told(services)}
        assert len(chain) == len(told(services)) == 2, cut
        assert chain[chain[services.policy.version]] == in_force(services.rows, "").version, cut


def test_a_policy_whose_recording_died_is_recorded_by_the_next_process():
    """It is in force, so it is evidence: with its decision, whoever brought it in, and what it replaced."""
    services = FakeServices()
    body = {"toml": TOML, "decision_id": decided(services)}
    record = services.ledger.record

    def dies(entry):
        raise StorageUnavailable("The worker died.")

    services.ledger.record = dies
    with pytest.raises(StorageUnavailable):
        put_policy(services, NORA, body)
    services.ledger.record = record
    for _ in range(2):
        record_first(services.rows, services.ledger, services.clock, "")
    (one,) = told(services)
    assert (one["version"], one["decision_id"]) == (in_force(services.rows, "").version, body["decision_id"])
    assert services.ledger.of_type("policy.in_force")[0].actor == "nora"


def test_a_policy_that_is_brought_back_is_recorded_again():
    """First this, then that, then this once more, all under one decision: three entries."""
    services = FakeServices()
    identity = decided(services)
    for toml in (TOML, OTHER, TOML):
        services.clock.advance(minutes=1)
        put_policy(services, NORA, {"toml": toml, "decision_id": identity})
    first, _, third = (one["version"] for one in told(services))
    assert first == third

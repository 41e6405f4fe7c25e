"""What a new policy rests on."""

from __future__ import annotations

import pytest

from shared.errors import Unacceptable
from shared.model import Person, Role
from shared.procedures import governance
from shared.procedures.policy import in_force, put_policy
from tests.harness.services import FakeServices

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

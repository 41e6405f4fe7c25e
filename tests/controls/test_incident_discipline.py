"""Incident discipline: escalation, notice, evidence, approval and review, each by its own code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.controls.incident_discipline import CONTROL
from shared.measures.desk_cases import TicketCase
from shared.measures.desk_facts import TicketFacts, Trail
from shared.policy.document import read_policy, shipped_policy

NOW = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
POLICY = shipped_policy()


@pytest.mark.parametrize("canary", CONTROL.canaries, ids=lambda one: one.code)
def test_each_planted_fault_gives_its_code(canary):
    """Judged on synthetic facts built from the policy in force."""
    judgement = CONTROL.judge(canary.facts(POLICY, NOW), POLICY, NOW)
    assert canary.code in {reason.code for reason in judgement.reasons}


def test_an_ordinary_ticket_is_no_incident():
    """It is not applicable, whatever its state."""
    ticket = TicketFacts(id="1", summary="Printer", type_id=1, customer="12", status=2)
    assert CONTROL.judge(TicketCase(ticket), POLICY, NOW).verdict.value == "notapplicable"


def test_actions_that_were_never_read_give_unknown():
    """Without the trail nobody can say whether evidence was kept."""
    kind = POLICY.desk.security_types[0]
    ticket = TicketFacts(
        id="1", summary="Phish", type_id=kind, customer="12", status=2, occurred=NOW - timedelta(days=1)
    )
    assert CONTROL.judge(TicketCase(ticket, None), POLICY, NOW).verdict.value == "unknown"


def test_an_incident_goes_to_a_team_that_policy_names_for_its_priority():
    """A lower priority may lie anywhere."""
    policy = read_policy('[desk]\nescalation_teams = ["Security Operations"]\n')
    held = {"id": "1", "type_id": 25, "customer": "12", "status": 2, "occurred": NOW, "assigned": NOW}

    def told(**more):
        case = TicketCase(TicketFacts(**held, **more), Trail())
        return [reason.code for reason in CONTROL.judge(case, policy, NOW).reasons]

    assert told(priority=1, team="Desk") == told(priority=1) == ["escalation_level"]
    assert told(priority=1, team="Security Operations") == told(priority=3, team="Desk") == []

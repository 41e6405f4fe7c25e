"""Desk discipline: each sign alone, at its boundary, and none on a ticket in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.controls.desk_discipline import CONTROL
from shared.measures.desk_cases import TicketCase
from shared.measures.desk_facts import TicketFacts, Trail
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
DESK = shipped_policy().desk


def ticket(**more) -> TicketFacts:
    held = {
        "id": "1",
        "summary": "Printer",
        "type_id": 1,
        "customer": "12",
        "user": 1,
        "agent": 7,
        "sla": 1,
        "status": 2,
        "category": "Hardware",
        "occurred": NOW - timedelta(hours=1),
        "last_action": NOW - timedelta(minutes=5),
        "next_activity": NOW + timedelta(days=1),
        "fix_by": NOW + timedelta(days=2),
        "reassigned": 0,
    }
    return TicketFacts(**{**held, **more})


def codes(facts: TicketCase) -> list[str]:
    return [reason.code for reason in CONTROL.judge(facts, shipped_policy(), NOW).reasons]


def test_a_ticket_in_order_passes():
    """Nothing to say."""
    assert codes(TicketCase(ticket())) == []


@pytest.mark.parametrize(
    ("minutes", "expected"), [(DESK.unassigned_hours * 60 - 1, []), (DESK.unassigned_hours * 60 + 1, ["unassigned"])]
)
def test_a_ticket_may_wait_for_an_agent_as_long_as_policy_allows(minutes, expected):
    """One minute before the limit it is fine, one after it is not."""
    assert codes(TicketCase(ticket(agent=None, occurred=NOW - timedelta(minutes=minutes)))) == expected


def test_due_times_are_told_from_timestamps():
    """Past due is missed, nearly due is at risk, and never both."""
    long_ago = NOW - timedelta(days=2)
    assert codes(TicketCase(ticket(fix_by=NOW - timedelta(minutes=1)))) == ["sla_missed"]
    assert codes(TicketCase(ticket(occurred=long_ago, fix_by=NOW + timedelta(minutes=5)))) == ["sla_at_risk"]


def test_a_closed_ticket_is_judged_by_its_closure_only():
    """An empty closure is incomplete; being old is no longer a fault."""
    closed = ticket(closed=NOW - timedelta(hours=1), occurred=NOW - timedelta(days=90), category=None)
    assert codes(TicketCase(closed, Trail())) == ["incomplete_closure"]


def test_a_twin_is_named():
    """The reason says which ticket says the same."""
    judgement = CONTROL.judge(TicketCase(ticket(), twins=("77",)), shipped_policy(), NOW)
    assert "77" in judgement.reasons[0].text


def test_a_ticket_that_is_gone_asks_nothing():
    """It no longer applies."""
    assert CONTROL.judge(TicketCase(ticket(), gone=True), shipped_policy(), NOW).verdict.value == "notapplicable"

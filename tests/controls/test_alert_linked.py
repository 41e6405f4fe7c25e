"""Alerts: part of an incident in time, or dismissed by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.controls.alert_linked import CONTROL
from shared.measures.desk_cases import AlertCase
from shared.measures.desk_facts import TicketFacts
from shared.policy.document import read_policy

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
POLICY = read_policy('[desk]\nalert_types = [26]\nalert_link_hours = 24\nalert_dismissed_categories = ["Noise"]\n')


def judge(parent="", parent_type=None, hours=48, **more):
    occurred = NOW - timedelta(hours=hours)
    gone = more.pop("gone", False)
    ticket = TicketFacts("7", "Odd sign-in", 26, "12", parent=parent, occurred=occurred, **more)
    return CONTROL.judge(AlertCase(ticket, parent_type, gone=gone), POLICY, NOW)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"parent": "9", "parent_type": 25}, "pass"),
        ({"parent": "9", "parent_type": 1}, "pass"),
        ({"parent": "9", "parent_type": 3}, "fail"),
        ({"parent": "9", "parent_type": None}, "fail"),
        ({"parent": ""}, "fail"),
        ({"parent": "", "hours": 3}, "pass"),
        ({"parent": "", "closed": NOW, "category": "Noise"}, "pass"),
        ({"parent": "", "closed": NOW, "category": "Network", "hours": 3}, "fail"),
        ({"parent": None}, "unknown"),
        ({"parent": "", "gone": True}, "notapplicable"),
    ],
)
def test_an_alert_belongs_to_an_incident_or_was_dismissed(facts, verdict):
    """Within policy's hours; closed without either, it is told at once."""
    judgement = judge(**facts)
    assert judgement.verdict.value == verdict
    assert [one.code for one in judgement.reasons] == {"fail": ["not_linked"], "unknown": ["stale_facts"]}.get(
        verdict, []
    )


def test_an_alert_below_something_else_says_below_what():
    """A request is no incident."""
    assert "hangs below ticket 9, which is no incident" in judge(parent="9", parent_type=3).reasons[0].text

"""The decision log is judged: in time, by those it concerns, with the filter answered, exceptions ended."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.controls.decision_log import CONTROL
from shared.model import Severity, Verdict
from shared.policy.document import read_policy

NOW = datetime(2026, 11, 20, tzinfo=UTC)
POLICY = read_policy('[practices.msp]\nmanager = "mia"\n')
ANSWERS = dict.fromkeys(
    ("client_impact", "operational_efficiency", "reporting_accountability", "revenue_margin_protection", "scalability"),
    "None.",
)
TAKEN = {
    "id": "d-1", "title": "Route alerts", "state": "decided", "practices": ["msp"], "decided_by": "mia", "filter": ANSWERS,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"decided_by": "nora"}, ["manager_absent"]),
        ({"decided_by": "nora", "involved": [{"oid": "mia"}]}, []),
        ({"practices": ["msp", "ps"]}, ["manager_absent"]),
        ({"filter": {**ANSWERS, "scalability": " "}}, ["filter_incomplete"]),
        ({"expires": "2026-11-20T00:00:00Z"}, ["exception_expired"]),
        ({"expires": "2026-11-20T00:00:01Z"}, []),
        ({"state": "open", "due": "2026-11-19T00:00:00Z", "filter": {}}, ["decision_overdue"]),
        ({"state": "open", "due": "2026-11-20T00:00:00Z"}, []),
        ({"state": "open", "due": None}, []),
    ],
)
def test_what_is_wrong_with_a_decision_is_named(change, codes):
    """Pass or fail; what runs out or is overdue is urgent."""
    found = CONTROL.judge(TAKEN | change, POLICY, NOW)
    assert [reason.code for reason in found.reasons] == codes
    assert found.verdict is (Verdict.FAIL if codes else Verdict.PASS)
    urgent = bool({"decision_overdue", "exception_expired"} & set(codes))
    assert (found.severity is Severity.HIGH) == urgent


@pytest.mark.parametrize("state", ["settled", "superseded"])
def test_nothing_is_asked_of_what_was_settled_or_superseded(state):
    """It is history."""
    assert (
        CONTROL.judge(TAKEN | {"state": state, "due": "2020-01-01T00:00:00Z"}, POLICY, NOW).verdict
        is Verdict.NOT_APPLICABLE
    )

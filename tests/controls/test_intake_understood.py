"""Intake: what could not be made sense of is a finding, what could is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.controls.intake_understood import CONTROL, DeliveryFacts
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("outcome", "verdict", "code"),
    [
        ("unreadable", "fail", "intake_unreadable"),
        ("conflict", "fail", "intake_conflict"),
        ("record_missing", "unknown", "intake_unreadable"),
        ("denied", "unknown", "stale_facts"),
        ("unknown_event", "unknown", "intake_unreadable"),
        ("poison", "error", "control_error"),
    ],
)
def test_every_way_of_not_understanding_has_its_verdict(outcome, verdict, code):
    """Missing knowledge is unknown, a broken promise fails, our own failure is an error."""
    judgement = CONTROL.judge(DeliveryFacts(outcome, "ticket closed"), shipped_policy(), NOW)
    assert (judgement.verdict.value, [reason.code for reason in judgement.reasons]) == (verdict, [code])


def test_a_delivery_that_was_read_passes():
    """Nothing to say."""
    assert CONTROL.judge(DeliveryFacts("read", "ticket closed"), shipped_policy(), NOW).reasons == ()

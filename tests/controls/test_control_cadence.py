"""Silence: longer than the cadence and policy's grace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.controls.control_cadence import CONTROL, SilenceFacts
from shared.controls.spec import Cadence
from shared.policy.document import read_policy

NOW = datetime(2026, 11, 16, tzinfo=UTC)
POLICY = read_policy("[service]\nsilence_hours = 6\n")


@pytest.mark.parametrize(
    ("cadence", "hours", "verdict"),
    [
        (Cadence.DAILY, 30, "pass"),
        (Cadence.DAILY, 31, "fail"),
        (Cadence.QUARTERLY, 92 * 24, "pass"),
        (Cadence.QUARTERLY, 93 * 24, "fail"),
        (Cadence.ON_EVENT, 9000, "pass"),
    ],
)
def test_a_control_is_silent_beyond_its_cadence_and_the_grace(cadence, hours, verdict):
    """One that waits for events has no cadence to miss."""
    facts = SilenceFacts("stage_gate", cadence, "project_status", timedelta(hours=hours), ever=True)
    judgement = CONTROL.judge(facts, POLICY, NOW)
    assert judgement.verdict.value == verdict
    assert [one.code for one in judgement.reasons] == (["control_silent"] if verdict == "fail" else [])


def test_a_control_that_never_judged_says_so():
    """Counted from when somebody first looked."""
    facts = SilenceFacts("stage_gate", Cadence.DAILY, "project_status", timedelta(days=5), ever=False)
    text = CONTROL.judge(facts, POLICY, NOW).reasons[0].text
    assert "was never given its subjects in the 5 days" in text
    assert "project_status" in text

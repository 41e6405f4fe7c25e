"""What the kickoff control says of synthetic handoffs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.controls.kickoff_after_signoff import CONTROL
from shared.measures.handoff_canary import empty
from shared.model import Severity, Verdict
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 17, 0, tzinfo=UTC)
POLICY = shipped_policy()


def judged(status):
    return CONTROL.judge(status, POLICY, NOW)


def test_a_kickoff_while_nobody_signed_off_fails():
    """And the appointment is named."""
    judgement = judged(empty(POLICY, NOW))
    assert (judgement.verdict, judgement.severity) == (Verdict.FAIL, Severity.HIGH)
    assert "Kickoff (1" in judgement.reasons[0].text


def test_after_the_sign_off_only_an_earlier_kickoff_fails():
    """It is to begin tomorrow: signed today is in time, signed the day after is not."""
    status = empty(POLICY, NOW)
    assert judged(replace(status, signed_at=NOW)).verdict is Verdict.PASS
    assert judged(replace(status, signed_at=NOW + timedelta(days=2))).verdict is Verdict.FAIL


def test_no_kickoff_is_fine():
    """Nothing was promised."""
    status = empty(POLICY, NOW)
    assert judged(replace(status, facts=replace(status.facts, kickoffs=()))).verdict is Verdict.PASS
    assert judged(replace(status, facts=replace(status.facts, won=False))).verdict is Verdict.NOT_APPLICABLE

"""What the sign-off control says of synthetic handoffs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.controls.handoff_signoff import CONTROL
from shared.measures.handoff_canary import empty
from shared.model import Verdict
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 17, 0, tzinfo=UTC)
POLICY = shipped_policy()


def judged(status):
    return CONTROL.judge(status, POLICY, NOW)


@pytest.mark.parametrize(
    ("state", "word"), [(None, "cannot"), ("open", "waits"), ("rejected", "rejected"), ("void", "waits")]
)
def test_without_a_sign_off_it_fails_and_says_why(state, word):
    """Not asked for yet, waiting, or refused."""
    judgement = judged(replace(empty(POLICY, NOW), signoff=state))
    assert judgement.verdict is Verdict.FAIL
    assert word in judgement.reasons[0].text


def test_signed_off_passes_and_not_won_is_not_judged():
    """The sign-off stays, whatever becomes of the checklist later."""
    status = empty(POLICY, NOW)
    assert judged(replace(status, signed_at=NOW)).verdict is Verdict.PASS
    assert judged(replace(status, facts=replace(status.facts, won=False))).verdict is Verdict.NOT_APPLICABLE

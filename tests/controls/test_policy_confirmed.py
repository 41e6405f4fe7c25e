"""Numbers nobody confirmed."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.controls.policy_confirmed import CONTROL, DefaultsFacts
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, tzinfo=UTC)


def test_all_unconfirmed_numbers_are_one_finding_of_low_severity():
    """It names each; nothing else turns red for it."""
    judgement = CONTROL.judge(DefaultsFacts(("billing.margin_floor", "desk.stale_days")), shipped_policy(), NOW)
    [reason] = judgement.reasons
    assert (reason.code, judgement.severity.value) == ("policy_default_unconfirmed", "low")
    assert "2 numbers of policy are shipped defaults" in reason.text
    assert "billing.margin_floor, desk.stale_days." in reason.text


def test_a_policy_with_every_number_confirmed_passes():
    """Nothing left to confirm."""
    assert CONTROL.judge(DefaultsFacts(()), shipped_policy(), NOW).verdict.value == "pass"

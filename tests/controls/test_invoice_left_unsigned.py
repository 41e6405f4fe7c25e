"""No invoice leaves HaloPSA that was held, unsigned, or changed after it was signed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.controls.invoice_left_unsigned import CONTROL
from shared.policy.document import read_policy

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)


@pytest.mark.parametrize("canary", CONTROL.canaries, ids=lambda one: one.name)
@pytest.mark.parametrize("signoff", ["carry", "each_period"])
def test_each_planted_fault_gives_its_code(canary, signoff):
    """Under either way of signing."""
    policy = read_policy(f'[billing]\nsignoff = "{signoff}"\n')
    judgement = CONTROL.judge(canary.facts(policy, NOW), policy, NOW)
    assert canary.code in {reason.code for reason in judgement.reasons}
    assert judgement.severity.value == "critical"

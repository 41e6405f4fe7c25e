"""What the one-project control says of synthetic handoffs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.controls.handoff_single_project import CONTROL
from shared.measures.handoff_canary import empty
from shared.model import Verdict
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 17, 0, tzinfo=UTC)
POLICY = shipped_policy()


@pytest.mark.parametrize(
    ("projects", "won", "verdict"),
    [
        ((), True, Verdict.PASS),
        (("2",), True, Verdict.PASS),
        (("2", "3"), True, Verdict.FAIL),
        (("2", "3"), False, Verdict.NOT_APPLICABLE),
    ],
)
def test_at_most_one_project_comes_from_a_deal(projects, won, verdict):
    """None yet, one, or too many."""
    status = empty(POLICY, NOW)
    judgement = CONTROL.judge(replace(status, facts=replace(status.facts, projects=projects, won=won)), POLICY, NOW)
    assert judgement.verdict is verdict

"""What the closing control says of synthetic projects."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from shared.controls.project_closeout import CONTROL
from shared.measures.project_canary import overspent, unreviewed
from shared.model import Verdict
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 17, 0, tzinfo=UTC)
POLICY = shipped_policy()


def judged(status):
    return CONTROL.judge(status, POLICY, NOW).verdict


def test_a_closed_project_without_its_review_fails():
    """Until it is recorded."""
    status = unreviewed(POLICY, NOW)
    assert judged(status) is Verdict.FAIL
    assert judged(replace(status, reviewed=True)) is Verdict.PASS


def test_open_and_unplanned_projects_have_nothing_to_review():
    """Not applicable."""
    assert judged(overspent(POLICY, NOW)) is Verdict.NOT_APPLICABLE
    assert judged(replace(unreviewed(POLICY, NOW), baseline=None)) is Verdict.NOT_APPLICABLE

"""What the project control says of synthetic projects."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from shared.controls.project_control import CONTROL
from shared.measures.project_canary import overspent, unplanned
from shared.model import Severity, Verdict
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 17, 0, tzinfo=UTC)
POLICY = shipped_policy()


def judged(status):
    return CONTROL.judge(status, POLICY, NOW)


def test_a_project_without_a_baseline_fails():
    """It must be put right, but nothing is known to be red."""
    judgement = judged(unplanned(POLICY, NOW))
    assert judgement.verdict is Verdict.FAIL
    assert judgement.severity is Severity.MEDIUM
    assert [reason.code for reason in judgement.reasons] == ["no_baseline"]


def test_an_overspent_project_fails_with_the_money_at_stake():
    """Red is of high severity, names who is accountable, and says by how much."""
    judgement = judged(overspent(POLICY, NOW))
    assert (judgement.verdict, judgement.severity, judgement.owner) == (Verdict.FAIL, Severity.HIGH, "Nora Fictive")
    (reason,) = [one for one in judgement.reasons if one.code == "cost_over"]
    assert reason.amount.amount == 3000
    assert judgement.due > NOW


def test_data_that_cannot_be_used_is_unknown():
    """A baseline in another currency than our costs is no failure of the project."""
    status = overspent(POLICY, NOW)
    cheap = replace(
        status, baseline=replace(status.baseline, currency="USD"), figures=replace(status.figures, ac=status.figures.ev)
    )
    assert judged(cheap).verdict is Verdict.UNKNOWN


def test_a_project_on_plan_passes():
    """Nothing to say."""
    status = overspent(POLICY, NOW)
    assert judged(replace(status, figures=replace(status.figures, ac=status.figures.ev))).verdict is Verdict.PASS


def test_a_closed_project_without_a_baseline_is_left_alone():
    """It is too late to plan it."""
    status = unplanned(POLICY, NOW)
    assert judged(replace(status, facts=replace(status.facts, closed=True))).verdict is Verdict.PASS

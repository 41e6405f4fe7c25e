"""What the gate control says of synthetic projects."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from shared.controls.stage_gate import CONTROL
from shared.measures.project_canary import overspent, skipped
from shared.measures.project_status import GateRecord
from shared.model import Severity, Verdict
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 17, 0, tzinfo=UTC)
POLICY = shipped_policy()


def judged(status):
    return CONTROL.judge(status, POLICY, NOW)


def test_work_behind_an_unapproved_gate_fails():
    """And the tasks that began are named."""
    judgement = judged(skipped(POLICY, NOW))
    assert (judgement.verdict, judgement.severity) == (Verdict.FAIL, Severity.HIGH)
    assert "(2)" in next(one.text for one in judgement.reasons if one.code == "gate_skipped")


def test_an_approved_gate_passes():
    """Nothing is held against work behind it."""
    status = skipped(POLICY, NOW)
    (gate,) = status.gates
    passed = replace(gate, record=GateRecord("approved", "a-1"), worked_past=())
    assert judged(replace(status, gates=(passed,))).verdict is Verdict.PASS


def test_a_baseline_without_gates_has_nothing_to_pass():
    """Not applicable, which is not a pass."""
    assert judged(overspent(POLICY, NOW)).verdict is Verdict.NOT_APPLICABLE

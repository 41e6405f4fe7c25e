"""The audit's objections by what they mean for the log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.controls.ledger_intact import CONTROL, LogFacts
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, tzinfo=UTC)


def judge(*codes, texts=()):
    return CONTROL.judge(LogFacts("l-1", codes, texts), shipped_policy(), NOW)


@pytest.mark.parametrize(
    ("codes", "given", "severity"),
    [
        (("E_GAP",), ["ledger_gap"], "critical"),
        (("E_PAYLOAD", "E_TILE"), ["ledger_gap"], "critical"),
        (("E_FORK",), ["anchor_mismatch"], "critical"),
        (("E_ANCHOR_CONFIG",), ["anchor_mismatch"], "high"),
        (("E_ANCHOR_CONFIG", "E_GAP"), ["ledger_gap", "anchor_mismatch"], "critical"),
    ],
)
def test_an_objection_is_a_gap_or_a_mismatch(codes, given, severity):
    """What is not there as it was recorded, and what is not as it was anchored."""
    judgement = judge(*codes)
    assert ([one.code for one in judgement.reasons], judgement.severity.value) == (given, severity)
    assert all(code in " ".join(one.text for one in judgement.reasons) for code in codes)


def test_the_audits_own_words_are_told():
    """The first about the code."""
    judgement = judge("E_GAP", texts=(("E_TILE", "Other."), ("E_GAP", "Entry 7 is missing")))
    assert judgement.reasons[0].text.endswith("Entry 7 is missing.")


def test_a_clean_log_passes():
    """Nothing to object to."""
    assert judge().verdict.value == "pass"

"""Records: a field of the wrong type is a finding that names it, a readable record is none."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.controls.records_readable import CONTROL, RecordFacts
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, tzinfo=UTC)


def test_a_wrong_field_fails_and_is_named():
    """Kind, id and field stand in the reason."""
    judgement = CONTROL.judge(RecordFacts("Invoice", "7", "total is not a number."), shipped_policy(), NOW)
    [reason] = judgement.reasons
    assert (judgement.verdict.value, reason.code) == ("fail", "record_unreadable")
    assert reason.text.startswith("Invoice 7 cannot be read: total is not a number.")


def test_a_record_that_can_be_read_passes():
    """Nothing to say."""
    assert CONTROL.judge(RecordFacts("Invoice", "7", ""), shipped_policy(), NOW).verdict.value == "pass"

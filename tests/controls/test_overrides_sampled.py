"""Monthly samples of overrides: drawn in time, concluded on by others, and justified."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from shared.controls.overrides_sampled import CONTROL, SampleFacts
from shared.policy.document import shipped_policy

MONTH = SampleFacts("2026-10", date(2026, 11, 1), 3, drawn=True)


def codes(facts: SampleFacts, day: int) -> list[str]:
    at = datetime(2026, 11, day, 12, tzinfo=UTC)
    return [one.code for one in CONTROL.judge(facts, shipped_policy(), at).reasons]


def test_a_sample_is_due_some_days_after_the_month_and_its_conclusions_some_more() -> None:
    """On the last day allowed nothing is late yet."""
    undrawn = replace(MONTH, drawn=False)
    assert (codes(undrawn, 6), codes(undrawn, 7)) == ([], ["sample_missing"])
    waiting = replace(MONTH, open=("a-1",))
    assert (codes(waiting, 21), codes(waiting, 22)) == ([], ["sample_unanswered"])
    assert codes(MONTH, 30) == []


def test_an_override_that_was_not_justified_is_told_at_once() -> None:
    """And is of high severity, because something stands that should not."""
    facts = replace(MONTH, unjustified=("a-1",))
    judgement = CONTROL.judge(facts, shipped_policy(), datetime(2026, 11, 2, tzinfo=UTC))
    assert ([one.code for one in judgement.reasons], judgement.severity.value) == (["override_unjustified"], "high")

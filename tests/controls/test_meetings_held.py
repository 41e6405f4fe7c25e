"""Promised meetings: held within the rhythm, or missed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.controls.meetings_held import CONTROL, SeriesFacts
from shared.policy.document import shipped_policy
from shared.policy.governance import MeetingPolicy

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
PROMISE = MeetingPolicy(name="Steering", subject="Steering", every_days=7, begins=date(2026, 10, 1))


def judge(*appointments, promise=PROMISE):
    facts = SeriesFacts(promise, tuple((NOW - timedelta(days=days), done) for days, done in appointments))
    return CONTROL.judge(facts, shipped_policy(), NOW)


@pytest.mark.parametrize(("days", "verdict"), [(3, "pass"), (9, "pass"), (10, "fail")])
def test_a_meeting_is_missed_beyond_its_rhythm_and_the_grace(days, verdict):
    """Seven days and two."""
    judgement = judge((days, True))
    assert judgement.verdict.value == verdict
    assert [one.code for one in judgement.reasons] == (["meeting_missed"] if verdict == "fail" else [])


def test_a_meeting_that_was_planned_and_not_completed_was_not_held():
    """Nor is one that lies ahead."""
    judgement = judge((20, True), (3, False), (-4, False))
    assert judgement.verdict.value == "fail"
    assert judgement.reasons[0].text.endswith("Planned since and not completed: 1.")


def test_whether_it_was_held_is_unknown_where_halopsa_does_not_say():
    """Missing data is no pass and no miss."""
    assert judge((20, True), (3, None)).verdict.value == "unknown"


def test_nothing_is_missed_before_the_promise_begins():
    """The first is due one rhythm later; what was held before does not make it due earlier."""
    fresh = PROMISE.model_copy(update={"begins": date(2026, 11, 15)})
    assert judge(promise=fresh).verdict.value == "pass"
    assert judge((60, True), promise=fresh).verdict.value == "pass"
    assert judge().verdict.value == "fail"

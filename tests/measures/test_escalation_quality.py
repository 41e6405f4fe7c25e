"""How fast and how well escalations were answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.measures.escalation_quality import Escalated, answers, answers_json
from shared.measures.kpis import Period

START = datetime(2026, 11, 16, tzinfo=UTC)
WEEK = Period(START, START + timedelta(days=7))
DAY = timedelta(hours=24)


def told(level="owner", after=0.0, acknowledged=None, responded=None, quality=None) -> Escalated:
    at = START + timedelta(hours=after)
    return Escalated(
        level,
        "ps",
        "12",
        at,
        None if acknowledged is None else at + timedelta(hours=acknowledged),
        None if responded is None else at + timedelta(hours=responded),
        quality,
    )


def test_shares_and_hours_are_those_of_the_period():
    """Acknowledged or not, in time or not, overdue; hours with mean, median and 90th percentile."""
    found = answers_json(
        answers(
            [
                told(acknowledged=1, responded=5, quality="planned"),
                told(acknowledged=3, responded=30, quality="resolved"),
                told("approver", acknowledged=2, quality="acknowledged"),
                told("director"),
                told(after=-1, responded=1, quality="planned"),
                told(after=7 * 24),
            ],
            WEEK,
            DAY,
            START + timedelta(days=9),
        )
    )
    assert (found["told"], found["acknowledged"], found["responded"], found["in_time"], found["overdue"]) == (
        4,
        3,
        2,
        1,
        2,
    )
    assert (found["acknowledged_share"], found["in_time_share"]) == (0.75, 0.25)
    assert found["acknowledge_hours"] == {"n": 3, "mean": 2.0, "median": 2.0, "p90": 2.8}
    assert found["response_hours"] == {"n": 2, "mean": 17.5, "median": 17.5, "p90": 27.5}
    assert found["quality"] == {
        "resolved": 1, "planned": 1, "accepted": 0, "disputed": 0, "acknowledged": 1, "unanswered": 1,
    }  # fmt: skip


def test_an_answer_after_the_period_does_not_change_what_was_known_at_its_end():
    """A report of the week says the same a month later."""
    late = told(after=160, acknowledged=1, responded=20, quality="resolved")
    found = answers([late], WEEK, DAY, START + timedelta(days=40))
    assert (found.acknowledged, found.responded, found.overdue) == (1, 0, 0)
    assert dict(found.qualities)["acknowledged"] == 1


@pytest.mark.parametrize(("hours", "in_time"), [(24, 1), (24.01, 0)])
def test_the_limit_itself_is_in_time(hours, in_time):
    """Not later than so many hours after being told."""
    found = answers([told(responded=hours, acknowledged=hours, quality="planned")], WEEK, DAY, WEEK.end)
    assert found.in_time == in_time


def test_nothing_told_is_no_share():
    """Neither 0 nor 100 per cent."""
    found = answers_json(answers([], WEEK, DAY, WEEK.end))
    assert (found["acknowledged_share"], found["in_time_share"]) == (None, None)
    assert found["response_hours"] == {"n": 0, "mean": None, "median": None, "p90": None}

"""Schedules mean what NCRONTAB means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from local.host.ncrontab import Schedule

START = datetime(2026, 11, 21, 8, 15, 30, 5, tzinfo=UTC)


def times(text: str, count: int = 3, start: datetime = START) -> list[str]:
    """The next times, short."""
    schedule, found, at = Schedule.parse(text), [], start
    for _ in range(count):
        following = schedule.following(at)
        assert following is not None
        found.append(following.strftime("%Y-%m-%d %H:%M:%S"))
        at = following
    return found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0 */15 * * * *", ["2026-11-21 08:30:00", "2026-11-21 08:45:00", "2026-11-21 09:00:00"]),
        ("30 * * * * *", ["2026-11-21 08:16:30", "2026-11-21 08:17:30", "2026-11-21 08:18:30"]),
        ("0 0 6 * * 1", ["2026-11-23 06:00:00", "2026-11-30 06:00:00", "2026-12-07 06:00:00"]),
        ("0 0 6 * * mon", ["2026-11-23 06:00:00", "2026-11-30 06:00:00", "2026-12-07 06:00:00"]),
        ("0 0 6 * * Monday-Tue", ["2026-11-23 06:00:00", "2026-11-24 06:00:00", "2026-11-30 06:00:00"]),
        ("0 0 6 1 */3 *", ["2027-01-01 06:00:00", "2027-04-01 06:00:00", "2027-07-01 06:00:00"]),
        ("0 0 6 1 1,4,7,10 *", ["2027-01-01 06:00:00", "2027-04-01 06:00:00", "2027-07-01 06:00:00"]),
        ("0 0 0 1 * 1", ["2027-02-01 00:00:00", "2027-03-01 00:00:00", "2027-11-01 00:00:00"]),
        ("*/5 * * * *", ["2026-11-21 08:20:00", "2026-11-21 08:25:00", "2026-11-21 08:30:00"]),
        ("0 10/20 * * * *", ["2026-11-21 08:30:00", "2026-11-21 08:50:00", "2026-11-21 09:10:00"]),
        ("0 0 0 29 2 *", ["2028-02-29 00:00:00", "2032-02-29 00:00:00", "2036-02-29 00:00:00"]),
        ("0 0 0 * * 0", ["2026-11-22 00:00:00", "2026-11-29 00:00:00", "2026-12-06 00:00:00"]),
        ("59 59 23 31 dec *", ["2026-12-31 23:59:59", "2027-12-31 23:59:59", "2028-12-31 23:59:59"]),
    ],
)
def test_the_next_times(text: str, wanted: list[str]) -> None:
    """Six fields from the second, five from the minute; both day fields must fit."""
    assert times(text) == wanted


def test_the_next_time_is_later_than_now() -> None:
    """A time that is now has passed."""
    assert times("0 0 0 * * *", 1, datetime(2026, 11, 21, tzinfo=UTC)) == ["2026-11-22 00:00:00"]


def test_a_day_there_is_not_never_comes() -> None:
    """30 February has no next time."""
    assert Schedule.parse("0 0 0 30 2 *").following(START) is None


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "* * * * * * *", "0 0 6 * * 7", "60 * * * * *", "0 0 24 * * *", "0 0 0 0 * *", "0 0 0 L * *",
     "0 0 0 ? * *", "0 0 0 * * mon#1", "0 */0 * * * *", "0 30-10 * * * *", "0 , * * * *", "0 -1 * * * *", "0 0 0 * foo *",
     "00:05:00", "0 0 0 15W * *"],
)  # fmt: skip
def test_what_ncrontab_refuses(text: str) -> None:
    """Sunday is 0 and never 7; there is no L, W, # or ?."""
    with pytest.raises(ValueError, match=r"field"):
        Schedule.parse(text)

"""Working time across weekends, holidays and clock changes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shared.errors import Misconfigured
from shared.measures.worktime import calendar, working_days, working_hours

OFFICE = calendar("mon-fri 09:00-17:00", "America/Toronto")


def toronto(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OFFICE.zone).astimezone(UTC)


def test_a_week_is_five_working_days():
    """Monday opening to the next Monday's opening."""
    assert working_days(toronto("2026-11-16T09:00"), toronto("2026-11-23T09:00"), OFFICE) == 5


def test_part_of_a_day_counts_as_its_share():
    """Half a day, and nothing outside opening hours."""
    assert working_days(toronto("2026-11-16T09:00"), toronto("2026-11-16T13:00"), OFFICE) == Decimal("0.5")
    assert working_days(toronto("2026-11-16T18:00"), toronto("2026-11-17T08:00"), OFFICE) == 0


def test_backwards_is_negative():
    """Ahead of schedule is less than zero."""
    assert working_days(toronto("2026-11-18T09:00"), toronto("2026-11-16T09:00"), OFFICE) == -2


def test_the_clock_change_does_not_move_office_hours():
    """Clocks go back on 1 November 2026 in Toronto: Friday's and Monday's days are whole days."""
    assert working_days(toronto("2026-10-30T09:00"), toronto("2026-11-03T09:00"), OFFICE) == 2
    assert working_hours(toronto("2026-10-30T09:00"), toronto("2026-11-03T09:00"), OFFICE) == 16


def test_a_window_over_the_clock_change_has_its_real_length():
    """A night shift over the change works an hour longer, and is still one day."""
    nights = calendar("mon-sun 00:00-06:00", "America/Toronto")
    begin, end = toronto("2026-11-01T00:00"), toronto("2026-11-01T12:00")
    assert working_hours(begin, end, nights) == 7
    assert working_days(begin, end, nights) == 1


def test_holidays_do_not_count():
    """A named date is free."""
    free = calendar("mon-fri 09:00-17:00", "America/Toronto", ("2026-12-25",))
    assert working_days(toronto("2026-12-24T09:00"), toronto("2026-12-28T09:00"), free) == 1


@pytest.mark.parametrize(
    ("form", "zone", "holidays"),
    [
        ("weekdays", "America/Toronto", ()),
        ("mon-fri 17:00-09:00", "America/Toronto", ()),
        ("mon-fri 25:00-26:00", "America/Toronto", ()),
        ("mon-fri 09:00-17:00", "Nowhere/Land", ()),
        ("mon-fri 09:00-17:00", "America/Toronto", ("soon",)),
    ],
)
def test_a_calendar_that_cannot_be_read_is_a_fault_of_policy(form, zone, holidays):
    """It is named, not guessed."""
    with pytest.raises(Misconfigured):
        calendar(form, zone, holidays)

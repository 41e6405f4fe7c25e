"""Working time: days and hours of a calendar between two instants, daylight saving included."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.errors import Misconfigured

_FORM = re.compile(r"^([a-z]{3})-([a-z]{3}) (\d\d):(\d\d)-(\d\d):(\d\d)$")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONGEST = 366 * 60
"""Days after which a span is no longer walked day by day but refused."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When people work, in one place on earth."""

    weekdays: frozenset[int]
    opens: time
    closes: time
    zone: ZoneInfo
    holidays: frozenset[date]

    def works(self, day: date) -> bool:
        """True on a working day."""
        return day.weekday() in self.weekdays and day not in self.holidays

    def window(self, day: date) -> tuple[datetime, datetime]:
        """The day's opening and closing instants; wall-clock times, so their distance follows the time zone."""
        opens = datetime.combine(day, self.opens, self.zone)
        return opens, datetime.combine(day, self.closes, self.zone)


@lru_cache(maxsize=64)
def calendar(form: str, zone: str, holidays: tuple[str, ...] = ()) -> Calendar:
    """Read ``mon-fri 09:00-17:00``. Raises Misconfigured naming what cannot be read."""
    match = _FORM.match(form.strip().lower())
    if match is None or match.group(1) not in _DAYS or match.group(2) not in _DAYS:
        raise Misconfigured(
            f"The working calendar {form!r} must look like 'mon-fri 09:00-17:00'.", code="calendar_invalid"
        )
    first, last = _DAYS.index(match.group(1)), _DAYS.index(match.group(2))
    span = range(first, last + 1) if first <= last else [*range(first, 7), *range(last + 1)]
    try:
        opens, closes = (time(int(match.group(at)), int(match.group(at + 1))) for at in (3, 5))
        free = frozenset(date.fromisoformat(day) for day in holidays)
        place = ZoneInfo(zone)
    except (ValueError, ZoneInfoNotFoundError) as fault:
        raise Misconfigured(f"The working calendar cannot be used: {fault}.", code="calendar_invalid") from None
    if closes <= opens:
        raise Misconfigured(f"The working calendar {form!r} closes before it opens.", code="calendar_invalid")
    return Calendar(frozenset(span), opens, closes, place, free)


def working_days(begin: datetime, end: datetime, on: Calendar) -> Decimal:
    """Working days from begin to end, fractions of a day included; negative when end is earlier."""
    if end < begin:
        return -working_days(end, begin, on)
    total = Decimal(0)
    for opens, closes in _windows(begin, end, on):
        length = closes.timestamp() - opens.timestamp()
        worked = min(closes.timestamp(), end.timestamp()) - max(opens.timestamp(), begin.timestamp())
        if worked > 0:
            total += Decimal(str(worked)) / Decimal(str(length))
    return total


def working_hours(begin: datetime, end: datetime, on: Calendar) -> Decimal:
    """Working hours from begin to end; negative when end is earlier."""
    if end < begin:
        return -working_hours(end, begin, on)
    seconds = Decimal(0)
    for opens, closes in _windows(begin, end, on):
        worked = min(closes.timestamp(), end.timestamp()) - max(opens.timestamp(), begin.timestamp())
        if worked > 0:
            seconds += Decimal(str(worked))
    return seconds / 3600


def _windows(begin: datetime, end: datetime, on: Calendar) -> list[tuple[datetime, datetime]]:
    first, last = begin.astimezone(on.zone).date(), end.astimezone(on.zone).date()
    days = (last - first).days
    if days > _LONGEST:
        raise Misconfigured("A span of more than sixty years is not working time.", code="calendar_span")
    return [on.window(day) for day in (first + timedelta(days=step) for step in range(days + 1)) if on.works(day)]

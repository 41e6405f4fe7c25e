"""NCRONTAB: the six-field schedules of timer triggers, with the semantics of the library the host uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_NONE: Mapping[str, int] = MappingProxyType({})
_FIELDS: tuple[tuple[str, int, int, Mapping[str, int]], ...] = (
    ("second", 0, 59, _NONE),
    ("minute", 0, 59, _NONE),
    ("hour", 0, 23, _NONE),
    ("day", 1, 31, _NONE),
    ("month", 1, 12, MappingProxyType({name: number for number, name in enumerate(_MONTHS, 1)})),
    ("day of week", 0, 6, MappingProxyType({name: number for number, name in enumerate(_DAYS)})),
)
_PIECE = re.compile(r"(?:(?P<any>\*)|(?P<low>[0-9A-Za-z]+)(?:-(?P<high>[0-9A-Za-z]+))?)(?:/(?P<step>\d+))?")
_LONGEST = timedelta(days=366 * 8 + 1)
"""29 February can be eight years away."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Which seconds, minutes, hours, days, months and days of the week; a day must fit both of its fields."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """From six fields, or five (then at second 0). ValueError names the field."""
        parts = text.split()
        if len(parts) == 5:
            parts = ["0", *parts]
        if len(parts) != 6:
            raise ValueError(f"{text!r} has {len(parts)} fields; an NCRONTAB schedule has six: second to day of week")
        return cls(*(_field(part, *about) for part, about in zip(parts, _FIELDS, strict=True)))

    def following(self, after: datetime) -> datetime | None:
        """The first time later than ``after``; None when there is none (30 February)."""
        moment = after.replace(microsecond=0) + timedelta(seconds=1)
        until = after + _LONGEST
        day = moment.replace(hour=0, minute=0, second=0)
        while day <= until:
            if day.month in self.months and day.day in self.days and (day.weekday() + 1) % 7 in self.weekdays:
                found = self._within(day, max(moment, day))
                if found:
                    return found
            day += timedelta(days=1)
        return None

    def _within(self, day: datetime, first: datetime) -> datetime | None:
        start = (first.hour, first.minute, first.second)
        for hour in (hour for hour in self.hours if hour >= start[0]):
            for minute in (minute for minute in self.minutes if (hour, minute) >= start[:2]):
                for second in (second for second in self.seconds if (hour, minute, second) >= start):
                    return day.replace(hour=hour, minute=minute, second=second)
        return None


def _field(text: str, name: str, low: int, high: int, words: Mapping[str, int]) -> tuple[int, ...]:
    chosen: set[int] = set()
    for piece in text.split(","):
        found = _PIECE.fullmatch(piece)
        if not found:
            raise ValueError(f"the field {name} cannot be read: {piece!r}")
        step = int(found["step"] or 1)
        if step < 1:
            raise ValueError(f"the field {name} has a step of zero: {piece!r}")
        first, last = low, high
        if not found["any"]:
            first = _number(found["low"], name, low, high, words)
            last = (
                _number(found["high"], name, low, high, words) if found["high"] else (high if found["step"] else first)
            )
        if first > last:
            raise ValueError(f"the field {name} runs backwards: {piece!r}")
        chosen.update(range(first, last + 1, step))
    return tuple(sorted(chosen))


def _number(text: str, name: str, low: int, high: int, words: Mapping[str, int]) -> int:
    if text.isdecimal():
        number = int(text)
        if not low <= number <= high:
            raise ValueError(f"the field {name} goes from {low} to {high}, not {text}")
        return number
    fitting = [number for word, number in words.items() if word.startswith(text.lower())]
    if not fitting:
        raise ValueError(f"the field {name} does not know {text!r}")
    return fitting[0]

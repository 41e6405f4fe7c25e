"""When the demo's world is: one moment that every date is told against, and how HaloPSA writes dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

AS_OF = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
"""Friday of ISO week 2026-W47. Planted violations hold at this moment."""


def day(month: int, date: int, hour: int = 9, minute: int = 0, year: int = 2026) -> datetime:
    """A moment of the demo's year."""
    return datetime(year, month, date, hour, minute, tzinfo=UTC)


def wire(at: datetime) -> str:
    """As the API returns an instant."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def date_wire(at: datetime) -> str:
    """As the API returns a date: midnight without a zone."""
    return at.strftime("%Y-%m-%dT00:00:00")


def later(at: datetime, *, days: float = 0, hours: float = 0) -> datetime:
    """Some time afterwards, to the minute."""
    moved = at + timedelta(days=days, hours=hours)
    return moved.replace(second=0, microsecond=0)

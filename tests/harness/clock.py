"""A clock that stands still until moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class StillClock:
    """Answers the same instant until ``advance`` or ``at`` is used."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or datetime(2026, 11, 16, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The instant it stands at."""
        return self.at

    def advance(self, **parts: float) -> datetime:
        """Move on by a timedelta's keyword arguments."""
        self.at += timedelta(**parts)
        return self.at

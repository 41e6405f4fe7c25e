"""The simulator's clock and HaloPSA's many ways of writing a date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Real time, or real time moved to where a test or the demo wants it."""

    def __init__(self) -> None:
        self._shift = timedelta(0)

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC) + self._shift

    def move(self, to: datetime | None) -> None:
        """Let the clock run on from ``to``; None goes back to real time."""
        self._shift = timedelta(0) if to is None else to - datetime.now(UTC)


def instant(value: object) -> datetime | None:
    """Read any of HaloPSA's date forms as UTC; None for sentinels (year 1900 or earlier) and for what is no date."""
    if not isinstance(value, str) or len(value) < 10:
        return None
    try:
        at = datetime.fromisoformat(value.strip().replace(" ", "+") if "T" in value else value.strip())
    except ValueError:
        return None
    if at.year <= 1900:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def stamp(at: datetime) -> str:
    """As HaloPSA stamps changes: UTC, seven fraction digits."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond:06d}0Z"

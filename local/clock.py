"""The local stack's clock: it ticks, and tests may move it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class MovableClock:
    """A ``shared.ports.Clock`` that is real time plus an offset."""

    def __init__(self) -> None:
        self._offset = timedelta(0)
        self._lock = Lock()

    def now(self) -> datetime:
        """Aware, UTC."""
        with self._lock:
            return datetime.now(UTC) + self._offset

    def move(self, to: datetime | None) -> datetime:
        """Go on ticking from ``to``, or from real time again. ValueError outside 1970 to 2200."""
        real = datetime.now(UTC)
        if to is not None and not _EARLIEST <= to < _LATEST:
            raise ValueError("now must lie between 1970 and 2200")
        with self._lock:
            self._offset = timedelta(0) if to is None else to - real
        return self.now()

    @property
    def moved(self) -> bool:
        """Whether it differs from real time."""
        return self._offset != timedelta(0)


CLOCK = MovableClock()
"""The one clock of this process."""

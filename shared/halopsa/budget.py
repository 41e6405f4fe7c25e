"""One request budget for all instances: a token bucket in table ``budget``, moved by compare-and-swap.

HaloPSA counts requests in a rolling window. A bucket that may burst B and refills R per window lets B + R through in
the worst window, so the burst is a fifth of what is allowed and the refill the rest: never more than is allowed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from shared.errors import RowExists, RowStale, SourceBusy
from shared.ports import Clock, Row, Rows

_TABLE = "budget"
_KEY = "tokens"
_MOST_TRIES = 200
_SKEW = 60.0
"""Seconds by which instances' clocks may differ."""


class Budget:
    """``take`` blocks until a request may be sent; ``pause`` stops every instance after a 429.

    Without ``rows`` there is no limit of ours: a person at a shell asks some dozens of times.
    """

    def __init__(
        self,
        rows: Rows | None,
        clock: Clock,
        *,
        requests: int,
        seconds: int,
        name: str = "halopsa",
        sleep: Callable[[float], None],
        longest_wait: float = 900.0,
    ) -> None:
        self._limited = requests > 0 and rows is not None
        self._rows: Rows = rows  # type: ignore[assignment]  # without rows nothing is limited, and none is asked
        self._clock = clock
        self._burst = float(max(1, requests // 5))
        self._rate = max(requests - self._burst, 1.0) / max(seconds, 1) if requests else 0.0
        self._name = name
        self._sleep = sleep
        self._longest_wait = longest_wait

    def take(self) -> None:
        """Take one token, waiting for it. Raises SourceBusy when the wait would be too long."""
        if not self._limited:
            return
        waited = 0.0
        for _ in range(_MOST_TRIES):
            wait = self._try_take(self._clock.now())
            if wait == 0:
                return
            if waited + wait > self._longest_wait:
                break
            self._sleep(wait)
            waited += wait
        raise SourceBusy("Our own budget of HaloPSA requests is used up.", code="halo_budget_used", retry_after=60)

    def pause(self, seconds: float) -> None:
        """HaloPSA answered 429: nobody asks before ``seconds`` have passed."""
        if not self._limited:
            return
        for _ in range(_MOST_TRIES):
            now = self._clock.now()
            row = self._rows.get(_TABLE, self._name, _KEY)
            until = now + timedelta(seconds=seconds)
            held = _instant(row, "not_before")
            if held is not None and held >= until:
                return
            if self._store(row, tokens=0.0, at=now, not_before=until):
                return
            self._sleep(random.uniform(0.005, 0.05))  # noqa: S311 - spreads racing instances, guards nothing

    def _try_take(self, now: datetime) -> float:
        """0 when a token was taken, else how long to wait before asking again."""
        row = self._rows.get(_TABLE, self._name, _KEY)
        tokens, at = self._burst, now
        not_before = _instant(row, "not_before")
        if row is not None:
            at = _instant(row, "at") or now
            passed = (now - at).total_seconds()
            if passed < -_SKEW:
                # The clock was moved back: the bucket goes on from here, or nothing would ever flow into it again.
                self._store(row, tokens=_tokens(row), at=now, not_before=None)
                return 0.001
            tokens = min(self._burst, _tokens(row) + max(passed, 0.0) * self._rate)
        if not_before is not None and now < not_before <= now + timedelta(seconds=self._longest_wait):
            return (not_before - now).total_seconds()
        if tokens < 1:
            return max((1 - tokens) / self._rate, 0.001)
        if self._store(row, tokens=tokens - 1, at=now, not_before=None):
            return 0.0
        return random.uniform(0.005, 0.05)  # noqa: S311 - spreads racing instances, guards nothing

    def _store(self, row: Row | None, *, tokens: float, at: datetime, not_before: datetime | None) -> bool:
        cells: dict[str, str | float] = {"tokens": tokens, "at": at.isoformat()}
        if not_before is not None:
            cells["not_before"] = not_before.isoformat()
        new = Row(self._name, _KEY, cells, row.etag if row else "")
        try:
            if row is None:
                self._rows.insert(_TABLE, new)
            else:
                self._rows.replace(_TABLE, new)
        except (RowExists, RowStale):
            return False
        return True


def _tokens(row: Row) -> float:
    value = row.cells.get("tokens", 0.0)
    return float(value) if isinstance(value, int | float) else 0.0


def _instant(row: Row | None, name: str) -> datetime | None:
    value = row.cells.get(name) if row is not None else None
    return datetime.fromisoformat(value) if isinstance(value, str) else None

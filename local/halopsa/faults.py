"""Injected faults, the rate limit, and the record of every request."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_KEPT_CALLS = 200_000


@dataclass(slots=True)
class Fault:
    """One rule; ``left`` None means for ever."""

    match: str
    method: str | None
    status: int | None
    left: int | None
    retry_after: float | None
    body: str | None
    delay_s: float
    drop: str | None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Fault:
        """From the control door's body; KeyError, TypeError or ValueError when it is not of the form."""
        drop = given.get("drop")
        if drop not in (None, "before", "after", "half"):
            raise ValueError('drop is "before", "after" or "half"')
        times = given.get("times", 1)
        return cls(
            match=str(given["match"]).lower(),
            method=str(given["method"]).upper() if given.get("method") else None,
            # A body without a status is what a healthy answer would be replaced by.
            status=int(given["status"]) if given.get("status") is not None else 200 if given.get("body") else None,
            left=int(times) if times is not None else None,
            retry_after=float(given["retry_after"]) if given.get("retry_after") is not None else None,
            body=None if given.get("body") is None else str(given["body"]),
            delay_s=float(given.get("delay_s") or 0),
            drop=drop,
        )


class Faults:
    """Rules in the order they came; the first that matches is used up by one."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """One more rule; one for no request at all is none."""
        if fault.left is None or fault.left > 0:
            self._rules.append(fault)

    def clear(self) -> None:
        """None any more."""
        self._rules.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault this request meets, if any."""
        lowered = path.lower()
        for rule in self._rules:
            if not lowered.startswith(rule.match) or (rule.method and rule.method != method):
                continue
            if rule.left is not None:
                rule.left -= 1
                if rule.left <= 0:
                    self._rules.remove(rule)
            return rule
        return None


class RateLimit:
    """Requests per rolling window; none unless set."""

    def __init__(self) -> None:
        self._requests = 0
        self._seconds = 0.0
        self._retry_after = False
        self._times: deque[float] = deque()

    def set(self, requests: int | None, seconds: float = 300.0, *, retry_after: bool = False) -> None:
        """A new limit; None takes it away."""
        self._requests, self._seconds, self._retry_after = requests or 0, seconds, retry_after
        self._times.clear()

    def refuse(self) -> dict[str, str] | None:
        """Headers of a 429 when the window is full; None (and one more counted) when there is room."""
        if not self._requests:
            return None
        now = time.monotonic()
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        if len(self._times) >= self._requests:
            wait = max(1, int(self._times[0] + self._seconds - now + 0.999))
            return {"Retry-After": str(wait)} if self._retry_after else {}
        self._times.append(now)
        return None

    def words(self) -> str:
        """The sentence HaloPSA answers."""
        minutes = self._seconds / 60
        return f"Rate Limit Reached - {self._requests} Requests per rolling {minutes:g} minute window"


class Calls:
    """Every request of the API, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[dict[str, Any]] = deque(maxlen=_KEPT_CALLS)

    def add(self, call: dict[str, Any]) -> None:
        """Note one: method, path, query, status (0: the connection was cut), time, client_id."""
        self._calls.append(call)

    def clear(self) -> None:
        """Forget them."""
        self._calls.clear()

    def all(self) -> list[dict[str, Any]]:
        """What was asked so far."""
        return list(self._calls)

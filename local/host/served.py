"""How often each function was called, and how it ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import wraps
from threading import Lock
from typing import Any

from local.host.functions import Function

_REFUSED = 400


class Served:
    """Counts while the host runs."""

    def __init__(self) -> None:
        self._ends: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def watched(self, function: Function) -> Function:
        """The same function, its calls counted: ``well`` when it neither raised nor answered an error."""
        handler = function.handler

        @wraps(handler)
        def counted(**arguments: Any) -> Any:
            end = "badly"
            try:
                answer = handler(**arguments)
                end = "well" if getattr(answer, "status_code", 200) < _REFUSED else "badly"
            finally:
                with self._lock:
                    self._ends[function.name, end] += 1
            return answer

        return replace(function, handler=counted)

    def counts(self) -> dict[str, dict[str, int]]:
        """``{name: {"well": 3, "badly": 1}}``; what was never called is not named."""
        with self._lock:
            ends = dict(self._ends)
        return {name: {end: ends.get((name, end), 0) for end in ("well", "badly")} for name, _ in sorted(ends)}

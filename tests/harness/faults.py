"""Faults for storage writes: each can fail before it takes effect, or after (the write landed, the caller sees an error)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from shared.errors import StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

Hook = Callable[[str, int], str | None]
"""Given the write's name and its number from 1, answer None, 'before' or 'after'."""


class Faults:
    """Counts writes and asks a hook what becomes of each."""

    def __init__(self, hook: Hook | None = None) -> None:
        self.hook = hook
        self.writes: list[str] = []
        self._lock = Lock()

    @contextmanager
    def write(self, name: str) -> Iterator[None]:
        """Wrap one write."""
        with self._lock:
            self.writes.append(name)
            number = len(self.writes)
        verdict = self.hook(name, number) if self.hook else None
        if verdict == "before":
            raise StorageUnavailable(f"{name} did not happen.", code="fault_before")
        yield
        if verdict == "after":
            raise StorageUnavailable(f"{name} happened, but the answer was lost.", code="fault_after")

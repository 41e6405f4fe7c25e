"""The service's story in short steps: each does something somebody wants and fails when it does not come about."""

from __future__ import annotations

from collections.abc import Callable

from tests.least_privilege.people import People
from tests.least_privilege.works import Works

_QUEUES = ("deliveries", "runs", "actions", "reviews", "audits")
_STEPS = (
    "sync", "deliver", "hold", "release", "handoff", "project", "lesson", "finding", "money", "govern", "flows", "fill",
    "seal", "evidence", "keep", "report", "review", "close", "pages", "files", "forms", "audit", "work", "quarter",
    "health",
)  # fmt: skip

ONCE = frozenset({"lesson", "forms", "clock"})
"""What is said once and cannot be said again, and the timers, which set too much going at once."""


class Story(Works, People):
    """Every function of every app is called for on the way."""

    def steps(self) -> dict[str, Callable[[], None]]:
        """By name, in the order in which each finds what it needs."""
        return {
            **{name: getattr(self, name) for name in _STEPS},
            **{f"bury_{queue}": self.burying(queue) for queue in _QUEUES},
            "clock": self.clock,
        }

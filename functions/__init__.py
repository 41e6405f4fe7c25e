"""When: triggers only. Each parses, calls one procedure and answers."""

from __future__ import annotations

import importlib
import os
from typing import Any

GROUPS: dict[str, tuple[str, ...]] = {
    "intake": ("webhooks", "health"),
    "engine": ("queues", "timers", "health"),
    "desk": (
        "runs",
        "findings",
        "approvals",
        "decisions",
        "delivery",
        "reviews",
        "figures",
        "billing",
        "evidence",
        "policy",
        "connector",
        "portal",
        "health",
    ),
    "review": ("graph", "health"),
    "audit": ("audit", "health"),
}
"""Which files a deployment holds. Every one has ``bp``."""


def blueprints() -> list[Any]:
    """The blueprints of ATTEST_GROUP (``all`` when it is not set), each once."""
    group = os.environ.get("ATTEST_GROUP", "all") or "all"  # noqa: TID251 - indexing must work before settings are checked
    names = GROUPS[group] if group in GROUPS else tuple(dict.fromkeys(name for one in GROUPS.values() for name in one))
    return [importlib.import_module(f"functions.{name}").bp for name in names]

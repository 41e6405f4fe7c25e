"""How checks say that something is missing: one code, one sentence, never a pass."""

from __future__ import annotations

from shared.model import Reason

MISSING = "facts_missing"
"""The code of everything that cannot be judged because HaloPSA did not say it."""


def missing(text: str) -> Reason:
    """A reason that makes the verdict unknown unless something else fails."""
    return Reason(MISSING, text)

"""Policy of governance: which meetings are promised, and how often."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.policy.section import Days, Section


class MeetingPolicy(Section):
    """One promised meeting. Weekly while things are new and monthly later is one number, changed by a decision."""

    name: Annotated[str, Field(min_length=1)]
    subject: Annotated[str, Field(min_length=1)]
    """An appointment whose subject begins so is one of them, in any case of letters."""
    every_days: Annotated[int, Field(ge=1, le=366)]
    begins: date
    """No meeting is missed before: the first is due ``every_days`` later."""
    grace_days: Days = 2
    practice: str | None = None
    """None: it is about all practices."""


class GovernancePolicy(Section):
    """Empty until somebody says what was promised."""

    meetings: tuple[MeetingPolicy, ...] = ()
    platform_lead: str = ""
    """Entra oid of who leads the platform (VP Platforms): practices are led by others."""

"""Policy of the service itself: freshness, samples, retention, calendar."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from shared.policy.section import Days, Section


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError(f"{name!r} is no time zone such as America/Toronto") from None
    return name


class ServicePolicy(Section):
    """How old facts may be, how samples are drawn, how long evidence is kept."""

    fresh_hours: Annotated[int, Field(ge=1)] = 36
    """Facts read longer ago than this give ``unknown``."""
    silence_hours: Annotated[int, Field(ge=0)] = 12
    """A control is silent when its job did not end well for so much longer than its cadence."""
    intake_late_minutes: Annotated[int, Field(ge=1)] = 15
    """A delivery received later than this after its timestamp counts as late."""
    sample_size: Annotated[int, Field(ge=1)] = 5
    sample_draw_days: Days = 5
    """The sample of a month's overrides is drawn within so many days of its end."""
    sample_answer_days: Days = 20
    """And concluded on within so many."""
    retention_days: Days = 2557
    calendar: str = "mon-fri 09:00-17:00"
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "America/Toronto"
    holidays: tuple[str, ...] = ()
    """ISO dates on which nobody works."""
    channel: str = ""
    """Notification channel of the steering team: it hears of the whole weekly report."""
    currency: str = "CAD"
    """The MSP's own reporting currency (ISO 4217)."""
    smallest_group: Annotated[int, Field(ge=1)] = 5
    """Groups with fewer people are not broken down."""

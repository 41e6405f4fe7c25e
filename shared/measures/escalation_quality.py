"""How escalations were answered: acknowledged or not, how fast, how well, by the level that was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from shared.measures.kpis import Period
from shared.measures.percentiles import HALF, NINE_TENTHS, mean, percentile
from shared.model import JsonObject

LEVELS = ("owner", "approver", "director")
QUALITIES = ("resolved", "planned", "accepted", "disputed", "acknowledged", "unanswered")
"""Best first. Planned: owner, plan and recovery date; accepted: an approved override; disputed: a false positive."""


@dataclass(frozen=True, slots=True)
class Escalated:
    """One message to one level."""

    level: str
    practice: str | None
    customer: str | None
    told_at: datetime
    acknowledged_at: datetime | None = None
    """When somebody first said or did anything about it; never before it was told."""
    responded_at: datetime | None = None
    """When there was a plan, an accepted exception, a dispute or nothing left to answer."""
    quality: str | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of some escalations. Hours are those of the answered ones."""

    told: int
    acknowledged: int
    responded: int
    in_time: int
    overdue: int
    """Without a response longer than policy allows."""
    acknowledge_hours: tuple[Fraction, ...]
    response_hours: tuple[Fraction, ...]
    qualities: tuple[tuple[str, int], ...]


def answers(told: Sequence[Escalated], period: Period, limit: timedelta, now: datetime) -> Answers:
    """Of what was told in the period, as it stood at its end or ``now``, whichever came first."""
    at = min(period.end, now)
    mine = [one for one in told if period.holds(one.told_at)]
    known = [_until(one, at) for one in mine]
    responded = [one for one in known if one.responded_at is not None]
    in_time = sum(1 for one in responded if one.responded_at is not None and one.responded_at - one.told_at <= limit)
    counts = dict.fromkeys(QUALITIES, 0)
    for one in known:
        counts[one.quality or "unanswered"] += 1
    return Answers(
        told=len(known),
        acknowledged=sum(1 for one in known if one.acknowledged_at is not None),
        responded=len(responded),
        in_time=in_time,
        overdue=sum(1 for one in known if one.responded_at is None and at - one.told_at > limit),
        acknowledge_hours=_hours([(one.told_at, one.acknowledged_at) for one in known]),
        response_hours=_hours([(one.told_at, one.responded_at) for one in known]),
        qualities=tuple(counts.items()),
    )


def answers_json(found: Answers) -> JsonObject:
    """Counts, shares (null without anything told) and hours with mean, median and 90th percentile."""
    return {
        "told": found.told,
        "acknowledged": found.acknowledged,
        "responded": found.responded,
        "in_time": found.in_time,
        "overdue": found.overdue,
        "acknowledged_share": _share(found.acknowledged, found.told),
        "in_time_share": _share(found.in_time, found.told),
        "acknowledge_hours": _spread(found.acknowledge_hours),
        "response_hours": _spread(found.response_hours),
        "quality": dict(found.qualities),
    }


def _until(one: Escalated, at: datetime) -> Escalated:
    """As it was known at an instant."""
    responded = one.responded_at if one.responded_at is not None and one.responded_at <= at else None
    acknowledged = one.acknowledged_at if one.acknowledged_at is not None and one.acknowledged_at <= at else None
    quality = one.quality if responded is not None else "acknowledged" if acknowledged is not None else None
    return Escalated(one.level, one.practice, one.customer, one.told_at, acknowledged, responded, quality)


def _hours(pairs: Sequence[tuple[datetime, datetime | None]]) -> tuple[Fraction, ...]:
    return tuple(
        sorted(Fraction((at - told) // timedelta(milliseconds=1), 3_600_000) for told, at in pairs if at is not None)
    )


def _spread(hours: tuple[Fraction, ...]) -> JsonObject:
    told = (mean(hours), percentile(hours, HALF), percentile(hours, NINE_TENTHS)) if hours else (None, None, None)
    names = zip(("mean", "median", "p90"), told, strict=True)
    return {"n": len(hours), **{name: None if value is None else round(float(value), 4) for name, value in names}}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None

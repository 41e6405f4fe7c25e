"""Earned schedule (Lipke 2003): how far along its plan a project is, in periods, so that lateness does not vanish at the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from shared.measures.baseline import Baseline
from shared.measures.earned_value import Cone


@dataclass(frozen=True, slots=True)
class EarnedSchedule:
    """One status date's figures, in periods. ``eac_t`` is the forecast duration in periods."""

    es: Decimal | None
    at: Decimal
    planned: Decimal
    """Planned duration: the number of periods."""

    @property
    def sv_t(self) -> Decimal | None:
        """Schedule variance in time: ES − AT."""
        return None if self.es is None else self.es - self.at

    @property
    def spi_t(self) -> Decimal | None:
        """Schedule performance in time: ES / AT; None before the first period began."""
        return None if self.es is None or self.at == 0 else self.es / self.at

    @property
    def eac_t(self) -> Decimal | None:
        """Forecast duration: planned duration / SPI(t)."""
        return None if not self.es or self.at == 0 else self.planned * self.at / self.es


def earned_schedule(baseline: Baseline, ev: Decimal | None, at: datetime) -> EarnedSchedule:
    """ES and AT at ``at``, which for a finished project is when it finished."""
    return EarnedSchedule(
        es=None if ev is None else periods_earned(baseline, ev),
        at=periods_passed(baseline, at),
        planned=Decimal(len(baseline.periods)),
    )


def duration_cone(schedule: EarnedSchedule, cpi: Decimal | None) -> Cone:
    """Of duration, in periods: AT + (PD − ES) / PF with PF 1 (``as_planned``), SPI(t) and SPI(t) × CPI.

    Vandevoorde and Vanhoucke 2006, who compare the performance factors.
    """
    index = schedule.spi_t
    if schedule.es is None or not index:
        return Cone.of(None)
    rest = schedule.planned - schedule.es
    planned, likely = schedule.at + rest, schedule.eac_t
    pressed = schedule.at + rest / (index * cpi) if cpi else None
    return Cone.of(likely, ("as_planned", planned), ("spi_t", likely), ("spi_t_cpi", pressed))


def planned_value(baseline: Baseline, at: datetime) -> Decimal:
    """PV at an instant: zero before the start, the last figure after the end, a straight line within a period."""
    before, value = baseline.start, Decimal(0)
    if at <= before:
        return Decimal(0)
    for period in baseline.periods:
        if at < period.end:
            return value + (period.pv - value) * _share(before, at, period.end)
        before, value = period.end, period.pv
    return value


def periods_earned(baseline: Baseline, ev: Decimal) -> Decimal:
    """ES: N whole periods whose cumulative plan is earned, and the earned share of the next."""
    points = [Decimal(0), *(period.pv for period in baseline.periods)]
    whole = max((number for number, value in enumerate(points) if value <= ev), default=0)
    if whole == len(baseline.periods):
        return Decimal(whole)
    step = points[whole + 1] - points[whole]
    return whole + max(ev - points[whole], Decimal(0)) / step


def periods_passed(baseline: Baseline, at: datetime) -> Decimal:
    """AT: periods passed; the current one by its share, time after the last one in periods of the mean length."""
    before = baseline.start
    if at <= before:
        return Decimal(0)
    for number, period in enumerate(baseline.periods):
        if at < period.end:
            return number + _share(before, at, period.end)
        before = period.end
    count = len(baseline.periods)
    return count + _seconds(baseline.finish, at) * count / _seconds(baseline.start, baseline.finish)


def instant_of(baseline: Baseline, periods: Decimal) -> datetime:
    """The instant at which the plan reaches so many periods; the inverse of periods_passed."""
    if periods <= 0:
        return baseline.start
    count = len(baseline.periods)
    if periods >= count:
        mean = _seconds(baseline.start, baseline.finish) / count
        return baseline.finish + timedelta(seconds=float(mean * (periods - count)))
    whole = int(periods)
    before = baseline.start if whole == 0 else baseline.periods[whole - 1].end
    length = _seconds(before, baseline.periods[whole].end)
    return before + timedelta(seconds=float(length * (periods - whole)))


def _share(before: datetime, at: datetime, end: datetime) -> Decimal:
    return _seconds(before, at) / _seconds(before, end)


def _seconds(begin: datetime, end: datetime) -> Decimal:
    span = end - begin
    return Decimal(span.days * 86400 + span.seconds) + Decimal(span.microseconds) / 1_000_000

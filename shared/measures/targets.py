"""Whether a target makes sense: right way, reachable, whole in unit, range and horizon, and no contradiction to one in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from shared.measures.kpi_catalogue import Kpi, Unit

CODES = ("direction", "ceiling", "range", "horizon", "unit", "conflict")
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Target:
    """A promised change. ``low`` and ``high`` are per cent or points; a rate's ``baseline`` is in per cent."""

    direction: str
    low: Decimal | None
    high: Decimal | None
    unit: str | None
    baseline: Decimal | None
    horizon_days: int | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a target: a code of CODES and a sentence that says why."""

    code: str
    text: str


def faults_of(kpi: Kpi, target: Target, in_force: Target | None) -> list[Fault]:
    """All that is wrong, each code once, in the order of CODES."""
    found: dict[str, Fault] = {}

    def add(code: str, text: str) -> None:
        found.setdefault(code, Fault(code, text))

    if target.direction != kpi.better.value:
        add("direction", f"To {target.direction} “{kpi.label}” makes it worse; it improves when it goes the other way.")
    _ceiling(kpi, target, add)
    if target.low is None or target.high is None or target.low < 0 or target.low > target.high:
        add("range", "A range goes from a lower to a higher number, both given and neither below zero.")
    if target.horizon_days is None or target.horizon_days <= 0:
        add("horizon", "A target is due after a positive number of days.")
    if target.unit not in ("relative", "points"):
        add("unit", "It is not said whether the change is relative (per cent of the baseline) or in points.")
    elif target.unit == "relative" and (target.baseline is None or target.baseline <= 0):
        add("unit", "A relative change of a baseline that is zero, negative or not given means nothing.")
    if in_force is not None:
        if (target.low, target.high) != (in_force.low, in_force.high):
            add("range", f"The target in force promises {in_force.low} to {in_force.high}, not another range.")
        if target.horizon_days != in_force.horizon_days:
            add("horizon", f"The target in force is due after {in_force.horizon_days} days, not another number.")
        # a unit left out is no other unit: what it lacks is said above
        if target.unit not in (None, in_force.unit) or target.baseline != in_force.baseline:
            add("conflict", "The target in force has another unit or another baseline.")
    return [found[code] for code in CODES if code in found]


def results(target: Target) -> list[tuple[Decimal, Decimal]]:
    """What the figure would become at the low and the high end, one pair per reading the unit leaves open."""
    if target.baseline is None or target.low is None or target.high is None:
        return []
    sign = 1 if target.direction == "increase" else -1
    relative = tuple(target.baseline * (1 + sign * change / _HUNDRED) for change in (target.low, target.high))
    points = tuple(target.baseline + sign * change for change in (target.low, target.high))
    pairs = {"relative": [relative], "points": [points]}.get(target.unit or "", [relative, points])
    return [(low, high) for low, high in pairs]


def _ceiling(kpi: Kpi, target: Target, add: Callable[[str, str], None]) -> None:
    scale = _HUNDRED if kpi.unit is Unit.RATIO else Decimal(1)
    least = None if kpi.least is None else kpi.least * scale
    most = None if kpi.most is None else kpi.most * scale

    def beyond(value: Decimal) -> bool:
        return (least is not None and value < least) or (most is not None and value > most)

    readings = results(target)
    if readings and all(any(beyond(value) for value in pair) for pair in readings):
        worst = max((value for pair in readings for value in pair if beyond(value)), key=abs)
        add("ceiling", f"The result would be {worst.normalize():f}, which “{kpi.label}” cannot be.")

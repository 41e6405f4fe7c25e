"""From a sales assumption to its price: what was missed at handoff, what became a change order, what was absorbed.

For one deal, and summed over many. The margin lost is told in money and adds up:
lost = overrun (cost beyond the budget in force) + gap (first budget beyond the cost it was sold on).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from shared.measures.baseline import Baseline
from shared.model import JsonObject, Money

_CENT = Decimal("0.01")
_RATIO = Decimal("0.0001")
_ZERO = Decimal(0)
MISSED = ("assumption", "dependenc")
"""How codes begin that tell of something delivery had to take on trust."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Accepted change orders: how many, what they moved the budget and the planned hours by."""

    count: int = 0
    amount: Decimal | None = _ZERO
    """None where the currency changed on the way."""
    hours: Decimal | None = _ZERO
    """None where a baseline names no hours."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One deal, at one instant. Amounts are in ``currency``; None where something they need is not known."""

    id: str
    practice: str | None
    currency: str | None
    missed: tuple[str, ...] = ()
    """Codes of assumptions and dependencies missing or open at first submission."""
    unresolved: int = 0
    project: str | None = None
    changes: Changes = field(default_factory=Changes)
    from_assumptions: Changes = field(default_factory=Changes)
    """Of the change orders, those that name a missed assumption or dependency as their reason."""
    margin_sold: float | None = None
    sold: Decimal | None = None
    """Profit it was sold with."""
    expected: Decimal | None = None
    """Profit now expected; a change order is paid by the customer at cost."""
    overrun: Decimal | None = None
    """Cost beyond the budget in force; negative is below it."""
    gap: Decimal | None = None
    """First budget beyond the cost it was sold on."""
    absorbed_hours: Decimal | None = None
    """Hours beyond the estimates, at the pace so far."""
    value: Decimal | None = None
    """What the customer pays, change orders included."""
    evidence: tuple[str, ...] = ()
    """The records of the review and of the measurement it is told from."""

    @property
    def absorbed(self) -> Decimal | None:
        """Cost beyond the budget that no change order pays for."""
        return None if self.overrun is None else max(_ZERO, self.overrun)

    @property
    def lost(self) -> Decimal | None:
        """Profit lost; negative is won."""
        return None if self.sold is None or self.expected is None else self.sold - self.expected

    @property
    def margin_expected(self) -> float | None:
        """Expected profit over value."""
        if self.expected is None or not self.value or self.value <= 0:
            return None
        return float((self.expected / self.value).quantize(_RATIO, ROUND_HALF_UP))


def trace(handoff: JsonObject, status: JsonObject | None, versions: Sequence[JsonObject]) -> Trace:
    """A deal from its handoff row, its project's status and the versions of its baseline accepted by then."""
    first = handoff.get("first_submission") or {}
    currency = versions[-1]["baseline"]["currency"] if versions else handoff.get("currency")
    value, profit = _decimal(handoff.get("value")), _decimal(handoff.get("profit"))
    same = handoff.get("currency") in (None, currency)
    changes = _changes(versions, versions[1:])
    because = [
        one for one in versions[1:] if ((one.get("change") or {}).get("kind") or "") in ("assumption", "dependency")
    ]
    made = handoff.get("project") or {}
    known: JsonObject = {
        "id": str(handoff["id"]),
        "practice": handoff.get("practice"),
        "currency": currency,
        "missed": tuple(code for code in first.get("missing", []) if code.startswith(MISSED)),
        "unresolved": len(handoff.get("unresolved", [])),
        "project": made.get("id"),
        "changes": changes,
        "from_assumptions": _changes(versions, because),
        "margin_sold": handoff.get("margin"),
        "sold": profit if same else None,
        "absorbed_hours": _absorbed_hours(status),
        "evidence": tuple(one for body in (handoff, status or {}) for one in body.get("evidence", [])[:1]),
    }
    cost = _cost(status)
    if cost is None or not versions or cost["currency"] != currency:
        return Trace(**known)
    budgets = [Decimal(one["baseline"]["bac"]) for one in (versions[0], versions[-1])]
    overrun = Decimal(cost["amount"]) - budgets[1]
    if value is None or profit is None or value <= 0 or not same or changes.amount is None:
        return Trace(**known, overrun=overrun)
    gap = budgets[0] - (value - profit)
    return Trace(**known, overrun=overrun, gap=gap, expected=profit - overrun - gap, value=value + changes.amount)


def trace_json(one: Trace) -> JsonObject:
    """What is told of one deal."""
    return {
        "evidence": list(one.evidence),
        "assumptions_missed": list(one.missed),
        "unresolved": one.unresolved,
        "change_orders": one.changes.count,
        "change_order_amount": _money(one.changes.amount if one.project else None, one.currency),
        "change_order_hours": _text(one.changes.hours if one.project else None),
        "change_orders_from_assumptions": one.from_assumptions.count,
        "change_order_amount_from_assumptions": _money(
            one.from_assumptions.amount if one.project else None, one.currency
        ),
        "absorbed": _money(one.absorbed, one.currency),
        "absorbed_hours": _text(one.absorbed_hours),
        "margin_sold": one.margin_sold,
        "margin_expected": one.margin_expected,
        "margin_lost": None
        if one.margin_sold is None or one.margin_expected is None
        else round(one.margin_sold - one.margin_expected, 4),
        "profit_sold": _money(one.sold, one.currency),
        "profit_expected": _money(one.expected, one.currency),
        "profit_lost": _money(one.lost, one.currency),
        "overrun": _money(one.overrun, one.currency),
        "budget_gap": _money(one.gap, one.currency),
    }


def lineage(traces: Iterable[Trace]) -> JsonObject:
    """Many deals summed, by currency. ``lost`` = ``overrun`` + ``budget_gap``; deals of unknown cost are counted apart."""
    held = list(traces)
    measured = [one for one in held if one.lost is not None]
    missed: dict[str, int] = {}
    for one in held:
        for code in one.missed:
            missed[code] = missed.get(code, 0) + 1
    return {
        "deals": len(held),
        "deals_with_missed_assumptions": sum(1 for one in held if one.missed),
        "missed": dict(sorted(missed.items())),
        "unresolved": sum(one.unresolved for one in held),
        "change_orders": _summed([one for one in held if one.changes.count], "changes"),
        "change_orders_from_assumptions": _summed(
            [one for one in held if one.from_assumptions.count], "from_assumptions"
        ),
        "absorbed": _sums((one.currency, one.absorbed) for one in held),
        "absorbed_hours": _hours(one.absorbed_hours for one in held),
        "measured": len(measured),
        "unmeasured": len(held) - len(measured),
        "profit_sold": _sums((one.currency, one.sold) for one in measured),
        "profit_expected": _sums((one.currency, one.expected) for one in measured),
        "profit_lost": _sums((one.currency, one.lost) for one in measured),
        "overrun": _sums((one.currency, one.overrun) for one in measured),
        "budget_gap": _sums((one.currency, one.gap) for one in measured),
    }


def _changes(versions: Sequence[JsonObject], accepted: Sequence[JsonObject]) -> Changes:
    """What these versions moved against the one before each."""
    before = {one["version"]: previous for previous, one in itertools.pairwise(versions)}
    amount: Decimal | None = _ZERO
    hours: Decimal | None = _ZERO
    for one in accepted:
        new, old = one["baseline"], before[one["version"]]["baseline"]
        moved = Decimal(new["bac"]) - Decimal(old["bac"]) if new["currency"] == old["currency"] else None
        amount = None if amount is None or moved is None else amount + moved
        counts = [planned_hours(Baseline.from_json(body)) for body in (new, old)]
        hours = None if hours is None or counts[0] is None or counts[1] is None else hours + counts[0] - counts[1]
    return Changes(len(accepted), amount, hours)


def planned_hours(baseline: Baseline) -> Decimal | None:
    """All hours a baseline plans: by its periods, else its workstreams together; None where some name none."""
    if baseline.periods[-1].hours is not None:
        return baseline.periods[-1].hours
    named = [stream.planned_hours for stream in baseline.workstreams]
    known = [hours for hours in named if hours is not None]
    return sum(known, _ZERO) if named and len(known) == len(named) else None


def _cost(status: JsonObject | None) -> JsonObject | None:
    """What it cost once it is closed, what it will cost before that."""
    if status is None:
        return None
    names = ("ac", "eac") if status.get("closed") else ("eac", "ac")
    found: JsonObject | None = next((status[name] for name in names if status.get(name)), None)
    return found


def _absorbed_hours(status: JsonObject | None) -> Decimal | None:
    """Forecast hours (booked over the share that is done) beyond the estimates."""
    hours = (status or {}).get("hours") or {}
    estimated, earned, booked = (_decimal(hours.get(name)) for name in ("estimated", "earned", "booked"))
    if not estimated or not earned or booked is None or (status or {}).get("sources", {}).get("ac") != "time":
        return None
    return max(_ZERO, (booked * estimated / earned - estimated).quantize(_CENT, ROUND_HALF_UP))


def _summed(traces: Sequence[Trace], name: str) -> JsonObject:
    changes: list[Changes] = [getattr(one, name) for one in traces]
    return {
        "count": sum(one.count for one in changes),
        "amounts": _sums((one.currency, change.amount) for one, change in zip(traces, changes, strict=True)),
        "hours": _hours(one.hours for one in changes),
    }


def _sums(parts: Iterable[tuple[str | None, Decimal | None]]) -> list[JsonObject]:
    """By currency; what is not known is left out, and counted by whoever asks."""
    sums: dict[str, Decimal] = {}
    for currency, amount in parts:
        if currency is not None and amount is not None:
            sums[currency] = sums.get(currency, _ZERO) + amount
    return [
        Money(amount.quantize(_CENT, ROUND_HALF_UP), currency).to_json() for currency, amount in sorted(sums.items())
    ]


def _hours(values: Iterable[Decimal | None]) -> str | None:
    known = [value for value in values if value is not None]
    return f"{sum(known, _ZERO):f}" if known else None


def _decimal(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _money(amount: Decimal | None, currency: str | None) -> JsonObject | None:
    if amount is None or currency is None:
        return None
    return Money(amount.quantize(_CENT, ROUND_HALF_UP), currency).to_json()


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"

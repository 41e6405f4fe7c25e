"""From a sales assumption to its price: what was missing at handoff, what became a change order, what was absorbed."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from shared.model import JsonObject, Money

_CENT = Decimal("0.01")


def trace(handoff: JsonObject, status: JsonObject | None, versions: list[JsonObject]) -> JsonObject:
    """Figures of one deal; null where something they need is not known.

    ``absorbed`` is what the work costs beyond the first budget and was not covered by change orders; ``margin_lost``
    is the margin sold less the margin now expected.
    """
    first = handoff.get("first_submission") or {}
    out: JsonObject = {
        "assumptions_missed": [
            code for code in first.get("missing", []) if code.startswith(("assumption", "dependenc"))
        ],
        "unresolved": len(handoff.get("unresolved", [])),
        "change_orders": max(0, len(versions) - 1),
        "change_order_amount": None,
        "absorbed": None,
        "margin_sold": handoff.get("margin"),
        "margin_expected": None,
        "margin_lost": None,
    }
    if status is None or not versions:
        return out
    currency = versions[-1]["baseline"]["currency"]
    budget, present = (Decimal(one["baseline"]["bac"]) for one in (versions[0], versions[-1]))
    if all(one["baseline"]["currency"] == currency for one in versions):
        out["change_order_amount"] = Money((present - budget).quantize(_CENT), currency).to_json()
    cost = status.get("eac") or status.get("ac")
    if cost is None or cost["currency"] != currency:
        return out
    absorbed = max(Decimal(0), Decimal(cost["amount"]) - present)
    out["absorbed"] = Money(absorbed.quantize(_CENT, ROUND_HALF_UP), currency).to_json()
    value = Decimal(handoff["value"]) if handoff.get("value") is not None else None
    if value is None or value <= 0 or handoff.get("margin") is None:
        return out
    # A change order is paid by the customer at cost: only what exceeds it lowers the margin.
    expected = (
        (value + (present - budget) - Decimal(cost["amount"])) / (value + (present - budget))
        if (value + present - budget) > 0
        else None
    )
    if expected is not None:
        out["margin_expected"] = float(expected.quantize(Decimal("0.0001"), ROUND_HALF_UP))
        out["margin_lost"] = round(float(handoff["margin"]) - out["margin_expected"], 4)
    return out

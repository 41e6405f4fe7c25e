"""Margin: no line under its cost, none under the margin floor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from shared.measures.invoice_checks.verdict import missing
from shared.measures.invoice_facts import InvoiceFacts, Line
from shared.measures.money import shown
from shared.model import Money, Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy


def check(invoice: InvoiceFacts, policy: BillingPolicy, _as_of: datetime) -> Iterator[Reason]:
    """below_cost or, above cost, below_margin."""
    for line in invoice.lines or ():
        if line.credit_of is not None:
            continue
        price = _effective(line)
        if price is None or price <= 0:
            continue  # told by the lines check
        if line.cost is None:
            yield missing(f"HaloPSA does not say what {line.name} costs.")
            continue
        at_stake = Money((line.cost - price) * (line.quantity or Decimal(1)), invoice.currency)
        if price < line.cost:
            yield Reason(
                "below_cost",
                f"{line.name} is billed at {shown(price, invoice.currency)} and costs "
                f"{shown(line.cost, invoice.currency)}.",
                at_stake,
            )
        elif (price - line.cost) < policy.margin_floor * price:
            margin = (price - line.cost) / price * 100
            yield Reason(
                "below_margin",
                f"{line.name} earns {margin:.1f} %, less than the floor of {policy.margin_floor * 100:f} %.",
            )


def _effective(line: Line) -> Decimal | None:
    """Price of one unit after discount."""
    return None if line.price is None else line.price * (Decimal(100) - line.discount) / Decimal(100)

"""Usage: quantities equal what the supplier's file says is in use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from shared.measures.invoice_facts import InvoiceFacts
from shared.measures.money import text_of
from shared.model import Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy


def check(invoice: InvoiceFacts, _policy: BillingPolicy, _as_of: datetime) -> Iterator[Reason]:
    """usage_mismatch: neither this invoice nor all of the customer's together bill what is in use."""
    used = invoice.used
    if used is None:
        return
    billed: dict[str, Decimal] = defaultdict(Decimal)
    for line in invoice.lines or ():
        if line.item and line.item in used.quantities and line.credit_of is None and line.quantity is not None:
            billed[line.item] += line.quantity
    for item, quantity in sorted(billed.items()):
        live = used.quantities[item]
        if live not in (quantity, used.billed_elsewhere.get(item)):
            yield Reason(
                "usage_mismatch",
                f"{item} is billed for {text_of(quantity)}; {used.sources[item]} shows {text_of(live)} in use.",
            )

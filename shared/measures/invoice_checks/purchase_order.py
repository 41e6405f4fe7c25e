"""Purchase order: what is left on it covers the invoice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from shared.measures.invoice_checks.verdict import missing
from shared.measures.invoice_facts import InvoiceFacts
from shared.measures.money import shown
from shared.model import Money, Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy


def check(invoice: InvoiceFacts, _policy: BillingPolicy, _as_of: datetime) -> Iterator[Reason]:
    """po_exhausted."""
    if invoice.order_id is None:
        return
    amount = invoice.amount
    order = invoice.order
    if order is None or order.left is None:
        yield missing(f"What is left on sales order {invoice.order_id} is not known.")
    elif amount is not None and order.left < amount.amount:
        name = f"Purchase order {order.number}" if order.number else f"The purchase order of sales order {order.id}"
        yield Reason(
            "po_exhausted",
            f"{name} has {shown(order.left, invoice.currency)} left; the invoice is "
            f"{shown(amount.amount, invoice.currency)}.",
            Money(amount.amount - order.left, invoice.currency),
        )

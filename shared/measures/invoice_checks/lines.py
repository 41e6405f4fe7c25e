"""Lines: none for nothing, none against us without naming what it credits, no item twice for one site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from shared.measures.invoice_checks.verdict import missing
from shared.measures.invoice_facts import InvoiceFacts, Line
from shared.measures.money import shown
from shared.model import Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy


def check(invoice: InvoiceFacts, _policy: BillingPolicy, _as_of: datetime) -> Iterator[Reason]:
    """zero_line, negative_line, duplicate_line."""
    if invoice.lines is None:
        yield missing("HaloPSA did not give the invoice's lines.")
        return
    if not invoice.lines:
        yield missing("The invoice has no lines.")
    if invoice.total is None:
        yield missing("HaloPSA did not give the invoice's total.")
    for line in invoice.lines:
        yield from _amounts(invoice, line)
    yield from _twice(invoice.lines)


def _amounts(invoice: InvoiceFacts, line: Line) -> Iterator[Reason]:
    numbers = (line.quantity, line.price, line.net)
    if any(number is None for number in numbers):
        yield missing(f"{line.name} has no quantity, no price or no amount.")
    told = [number for number in numbers if number is not None]
    if any(number < 0 for number in told):
        if line.credit_of is None:
            least = min(told)
            amount = shown(line.net, invoice.currency) if line.net is not None else f"{least}"
            yield Reason("negative_line", f"{line.name} bills {amount} and names no line it credits.")
        elif "Invoice" not in invoice.read:
            yield missing(f"{line.name} credits line {line.credit_of}; invoices have not been read from HaloPSA.")
        elif line.credit_of not in invoice.credited:
            yield Reason(
                "negative_line",
                f"{line.name} credits line {line.credit_of}, which was not billed to this customer before.",
            )
    elif any(number == 0 for number in told):
        yield Reason("zero_line", f"{line.name} bills nothing: its quantity, price or amount is zero.")


def _twice(lines: tuple[Line, ...]) -> Iterator[Reason]:
    """A credit line corrects another period and is no second billing."""
    seen = Counter((line.item, line.site) for line in lines if line.item and line.credit_of is None)
    for (item, site), times in seen.items():
        if times > 1:
            where = f" for site {site}" if site is not None else ""
            yield Reason("duplicate_line", f"{item} is billed {times} times in one period{where}.")

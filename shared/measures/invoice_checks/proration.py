"""Proration: a line's first period is billed by days / days in the period; a line that is over is not billed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from shared.measures.invoice_checks.verdict import missing
from shared.measures.invoice_facts import InvoiceFacts
from shared.measures.money import half_up, minor_unit, shown
from shared.measures.proration import full_amount, share_of_period
from shared.model import Money, Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy


def check(invoice: InvoiceFacts, policy: BillingPolicy, _as_of: datetime) -> Iterator[Reason]:
    """proration_wrong."""
    for line in invoice.lines or ():
        if line.credit_of is not None:
            continue
        if line.start and invoice.end and line.start > invoice.end:
            yield Reason(
                "proration_wrong", f"{line.name} begins on {line.start}, after the period, and is billed already."
            )
            continue
        if line.end and invoice.start and line.end < invoice.start and line.net:
            yield Reason(
                "proration_wrong", f"{line.name} ended on {line.end}, before the period, and is billed all the same."
            )
            continue
        share = share_of_period(line, invoice.start, invoice.end)
        if share is None:
            continue
        full = full_amount(line)
        if full is None or line.net is None:
            yield missing(f"{line.name} begins in this period, but its quantity, price or amount is missing.")
            continue
        exact = full * share.numerator / share.denominator
        right = half_up(exact, invoice.currency)
        if policy.rounding == "line":
            wrong = line.net != right
        else:
            wrong = abs(line.net - exact) > minor_unit(invoice.currency) / Decimal(2)
        if wrong:
            yield Reason(
                "proration_wrong",
                f"{line.name} begins on {line.start}: {share.numerator} of {share.denominator} days of "
                f"{shown(full, invoice.currency)} are {shown(right, invoice.currency)}, not {shown(line.net, invoice.currency)}.",
                Money(abs(line.net - right), invoice.currency),
            )

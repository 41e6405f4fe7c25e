"""Period: it follows what was billed last without a gap, an overlap or a missed cycle (dates inclusive)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from shared.measures.invoice_checks.verdict import missing
from shared.measures.invoice_facts import InvoiceFacts
from shared.model import Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy

_DAY = timedelta(days=1)


def check(invoice: InvoiceFacts, _policy: BillingPolicy, as_of: datetime) -> Iterator[Reason]:
    """period_gap, period_overlap, missed_cycle."""
    if invoice.next_date is None:
        yield missing("HaloPSA names no date on which the invoice is created next.")
    if invoice.start is None or invoice.end is None:
        yield missing("The period the invoice bills has no start or no end.")
        return
    if invoice.end < invoice.start:
        yield missing(f"The period ends on {invoice.end}, before it starts on {invoice.start}.")
        return
    if "Invoice" not in invoice.read:
        yield missing("Invoices have not been read from HaloPSA; what was billed last is not known.")
        return
    last = invoice.last
    if last is None:
        return
    if last.end is None:
        yield missing(f"Invoice {last.id}, billed last, does not say to which day it bills.")
        return
    due = last.end + _DAY if last.end < date.max else date.max
    if invoice.start < due:
        yield Reason(
            "period_overlap", f"The invoice bills from {invoice.start}, but invoice {last.id} has billed to {last.end}."
        )
        return
    if invoice.start > due:
        cycle = _after(due, invoice.months) if invoice.months else None
        if cycle is not None and invoice.start >= cycle:
            yield Reason(
                "missed_cycle", f"Nothing was billed from {due} to {invoice.start - _DAY}: a whole cycle is missing."
            )
            return
        if cycle is None:
            yield missing(f"The period {invoice.period_name!r} is none we know; how long a cycle is cannot be told.")
        yield Reason("period_gap", f"Nothing bills the days from {due} to {invoice.start - _DAY}.")
        return
    if invoice.next_date is not None and invoice.months and _after(invoice.next_date, invoice.months) <= as_of.date():
        yield Reason("missed_cycle", f"The invoice was due on {invoice.next_date} and a whole cycle has passed since.")


def _after(day: date, months: int) -> date:
    """The same day some months later; the last of the month where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > 9999:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))

"""Looking back: which of the errors a recurring invoice is held for stand on invoices that were issued long ago."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shared.measures.invoice_checks import (
    contract,
    lines,
    margin,
    movement,
    period,
    proration,
    sync,
    tax_and_accounts,
    usage,
)
from shared.measures.invoice_content import content_of
from shared.measures.invoice_facts import InvoiceFacts
from shared.model import Reason
from shared.policy.billing import BillingPolicy


@dataclass(frozen=True, slots=True)
class Past:
    """An issued invoice as facts (``last`` is the one before it), and the one before it whole."""

    invoice: InvoiceFacts
    recurring: bool
    before: InvoiceFacts | None


def judge_past(past: Past, policy: BillingPolicy, as_of: datetime) -> Iterator[Reason]:
    """Every check that what HaloPSA says today can still answer for the past.

    Not those that speak of today: sign-off, HaloPSA's approval, unbilled time, what is left on a purchase order, agreed
    increases (the contract tells only the next), and whether a contract is active now.
    """
    invoice = past.invoice
    # judged by its own day: an invoice of last year is not overdue today
    day = datetime.combine(invoice.next_date, datetime.min.time(), UTC) if invoice.next_date else as_of
    yield from lines.check(invoice, policy, day)
    yield from tax_and_accounts.check(invoice, policy, day)
    yield from margin.check(invoice, policy, day)
    yield from proration.check(invoice, policy, day)
    # the one before is looked at by itself
    yield from sync.check(replace(invoice, last=None), policy, day)
    if not past.recurring:
        return
    yield from contract.check(invoice, policy, day)
    yield from period.check(invoice, policy, day)
    yield from usage.check(invoice, policy, day)
    if past.before is not None:
        yield from movement.moved_since(invoice, content_of(past.before), policy, "since the invoice before")

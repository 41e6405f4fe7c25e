"""An invoice that no recurring one made waits for finance, until finance has signed something for its customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from shared.controls.billing_canaries import clean_invoice
from shared.controls.recurring_invoice_hold import Check, judge_invoice
from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.invoice_checks import approval, lines, margin, purchase_order, signoff, tax_and_accounts, time
from shared.measures.invoice_checks.verdict import MISSING
from shared.measures.invoice_content import content_of
from shared.measures.invoice_facts import ChargeEntry, InvoiceFacts, NotBilled, Signed
from shared.model import Role
from shared.policy.document import Policy

CHECKS: tuple[Check, ...] = (
    signoff.check,
    lines.check,
    tax_and_accounts.check,
    margin.check,
    time.check,
    purchase_order.check,
    approval.check,
)
"""What can be said of an invoice by itself; contract, period and movement are about one that comes again."""


def judge(facts: InvoiceFacts | NotBilled, policy: Policy, now: datetime) -> Judgement:
    """Every reason at once; time entries are all those of the customer that are on no invoice yet."""
    return judge_invoice(facts, policy, now, CHECKS)


def _signed(policy: Policy, now: datetime) -> InvoiceFacts:
    facts = replace(clean_invoice(policy, now), id=1, one_off=True)
    return replace(facts, signed=Signed(content_of(facts), "", frozenset(), now, ("canary",)))


def _unsigned(policy: Policy, now: datetime) -> InvoiceFacts:
    return replace(_signed(policy, now), signed=None)


def _edited(policy: Policy, now: datetime) -> InvoiceFacts:
    return replace(_signed(policy, now), total=Decimal(227))


def _unreviewed(policy: Policy, now: datetime) -> InvoiceFacts:
    entry = ChargeEntry(
        "1-1", 1, now.date(), Decimal(1), None, reviewed=False, rate=1, billable=True, contract=None, client="1"
    )
    return replace(_signed(policy, now), entries=(entry,))


CONTROL = Control(
    id="first_invoice_hold",
    title="An invoice made by hand or from a ticket is what finance signed, until finance has signed for its customer.",
    objective="A customer's first invoices do not go out before finance has looked at them.",
    owner=Role.FINANCE,
    subject_kind="invoice",
    cadence=Cadence.DAILY,
    needs=("Invoice",),
    codes=(
        "no_signoff",
        "changed_after_signoff",
        "zero_line",
        "negative_line",
        "duplicate_line",
        "tax_missing",
        "tax_mismatch",
        "account_missing",
        "currency_mismatch",
        "below_cost",
        "below_margin",
        "unreviewed_time",
        "no_charge_type",
        "unbilled_time",
        "po_exhausted",
        "halo_approval_missing",
        "halo_approval_bypassed",
        "halo_approval_not_a_person",
        MISSING,
    ),
    judge=judge,
    frameworks=("psf@1.1:D4",),
    canaries=(
        Canary("a first invoice nobody signed", "no_signoff", _unsigned),
        Canary("a first invoice edited after its sign-off", "changed_after_signoff", _edited),
        Canary("time on it that nobody reviewed", "unreviewed_time", _unreviewed),
    ),
)

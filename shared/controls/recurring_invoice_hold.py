"""Every recurring invoice that is due is what finance signed, under a contract in force, complete and correct."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from shared.controls.billing_canaries import CANARIES
from shared.controls.spec import Cadence, Control, Judgement
from shared.measures.invoice_checks import (
    approval,
    contract,
    increase,
    lines,
    margin,
    movement,
    period,
    proration,
    purchase_order,
    signoff,
    sync,
    tax_and_accounts,
    time,
    usage,
)
from shared.measures.invoice_checks.verdict import MISSING
from shared.measures.invoice_facts import InvoiceFacts, NotBilled
from shared.model import JsonObject, Reason, Role, Severity, Verdict
from shared.policy.billing import BillingPolicy
from shared.policy.document import Policy

Check = Callable[[InvoiceFacts, BillingPolicy, datetime], Iterator[Reason]]

CHECKS: tuple[Check, ...] = (
    signoff.check,
    contract.check,
    period.check,
    movement.check,
    lines.check,
    tax_and_accounts.check,
    margin.check,
    increase.check,
    proration.check,
    usage.check,
    time.check,
    purchase_order.check,
    sync.check,
    approval.check,
)

CODES: tuple[str, ...] = (
    "no_signoff",
    "changed_after_signoff",
    "contract_missing",
    "contract_inactive",
    "contract_not_started",
    "contract_expired",
    "client_mismatch",
    "period_gap",
    "period_overlap",
    "missed_cycle",
    "quantity_moved",
    "price_moved",
    "discount_moved",
    "total_moved",
    "zero_line",
    "negative_line",
    "duplicate_line",
    "tax_missing",
    "tax_mismatch",
    "account_missing",
    "currency_mismatch",
    "below_cost",
    "below_margin",
    "increase_due",
    "increase_twice",
    "proration_wrong",
    "usage_mismatch",
    "unreviewed_time",
    "no_charge_type",
    "unbilled_time",
    "po_exhausted",
    "sync_error",
    "halo_approval_missing",
    "halo_approval_bypassed",
    "halo_approval_not_a_person",
    MISSING,
)


def judge(facts: InvoiceFacts | NotBilled, policy: Policy, now: datetime) -> Judgement:
    """Every reason at once, of every check."""
    return judge_invoice(facts, policy, now, CHECKS)


def judge_invoice(
    facts: InvoiceFacts | NotBilled, policy: Policy, now: datetime, checks: tuple[Check, ...]
) -> Judgement:
    """What these checks say; what finance accepted with exactly this content is told beside the verdict, not held again."""
    if isinstance(facts, NotBilled):
        return Judgement(Verdict.NOT_APPLICABLE, detail={"why": facts.why})
    reasons = [reason for check in checks for reason in check(facts, policy.billing, now)]
    accepted: frozenset[str] = frozenset()
    if reasons and facts.signed is not None and signoff.covered(facts):
        accepted = facts.signed.accepted
    standing = tuple(reason for reason in reasons if reason.code not in accepted)
    amount = facts.amount
    detail: JsonObject = {
        "amount_at_stake": amount.to_json() if amount else None,
        "next_creation_date": facts.next_date.isoformat() if facts.next_date else None,
        "period": [facts.start.isoformat() if facts.start else None, facts.end.isoformat() if facts.end else None],
        "accepted": sorted({reason.code for reason in reasons} & accepted),
    }
    if not standing:
        return Judgement(Verdict.PASS, detail=detail, severity=Severity.LOW)
    large = amount is not None and amount.amount > policy.billing.materiality
    only_missing = all(reason.code == MISSING for reason in standing)
    return Judgement(
        Verdict.UNKNOWN if only_missing else Verdict.FAIL,
        standing,
        Severity.HIGH if large else Severity.MEDIUM,
        detail=detail,
    )


CONTROL = Control(
    id="recurring_invoice_hold",
    title="A recurring invoice that is due is exactly what finance signed, complete and correct.",
    objective="Nothing is billed before finance says so, and no billing error reaches a customer.",
    owner=Role.FINANCE,
    subject_kind="recurring_invoice",
    cadence=Cadence.DAILY,
    needs=("RecurringInvoice", "ClientContract", "Invoice"),
    codes=CODES,
    judge=judge,
    frameworks=("psf@1.1:D4",),
    canaries=CANARIES,
)

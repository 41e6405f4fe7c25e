"""Charge entries of a customer whose invoices finance has not signed yet are reviewed, typed and not forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.invoice_checks.time import judge_entries
from shared.measures.invoice_checks.verdict import MISSING
from shared.measures.invoice_facts import ChargeEntry
from shared.model import Role, Verdict
from shared.policy.document import Policy


def judge(facts: tuple[ChargeEntry, ...], policy: Policy, now: datetime) -> Judgement:
    """unreviewed_time, no_charge_type, unbilled_time."""
    reasons = tuple(judge_entries([one for one in facts if one.on <= now.date()], policy.billing, now.date()))
    detail = {"entries": len(facts), "hours": f"{sum((one.hours for one in facts), Decimal(0)):f}"}
    if reasons and all(reason.code == MISSING for reason in reasons):
        return Judgement(Verdict.UNKNOWN, reasons, detail=detail)
    return Judgement.of(reasons, detail=detail)


def _unreviewed(_policy: Policy, now: datetime) -> tuple[ChargeEntry, ...]:
    return (
        ChargeEntry(
            "1-1", 1, now.date(), Decimal(1), None, reviewed=False, rate=1, billable=True, contract=None, client="1"
        ),
    )


def _forgotten(policy: Policy, now: datetime) -> tuple[ChargeEntry, ...]:
    on = now.date() - timedelta(days=policy.billing.unbilled_days + 1)
    return (
        ChargeEntry("1-2", 1, on, Decimal(1), None, reviewed=True, rate=1, billable=True, contract=None, client="1"),
    )


CONTROL = Control(
    id="charge_entries_reviewed",
    title="Time that will be charged is reviewed, has a charge type and is billed in time.",
    objective="A customer's first invoices carry only time that somebody has looked at.",
    owner=Role.FINANCE,
    subject_kind="customer",
    cadence=Cadence.DAILY,
    needs=("Actions", "Tickets"),
    codes=("unreviewed_time", "no_charge_type", "unbilled_time", MISSING),
    judge=judge,
    frameworks=("psf@1.1:D4",),
    canaries=(
        Canary("an entry nobody reviewed", "unreviewed_time", _unreviewed),
        Canary("an entry forgotten for too long", "unbilled_time", _forgotten),
    ),
)

"""Billing automation is trusted only under a validation that finance signed, and that still fits policy and contract map."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.model import Reason, Role, Severity, Verdict
from shared.policy.document import Policy

SENTENCES = {
    "validation_missing": "Finance has not signed a validation of billing.",
    "validation_waiting": "A validation of billing passed its test cycle and waits for finance's signature.",
    "validation_failed": "The newest test cycle of billing did not pass, or finance refused to sign it.",
    "validation_lapsed": "Billing's policy or the contract map changed since finance signed its validation.",
}
"""Why billing is not trusted, by code."""


@dataclass(frozen=True, slots=True)
class ValidationFacts:
    """Where the validation of billing stands. ``code`` None: one that finance signed is in force."""

    code: str | None
    begun: bool
    """Whether any validation was ever made."""


def judge(facts: ValidationFacts, policy: Policy, _now: datetime) -> Judgement:
    """readiness_blocked, with the validation's own code; not checked while nobody began and policy only advises."""
    if facts.code is None:
        return Judgement(Verdict.PASS, severity=Severity.LOW)
    if policy.billing.validation == "advise" and not facts.begun:
        return Judgement(Verdict.NOT_CHECKED, detail={"why": SENTENCES[facts.code]})
    reasons = (Reason("readiness_blocked", SENTENCES[facts.code]), Reason(facts.code, SENTENCES[facts.code]))
    return Judgement.of(reasons, severity=Severity.MEDIUM)


def _lapsed(_policy: Policy, _now: datetime) -> ValidationFacts:
    return ValidationFacts("validation_lapsed", begun=True)


CONTROL = Control(
    id="billing_validated",
    title="Billing runs under a validation that finance signed and that still fits policy and contract map.",
    objective="No automation of billing counts as trusted before a test cycle showed that it bills what was agreed.",
    owner=Role.FINANCE,
    subject_kind="service",
    cadence=Cadence.DAILY,
    needs=("RecurringInvoice", "Invoice", "ClientContract", "Item", "Actions"),
    codes=("readiness_blocked", *SENTENCES),
    judge=judge,
    frameworks=("psf@1.1:D5",),
    canaries=(Canary("a validation whose policy changed", "validation_lapsed", _lapsed),),
)

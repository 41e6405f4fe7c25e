"""Control: a won deal reaches delivery only with signed scope, margin, assumptions, dependencies and acceptance."""

from __future__ import annotations

from datetime import datetime

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.handoff_canary import empty
from shared.measures.handoff_score import HandoffStatus, completeness
from shared.model import Role, Severity, Verdict
from shared.policy.document import Policy

_UNKNOWN = frozenset({"margin_unknown", "currency_mix", "record_unreadable", "stale_facts"})


def _judge(facts: HandoffStatus, policy: Policy, now: datetime) -> Judgement:
    del policy, now
    if not facts.facts.won:
        return Judgement(Verdict.NOT_APPLICABLE)
    missing = facts.missing
    detail = {"completeness": f"{completeness(facts.items):.2f}", "waived": sorted(facts.waived)}
    if not missing:
        return Judgement(Verdict.PASS, detail=detail)
    verdict = Verdict.UNKNOWN if all(reason.code in _UNKNOWN for reason in missing) else Verdict.FAIL
    return Judgement(verdict, missing, Severity.HIGH if verdict is Verdict.FAIL else Severity.MEDIUM, detail=detail)


CONTROL = Control(
    id="handoff_complete",
    title="A won deal has its signed scope, margin, assumptions, dependencies and acceptance criteria, each with its source.",
    objective="Delivery inherits deals whose scope and commercial limits are known and can be looked up.",
    owner=Role.SALES_MANAGER,
    subject_kind="opportunity",
    cadence=Cadence.DAILY,
    needs=("Opportunities", "Quotation"),
    codes=(
        "scope_unsigned",
        "margin_below_floor",
        "margin_unknown",
        "assumptions_missing",
        "dependencies_missing",
        "acceptance_missing",
        "source_link_missing",
        "assumption_unresolved",
        "scope_conflict",
        "currency_mix",
        "record_unreadable",
        "stale_facts",
        "control_error",
    ),
    judge=_judge,
    frameworks=("psf@1.1:D1", "psf@1.1:D2", "pai8@2026:C1/003", "pai8@2026:C2/003", "pai8@2026:C4/003"),
    canaries=(
        Canary("won without a signed scope", "scope_unsigned", empty),
        Canary("won below the margin floor", "margin_below_floor", empty),
        Canary("won on an open assumption", "assumption_unresolved", empty),
    ),
)

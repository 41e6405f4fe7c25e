"""Control: decisions are taken in time, by those they concern, with the filter answered, and exceptions end."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.approvals.decision_record import codes_of
from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.model import JsonObject, Reason, Role, Severity, Verdict, rfc3339
from shared.policy.document import Policy

_TEXTS = {
    "manager_absent": "The decision was taken without the manager of every practice it concerns, so it does not count.",
    "filter_incomplete": "Not all of the five criteria were answered, so the decision does not count.",
    "decision_overdue": "The decision is past its due time and nobody has taken it.",
    "exception_expired": "The exception this decision allowed has run out.",
}
_URGENT = frozenset({"decision_overdue", "exception_expired"})


def _judge(facts: JsonObject, policy: Policy, now: datetime) -> Judgement:
    if facts["state"] not in ("open", "decided"):
        return Judgement(Verdict.NOT_APPLICABLE)
    managers = {key: practice.manager for key, practice in policy.practices.items()}
    codes = codes_of(facts, managers, now)
    severity = Severity.HIGH if _URGENT & set(codes) else Severity.MEDIUM
    return Judgement.of(
        [Reason(code, _TEXTS[code]) for code in codes],
        severity=severity,
        owner=facts.get("owner") or None,
        detail={"title": facts["title"], "due": facts.get("due"), "expires": facts.get("expires")},
    )


def _canary(policy: Policy, now: datetime) -> JsonObject:
    """Long due, taken by nobody's manager, and run out."""
    del policy
    return {
        "id": "d-canary",
        "title": "Canary",
        "state": "open",
        "due": rfc3339(now - timedelta(days=9)),
        "expires": rfc3339(now - timedelta(days=1)),
    }


def _unmanaged(policy: Policy, now: datetime) -> JsonObject:
    """Decided for a practice by a stranger, without a word on any criterion."""
    return {**_canary(policy, now), "state": "decided", "practices": ["canary"], "decided_by": "stranger"}


CONTROL = Control(
    id="decision_log",
    title="Decisions are taken in time, with the manager of every practice concerned and all five criteria answered.",
    objective="Assumptions, conflicts and exceptions are settled by those who answer for them, and exceptions end.",
    owner=Role.PRACTICE_MANAGER,
    subject_kind="decision",
    cadence=Cadence.DAILY,
    needs=("Decisions",),
    codes=("manager_absent", "filter_incomplete", "decision_overdue", "exception_expired", "control_error"),
    judge=_judge,
    frameworks=("psf@1.1:D6", "pai8@2026:C6/003"),
    canaries=(
        Canary("decision nobody takes", "decision_overdue", _canary),
        Canary("exception that has run out", "exception_expired", _canary),
        Canary("decision without the practice's manager", "manager_absent", _unmanaged),
        Canary("decision without its filter", "filter_incomplete", _unmanaged),
    ),
)

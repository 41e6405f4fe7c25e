"""Control: no kickoff is in the calendar before the delivery manager signed off."""

from __future__ import annotations

from datetime import datetime

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.handoff_canary import empty
from shared.measures.handoff_score import HandoffStatus, kickoffs_too_early
from shared.model import Reason, Role, Severity, Verdict, rfc3339
from shared.policy.document import Policy


def _judge(facts: HandoffStatus, policy: Policy, now: datetime) -> Judgement:
    del policy, now
    if not facts.facts.won:
        return Judgement(Verdict.NOT_APPLICABLE)
    reasons = [
        Reason(
            "kickoff_before_signoff",
            f"The appointment {one.subject.strip().rstrip('.')} ({one.id}"
            f"{', ' + rfc3339(one.start) if one.start else ''}) was made before the delivery manager signed off.",
        )
        for one in kickoffs_too_early(facts)
    ]
    return Judgement.of(reasons, severity=Severity.HIGH)


CONTROL = Control(
    id="kickoff_after_signoff",
    title="A kickoff is scheduled only after the delivery manager has signed off the handoff.",
    objective="Customers are not promised a start before delivery knows that it can be kept.",
    owner=Role.SALES_MANAGER,
    subject_kind="opportunity",
    cadence=Cadence.DAILY,
    needs=("Opportunities", "Appointment"),
    codes=("kickoff_before_signoff", "stale_facts", "control_error"),
    judge=_judge,
    frameworks=("psf@1.1:D6", "pai8@2026:C6/003"),
    triggers=("new appointment", "appointment created", "appointment updated"),
    canaries=(Canary("kickoff without a sign-off", "kickoff_before_signoff", empty),),
)

"""Control: a won deal has become at most one project."""

from __future__ import annotations

from datetime import datetime

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.handoff_canary import empty
from shared.measures.handoff_score import HandoffStatus
from shared.model import Reason, Role, Severity, Verdict
from shared.policy.document import Policy


def _judge(facts: HandoffStatus, policy: Policy, now: datetime) -> Judgement:
    del policy, now
    if not facts.facts.won:
        return Judgement(Verdict.NOT_APPLICABLE)
    projects = facts.facts.projects
    reasons = []
    if len(projects) > 1:
        reasons.append(
            Reason(
                "project_duplicate",
                f"Projects {', '.join(projects[:5])} were all created from this one "
                "opportunity; budget and time would be counted twice.",
            )
        )
    return Judgement.of(reasons, severity=Severity.HIGH)


CONTROL = Control(
    id="handoff_single_project",
    title="A won deal has become no more than one project.",
    objective="Budget, time and revenue of a deal are counted once.",
    owner=Role.DELIVERY_MANAGER,
    subject_kind="opportunity",
    cadence=Cadence.DAILY,
    needs=("Opportunities", "Projects"),
    codes=("project_duplicate", "stale_facts", "control_error"),
    judge=_judge,
    frameworks=("psf@1.1:D1", "pai8@2026:C1/003"),
    canaries=(Canary("two projects from one deal", "project_duplicate", empty),),
)

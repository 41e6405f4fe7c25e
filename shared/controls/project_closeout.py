"""Control: a closed project has its review, and nothing of it is left open or unbilled."""

from __future__ import annotations

from datetime import datetime

from shared.controls.project_control import judgement
from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.project_canary import unreviewed
from shared.measures.project_signals import closeout_signals
from shared.measures.project_status import ProjectStatus
from shared.model import Role, Verdict
from shared.policy.document import Policy


def _judge(facts: ProjectStatus, policy: Policy, now: datetime) -> Judgement:
    del policy, now
    if facts.baseline is None or not facts.facts.closed:
        return Judgement(Verdict.NOT_APPLICABLE)
    return judgement(closeout_signals(facts))


CONTROL = Control(
    id="project_closeout",
    title="A closed project has its recorded review, no open tasks or to-do entries, and no chargeable time left unbilled.",
    objective="What a project taught reaches the templates and the next estimate, and its last hours reach an invoice.",
    owner=Role.DELIVERY_MANAGER,
    subject_kind="project",
    cadence=Cadence.DAILY,
    needs=("Projects", "Tickets", "Actions"),
    codes=(
        "closeout_missing",
        "closeout_tasks_open",
        "closeout_todo_open",
        "closeout_unbilled",
        "stale_facts",
        "control_error",
    ),
    judge=_judge,
    frameworks=("psf@1.1:D4", "pai8@2026:C4/002", "pai8@2026:C5/002"),
    canaries=(Canary("closed project without a review", "closeout_missing", unreviewed),),
)

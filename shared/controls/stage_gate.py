"""Control: no work begins behind a milestone gate that has not been approved on a complete evidence pack."""

from __future__ import annotations

from datetime import datetime

from shared.controls.project_control import judgement
from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.project_canary import skipped
from shared.measures.project_signals import gate_signals
from shared.measures.project_status import ProjectStatus
from shared.model import Role, Verdict
from shared.policy.document import Policy


def _judge(facts: ProjectStatus, policy: Policy, now: datetime) -> Judgement:
    del policy, now
    if not facts.gates:
        return Judgement(Verdict.NOT_APPLICABLE)
    states = {one.gate.name: one.record.state for one in facts.gates}
    return judgement(gate_signals(facts), detail={"gates": states})


CONTROL = Control(
    id="stage_gate",
    title="Work behind a milestone gate begins only after two persons approved its complete evidence pack.",
    objective="Deliverables, quality, customer acceptance and open risks are looked at before money is spent on what follows.",
    owner=Role.DELIVERY_MANAGER,
    subject_kind="project",
    cadence=Cadence.DAILY,
    needs=("Projects", "Tickets", "Actions"),
    codes=("gate_skipped", "gate_incomplete", "stale_facts", "control_error"),
    judge=_judge,
    frameworks=("psf@1.1:D2", "psf@1.1:D5", "psf@1.1:D6", "pai8@2026:C2/002", "pai8@2026:C6/002"),
    canaries=(Canary("work behind an unapproved gate", "gate_skipped", skipped),),
)

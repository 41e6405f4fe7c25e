"""Control: the delivery manager has signed off feasibility and resource plan of every won deal."""

from __future__ import annotations

from datetime import datetime

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.handoff_canary import empty
from shared.measures.handoff_score import HandoffStatus
from shared.model import Reason, Role, Verdict
from shared.policy.document import Policy

_WORDS = {
    None: "The delivery manager cannot sign off before the handoff is complete.",
    "open": "The handoff is complete and waits for the delivery manager's sign-off.",
    "rejected": "The delivery manager has rejected the handoff.",
}


def signoff_missing(status: HandoffStatus) -> tuple[Reason, ...]:
    """Why it is not signed off; nothing when it is."""
    if status.signed_at is not None:
        return ()
    return (Reason("signoff_missing", _WORDS.get(status.signoff, _WORDS["open"])),)


def _judge(facts: HandoffStatus, policy: Policy, now: datetime) -> Judgement:
    del policy, now
    if not facts.facts.won:
        return Judgement(Verdict.NOT_APPLICABLE)
    return Judgement.of(signoff_missing(facts))


CONTROL = Control(
    id="handoff_signoff",
    title="The delivery manager has signed off the feasibility and resource plan of a won deal.",
    objective="Nobody promises a start that delivery has not agreed to.",
    owner=Role.DELIVERY_MANAGER,
    subject_kind="opportunity",
    cadence=Cadence.DAILY,
    needs=("Opportunities", "Quotation"),
    codes=("signoff_missing", "stale_facts", "control_error"),
    judge=_judge,
    frameworks=("psf@1.1:D6", "pai8@2026:C6/003"),
    canaries=(Canary("won without a sign-off", "signoff_missing", empty),),
)

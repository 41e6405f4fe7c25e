"""Every delivery we keep can be read, agrees with what we kept before, and speaks of a record HaloPSA knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.model import Reason, Role, Severity, Verdict
from shared.policy.document import Policy


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """How a delivery fared: read | unreadable | conflict | record_missing | denied | poison | unknown_event."""

    outcome: str
    event: str


_SAID: dict[str, tuple[Verdict, str, str]] = {
    "unreadable": (
        Verdict.FAIL,
        "intake_unreadable",
        "An authentic delivery could not be read; its bytes are kept in quarantine and somebody must look at them.",
    ),
    "conflict": (
        Verdict.FAIL,
        "intake_conflict",
        "A delivery came again under the same id with other bytes; both are kept and HaloPSA's log must say which is right.",
    ),
    "record_missing": (
        Verdict.UNKNOWN,
        "intake_unreadable",
        "HaloPSA does not know the record this delivery speaks of, so nothing could be judged.",
    ),
    "denied": (
        Verdict.UNKNOWN,
        "stale_facts",
        "Our API application may not read the record this delivery speaks of; give it the read scope.",
    ),
    "unknown_event": (
        Verdict.UNKNOWN,
        "intake_unreadable",
        "The delivery tells of an event this service does not know; it is kept and the record was not judged.",
    ),
    "poison": (
        Verdict.ERROR,
        "control_error",
        "Assessing this delivery failed again and again; its bytes are kept and an engineer must look.",
    ),
}


def judge(facts: DeliveryFacts, policy: Policy, now: datetime) -> Judgement:  # noqa: ARG001 - the form of every judge
    """Pass for ``read``; otherwise what went wrong, in words."""
    if facts.outcome not in _SAID:
        return Judgement(Verdict.PASS)
    verdict, code, text = _SAID[facts.outcome]
    return Judgement(
        verdict, (Reason(code, text),), Severity.HIGH if verdict is not Verdict.UNKNOWN else Severity.MEDIUM
    )


CONTROL = Control(
    id="intake_understood",
    title="Every delivery kept can be read and belongs to a record HaloPSA knows.",
    objective="What HaloPSA told us is never lost because we could not make sense of it.",
    owner=Role.OPERATOR,
    subject_kind="delivery",
    cadence=Cadence.ON_EVENT,
    needs=("deliveries",),
    codes=("intake_unreadable", "intake_conflict", "stale_facts", "control_error"),
    judge=judge,
    frameworks=("nist-800-53@r5:AU-12", "iso-27001@2022:A.8.15", "soc2@2017:CC7.2"),
    canaries=(
        Canary(
            "a delivery that is no JSON", "intake_unreadable", lambda _policy, _now: DeliveryFacts("unreadable", "")
        ),
        Canary("the same id with other bytes", "intake_conflict", lambda _policy, _now: DeliveryFacts("conflict", "")),
    ),
)

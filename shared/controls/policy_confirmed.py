"""Every number that policy ships with has been decided by somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.model import Reason, Role, Severity
from shared.policy.document import Policy


@dataclass(frozen=True, slots=True)
class DefaultsFacts:
    """Dotted names of the numbers that nobody has confirmed."""

    unconfirmed: tuple[str, ...]


def judge(facts: DefaultsFacts, policy: Policy, now: datetime) -> Judgement:  # noqa: ARG001 - the form of every judge
    """One finding for all of them: what rests on them is judged as it is, and a person has to say that it may."""
    names = facts.unconfirmed
    if not names:
        return Judgement.of(())
    few = len(names) == 1
    text = (
        f"{len(names)} number{'' if few else 's'} of policy {'is a' if few else 'are'} shipped "
        f"default{'' if few else 's'} that nobody has confirmed: {', '.join(names)}."
    )
    return Judgement.of(
        [Reason("policy_default_unconfirmed", text)],
        severity=Severity.LOW,
        detail={"title": "Shipped numbers nobody has confirmed", "unconfirmed": list(names)},
    )


CONTROL = Control(
    id="policy_confirmed",
    title="Every shipped number of policy has been confirmed by a decision.",
    objective="Thresholds that judge people's work are somebody's decision and not a supplier's guess.",
    owner=Role.STEERING_MEMBER,
    subject_kind="policy",
    cadence=Cadence.DAILY,
    needs=("policy",),
    codes=("policy_default_unconfirmed",),
    judge=judge,
    frameworks=("psf@1.1:D6", "pai8@2026:C1"),
    canaries=(
        Canary(
            "a margin floor nobody decided",
            "policy_default_unconfirmed",
            lambda _policy, _now: DefaultsFacts(("billing.margin_floor",)),
        ),
    ),
)

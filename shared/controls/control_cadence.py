"""Every control is given all its subjects as often as it promises: silence is no pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.model import Reason, Role, Severity
from shared.policy.document import Policy

_EVERY = {
    Cadence.DAILY: timedelta(days=1),
    Cadence.WEEKLY: timedelta(days=7),
    Cadence.MONTHLY: timedelta(days=31),
    Cadence.QUARTERLY: timedelta(days=92),
}


@dataclass(frozen=True, slots=True)
class SilenceFacts:
    """How long the job that judges a control has not ended well, by the service's own clock."""

    control: str
    cadence: Cadence
    job: str
    silent: timedelta
    ever: bool
    """False where it never did; then silence is counted from when somebody first looked."""


def judge(facts: SilenceFacts, policy: Policy, now: datetime) -> Judgement:  # noqa: ARG001 - the form of every judge
    """A control without a clock waits for its events and cannot be silent."""
    every = _EVERY.get(facts.cadence)
    if every is None or facts.silent <= every + timedelta(hours=policy.service.silence_hours):
        return Judgement.of(())
    last = (
        f"was last given its subjects {_long(facts.silent)} ago"
        if facts.ever
        else f"was never given its subjects in the {_long(facts.silent)} since somebody first looked"
    )
    text = (
        f"The control {facts.control} judges {facts.cadence.value} and {last}; "
        f"find out why the job {facts.job} does not run or fails."
    )
    return Judgement.of([Reason("control_silent", text)], severity=Severity.HIGH)


def _long(time: timedelta) -> str:
    hours = int(time.total_seconds() // 3600)
    return f"{hours} hours" if hours < 96 else f"{hours // 24} days"


CONTROL = Control(
    id="control_cadence",
    title="Every control has been given its subjects within its cadence.",
    objective="A control that judges nothing is noticed before somebody takes its silence for order.",
    owner=Role.OPERATOR,
    subject_kind="control",
    cadence=Cadence.DAILY,
    needs=("runs",),
    codes=("control_silent",),
    judge=judge,
    frameworks=("psf@1.1:D4", "soc2@2017:CC4.1", "nist-800-53@r5:CA-7"),
    canaries=(
        Canary(
            "a daily control that rested for a month",
            "control_silent",
            lambda _policy, _now: SilenceFacts("canary", Cadence.DAILY, "canary", timedelta(days=31), ever=True),
        ),
    ),
)

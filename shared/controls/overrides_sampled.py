"""What people let pass is looked at by others: a sample each month, drawn, answered, and justified."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.model import Reason, Role, Severity
from shared.policy.document import Policy


@dataclass(frozen=True, slots=True)
class SampleFacts:
    """A month that is over in which something was let pass."""

    period: str
    ended: date
    """The first day after it."""
    population: int
    drawn: bool
    open: tuple[str, ...] = ()
    """Approvals of the sample that nobody has concluded on."""
    unjustified: tuple[str, ...] = ()
    """Those somebody found not to be justified, while they still hold."""


def judge(facts: SampleFacts, policy: Policy, now: datetime) -> Judgement:
    """Drawn in time, answered in time, and nothing found that should not have passed."""
    service, days = policy.service, (now.date() - facts.ended).days
    found = []
    if not facts.drawn and days > service.sample_draw_days:
        text = f"{facts.population} deviations were accepted in {facts.period}, and no sample of them was drawn."
        found.append(Reason("sample_missing", text))
    if facts.open and days > service.sample_answer_days:
        text = f"Nobody has concluded on {_count(facts.open)} of the sample of {facts.period}: {_listed(facts.open)}."
        found.append(Reason("sample_unanswered", text))
    if facts.unjustified:
        text = f"{_count(facts.unjustified)} of {facts.period} found not to be justified: {_listed(facts.unjustified)}."
        found.append(Reason("override_unjustified", text))
    severity = Severity.HIGH if facts.unjustified else Severity.MEDIUM
    return Judgement.of(found, severity=severity, detail={"title": f"Overrides of {facts.period}"})


def _count(ids: tuple[str, ...]) -> str:
    return f"{len(ids)} override{'s' * (len(ids) != 1)}"


def _listed(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")


def _month(policy: Policy, now: datetime) -> SampleFacts:
    ended = now.date() - timedelta(days=1 + max(policy.service.sample_draw_days, policy.service.sample_answer_days))
    return SampleFacts("canary", ended, 1, drawn=True)


CONTROL = Control(
    id="overrides_sampled",
    title="A sample of what was let pass each month is drawn in time, concluded on by others, and found to be justified.",
    objective="Exceptions stay exceptions: who accepts one knows that somebody else may look at it.",
    owner=Role.STEERING_MEMBER,
    subject_kind="sample",
    cadence=Cadence.DAILY,
    needs=("approvals",),
    codes=("sample_missing", "sample_unanswered", "override_unjustified"),
    judge=judge,
    frameworks=("psf@1.1:D6",),
    canaries=(
        Canary(
            "a month nobody drew from",
            "sample_missing",
            lambda policy, now: SampleFacts("canary", _month(policy, now).ended, 1, drawn=False),
        ),
        Canary(
            "a sample nobody answered",
            "sample_unanswered",
            lambda policy, now: SampleFacts("canary", _month(policy, now).ended, 1, drawn=True, open=("a-1",)),
        ),
        Canary(
            "an override that was not justified",
            "override_unjustified",
            lambda policy, now: SampleFacts("canary", _month(policy, now).ended, 1, drawn=True, unjustified=("a-1",)),
        ),
    ),
)

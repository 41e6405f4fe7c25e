"""The programme: steps have an owner and are done in time; what is said to be done stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.model import Reason, Role, Severity, Verdict
from shared.policy.document import Policy


@dataclass(frozen=True, slots=True)
class StepFacts:
    """One step of a programme that has begun, and everything that may speak against it."""

    title: str
    state: str
    """open, done or waived."""
    owner: str
    due: date
    waits_for: tuple[str, ...] = ()
    """Titles of steps before it that are neither done nor waived."""
    unanswered: tuple[str, ...] = ()
    unproven: bool = False
    """Nothing shows it: neither an answer, nor a link, nor evidence, nor anything the service holds itself."""
    failing: tuple[tuple[str, int], ...] = ()
    """Controls it rests on, and on how many subjects each fails."""
    unjudged: tuple[str, ...] = ()
    """Controls it rests on that have judged nothing yet, or could not."""
    absent: tuple[str, ...] = ()
    """What the service would have to hold and does not."""
    waiver_counts: bool = True


def judge(facts: StepFacts, policy: Policy, now: datetime) -> Judgement:  # noqa: ARG001 - the form of every judge
    """Open: owned and in time. Done: nothing speaks against it. Waived: by a decision that counts."""
    detail = {"title": facts.title}
    if facts.state == "waived":
        if facts.waiver_counts:
            return Judgement(Verdict.NOT_APPLICABLE, detail=detail)
        text = "The step is waived by a decision that does not count, or no longer does."
        return Judgement.of([Reason("readiness_blocked", text), Reason("waiver_undecided", text)], detail=detail)
    if facts.state == "open":
        return _open(facts, now, detail)
    if found := against(facts):
        blocked = Reason("readiness_blocked", "The step is said to be done, and something speaks against it.")
        return Judgement.of([blocked, *found], severity=Severity.MEDIUM, owner=facts.owner or None, detail=detail)
    if facts.unjudged:
        text = f"The step is said to be done; {_listed(facts.unjudged)} did not judge yet what it rests on."
        return Judgement.unknown(text, owner=facts.owner or None, detail=detail)
    return Judgement(Verdict.PASS, detail=detail)


def _open(facts: StepFacts, now: datetime, detail: dict[str, str]) -> Judgement:
    found = []
    if not facts.owner:
        found.append(Reason("step_unowned", "Nobody is named for the step."))
    late = (now.date() - facts.due).days
    if late > 0:
        found.append(Reason("step_overdue", f"The step was due on {facts.due} and is not done."))
    severity = Severity.MEDIUM if late > 0 else Severity.LOW
    due = datetime.combine(facts.due, time(), UTC)
    return Judgement.of(found, severity=severity, owner=facts.owner or None, due=due, detail=detail)


def against(facts: StepFacts) -> list[Reason]:
    """What speaks against saying that the step is done."""
    found = []
    if facts.waits_for:
        found.append(Reason("step_out_of_order", f"Before it must be done: {_listed(facts.waits_for, '; ')}."))
    if facts.unanswered:
        found.append(Reason("step_unanswered", f"It is not written down: {_listed(facts.unanswered, '; ')}."))
    if facts.unproven:
        found.append(Reason("step_unproven", "Nothing shows it: name evidence or a link."))
    if facts.absent:
        found.append(Reason("step_unproven", f"The service holds no {_listed(facts.absent, ', no ')}."))
    if facts.failing:
        told = ", ".join(f"{name} on {number:,} subject{'s' * (number != 1)}" for name, number in facts.failing)
        found.append(Reason("step_contradicted", f"It rests on what these controls find to be wrong: {told}."))
    return found


def _listed(names: tuple[str, ...], joint: str = ", ") -> str:
    shown = [name.rstrip(".") for name in names[:5]]
    return joint.join(shown) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _step(now: datetime) -> StepFacts:
    return StepFacts("Canary", "done", "nobody", now.date() + timedelta(days=1))


CONTROL = Control(
    id="programme_steps",
    title="Every step of the programme has an owner, is done in time and in order, and nothing speaks against what is done.",
    objective="Ready means that it stands, not that somebody said so; go-live and billing rest on steps that are proven.",
    owner=Role.STEERING_MEMBER,
    subject_kind="step",
    cadence=Cadence.DAILY,
    needs=("programme",),
    codes=(
        "readiness_blocked",
        "step_unowned",
        "step_overdue",
        "step_out_of_order",
        "step_unanswered",
        "step_unproven",
        "step_contradicted",
        "waiver_undecided",
    ),
    judge=judge,
    frameworks=("psf@1.1:D5", "psf@1.1:D6"),
    canaries=(
        Canary("a step nobody owns", "step_unowned", lambda _, now: replace(_step(now), state="open", owner="")),
        Canary(
            "a step that is late",
            "step_overdue",
            lambda _, now: replace(_step(now), state="open", due=now.date() - timedelta(days=1)),
        ),
        Canary(
            "a step done before its turn",
            "step_out_of_order",
            lambda _, now: replace(_step(now), waits_for=("Canary",)),
        ),
        Canary("a question left open", "step_unanswered", lambda _, now: replace(_step(now), unanswered=("Canary",))),
        Canary("a step nothing shows", "step_unproven", lambda _, now: replace(_step(now), unproven=True)),
        Canary(
            "a step a control contradicts",
            "step_contradicted",
            lambda _, now: replace(_step(now), failing=(("canary", 1),)),
        ),
        Canary(
            "a step waived without a decision",
            "waiver_undecided",
            lambda _, now: replace(_step(now), state="waived", waiver_counts=False),
        ),
    ),
)

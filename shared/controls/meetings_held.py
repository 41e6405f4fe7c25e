"""A promised meeting takes place: somebody planned it, and said afterwards that it was held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.model import Reason, Role, Severity
from shared.policy.document import Policy
from shared.policy.governance import MeetingPolicy


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """A promised meeting and its appointments: when each ended, and whether it was completed (None: not told)."""

    promise: MeetingPolicy
    appointments: tuple[tuple[datetime, bool | None], ...]


def judge(facts: SeriesFacts, policy: Policy, now: datetime) -> Judgement:  # noqa: ARG001 - the form of every judge
    """By the newest one that was held; one that was planned and never completed was not held, for all anybody knows."""
    promise = facts.promise
    past = [one for one in facts.appointments if one[0] <= now]
    held = max((at for at, done in past if done), default=None)
    begun = datetime.combine(promise.begins, time(), UTC)
    due = max(held or begun, begun) + timedelta(days=promise.every_days)
    if now <= due + timedelta(days=promise.grace_days):
        return Judgement.of(())
    since = [one for one in past if held is None or one[0] > held]
    detail = {"title": promise.name, "due": f"{due:%Y-%m-%d}"}
    if any(done is None for _, done in since):
        return Judgement.unknown(f"HaloPSA does not say whether “{promise.name}” was held.", detail=detail)
    last = f"was last held on {held:%Y-%m-%d}" if held else "was never held"
    planned = f" Planned since and not completed: {len(since)}." if since else ""
    text = f"“{promise.name}” {last} and was due by {due:%Y-%m-%d}.{planned}"
    return Judgement.of([Reason("meeting_missed", text)], severity=Severity.MEDIUM, detail=detail)


def _canary(_policy: Policy, now: datetime) -> SeriesFacts:
    begins = (now - timedelta(days=60)).date()
    return SeriesFacts(MeetingPolicy(name="Canary", subject="Canary", every_days=7, begins=begins), ())


CONTROL = Control(
    id="meetings_held",
    title="Every governance meeting that policy promises is held within its rhythm.",
    objective="Steering and reviews take place; a meeting that does not is an exception like any other.",
    owner=Role.STEERING_MEMBER,
    subject_kind="meeting",
    cadence=Cadence.DAILY,
    needs=("Appointment",),
    codes=("meeting_missed", "stale_facts"),
    judge=judge,
    frameworks=("psf@1.1:D6", "pai8@2026:C6/002"),
    canaries=(Canary("a weekly meeting nobody held for two months", "meeting_missed", _canary),),
)

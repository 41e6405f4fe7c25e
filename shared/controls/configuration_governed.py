"""Configuration changes come from UAT, stand, and leave no unused or twin types behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.model import Reason, Role, Severity, Verdict
from shared.policy.document import Policy


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """One entry of HaloPSA's configuration change log."""

    source_instance: int | None
    rolled_back: bool
    touches_secret: bool


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """One ticket type or status: how often it is used, and whose name it almost shares."""

    noun: str
    name: str
    used: int
    twin: str | None


@dataclass(frozen=True, slots=True)
class SprawlFacts:
    """How many types and statuses there are."""

    ticket_types: int
    statuses: int


@dataclass(frozen=True, slots=True)
class LicenceFacts:
    """Until when there is a UAT tenant."""

    ends: date


def judge(facts: CommitFacts | TypeFacts | SprawlFacts | LicenceFacts, policy: Policy, now: datetime) -> Judgement:
    """By what the facts are about."""
    if isinstance(facts, LicenceFacts):
        return _licence(facts, policy, now)
    if isinstance(facts, CommitFacts):
        return _commit(facts, policy)
    if isinstance(facts, TypeFacts):
        return _type(facts)
    return _sprawl(facts, policy)


def _commit(facts: CommitFacts, policy: Policy) -> Judgement:
    reasons: list[Reason] = []
    allowed = policy.configuration.uat_instances
    if facts.rolled_back:
        reasons.append(Reason("rolled_back", "This change was rolled back; find out why it passed UAT."))
    if facts.touches_secret:
        reasons.append(
            Reason("secret_changed", "This change touches a secret or credential; confirm who asked for it.")
        )
    if allowed and facts.source_instance not in allowed:
        reasons.append(Reason("not_from_uat", "This change was made in production instead of being pushed from UAT."))
    if reasons:
        return Judgement.of(reasons, severity=Severity.HIGH if facts.touches_secret else Severity.MEDIUM)
    if not allowed:
        return Judgement.unknown(
            "Policy does not name the UAT instance, so nobody can say where this change came from.", "untracked"
        )
    return Judgement(Verdict.PASS)


def _type(facts: TypeFacts) -> Judgement:
    reasons: list[Reason] = []
    if facts.used == 0:
        reasons.append(Reason("unused", f"No ticket in the mirror uses the {facts.noun} “{facts.name}”; retire it."))
    if facts.twin is not None:
        reasons.append(
            Reason(
                "near_duplicate",
                f"The {facts.noun} “{facts.name}” is almost named like “{facts.twin}”; keep one of them.",
            )
        )
    return Judgement.of(reasons, severity=Severity.LOW)


def _sprawl(facts: SprawlFacts, policy: Policy) -> Judgement:
    reasons: list[Reason] = []
    for noun, count, most in (
        ("ticket types", facts.ticket_types, policy.configuration.most_ticket_types),
        ("statuses", facts.statuses, policy.configuration.most_statuses),
    ):
        if count > most:
            reasons.append(Reason("sprawl", f"There are {count} {noun}; policy allows {most}."))
    return Judgement.of(reasons, severity=Severity.LOW)


def _licence(facts: LicenceFacts, policy: Policy, now: datetime) -> Judgement:
    left = (facts.ends - now.date()).days
    if left > policy.configuration.uat_notice_days:
        return Judgement.of(())
    when = f"ends on {facts.ends}" if left >= 0 else f"ended on {facts.ends}"
    text = f"The UAT tenant's licence {when}; without it no change can be proven before it reaches production."
    severity = Severity.HIGH if left < 0 else Severity.MEDIUM
    return Judgement.of([Reason("uat_ending", text)], severity=severity)


CONTROL = Control(
    id="configuration_governed",
    title="Configuration changes come from UAT and stand, and no type or status is unused or a twin.",
    objective="What was proven in UAT is what runs in production, and the desk has the fewest types that serve it.",
    owner=Role.ADMINISTRATOR,
    subject_kind="configuration",
    cadence=Cadence.DAILY,
    needs=("ConfigCommit", "TicketType", "Status", "Tickets"),
    codes=(
        "not_from_uat",
        "untracked",
        "rolled_back",
        "secret_changed",
        "sprawl",
        "unused",
        "near_duplicate",
        "uat_ending",
    ),
    judge=judge,
    frameworks=("iso-27001@2022:A.8.9", "iso-27001@2022:A.8.32", "soc2@2017:CC8.1"),
    canaries=(
        Canary(
            "a change rolled back",
            "rolled_back",
            lambda _policy, _now: CommitFacts(1, rolled_back=True, touches_secret=False),
        ),
        Canary("a status nobody uses", "unused", lambda _policy, _now: TypeFacts("status", "Parked", 0, None)),
        Canary(
            "far too many types",
            "sprawl",
            lambda policy, _now: SprawlFacts(policy.configuration.most_ticket_types + 1, 1),
        ),
        Canary(
            "a UAT licence that ran out",
            "uat_ending",
            lambda _policy, now: LicenceFacts(now.date() - timedelta(days=1)),
        ),
    ),
)

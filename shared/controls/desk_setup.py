"""The desk as it is set up: people can work, work has a life cycle, and service levels mean the same in every practice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.model import Reason, Role, Severity, Verdict
from shared.policy.document import Policy


@dataclass(frozen=True, slots=True)
class PeopleFacts:
    """Enabled agents who are people, by id."""

    people: int
    never: tuple[str, ...] = ()
    """Those HaloPSA says have never signed in."""
    untold: int = 0
    """Those of whom it does not say."""
    teamless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamesFacts:
    """Names of one list (``ticket types``, ``statuses``), as HaloPSA has them."""

    noun: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PriorityFacts:
    """One priority over all service levels: how each calls it."""

    number: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LevelFacts:
    """One service level."""

    name: str
    lacks: tuple[str, ...] = ()
    """Priorities that another service level has."""
    untimed: tuple[str, ...] = ()
    """Its priorities without a time to respond or to resolve."""


@dataclass(frozen=True, slots=True)
class PracticeFacts:
    """A practice's ticket types by policy: those HaloPSA does not have, and those another practice claims, too."""

    practice: str
    unknown: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    none: bool = False
    """Policy names no type for it."""


@dataclass(frozen=True, slots=True)
class EmptyFacts:
    """Lists without which the desk does not work that have no usable row."""

    empty: tuple[str, ...]


Facts = PeopleFacts | NamesFacts | PriorityFacts | LevelFacts | PracticeFacts | EmptyFacts


def judge(facts: Facts, policy: Policy, now: datetime) -> Judgement:  # noqa: ARG001 - the form of every judge
    """By what the facts are about."""
    if isinstance(facts, PeopleFacts):
        return _people(facts)
    if isinstance(facts, NamesFacts):
        return _named(facts, policy)
    reasons: list[Reason] = []
    if isinstance(facts, PriorityFacts) and len({plain(name) for name in facts.names}) > 1:
        names = ", ".join(f"“{name}”" for name in facts.names)
        text = f"Priority {facts.number} is called {names}; one priority must mean the same under every service level."
        reasons.append(Reason("priority_differs", text))
    elif isinstance(facts, LevelFacts):
        reasons = _level(facts)
    elif isinstance(facts, PracticeFacts):
        reasons = _practice(facts)
    elif isinstance(facts, EmptyFacts) and facts.empty:
        reasons.append(Reason("setup_missing", f"HaloPSA has no usable {_listed(facts.empty, ' and no ')}."))
    return Judgement.of(reasons, severity=Severity.LOW)


def plain(name: str) -> str:
    """A name as people mean it: “Waiting for Customer” is “waiting on customer”."""
    words = "".join(letter if letter.isalnum() else " " for letter in name.casefold()).split()
    return " ".join("on" if word == "for" else word for word in words)


def _people(facts: PeopleFacts) -> Judgement:
    reasons: list[Reason] = []
    if not facts.people:
        reasons.append(Reason("setup_missing", "HaloPSA has no enabled agent who is a person."))
    if facts.never:
        text = f"{len(facts.never)} of {facts.people} people have never signed in: agent {_listed(facts.never)}."
        reasons.append(Reason("never_signed_in", text))
    if facts.teamless:
        text = f"{len(facts.teamless)} of {facts.people} people are in no team: agent {_listed(facts.teamless)}."
        reasons.append(Reason("agent_teamless", text))
    if not reasons and facts.untold:
        return Judgement.unknown(f"HaloPSA does not say of {facts.untold} people whether they have ever signed in.")
    return Judgement.of(reasons, severity=Severity.LOW)


def _named(facts: NamesFacts, policy: Policy) -> Judgement:
    setup = policy.configuration
    wanted = setup.lifecycle if facts.noun == "statuses" else setup.essential_types
    if not wanted:
        return Judgement(Verdict.NOT_APPLICABLE)
    there = {plain(name) for name in facts.names}
    lacks = tuple(name for name in wanted if plain(name) not in there)
    if not lacks:
        return Judgement.of(())
    text = f"Policy wants {facts.noun} that HaloPSA does not have: {_listed(lacks)}."
    return Judgement.of([Reason("setup_missing", text)], severity=Severity.LOW)


def _level(facts: LevelFacts) -> list[Reason]:
    found = []
    if facts.lacks:
        text = f"The service level “{facts.name}” has no priority {_listed(facts.lacks)}, which another one has."
        found.append(Reason("level_incomplete", text))
    if facts.untimed:
        text = f"Under the service level “{facts.name}” no time to respond or to resolve is set for {_listed(facts.untimed)}."
        found.append(Reason("level_incomplete", text))
    return found


def _practice(facts: PracticeFacts) -> list[Reason]:
    found = []
    if facts.none:
        text = f"Policy names no ticket type of {facts.practice}; its work cannot be told from other work."
        found.append(Reason("practice_types", text))
    if facts.unknown:
        text = f"Policy gives {facts.practice} ticket types HaloPSA does not have: {_listed(facts.unknown)}."
        found.append(Reason("practice_types", text))
    if facts.shared:
        text = f"{facts.practice} shares ticket types with another practice: {_listed(facts.shared)}; give it its own."
        found.append(Reason("practice_types", text))
    return found


def _listed(names: tuple[str, ...], joint: str = ", ") -> str:
    return joint.join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


CONTROL = Control(
    id="desk_setup",
    title="People can sign in and have a team, work has its types and statuses, and service levels mean the same everywhere.",
    objective="What the desk stands on is there before work is measured by it, and common words have one meaning.",
    owner=Role.ADMINISTRATOR,
    subject_kind="desk_setup",
    cadence=Cadence.DAILY,
    needs=("Agent", "TicketType", "Status", "Priority", "SLA", "Team", "Category", "Workflow", "ChargeRate"),
    codes=(
        "never_signed_in",
        "agent_teamless",
        "setup_missing",
        "priority_differs",
        "level_incomplete",
        "practice_types",
    ),
    judge=judge,
    frameworks=("psf@1.1:D1",),
    canaries=(
        Canary("a person who never signed in", "never_signed_in", lambda _policy, _now: PeopleFacts(2, never=("7",))),
        Canary("a person without a team", "agent_teamless", lambda _policy, _now: PeopleFacts(2, teamless=("7",))),
        Canary("a desk without teams", "setup_missing", lambda _policy, _now: EmptyFacts(("team",))),
        Canary(
            "a priority with two names",
            "priority_differs",
            lambda _policy, _now: PriorityFacts(1, ("Critical", "Whenever")),
        ),
        Canary("a level without times", "level_incomplete", lambda _policy, _now: LevelFacts("Canary", untimed=("1",))),
        Canary(
            "a practice whose work is generic tickets",
            "practice_types",
            lambda _policy, _now: PracticeFacts("Canary", shared=("1",)),
        ),
    ),
)

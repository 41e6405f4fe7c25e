"""Exhaustive search of the approval state machine, and the refusals one by one."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.approvals.quorum import APPROVED, EXPIRED, OPEN, VOID, content_digest, decide, lapse
from shared.errors import Conflict, Forbidden, Gone, Unacceptable
from shared.model import JsonObject, Person, Role, rfc3339

T0 = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
EXPIRY = T0 + timedelta(hours=72)
STEPS = 8
DIGESTS = ("1" * 64, "2" * 64)
PEOPLE = (
    Person("requester", "Rae Fictive", frozenset({Role.DELIVERY_MANAGER})),
    Person("ann", "Ann Fictive", frozenset({Role.DELIVERY_MANAGER})),
    Person("ben", "Ben Fictive", frozenset({Role.PRACTICE_MANAGER, Role.OPERATOR})),
    Person("reader", "Rob Fictive", frozenset({Role.READER})),
    Person("operator", "Ole Fictive", frozenset({Role.OPERATOR, Role.AUTOMATION})),
    Person("flow", "A flow", frozenset({Role.DELIVERY_MANAGER}), is_application=True),
)


def approval(digest: str = DIGESTS[0], persons: int = 2) -> JsonObject:
    return {
        "id": "a-1",
        "requester": "requester",
        "digest": digest,
        "decisions": [],
        "state": OPEN,
        "needed": {"persons": persons, "roles": ["DeliveryManager", "PracticeManager"]},
        "expires": rfc3339(EXPIRY),
    }


def steps() -> list[tuple[Any, ...]]:
    """Everything anybody can do: decide as anyone on any digest, change the subject, wait, ask again."""
    decisions = [
        ("decide", person, decision, digest)
        for person in PEOPLE
        for decision in ("approve", "reject", "maybe")
        for digest in (*DIGESTS, "")
    ]
    return [*decisions, ("change",), ("wait",), ("ask",)]


def take(step: tuple[Any, ...], held: JsonObject, present: str, now: datetime) -> tuple[JsonObject, str, datetime]:
    """The world after a step; a refusal leaves it as it was."""
    if step[0] == "change":
        return held, DIGESTS[1] if present == DIGESTS[0] else DIGESTS[0], now
    if step[0] == "wait":
        return lapse(held, now + timedelta(hours=72)), present, now + timedelta(hours=72)
    if step[0] == "ask":
        again = approval(present, held["needed"]["persons"])
        return {**again, "expires": rfc3339(now + timedelta(hours=72))}, present, now
    _, person, decision, digest = step
    try:
        after = decide(
            held, person, decision=decision, rationale="Looked at it.", digest=digest, present_digest=present, now=now
        )
    except (Forbidden, Gone, Conflict, Unacceptable):
        return held, present, now
    return after, present, now


def mark(held: JsonObject, present: str, now: datetime) -> tuple[Any, ...]:
    given = frozenset((one["by"], one["decision"], one["digest"]) for one in held["decisions"])
    return (
        held["state"],
        held["digest"],
        given,
        present,
        now >= T0 + timedelta(hours=72),
        held["expires"] > rfc3339(now),
    )


def search(persons: int) -> tuple[int, list[tuple[JsonObject, str]]]:
    """Every reachable state within eight steps; answers how many there are and the opened gates."""
    start = (approval(persons=persons), DIGESTS[0], T0)
    seen = {mark(*start)}
    frontier = deque([(start, 0)])
    opened: list[tuple[JsonObject, str]] = []
    while frontier:
        (held, present, now), depth = frontier.popleft()
        if depth == STEPS:
            continue
        for step in steps():
            after = take(step, held, present, now)
            if after[0]["state"] == APPROVED and held["state"] != APPROVED:
                opened.append((after[0], present))
            key = mark(*after)
            if key not in seen:
                seen.add(key)
                frontier.append((after, depth + 1))
    return len(seen), opened


def test_no_path_of_eight_steps_opens_a_gate_without_two_persons_on_one_digest():
    """Whatever is tried in whatever order, an opened gate has two natural persons, not the requester, on what stands."""
    states, opened = search(2)
    assert states > 40
    assert opened
    for held, present in opened:
        yes = [one for one in held["decisions"] if one["decision"] == "approve"]
        people = {one["by"] for one in yes}
        assert people == {"ann", "ben"}
        assert {one["digest"] for one in yes} == {held["digest"]} == {present}


def test_the_search_would_find_a_gate_that_one_person_opens():
    """With one person needed the same search does find single-person openings, so it can find what it looks for."""
    _, opened = search(1)
    assert any(len(held["decisions"]) == 1 for held, _ in opened)


@pytest.mark.parametrize(
    ("person", "code"),
    [
        (PEOPLE[0], "requester_cannot_decide"),
        (PEOPLE[3], "not_a_deciding_person"),
        (PEOPLE[4], "not_a_deciding_person"),
        (PEOPLE[5], "not_a_deciding_person"),
        (Person("sal", "Sal Fictive", frozenset({Role.SALES_MANAGER})), "role_not_named"),
    ],
)
def test_who_may_not_decide_is_told_why(person, code):
    """Requester, reader, operator, flow and a role that policy does not name are refused, each by its own code."""
    with pytest.raises(Forbidden) as refusal:
        decide(
            approval(), person, decision="approve", rationale="x", digest=DIGESTS[0], present_digest=DIGESTS[0], now=T0
        )
    assert refusal.value.code == code


def test_the_same_person_counts_once():
    """A second yes of the same person is refused."""
    once = decide(
        approval(), PEOPLE[1], decision="approve", rationale="x", digest=DIGESTS[0], present_digest=DIGESTS[0], now=T0
    )
    with pytest.raises(Forbidden) as refusal:
        decide(once, PEOPLE[1], decision="approve", rationale="x", digest=DIGESTS[0], present_digest=DIGESTS[0], now=T0)
    assert refusal.value.code == "same_person_twice"


@pytest.mark.parametrize("rationale", [None, "", "   ", 5, "x" * 4001])
def test_a_decision_without_a_usable_rationale_is_refused(rationale):
    """Silence is no reason."""
    with pytest.raises(Unacceptable):
        decide(
            approval(),
            PEOPLE[1],
            decision="approve",
            rationale=rationale,
            digest=DIGESTS[0],
            present_digest=DIGESTS[0],
            now=T0,
        )


def test_a_changed_or_vanished_subject_makes_the_approval_void():
    """What was approved must be what stands, and must still be there."""
    for present in (DIGESTS[1], None):
        after = decide(
            approval(), PEOPLE[1], decision="approve", rationale="x", digest=DIGESTS[0], present_digest=present, now=T0
        )
        assert after["state"] == VOID
        assert after["decisions"] == []


def test_an_approval_expires_at_its_very_instant():
    """Open until a millisecond before, gone at its expiry, and a decision then is refused."""
    assert lapse(approval(), EXPIRY - timedelta(milliseconds=1))["state"] == OPEN
    assert lapse(approval(), EXPIRY)["state"] == EXPIRED
    with pytest.raises(Gone):
        decide(
            approval(),
            PEOPLE[1],
            decision="approve",
            rationale="x",
            digest=DIGESTS[0],
            present_digest=DIGESTS[0],
            now=EXPIRY,
        )


def test_the_digest_of_content_does_not_depend_on_key_order():
    """Two spellings of the same content are the same content."""
    assert content_digest({"a": "1", "b": ["2"]}) == content_digest({"b": ["2"], "a": "1"})

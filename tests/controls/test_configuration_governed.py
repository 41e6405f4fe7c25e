"""Configuration: from UAT, not rolled back, no unused or twin types."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.controls.configuration_governed import CONTROL, CommitFacts, SprawlFacts, TypeFacts
from shared.halopsa.facts_configuration import cases
from shared.policy.document import read_policy, shipped_policy
from tests.harness.mirror import MemoryMirror

NOW = datetime(2026, 11, 16, tzinfo=UTC)


def codes(facts, policy=None):
    return [reason.code for reason in CONTROL.judge(facts, policy or shipped_policy(), NOW).reasons]


def test_a_change_from_an_unknown_place_is_unknown_until_policy_names_uat():
    """Nobody can say whether it was proven first."""
    judgement = CONTROL.judge(CommitFacts(3, rolled_back=False, touches_secret=False), shipped_policy(), NOW)
    assert judgement.verdict.value == "unknown"


def test_with_uat_named_a_change_made_in_production_fails():
    """And one pushed from UAT passes."""
    policy = read_policy("[configuration]\nuat_instances = [7]\n")
    assert codes(CommitFacts(3, rolled_back=False, touches_secret=False), policy) == ["not_from_uat"]
    assert codes(CommitFacts(7, rolled_back=False, touches_secret=False), policy) == []


def test_rolled_back_and_secret_changes_are_told():
    """Both reasons at once."""
    assert codes(CommitFacts(None, rolled_back=True, touches_secret=True)) == ["rolled_back", "secret_changed"]


def test_unused_twins_and_sprawl_are_told():
    """Each with its own code."""
    assert codes(TypeFacts("status", "On hold", 0, "On Hold")) == ["unused", "near_duplicate"]
    assert codes(SprawlFacts(13, 21)) == ["sprawl", "sprawl"]
    assert codes(SprawlFacts(12, 20)) == []


def test_a_uat_licence_is_told_before_it_ends_and_more_loudly_after():
    """It is time-limited; a policy that names no end asks nothing."""
    policy = read_policy("[configuration]\nuat_ends = 2026-12-31\n")
    (case,) = [one for one in cases(MemoryMirror(), policy, NOW) if one.subject.id == "uat"]

    def at(day: datetime) -> tuple[list[str], str]:
        judgement = CONTROL.judge(case.facts, policy, day)
        return [one.code for one in judgement.reasons], judgement.severity.value

    assert at(datetime(2026, 11, 30, tzinfo=UTC))[0] == []
    assert at(datetime(2026, 12, 1, tzinfo=UTC)) == (["uat_ending"], "medium")
    assert at(datetime(2027, 1, 1, tzinfo=UTC)) == (["uat_ending"], "high")
    assert not [one for one in cases(MemoryMirror(), shipped_policy(), NOW) if one.subject.id == "uat"]


def test_facts_come_from_the_mirror_with_uses_counted():
    """A type that a ticket uses is used; names that differ by case and sign are twins; an unread list is unknown."""
    mirror = MemoryMirror()
    mirror.load(
        {
            "TicketType": [{"id": 1, "name": "Incident"}, {"id": 2, "name": "incident-s"}],
            "Tickets": [{"id": 10, "tickettype_id": 1, "status_id": 1}],
        },
        NOW,
    )
    found = {(case.subject.kind, case.subject.id): case.facts for case in cases(mirror, shipped_policy(), NOW)}
    assert found["ticket_type", "1"] == TypeFacts("ticket type", "Incident", 1, None)
    assert found["ticket_type", "2"] == TypeFacts("ticket type", "incident-s", 0, "Incident")
    assert found["status", "all"] is None

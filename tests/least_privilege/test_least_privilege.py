"""Least privilege is run, not reasoned: each app under its own identity, before a store that refuses what no role gives."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.demo.api import DemoFailed
from local.guard.proxy import Deed
from local.guard.roles import BUILT_IN, MANAGEMENT, Right, actions_of, rights
from local.seeds import world
from tests.harness.guarded import Guarded
from tests.infra.reading import TABLE
from tests.least_privilege.story import Story, microsoft, seed

pytestmark = [pytest.mark.stack, pytest.mark.slow]

HELD = rights()
_MARGIN, _LEAST = 1.5, 3.0
"""A step that was refused something has so much of its usual time, and at least so many seconds, to come about all the same."""
_LOOKS = frozenset({"queueServices/queues/read", "queueServices/queues/messages/read"})
"""Whether something waits is asked all the time, whatever the step."""
PLATFORM = "Storage Blob Data Owner"
"""What Microsoft asks for the Functions host's own account; the stand-in does only a part of what that host does."""


@dataclass
class Played:
    """The story, played once from end to end with every right in place."""

    story: Story
    took: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    deeds: dict[Deed, set[str]] = field(default_factory=dict)
    """Everything that was done, with the steps it was done in."""
    refused: list[tuple[str, str, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Five apps behind the gate, and every step done once."""
    folder = tmp_path_factory.mktemp("guarded")
    with Guarded(folder, seed(), microsoft(), world.POLICY) as guarded:
        account = guarded.store()
        found = Played(Story(guarded, account))
        for name in found.story.steps():
            try:
                found.took[name] = found.story.play(name)
            except DemoFailed as fault:
                found.failed[name] = f"{fault}\n{guarded.logs()[-2000:]}"
        found.deeds = {deed: set(counts) for deed, counts in guarded.gate.deeds.items()}
        found.refused = list(guarded.gate.refused)
        yield found
        found.story.api.close()
        account.close()


def test_the_whole_story_plays_with_the_rights_of_the_table(played: Played) -> None:
    """Every app does its work under its own identity, and asks for nothing it may not do."""
    assert played.failed == {}
    assert played.refused == []


def test_no_right_is_spare(played: Played) -> None:
    """Each right was what some request was allowed by."""
    deeds = played.deeds
    held = [right for right in HELD if right.actions != MANAGEMENT]
    assert [str(right) for right in held if not any(_used(right, deed) for deed in deeds)] == []


def test_no_narrower_role_would_do(played: Played) -> None:
    """Of the storage roles there are, built in or of our own, each right is one that cannot be narrowed."""
    known = {**BUILT_IN, **{name: actions_of(name, TABLE["custom_roles"]) for name in TABLE["custom_roles"]}}
    held = HELD
    for right in held:
        if right.role == PLATFORM or right.actions == MANAGEMENT:
            continue
        others = [one for one in held if one.group == right.group and one is not right]
        mine = [deed for deed in played.deeds if _used(right, deed)]
        for name, actions in known.items():
            narrower = _of_service(actions, right) < _of_service(right.actions, right)
            swapped = Right(right.group, name, right.scope, actions)
            if narrower and all(_allowed(deed, [*others, swapped]) for deed in mine):
                pytest.fail(f"{right}: {name} would do.")


def test_custom_roles_hold_no_action_that_nobody_used(played: Played) -> None:
    """Over all who hold a role of ours, each of its actions was needed somewhere."""
    for name in TABLE["custom_roles"]:
        holders = [right for right in HELD if right.role == name]
        needed = {
            action
            for right in holders
            for deed in played.deeds
            if _used(right, deed)
            for way in deed.ways
            for action in way & right.actions
        }
        assert needed == actions_of(name, TABLE["custom_roles"]), name


def test_without_a_look_at_the_container_the_audit_says_so(played: Played) -> None:
    """Reader, the one right that Resource Manager judges: refused there, the anchor is not taken for proven."""
    assert [str(right) for right in HELD if right.actions == MANAGEMENT] == [
        "audit: Reader on evidence/containers/checkpoints"
    ]
    api = played.story.api
    before = played.story.run("audit")["anchor"]
    api.entra_fault({"match": "/arm/", "method": "GET", "status": 403, "times": 1})
    after = played.story.run("audit")
    assert (after["anchor"], after["codes"]) != (before, [])


@pytest.mark.parametrize("right", [one for one in HELD if one.actions != MANAGEMENT], ids=str)
def test_without_it_something_breaks(played: Played, right: Right) -> None:
    """The right is taken away while everything runs; the cheapest step that used it no longer reaches its end."""
    story, gate = played.story, played.story.guarded.gate
    stages = [
        stage for deed, steps in played.deeds.items() if _leans(deed, right) for stage in steps if stage != "clock"
    ]
    for stage in sorted({one for one in stages if one in played.took}, key=lambda one: played.took[one]):
        gate.without, story.enough = right, max(_LEAST, _MARGIN * played.took[stage])
        before = len(gate.refused)
        try:
            story.play(stage)
        except DemoFailed:
            assert any(group == right.group for _, group, _ in gate.refused[before:])
            return
        finally:
            gate.without = None
            _settle()
    pytest.fail(f"Nothing breaks without {right}; it was used in {sorted(set(stages))}.")


def _settle() -> None:
    """What was set going under a missing right ends before the next is taken."""
    time.sleep(0.3)


def _used(right: Right, deed: Deed) -> bool:
    return right.group == deed.group and any(right.gives(deed.place, one) for way in deed.ways for one in way)


def _leans(deed: Deed, right: Right) -> bool:
    """Whether without the right the deed would have been refused."""
    others = [one for one in HELD if one.group == right.group and one != right]
    return _used(right, deed) and not _allowed(deed, others) and not any(way <= _LOOKS for way in deed.ways)


def _allowed(deed: Deed, held: list[Right]) -> bool:
    return any(all(any(one.gives(deed.place, action) for one in held) for action in way) for way in deed.ways)


def _of_service(actions: frozenset[str], right: Right) -> frozenset[Any]:
    """Only actions on this kind of place narrow or widen a right on it."""
    kind = {"tables": "tableServices", "containers": "blobServices", "queues": "queueServices"}[
        right.scope.split("/")[1]
    ]
    return frozenset(one for one in actions if one.startswith(kind))

"""Least privilege is run, not reasoned: each app under its own identity, before systems that refuse what no right gives."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from local.demo.api import DemoFailed
from local.guard.gate import Deed
from local.guard.roles import BUILT_IN, MANAGEMENT, Right, actions_of, of_halopsa, rights
from local.processes import StartFailed
from shared.entra.catalogue import catalogue
from shared.measures.least_set import least_set
from tests.harness.guarded import Guarded
from tests.infra.reading import TABLE
from tests.least_privilege.stage import microsoft, policy, seed
from tests.least_privilege.story import ONCE, Story

pytestmark = [pytest.mark.stack, pytest.mark.slow]

HELD = rights()
SECRETS = [one for one in HELD if one.scope.startswith("vault/")]
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
    served: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    """By app and function, how often it ended well and badly."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Five apps behind the gate, and every step done once."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "policy.toml").write_text(policy(), "utf-8")
    with Guarded(folder, seed=seed(), entra_seed=microsoft(), policy=folder / "policy.toml") as guarded:
        found = Played(Story(guarded))
        for name in found.story.steps():
            try:
                found.took[name] = found.story.play(name)
            except DemoFailed as fault:
                found.failed[name] = f"{fault}\n{guarded.said()[-2000:]}"
        found.deeds = {deed: set(counts) for deed, counts in guarded.gate.deeds.items()}
        found.refused = list(guarded.gate.refused)
        found.served = found.story.api.served()
        yield found
        found.story.api.close()


def test_the_whole_story_plays_with_the_rights_of_the_table(played: Played) -> None:
    """Every app does its work under its own identity, and asks for nothing it may not do."""
    assert played.failed == {}
    assert played.refused == []


def test_every_function_ran_well_in_its_own_app(played: Played) -> None:
    """None of the table is missing: a new function is called for in the story, or this fails."""
    missing = [
        f"{group}: {name}"
        for group, one in TABLE["groups"].items()
        for name in one["functions"]
        if not played.served[group].get(name, {}).get("well")
    ]
    assert missing == []


def test_no_right_is_spare(played: Played) -> None:
    """Each right was what some request was allowed by."""
    assert [str(right) for right in HELD if not any(_used(right, deed) for deed in played.deeds)] == []


def test_no_narrower_role_would_do(played: Played) -> None:
    """Of the storage roles there are, built in or of our own, and of HaloPSA's scopes, each is one that cannot be narrowed."""
    storage = {**BUILT_IN, **{name: actions_of(name, TABLE["custom_roles"]) for name in TABLE["custom_roles"]}}
    for right in HELD:
        if right.role == PLATFORM or right.actions == MANAGEMENT:
            continue
        known = storage if _service(right) else {}
        if right.scope == "halopsa":
            scope = right.role.replace("edit:", "read:")
            known = {scope: of_halopsa(scope)}
        others = [one for one in HELD if one.group == right.group and one is not right]
        mine = [deed for deed in played.deeds if _used(right, deed)]
        for name, actions in known.items():
            narrower = _of_service(actions, right) < _of_service(right.actions, right)
            swapped = Right(right.group, name, right.scope, actions)
            if narrower and all(_allowed(deed, [*others, swapped]) for deed in mine):
                pytest.fail(f"{right}: {name} would do.")


@pytest.mark.parametrize("group", [group for group, one in TABLE["groups"].items() if one["graph"]])
def test_graph_permissions_are_the_least_set(played: Played, group: str) -> None:
    """As every review judges other integrations: of all sets that write nothing unasked and cover the calls, the least."""
    calls = [
        [way for way in deed.ways if not any("Write" in one for one in way)]
        for deed in played.deeds
        if (deed.group, deed.place) == (group, "graph")
    ]
    least = least_set(calls, catalogue().application.opens)
    assert least is not None
    assert sorted(least) == sorted(TABLE["groups"][group]["graph"])


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


@pytest.mark.parametrize("right", [one for one in HELD if one not in SECRETS], ids=str)
def test_without_it_something_breaks(played: Played, right: Right) -> None:
    """The right is taken away while everything runs; the cheapest step that used it no longer reaches its end."""
    story, gate = played.story, played.story.guarded.gate
    stages = {stage for deed, steps in played.deeds.items() if _leans(deed, right) for stage in steps}
    for stage in sorted((stages & played.took.keys()) - ONCE, key=lambda one: played.took[one]):
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
    pytest.fail(f"Nothing breaks without {right}; it was used in {sorted(stages)}.")


@pytest.mark.parametrize("right", SECRETS, ids=str)
def test_without_its_secret_an_app_does_not_start(played: Played, right: Right) -> None:
    """The platform leaves the reference where the secret should be; the app names the setting and serves nothing."""
    gate = played.story.guarded.gate
    gate.without = right
    try:
        with pytest.raises(StartFailed, match=right.scope.removeprefix("vault/").replace("_DESK", "")):
            played.story.guarded.start_twin(right.group)
    finally:
        gate.without = None


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


def _service(right: Right) -> str:
    """The storage service a right is about; empty for other systems."""
    kinds = {"tables": "tableServices", "containers": "blobServices", "queues": "queueServices"}
    return kinds[right.scope.split("/")[1]] if right.scope.startswith(("evidence/", "host/")) else ""


def _of_service(actions: frozenset[str], right: Right) -> frozenset[str]:
    """Only actions on this kind of place narrow or widen a right on it."""
    return frozenset(one for one in actions if one.startswith(_service(right)))

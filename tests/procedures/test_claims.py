"""Two messages about one project never meet in HaloPSA."""

from __future__ import annotations

import json

import pytest

from shared.actions import Action, ActionKind
from shared.errors import SourceDown
from shared.model import Subject
from shared.procedures import act
from shared.procedures.claims import SECONDS, claimed
from shared.procedures.plan import QUEUE, queue_actions, register, row_key
from tests.harness.services import FakeServices

MAKE = Action(ActionKind.CREATE_PROJECT, "create-project:700", Subject("opportunity", "700"), "12",
              {"opportunity_id": "700", "plan": {}})  # fmt: skip


def state(services, part):
    return register(services, part).get(row_key(MAKE)).body["state"]


def test_a_second_message_waits_until_the_first_is_done():
    """Planned under two runs, heard by two workers at once: HaloPSA is asked by one after the other."""
    services = FakeServices()
    for part in ("r1", "r2"):
        queue_actions(services, [MAKE], part)
        services.queues.take(QUEUE)
    seen = []

    class Writer:
        def carry_out(self, action, meaning):
            del action, meaning
            act.carry_out(services, "r2", row_key(MAKE))
            seen.append(state(services, "r2"))
            return {"project_id": 900}

    services.writer = Writer()
    act.carry_out(services, "r1", row_key(MAKE))
    assert (seen, state(services, "r1"), state(services, "r2")) == (["queued"], "done", "queued")
    assert json.loads(services.queues.take(QUEUE)) == {"part": "r2", "key": row_key(MAKE)}
    services.writer = FakeServices().writer
    act.carry_out(services, "r2", row_key(MAKE))
    assert state(services, "r2") == "done"


def test_a_failure_frees_the_claim_at_once():
    """The queue's next attempt need not wait."""
    services = FakeServices()
    queue_actions(services, [MAKE], "r1")

    class Down:
        def carry_out(self, action, meaning):
            raise SourceDown("HaloPSA does not answer.", code="halo_down")

    services.writer = Down()
    with pytest.raises(SourceDown):
        act.carry_out(services, "r1", row_key(MAKE))
    with claimed(services, MAKE.key) as ours:
        assert ours


def test_the_claim_of_somebody_who_is_gone_ends_by_itself():
    """Killed half way, nobody lets go: after a minute the next one takes it up."""
    services = FakeServices()
    with claimed(services, "key") as ours:
        assert ours
        services.clock.advance(seconds=SECONDS - 1)
        with claimed(services, "key") as second:
            assert not second
        services.clock.advance(seconds=2)
        with claimed(services, "key") as third:
            assert third
    with claimed(services, "key") as last:
        assert last

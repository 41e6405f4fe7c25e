"""Actions: carried out once, recorded, tried again when it may pass, failed visibly when it never will."""

from __future__ import annotations

import json

import pytest

from shared.actions import Action, ActionKind
from shared.errors import SourceDown, SourceRejected
from shared.model import Subject
from shared.procedures import act, bury
from shared.procedures.plan import queue_actions, register, row_key
from shared.registers.subscriptions import register as subscriptions
from tests.harness.services import FakeServices

NOTE = Action(ActionKind.NOTE_TICKET, "note-1", Subject("ticket", "4242"), "12", {"ticket_id": 4242, "note": "Look."})
TELL = Action(
    ActionKind.NOTIFY,
    "tell-1",
    Subject("hold", "h-1"),
    "12",
    {"event": "hold_placed", "practice": "msp", "title": "Held", "text": "Held.", "channel": "msp"},
)


def planned(services, action=NOTE):
    queue_actions(services, [action], "r1")
    return json.loads(services.queues.take("actions"))


def state(services, action=NOTE):
    return register(services, "r1").get(row_key(action)).body["state"]


def test_an_action_is_carried_out_once_however_often_its_message_comes():
    """The row decides, not the message."""
    services = FakeServices()
    message = planned(services)
    for _ in range(3):
        act.carry_out(services, message["part"], message["key"])
    assert len(services.writer.actions) == 1
    assert state(services) == "done"
    assert len(services.ledger.of_type("action.carried_out")) == 1


def test_planning_the_same_key_again_plans_nothing():
    """The key is the idempotency key; a finished one is not sent again."""
    services = FakeServices()
    message = planned(services)
    act.carry_out(services, message["part"], message["key"])
    assert queue_actions(services, [NOTE], "r1") == 0
    assert services.queues.take("actions") is None


def test_what_may_pass_rises_and_leaves_the_action_queued():
    """HaloPSA being down is the queue's to repeat."""
    services = FakeServices()

    def down(action, meaning):
        raise SourceDown("HaloPSA does not answer.")

    services.writer.carry_out = down
    message = planned(services)
    with pytest.raises(SourceDown):
        act.carry_out(services, message["part"], message["key"])
    assert state(services) == "queued"


def test_a_refusal_is_recorded_as_failed():
    """HaloPSA saying no is an outcome, with its words."""
    services = FakeServices()

    def refused(action, meaning):
        raise SourceRejected("A Site must be selected.")

    services.writer.carry_out = refused
    message = planned(services)
    act.carry_out(services, message["part"], message["key"])
    assert state(services) == "failed"
    assert b"A Site must be selected." in services.ledger.of_type("action.failed")[0].payload


def test_poison_is_failed_and_kept():
    """After the last try the action is failed and its message is evidence."""
    services = FakeServices()
    message = planned(services)
    bury.bury_action(services, json.dumps(message).encode())
    assert state(services) == "failed"
    assert services.ledger.of_type("message.poisoned")


def test_poison_that_is_no_json_is_still_kept():
    """Nothing is removed to make a queue quiet."""
    services = FakeServices()
    bury.bury_action(services, b"\xff\x00garbage")
    bury.bury_run(services, b"[]")
    assert len(services.ledger.of_type("message.poisoned")) == 2


def test_an_event_reaches_the_channel_and_only_subscribers_who_may_see_it():
    """A subscription narrowed to another customer hears nothing; a repeat reaches nobody twice."""
    services = FakeServices()
    for identity, customers in (("u-1", None), ("u-2", ["12"]), ("u-3", ["99"])):
        subscriptions(services.rows).insert(
            identity,
            {
                "id": identity,
                "event": "hold_placed",
                "url": f"http://127.0.0.1:9/{identity}",
                "by": "x",
                "customers": customers,
                "practices": None,
                "delivered": [],
            },
        )
    message = planned(services, TELL)
    act.carry_out(services, message["part"], message["key"])

    assert [channel for channel, _ in services.notifier.sent] == ["msp"]
    assert [url[-3:] for url, _ in services.caller.posted] == ["u-1", "u-2"]


def test_a_receiver_that_does_not_answer_does_not_have_the_channel_told_again():
    """A flow that is down is tried again; the channel hears it once."""
    services = FakeServices()
    row = {"id": "u-1", "event": "hold_placed", "url": "http://127.0.0.1:9/u-1", "by": "x"}
    subscriptions(services.rows).insert("u-1", {**row, "customers": None, "practices": None, "delivered": []})
    posted = services.caller.post
    message = planned(services, TELL)

    def down(url, body):
        raise SourceDown("The flow does not answer.")

    services.caller = type("Down", (), {"post": staticmethod(down)})
    for _ in range(3):
        with pytest.raises(SourceDown):
            act.carry_out(services, message["part"], message["key"])
    services.caller = type("Up", (), {"post": staticmethod(posted)})
    act.carry_out(services, message["part"], message["key"])
    assert len(services.notifier.sent) == len(services.notifier.posted) == 1

"""Queue triggers on Azurite: handled once, retried, buried, and never lost while a handler is slow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from local.host.functions import QUEUE
from local.host.options import QueueOptions
from local.host.queues import Listener
from shared.storage import Account, AzureQueues
from tests.local.host.tiny import Log, tiny

pytestmark = pytest.mark.stack
OPTIONS = QueueOptions(max_dequeue_count=3, retry_seconds=0, message_encoding="none")


@pytest.fixture
def queues(azurite: Account) -> AzureQueues:
    """With the queue and its poison queue empty."""
    found = AzureQueues(azurite)
    for name in ("deliveries", "deliveries-poison"):
        found.queue(name).clear_messages()
    return found


@contextmanager
def listening(
    queues: AzureQueues,
    log: Log,
    *,
    lease_seconds: int = 30,
    poison: bool = True,
    sent: Callable[[str], None] | None = None,
) -> Iterator[Listener]:
    """A listener of the tiny app's queue function."""
    function = next(one for one in tiny(log) if one.kind == QUEUE)
    grave = queues.queue("deliveries-poison") if poison else None
    with ThreadPoolExecutor(24) as pool:
        listener = Listener(
            function, queues.queue("deliveries"), grave, OPTIONS, pool, sent=sent, lease_seconds=lease_seconds
        )
        listener.start()
        yield listener
        listener.stop()


def until(true: Callable[[], bool], seconds: float = 10) -> bool:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def left(queues: AzureQueues, name: str = "deliveries") -> int:
    """Messages of a queue, hidden ones included."""
    return int(queues.queue(name).get_queue_properties().approximate_message_count or 0)


def test_every_message_is_handled_once(queues: AzureQueues) -> None:
    """Forty messages, forty calls, an empty queue."""
    log = Log()
    with listening(queues, log):
        for number in range(40):
            queues.send("deliveries", f"m{number}")
        assert until(lambda: len(log.seen) == 40 and left(queues) == 0)
    assert sorted(log.seen) == sorted((f"m{number}", 1) for number in range(40))


def test_a_failed_message_is_tried_again(queues: AzureQueues) -> None:
    """The second attempt may succeed, and then it is gone."""
    log = Log()
    log.fail = lambda body, attempt: attempt == 1
    with listening(queues, log):
        queues.send("deliveries", "m")
        assert until(lambda: len(log.seen) == 2 and left(queues) == 0)
    assert log.seen == [("m", 1), ("m", 2)]
    assert left(queues, "deliveries-poison") == 0


def test_a_message_that_always_fails_is_buried_with_its_text(queues: AzureQueues) -> None:
    """After the last attempt it lies in the poison queue, and others went on."""
    log = Log()
    log.fail = lambda body, attempt: body == "bad"
    with listening(queues, log):
        queues.send("deliveries", "bad")
        queues.send("deliveries", "good")
        assert until(lambda: left(queues, "deliveries-poison") == 1 and left(queues) == 0)
    assert [attempt for body, attempt in log.seen if body == "bad"] == [1, 2, 3]
    assert ("good", 1) in log.seen
    (buried,) = queues.queue("deliveries-poison").receive_messages()
    assert buried.content == "bad"


def test_a_message_already_over_the_limit_is_buried_unread(queues: AzureQueues) -> None:
    """A handler that kills its process cannot do so for ever."""
    for _ in range(3):
        if not left(queues):
            queues.send("deliveries", "killer")
        (taken,) = queues.queue("deliveries").receive_messages(visibility_timeout=1)
        queues.queue("deliveries").update_message(taken, visibility_timeout=0)
    log = Log()
    with listening(queues, log):
        assert until(lambda: left(queues, "deliveries-poison") == 1)
    assert log.seen == []


def test_a_poison_queue_has_no_poison_queue(queues: AzureQueues) -> None:
    """What cannot be buried is tried as often as any other message, then left there, never deleted."""
    log = Log()
    log.fail = lambda body, attempt: True
    with listening(queues, log, poison=False, lease_seconds=1):
        queues.send("deliveries", "m")
        assert until(lambda: len(log.seen) == 3)
        time.sleep(1.5)
    assert log.seen == [("m", 1), ("m", 2), ("m", 3)]
    assert left(queues) == 1


@pytest.mark.slow
def test_a_slow_handler_keeps_its_message(queues: AzureQueues) -> None:
    """The lease is renewed as long as it runs."""
    log = Log()
    log.hold = Event()
    with listening(queues, log, lease_seconds=2):
        queues.send("deliveries", "slow")
        time.sleep(5)
        log.hold.set()
        assert until(lambda: left(queues) == 0)
    assert log.seen == [("slow", 1)]


def test_a_nudge_beats_the_poll(queues: AzureQueues) -> None:
    """After a silence, a message is picked up at once when its sender nudges."""
    log = Log()
    with listening(queues, log) as listener:
        time.sleep(1.5)
        queues.send("deliveries", "m")
        started = time.monotonic()
        listener.nudge()
        assert log.happened.wait(5)
        assert time.monotonic() - started < 0.4


def test_a_listener_that_is_told_of_messages_is_idle_only_when_all_were_handled(queues: AzureQueues) -> None:
    """A message that is told of, being handled or tried again keeps it busy; one sent to show later does not."""
    log, hold = Log(), Event()
    log.fail = lambda _body, attempt: not hold.wait(10) or attempt == 1
    with listening(queues, log, sent=lambda _name: None) as listener:
        assert until(lambda: listener.idle)
        queues.send("deliveries", "now")
        listener.nudge()
        assert not listener.idle
        assert until(lambda: len(log.seen) == 1)
        assert not listener.idle
        hold.set()
        assert until(lambda: listener.idle)
        assert log.seen == [("now", 1), ("now", 2)]
        queues.send("deliveries", "later", 1)
        listener.expect(1)
        assert listener.idle
        assert until(lambda: ("later", 1) in log.seen)

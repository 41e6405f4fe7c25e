"""Queue triggers: poll, keep the lease while a handler runs, retry, and at last move to the poison queue."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import inf
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from local.host.functions import Function
from local.host.options import QueueOptions

if TYPE_CHECKING:
    from azure.storage.queue import QueueClient, QueueMessage

LEASE_SECONDS = 30
"""How long a message stays hidden after this process was killed; renewed at half of it."""
_SHORTEST, _LONGEST, _POISON = 0.02, 1.0, 2.0
"""Seconds between polls: after a message, after a long silence, and after a long silence of a poison queue."""
_TOLD = 10.0
"""After a long silence of a queue whose messages we are told of: only what others sent can be waiting there."""


@dataclass(slots=True)
class Lease:
    """A message in our hands. Renewing changes its receipt, so both sides hold the lock."""

    message: QueueMessage
    lock: Lock = field(default_factory=Lock)
    ended: bool = False


class Listener:
    """Reads one queue for one function."""

    def __init__(
        self,
        function: Function,
        queue: QueueClient,
        poison: QueueClient | None,
        options: QueueOptions,
        pool: ThreadPoolExecutor,
        *,
        after: Callable[[], None] = lambda: None,
        sent: Callable[[str], None] | None = None,
        lease_seconds: int = LEASE_SECONDS,
        by_length: bool = False,
        longest_poll: float | None = None,
    ) -> None:
        """``sent``: who hears of a message we send ourselves; given where every sender in this process tells us.

        ``by_length``: as the platform scales, nothing runs before the queue's length says that something waits.
        """
        self.function = function
        self._queue = queue
        self._poison = poison
        self._options = options
        self._pool = pool
        self._after = after
        self._sent = sent
        self._lease_seconds = lease_seconds
        usual = _TOLD if sent is not None else _POISON if poison is None else _LONGEST
        self._longest = usual if longest_poll is None else longest_poll * (2 if poison is None else 1)
        self._by_length = by_length
        self._due = inf
        self._told_at = self._seen_empty_at = 0.0
        self._leases: dict[str, Lease] = {}
        self._lock = Lock()
        self._wake = Event()
        self._stop = Event()
        self._threads = [
            Thread(target=self._poll, name=f"poll {function.name}", daemon=True),
            Thread(target=self._renew, name=f"renew {function.name}", daemon=True),
        ]

    @property
    def queue_name(self) -> str:
        """What it listens to."""
        return str(self._queue.queue_name)

    def start(self) -> None:
        """Begin to read."""
        for thread in self._threads:
            thread.start()

    def nudge(self) -> None:
        """Something may have been sent: look now rather than at the next poll. Poison can wait, unless we are told of it."""
        if self._poison is not None or self._sent is not None:
            self._told_at = time.monotonic()
            self._wake.set()

    def told(self) -> None:
        """Another process sent a message here: look now, and do not call this queue empty before."""
        self._told_at = time.monotonic()
        self._wake.set()

    def expect(self, seconds: float) -> None:
        """A message will show in so many seconds: look then."""
        self._due = min(self._due, time.monotonic() + seconds)
        self._wake.set()

    @property
    def idle(self) -> bool:
        """Nothing is in our hands, and the queue was empty when we looked after the last message we were told of.

        Messages that were sent to show later do not count; those that are tried again do.
        """
        return not self._leases and self._seen_empty_at > self._told_at

    def stop(self) -> None:
        """Take no more messages; those in work go on in the pool."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(5)

    def _poll(self) -> None:
        pause = _SHORTEST
        while not self._stop.is_set():
            room = len(self._leases) <= self._options.new_batch_threshold
            began = time.monotonic()
            taken = self._take() if room else 0
            if room and not taken:
                self._seen_empty_at = began
            # A full batch means there is more; nothing means patience, because whoever sends here nudges us.
            patience = self._longest if room and self._sent is not None else pause * 1.5
            pause = _SHORTEST if taken else min(patience, self._longest)
            if taken < self._options.batch_size:
                self._wake.wait(min(pause, max(_SHORTEST, self._due - time.monotonic())))
                self._wake.clear()
                if time.monotonic() >= self._due:
                    self._due, pause = inf, _SHORTEST

    def _take(self) -> int:
        from azure.core.exceptions import AzureError

        size = self._options.batch_size
        try:
            if self._by_length and not self._waiting():
                return 0
            pages = self._queue.receive_messages(
                messages_per_page=size, max_messages=size, visibility_timeout=self._lease_seconds
            ).by_page()
            messages = list(next(pages, ()))
        except AzureError as fault:
            self._say(f"cannot read its queue: {type(fault).__name__}")
            self._stop.wait(1)
            return 0
        for message in messages:
            lease = Lease(message)
            with self._lock:
                self._leases[message.id] = lease
            self._pool.submit(self._handle, lease)
        return len(messages)

    def _waiting(self) -> bool:
        """As the platform asks: how many messages, and how old the first is."""
        return bool(self._queue.get_queue_properties().approximate_message_count and self._queue.peek_messages())

    def _handle(self, lease: Lease) -> None:
        from azure.core.exceptions import AzureError

        # A poison queue has no poison queue: there a message over the limit is left where it lies, as the host does.
        message = lease.message
        most = self._options.max_dequeue_count
        count = int(message.dequeue_count or 1)
        try:
            done = count <= most and self._run(message)
            with lease.lock:
                lease.ended = True
                if done:
                    self._queue.delete_message(message)
                elif count >= most and self._poison is not None:
                    self._poison.send_message(message.content, time_to_live=-1)
                    if self._sent is not None:
                        self._sent(str(self._poison.queue_name))
                    self._queue.delete_message(message)
                    self._say(f"gave up on message {message.id} after {count} attempts")
                elif count <= most:
                    self._queue.update_message(
                        message, content=message.content, visibility_timeout=int(self._options.retry_seconds)
                    )
                    self._told_at = time.monotonic() + self._options.retry_seconds
                    self.expect(self._options.retry_seconds)
        except AzureError as fault:  # the message shows again when its lease runs out
            self._say(f"cannot settle message {message.id}: {type(fault).__name__}")
        finally:
            with self._lock:
                self._leases.pop(message.id, None)
                full = len(self._leases) >= self._options.new_batch_threshold
            if full or self._sent is None:  # there may be more than we had room for
                self._wake.set()
            self._after()

    def _run(self, message: QueueMessage) -> bool:
        try:
            self.function.call(handed(message))
        except Exception:  # noqa: BLE001  # whatever a function raises, the message is tried again
            self._say(f"failed on message {message.id}, attempt {message.dequeue_count}:\n{traceback.format_exc()}")
            return False
        return True

    def _renew(self) -> None:
        from azure.core.exceptions import AzureError

        while not self._stop.wait(self._lease_seconds / 2) or self._leases:
            with self._lock:
                leases = list(self._leases.values())
            for lease in leases:
                with lease.lock:
                    if lease.ended:
                        continue
                    try:
                        fresh = self._queue.update_message(
                            lease.message, content=lease.message.content, visibility_timeout=self._lease_seconds
                        )
                    except AzureError as fault:
                        self._say(f"cannot renew message {lease.message.id}: {type(fault).__name__}")
                        continue
                    lease.message.pop_receipt = fresh.pop_receipt
            if self._stop.is_set():
                return

    def _say(self, what: str) -> None:
        print(f"{self.function.name} {what}", file=sys.stderr, flush=True)


def handed(message: QueueMessage) -> Any:
    """What the worker gives a handler for a queue message."""
    from azure.functions.queue import QueueMessage as Handed

    return Handed(  # type: ignore[no-untyped-call]  # its base is the library's
        id=message.id,
        body=message.content,
        dequeue_count=message.dequeue_count,
        expiration_time=message.expires_on,
        insertion_time=message.inserted_on,
        time_next_visible=message.next_visible_on,
        pop_receipt=message.pop_receipt,
    )


def typed_by_hand(text: str) -> Any:
    """A message that never was in a queue, for the admin door."""
    from azure.functions.queue import QueueMessage as Handed

    return Handed(id="by-hand", body=text, dequeue_count=1)  # type: ignore[no-untyped-call]  # its base is the library's

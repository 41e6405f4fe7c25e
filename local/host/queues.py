"""Queue triggers: poll, keep the lease while a handler runs, retry, and at last move to the poison queue."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
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
        lease_seconds: int = LEASE_SECONDS,
    ) -> None:
        self.function = function
        self._queue = queue
        self._poison = poison
        self._options = options
        self._pool = pool
        self._after = after
        self._lease_seconds = lease_seconds
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
        """Something may have been sent: look now rather than at the next poll. Poison can wait."""
        if self._poison is not None:
            self._wake.set()

    def stop(self) -> None:
        """Take no more messages; those in work go on in the pool."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(5)

    def _poll(self) -> None:
        pause = _SHORTEST
        while not self._stop.is_set():
            taken = self._take() if len(self._leases) <= self._options.new_batch_threshold else 0
            # A full batch means there is more; nothing means patience, because whoever sends here nudges us.
            pause = _SHORTEST if taken else min(pause * 1.5, _LONGEST if self._poison is not None else _POISON)
            if taken < self._options.batch_size:
                self._wake.wait(pause)
                self._wake.clear()

    def _take(self) -> int:
        from azure.core.exceptions import AzureError

        size = self._options.batch_size
        try:
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
                    self._queue.delete_message(message)
                    self._say(f"gave up on message {message.id} after {count} attempts")
                elif count <= most:
                    self._queue.update_message(
                        message, content=message.content, visibility_timeout=int(self._options.retry_seconds)
                    )
        except AzureError as fault:  # the message shows again when its lease runs out
            self._say(f"cannot settle message {message.id}: {type(fault).__name__}")
        finally:
            with self._lock:
                self._leases.pop(message.id, None)
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

    return Handed(  # type: ignore[no-untyped-call]
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

    return Handed(id="by-hand", body=text, dequeue_count=1)  # type: ignore[no-untyped-call]

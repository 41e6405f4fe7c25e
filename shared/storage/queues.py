"""Queues on Azure Queue storage."""

from __future__ import annotations

import re
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from shared.errors import Malformed
from shared.ports import Queues
from shared.storage.account import Account, reaching

if TYPE_CHECKING:
    from azure.storage.queue import QueueClient, QueueServiceClient

_MOST_BYTES = 48 * 1024
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FOREVER = -1
_PAUSE: Any = 0.2  # the SDK says int and takes any number
"""Seconds between retries, give or take as much."""


class AzureQueues(Queues):
    """``shared.ports.Queues`` on the evidence account. Plain text: host.json says messageEncoding none."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._queues: dict[str, QueueClient] = {}
        self._lock = Lock()

    @cached_property
    def service(self) -> QueueServiceClient:
        """The SDK's client, built at first use."""
        from azure.storage.queue import LinearRetry, QueueServiceClient

        options = self._account.options()
        retries = {name: options.pop(name) for name in list(options) if name.startswith("retry_")}
        options["retry_policy"] = LinearRetry(backoff=_PAUSE, random_jitter_range=_PAUSE, **retries)
        if self._account.connection:
            return QueueServiceClient.from_connection_string(self._account.connection, **options)
        return QueueServiceClient(self._account.queue_url, credential=self._account.credential, **options)

    def queue(self, name: str) -> QueueClient:
        """The SDK's client of one queue."""
        with self._lock:
            client = self._queues.get(name)
            if client is None:
                client = self._queues[name] = self.service.get_queue_client(name)
            return client

    @override
    def send(self, queue: str, message: str, delay_seconds: int = 0) -> None:
        if _NOT_XML.search(message):
            raise Malformed("A queue message holds a character that XML cannot carry.")
        if len(message.encode()) > _MOST_BYTES:
            raise Malformed("A queue message holds at most 48 KiB.")
        with reaching(f"send to {queue}"):
            # A message sent twice is handled twice and changes nothing twice, so retries are safe here.
            self.queue(queue).send_message(message, visibility_timeout=delay_seconds, time_to_live=_FOREVER)

"""Every implementation of Queues keeps the promises of shared.ports."""

from __future__ import annotations

import pytest

from shared.errors import Malformed
from shared.ports import Queues
from shared.storage import AzureQueues
from tests.harness.memory import MemoryQueues

QUEUE = "actions"


def taken(queues: Queues) -> list[str]:
    """Everything visible, removed."""
    if isinstance(queues, MemoryQueues):
        return list(iter(lambda: queues.take(QUEUE), None))
    assert isinstance(queues, AzureQueues)
    client = queues.queue(QUEUE)
    found = []
    for message in client.receive_messages(messages_per_page=32, visibility_timeout=30):
        found.append(message.content)
        client.delete_message(message)
    return found


def test_a_message_is_the_same_text(queues: Queues) -> None:
    """Markup, quotes and letters of all kinds survive."""
    texts = {'{"id":"<a&b>"}', "Zürich 🍁 ' \"", "x" * 48 * 1024}
    for text in texts:
        queues.send(QUEUE, text)
    assert set(taken(queues)) == texts
    assert taken(queues) == []


def test_a_message_over_48_kib_is_malformed(queues: Queues) -> None:
    """The limit counts bytes, not letters."""
    with pytest.raises(Malformed):
        queues.send(QUEUE, "é" * (24 * 1024 + 1))
    assert taken(queues) == []

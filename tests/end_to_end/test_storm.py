"""A storm of deliveries while the host is killed and storage restarts: what was answered 200 is kept exactly once.

``STORM=5000`` sets how many; the usual size fits into continuous integration.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from shared.ledger.ledger import Ledger
from shared.ledger.listing import Query
from shared.ledger.names import Namespace
from shared.model import EvidenceRecord
from shared.storage import Account, AzureBlobs, AzureQueues, AzureRows
from tests.harness.clock import StillClock
from tests.harness.guarded import Guarded

pytestmark = [pytest.mark.stack, pytest.mark.slow]

DELIVERIES = int(os.environ.get("STORM", "400"))
SENDERS = 8
ARRAYS = 10
"""Every so many bodies is an array of five."""

RESTARTS = 3 + DELIVERIES // 400
"""One in three is Azurite's; each comes after another random number of accepted bodies."""

PATIENCE = 300.0 + DELIVERIES * 0.3


def delivery(number: int) -> bytes:
    """One payload; twenty customers."""
    told = {
        "id": f"storm-{number:06d}",
        "webhook_id": "w",
        "event": "ticket updated",
        "object_id": number,
        "timestamp": "2026-11-16T09:00:00Z",
        "ticket": {"id": number, "client_id": 100 + number % 20, "summary": "x" * (number % 700)},
    }
    return json.dumps(told, separators=(",", ":")).encode()


class Sender:
    """Sends each body until it is answered 200, as HaloPSA or a person re-sending would; one in twenty again after."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._until = time.monotonic() + PATIENCE
        self.answers: Counter[int] = Counter()
        """By status; 0 where the connection broke."""
        self.receipts: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def send(self, numbers: list[int]) -> None:
        """One body."""
        parts = [delivery(number) for number in numbers]
        body = parts[0] if len(parts) == 1 else b"[" + b",".join(parts) + b"]"
        with httpx.Client(trust_env=False, timeout=30) as http:
            for _ in range(2 if numbers[0] % 20 == 0 else 1):
                while not self._accepted(http, body):
                    assert time.monotonic() < self._until, "the storm does not come to its end"
                    time.sleep(0.2 + random.random() * 0.3)

    def _accepted(self, http: httpx.Client, body: bytes) -> bool:
        try:
            answer = http.post(
                self._url, content=body, headers={"Content-Type": "application/json"}, auth=("halopsa", "local-only")
            )
        except httpx.HTTPError:
            status, receipts = 0, []
        else:
            status = answer.status_code
            receipts = answer.json()["receipts"] if status == 200 else []
            if status == 503:
                assert "Retry-After" in answer.headers
        with self._lock:
            self.answers[status] += 1
            for one in receipts:
                self.receipts.setdefault(one["delivery_id"], set()).add(one["evidence_id"])
        return status == 200


def bodies() -> list[list[int]]:
    """Delivery numbers by body."""
    out: list[list[int]] = []
    number = 0
    while number < DELIVERIES:
        size = min(5 if len(out) % ARRAYS == ARRAYS - 1 else 1, DELIVERIES - number)
        out.append(list(range(number, number + size)))
        number += size
    return out


def kept(account: Account) -> tuple[list[EvidenceRecord], Ledger]:
    """Every delivery in every log."""
    ledger = Ledger(
        AzureRows(account),
        AzureBlobs(account),
        StillClock(),
        Namespace("evidence.local/halo-attest", "1", "local-only-salt"),
    )
    out: list[EvidenceRecord] = []
    after: str | None = None
    while True:
        page = ledger.list_evidence(Query(type="delivery.received", limit=500, after=after))
        out += page.records
        after = page.next
        if after is None:
            return out, ledger


def queued(account: Account) -> set[str]:
    """Evidence ids that wait to be handled."""
    client = AzureQueues(account).queue("deliveries")
    found: set[str] = set()
    while True:
        page = list(client.receive_messages(messages_per_page=32, max_messages=320, visibility_timeout=3600))
        if not page:
            return found
        found |= {json.loads(message.content)["evidence_id"] for message in page}


@pytest.fixture(name="stack")
def _stack(tmp_path: Path) -> Iterator[Guarded]:
    with Guarded(tmp_path, groups=("intake",), lasting=True) as stack:
        yield stack


def restart_host(stack: Guarded) -> None:
    """Killed in the middle of whatever it did."""
    stack.kill_host()
    stack.start_host()


def test_every_delivery_answered_200_is_kept_exactly_once(stack: Guarded) -> None:
    """The host is killed and Azurite restarted at arbitrary moments; nothing is lost, doubled, changed or in conflict."""
    sender = Sender(f"{stack.intake_url}/api/webhooks/halopsa/main")
    over = threading.Event()
    ended = Counter[str]()
    moments = sorted(random.Random(7).sample(range(1, len(bodies())), RESTARTS))

    def unrest() -> None:
        for turn, moment in enumerate(moments):
            while sender.answers[200] < moment and not over.is_set():
                time.sleep(0.01)
            if over.is_set():
                return
            what = "azurite" if turn % 3 == 1 else "host"
            stack.restart_store() if what == "azurite" else restart_host(stack)
            ended[what] += 1

    trouble = ThreadPoolExecutor(1).submit(unrest)
    with ThreadPoolExecutor(SENDERS) as pool:
        sending = [pool.submit(sender.send, numbers) for numbers in bodies()]
        try:
            for one in sending:
                one.result()
        finally:
            over.set()
            for one in sending:
                one.cancel()
    trouble.result(timeout=120)
    records, ledger = kept(stack.account)
    print(f"{DELIVERIES} deliveries; answers {dict(sender.answers)}; ended {dict(ended)}")
    assert ended["host"] >= RESTARTS // 2
    assert ended["azurite"] >= 1
    assert set(sender.answers) <= {0, 200, 503}
    assert Counter(record.subject.id for record in records if record.subject) == Counter(
        f"storm-{number:06d}" for number in range(DELIVERIES)
    )
    by_id = {record.subject.id: record for record in records if record.subject}
    assert {name: {by_id[name].id} for name in by_id} == sender.receipts
    with ThreadPoolExecutor(SENDERS) as pool:
        contents = list(pool.map(lambda n: ledger.content(by_id[f"storm-{n:06d}"].id), range(DELIVERIES)))
    assert contents == [delivery(number) for number in range(DELIVERIES)]
    assert {record.id for record in records} <= queued(stack.account)

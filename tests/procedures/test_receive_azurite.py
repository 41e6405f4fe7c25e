"""The doorbell over the real ledger and real tables, blobs and queues, as Azurite keeps them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from shared.ledger.ledger import Ledger
from shared.ledger.names import Namespace
from shared.settings import Settings
from shared.storage import Account, AzureBlobs, AzureQueues, AzureRows, azurite_connection, ensure_storage
from tests.harness.services import FakeServices
from tests.procedures.test_receive import body, ring

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack


@pytest.fixture
def services(azurite_port: int, request: pytest.FixtureRequest) -> Iterator[FakeServices]:
    """Real storage; every test has a ledger of its own by its salt."""
    made = FakeServices()
    made.settings = Settings({**made.settings.values, "ATTEST_STORAGE": azurite_connection(azurite_port)})
    account = Account.from_settings(made.settings)
    ensure_storage(account)
    made.rows, made.blobs, made.queues = AzureRows(account), AzureBlobs(account), AzureQueues(account)
    made.ledger = Ledger(made.rows, made.blobs, made.clock, Namespace("evidence.local/test", "1", request.node.name))
    yield made
    account.close()


def test_kept_once_whatever_comes_together(services: FakeServices) -> None:
    """A large array, the same again, one of it alone, a conflict, an unreadable element, ids of any characters."""
    many = [
        body(f"az-{n}/\\#?é\n", ticket={"client_id": n % 4 + 1}, pad="x" * (20_000 if n == 7 else 5))
        for n in range(120)
    ]
    array = b"[" + b",".join(many) + b"]"
    first = ring(services, array)[1]["receipts"]
    again = ring(services, array)[1]["receipts"]
    assert [one["duplicate"] for one in first] == [False] * 120
    assert [{**one, "duplicate": True} for one in first] == again
    assert services.ledger.content(first[7]["evidence_id"]) == many[7]
    alone = ring(services, many[3])[1]["receipts"][0]
    assert alone == again[3]
    status, answer = ring(services, b"[" + many[5] + b"," + body("az-6/\\#?é\n") + b",oops," + body("az-new") + b"]")
    assert status == 409
    assert [one.get("conflict", one.get("quarantined", False)) for one in answer["receipts"]] == [
        False,
        True,
        True,
        False,
    ]
    assert services.ledger.content(answer["receipts"][2]["evidence_id"]) == b"oops"


def test_many_senders_of_the_same_and_of_others(services: FakeServices) -> None:
    """Sixteen at once: one receipt per id, one of thirty-two contents wins an id."""

    def send(number: int) -> tuple[str, int, Any]:
        name = f"many-{number % 8}"
        status, answer = ring(services, body(name))
        return name, status, answer["receipts"][0]["evidence_id"]

    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(send, range(64)))
        mixed = [status for status, _ in pool.map(lambda n: ring(services, body("mixed", n=n)), range(32))]
    assert {status for _, status, _ in told} == {200}
    assert len({(name, evidence) for name, _, evidence in told}) == 8
    assert sorted(mixed) == [200] + [409] * 31
    assert json.loads(services.ledger.content(told[0][2]))["id"] == "many-0"

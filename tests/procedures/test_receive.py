"""The doorbell: who may ring, what is kept, what is answered, and what survives a crash between two steps."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import NotFound, StorageUnavailable, TooLarge, Unauthenticated, UnsupportedMedia
from shared.ports import Op
from shared.procedures.receive import MOST_BYTES, receive
from shared.settings import Settings
from tests.harness.faults import Faults
from tests.harness.memory import MemoryQueues, MemoryRows
from tests.harness.services import FakeServices

RIGHT = "Basic " + base64.b64encode(b"halopsa:local-only").decode()


def body(delivery_id: str = "d-1", **more: Any) -> bytes:
    """One delivery as HaloPSA sends it."""
    return json.dumps(
        {"id": delivery_id, "webhook_id": "w-1", "event": "ticket closed", "object_id": 7, **more}
    ).encode()


def ring(services: FakeServices, payload: bytes, **how: Any) -> tuple[int, dict[str, Any]]:
    """Ring with right credentials unless told otherwise."""
    return receive(
        services,
        how.get("source", "main"),
        how.get("authorization", RIGHT),
        how.get("content_type", "application/json; charset=utf-8"),
        payload,
        how.get("query", {}),
        services.clock.now(),
    )


def kept(services: FakeServices, kind: str = "delivery.received") -> list[bytes]:
    """Payloads kept, by type."""
    return [entry.payload for entry in services.ledger.of_type(kind)]


def test_a_delivery_is_kept_queued_and_receipted() -> None:
    """One object gives one receipt, one entry with the exact bytes, one message."""
    services = FakeServices()
    payload = body(ticket={"id": 7, "client_id": 12})
    status, answer = ring(services, payload)
    assert status == 200
    [receipt] = answer["receipts"]
    assert receipt["delivery_id"] == "d-1"
    assert receipt["duplicate"] is False
    [entry] = services.ledger.of_type("delivery.received")
    assert (entry.payload, entry.customer) == (payload, "12")
    assert entry.source["webhook_id"] == "w-1"
    assert [json.loads(m) for m in services.queues.messages["deliveries"]] == [
        {"evidence_id": receipt["evidence_id"], "customer": "12"}
    ]


def test_the_doorbell_only_ever_creates() -> None:
    """New, duplicate, conflict, unreadable, many: no row is changed or deleted."""

    class CreateOnly(MemoryRows):
        def transact(self, table: str, steps: Any) -> None:
            assert {op for op, _ in steps} == {Op.INSERT}
            super().transact(table, steps)

        def upsert(self, table: str, row: Any) -> None:
            pytest.fail("upsert")

        replace = delete = upsert  # type: ignore[assignment]

    services = FakeServices()
    services.rows = CreateOnly()
    many = b"[" + body("d-1") + b"," + body("d-2") + b",oops]"
    for payload in (body(), body(), body(x=1), b"{", many, many):
        ring(services, payload)
    assert len(services.ledger.entries) == 5


def test_the_same_bytes_again_are_a_duplicate_and_nothing_new() -> None:
    """I1: A second delivery answers the first one's evidence id and adds neither entry nor message."""
    services = FakeServices()
    first = ring(services, body())[1]["receipts"][0]
    status, answer = ring(services, body())
    assert status == 200
    assert answer["receipts"] == [{**first, "duplicate": True}]
    assert len(services.ledger.entries) == 1
    assert len(services.queues.messages["deliveries"]) == 1


def test_the_same_id_with_other_bytes_is_a_conflict_that_is_kept() -> None:
    """I2: 409, the conflicting bytes are recorded, the first ones stay."""
    services = FakeServices()
    ring(services, body())
    status, answer = ring(services, body(message="other"))
    assert status == 409
    assert answer["code"] == "intake_conflict"
    assert kept(services) == [body()]
    assert kept(services, "intake.conflict") == [body(message="other")]


def test_the_same_id_under_another_customer_is_still_a_conflict() -> None:
    """A claim on an id holds over all customers' logs."""
    services = FakeServices()
    ring(services, body(ticket={"client_id": 1}))
    assert ring(services, body(ticket={"client_id": 2}))[0] == 409
    assert len(kept(services)) == 1


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"source": "nobody"}, NotFound),
        ({"authorization": None}, Unauthenticated),
        ({"authorization": "Basic !!!"}, Unauthenticated),
        ({"authorization": "Bearer abc"}, Unauthenticated),
        ({"authorization": "Basic " + base64.b64encode(b"halopsa:wrong").decode()}, Unauthenticated),
        ({"authorization": "Basic " + base64.b64encode("halopsa:ünïcode".encode()).decode()}, Unauthenticated),
        ({"content_type": "text/plain"}, UnsupportedMedia),
        ({"content_type": None}, UnsupportedMedia),
    ],
)
def test_who_may_not_ring_leaves_no_trace(how: dict[str, Any], error: type[Exception]) -> None:
    """I3: Unknown sources, wrong credentials and other media types write nothing."""
    services = FakeServices()
    with pytest.raises(error):
        ring(services, body(), **how)
    assert services.ledger.entries == []
    assert services.rows.faults.writes == []


def test_source_is_judged_before_credentials_and_credentials_before_size() -> None:
    """404 before 401 before 413 before 415."""
    services = FakeServices()
    huge = b" " * (MOST_BYTES + 1)
    with pytest.raises(NotFound):
        ring(services, huge, source="nobody", authorization=None, content_type=None)
    with pytest.raises(Unauthenticated):
        ring(services, huge, authorization=None, content_type=None)
    with pytest.raises(TooLarge):
        ring(services, huge, content_type=None)


def test_one_mebibyte_is_accepted() -> None:
    """The limit itself is allowed."""
    services = FakeServices()
    payload = body(pad="")
    payload = payload[:-2] + b"x" * (MOST_BYTES - len(payload)) + payload[-2:]
    assert len(payload) == MOST_BYTES
    assert ring(services, payload)[0] == 200


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"   ",
        b"{",
        b"null",
        b"5",
        b'"text"',
        b"{}",
        b'{"id":5}',
        b'{"id":""}',
        b'{"id":null}',
        b'{"id":"a","id":"b"}',
        b'{"id":"a","x":{"y":1,"y":2}}',
        b'{"id":"a","x":NaN}',
        b'{"id":"a"} trailing',
        b'{"id":"\xff"}',
        b'{"id":"a","x":' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"id":"a","x":' + b"[" * 100_000,
        b'[{"id":"a"}',
        b'[{"id":"a"},]',
        b'[{"id":"a"}] x',
        b'[{"id":"a"},{"id":"b]',
        b'{"id":"' + b"i" * 1001 + b'"}',
        b'{"id":"a","n":' + b"9" * 5000 + b"}",
    ],
)
def test_unreadable_bytes_are_quarantined(payload: bytes) -> None:
    """400 with the evidence id of the exact bytes; the same bytes again are one entry."""
    services = FakeServices()
    status, answer = ring(services, payload)
    assert status == 400
    assert kept(services, "delivery.quarantined") == [payload]
    again = ring(services, payload)
    assert again[0] == 400
    assert again[1]["evidence_id"] == answer["evidence_id"]
    assert len(services.ledger.entries) == 1
    assert kept(services) == []


def test_an_array_keeps_each_element_as_its_own_bytes() -> None:
    """The slice of the body is the payload, and the same delivery alone is then a duplicate."""
    services = FakeServices()
    one, two = body("d-1", note='tricky "]},{[" text'), body("d-2", ticket={"client_id": 3})
    status, answer = ring(services, b" [ " + one + b" ,\n" + two + b" ] ")
    assert status == 200
    assert kept(services) == [one, two]
    assert [r["delivery_id"] for r in answer["receipts"]] == ["d-1", "d-2"]
    assert ring(services, two)[1]["receipts"][0]["duplicate"] is True


def test_an_array_with_an_unreadable_element_keeps_the_others() -> None:
    """The bad element's receipt is marked, in its place."""
    services = FakeServices()
    status, answer = ring(services, b"[" + body("d-1") + b',{"id":7},nonsense,' + body("d-2") + b"]")
    assert status == 200
    assert [r.get("quarantined", False) for r in answer["receipts"]] == [False, True, True, False]
    assert all(r["evidence_id"] for r in answer["receipts"])
    assert kept(services, "delivery.quarantined") == [b'{"id":7}', b"nonsense"]


def test_an_empty_array_is_nothing_to_keep() -> None:
    """No deliveries, no receipts."""
    assert ring(FakeServices(), b"[ ]") == (200, {"receipts": []})


def test_an_id_twice_in_one_array() -> None:
    """Same bytes are a duplicate, other bytes a conflict; the first is kept either way."""
    services = FakeServices()
    status, answer = ring(services, b"[" + body() + b"," + body() + b"]")
    assert status == 200
    assert [r["duplicate"] for r in answer["receipts"]] == [False, True]
    status, answer = ring(services, b"[" + body("d-2") + b"," + body("d-2", x=1) + b"," + body("d-3") + b"]")
    assert status == 409
    assert [r.get("conflict", False) for r in answer["receipts"]] == [False, True, False]
    assert len(kept(services)) == 3


def test_a_large_array_is_kept_whole() -> None:
    """Groups of transactions, one receipt each, in order; sent again all are duplicates."""
    services = FakeServices()
    many = b"[" + b",".join(body(f"d-{n}", ticket={"client_id": n % 3 + 1}) for n in range(130)) + b"]"
    answer = ring(services, many)[1]
    assert [r["delivery_id"] for r in answer["receipts"]] == [f"d-{n}" for n in range(130)]
    assert len(set(kept(services))) == 130
    assert all(r["duplicate"] for r in ring(services, many)[1]["receipts"])
    assert len(services.ledger.entries) == 130


@pytest.mark.parametrize(
    "name", ["a/b\\c#d?e", "é", "e\u0301", "line\nbreak", "\x00", "D-1", "d-1", " d-1", "\U0001f600"]
)
def test_ids_hold_any_characters_and_compare_byte_for_byte(name: str) -> None:
    """Whatever the id, it is kept once and not mixed up with a similar one."""
    services = FakeServices()
    ring(services, body("d-1x"))
    assert ring(services, body(name))[1]["receipts"][0]["duplicate"] is False
    assert ring(services, body(name))[1]["receipts"][0]["duplicate"] is True


def test_a_half_surrogate_in_the_id_is_kept() -> None:
    """JSON may spell what UTF-8 cannot hold."""
    services = FakeServices()
    assert ring(services, b'{"id":"\\ud800"}')[0] == 200
    assert ring(services, b'{"id":"\\ud800"}')[1]["receipts"][0]["duplicate"] is True
    assert ring(services, b'{"id":"\\ud801"}')[1]["receipts"][0]["duplicate"] is False


@pytest.mark.parametrize("client", [0, -1, "12", True, None, 1.5, 2**60, [], {}])
def test_only_a_positive_whole_number_is_a_customer(client: Any) -> None:
    """Anything else goes to the service's own log."""
    services = FakeServices()
    ring(services, body(ticket={"client_id": client}))
    assert services.ledger.of_type("delivery.received")[0].customer is None


def test_allow_list_and_path_secret() -> None:
    """A foreign webhook is quarantined; a missing or wrong secret is as wrong credentials."""
    services = FakeServices()
    raw = {"main": {"user": "halopsa", "password": "local-only", "webhook_ids": ["w-1"], "path_secret": "s3"}}
    services.settings = Settings({**services.settings.values, "ATTEST_WEBHOOK_SOURCES": json.dumps(raw)})
    with pytest.raises(Unauthenticated):
        ring(services, body())
    with pytest.raises(Unauthenticated):
        ring(services, body(), query={"secret": "s4"})
    assert ring(services, body(), query={"secret": "s3"})[0] == 200
    for foreign in ("w-2", None, {}, 5):
        assert ring(services, body("f", webhook_id=foreign), query={"secret": "s3"})[0] == 400


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_crash_at_any_step_is_healed_by_the_next_attempt(step: int, when: str) -> None:
    """Whatever write fails, the sender's retry ends with one entry and at least one message, and is answered 200."""
    services = FakeServices()
    writes = [0]

    def hook(_name: str, _number: int) -> str | None:
        writes[0] += 1
        return when if writes[0] == step else None

    faults = Faults(hook)
    services.rows, services.queues = MemoryRows(faults), MemoryQueues(faults)
    payload = b"[" + body("d-1") + b"," + body("d-2", ticket={"client_id": 4}) + b"]"
    for _ in range(3):
        try:
            status, _answer = ring(services, payload)
        except StorageUnavailable:
            continue
        assert status == 200
        break
    writes[0] = 1000
    assert sorted(kept(services)) == sorted([body("d-1"), body("d-2", ticket={"client_id": 4})])
    told = {json.loads(message)["evidence_id"] for message in services.queues.messages["deliveries"]}
    assert told == {identity for identity, _ in services.ledger.entries}
    assert all(r["duplicate"] for r in ring(services, payload)[1]["receipts"])


def test_the_same_delivery_from_many_at_once_is_kept_once() -> None:
    """Sixteen senders, one entry; other bytes under the same id are conflicts for all but one."""
    services = FakeServices()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: ring(services, body())[0], range(32)))
        mixed = list(pool.map(lambda n: ring(services, body("m", n=n))[0], range(32)))
    assert answers == [200] * 32
    assert len([one for one in kept(services) if one == body()]) == 1
    assert sorted(mixed) == [200] + [409] * 31


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_bytes_raise_or_vanish(payload: bytes) -> None:
    """Anything authentic is answered 200 or 400, and its bytes are in the ledger unless there was nothing in them."""
    services = FakeServices()
    status, _answer = ring(services, payload)
    assert status in (200, 400)
    stored = b"".join(entry.payload for _, entry in services.ledger.entries)
    assert payload.strip() in (b"", stored) or stored or json.loads(payload) == []

"""Recording, finding, listing and proving: what others build on."""

from __future__ import annotations

import base64
import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import Conflict, LedgerError, Malformed, StorageUnavailable, TooLarge
from shared.ledger import canonical, verify
from shared.ledger.listing import Query
from shared.ledger.names import TABLE, Namespace
from shared.model import NewEntry, Subject
from shared.procedures.seal import seal_all
from tests.harness.faults import Faults
from tests.harness.memory import MemoryBlobs, MemoryRows
from tests.ledger.stand import NAMES, Stand


def test_the_same_delivery_twice_is_one_entry():
    """Same key and bytes: same receipt, marked duplicate. Same key, other bytes: a conflict with the first's id."""
    stand = Stand()
    first, again = stand.record(1), stand.record(1)
    assert (again.evidence_id, again.sha256, again.duplicate) == (first.evidence_id, first.sha256, True)
    with pytest.raises(Conflict) as error:
        stand.record(1, payload=b"other")
    assert (error.value.code, error.value.details["evidence_id"]) == ("entry_conflict", first.evidence_id)
    assert not stand.record(1, "77").duplicate


@pytest.mark.parametrize("key", ["é", "e\u0301", "a/b\\c#d?e", "", "\x00\x1f", "\ud800", "x" * 100_000, "𝒳"])
def test_keys_may_hold_any_characters(key):
    """Keys are compared byte for byte; composed and decomposed letters differ."""
    stand = Stand()
    entry = NewEntry(
        type="delivery.received", key=key, payload=b"", customer="12", subject=Subject("delivery", key[:50])
    )
    assert not stand.ledger.record(entry).duplicate
    assert stand.ledger.record(entry).duplicate
    seal_all(stand)


def test_receiving_is_one_transaction():
    """One storage write per small delivery, two with a payload too large for a row; the log is registered once."""
    faults = Faults()
    stand = Stand(rows=MemoryRows(faults), blobs=MemoryBlobs(faults))
    stand.record(1)
    faults.writes.clear()
    stand.record(2)
    assert faults.writes == ["transact ledger"]
    stand.record(3, payload=b"x" * 65_537)
    assert faults.writes == ["transact ledger", "create payloads", "transact ledger"]
    faults.writes.clear()
    for number in range(4, 53):
        stand.record(number, "12")
    faults.writes.clear()
    from shared.ledger.seal import seal_log

    assert seal_log(stand.rows, stand.names.log_of("12"), stand.clock.now()).entries == 52
    assert faults.writes == ["transact ledger"] * 2


def test_many_at_once_are_few_transactions():
    """record_many groups by log, keeps the order of receipts, and copes with duplicates within and before."""
    faults = Faults()
    stand = Stand(rows=MemoryRows(faults), blobs=MemoryBlobs(faults))
    stand.record(0)
    stand.record(0, "77")
    faults.writes.clear()
    new = [
        NewEntry(type="t.t", key=f"k{number}", payload=b"p", customer=("12", "77")[number % 2]) for number in range(98)
    ]
    receipts = stand.ledger.record_many(new)
    assert faults.writes == ["transact ledger"] * 2
    assert len({receipt.evidence_id for receipt in receipts}) == 98
    again = stand.ledger.record_many([*new[:3], NewEntry(type="t.t", key="fresh", payload=b"p", customer="12"), new[0]])
    assert [receipt.duplicate for receipt in again] == [True, True, True, False, True]
    assert stand.ledger.record_many([]) == []


def test_an_answer_that_was_lost_may_be_asked_again():
    """A write that landed though it raised is a duplicate the second time."""
    verdicts = iter([None, "after"])
    faults = Faults(lambda _name, _number: next(verdicts, None))
    stand = Stand(rows=MemoryRows(faults))
    with pytest.raises(StorageUnavailable):
        stand.record(1)
    assert stand.record(1).duplicate


def test_content_and_record_before_and_after_sealing():
    """Bytes come back exactly, small or large; the index appears with the seal."""
    stand = Stand()
    bodies = {1: b"", 2: bytes(range(256)) * 60, 3: b"x" * 16_384, 4: b"x" * 16_385, 5: b"\xff" * 200_000}
    receipts = {number: stand.record(number, payload=body) for number, body in bodies.items()}
    for sealed in (False, True):
        for number, body in bodies.items():
            record = stand.ledger.find(receipts[number].evidence_id)
            assert stand.ledger.content(record.id) == body
            assert (record.index is not None) == sealed
            assert (record.customer, record.size, record.sha256) == ("12", len(body), receipts[number].sha256)
        seal_all(stand)
    for unknown in (
        "",
        "x",
        "t-" + "0" * 20 + "." + "0" * 26,
        receipts[1].evidence_id + "0",
        stand.names.meta + "." + "0" * 26,
    ):
        assert stand.ledger.find(unknown) is None
        assert stand.ledger.content(unknown) is None
        assert stand.ledger.proof(unknown) is None


def test_changed_content_is_not_served():
    """A payload that no longer has its digest raises instead of being passed on."""
    stand = Stand()
    receipt = stand.record(1, payload=b"x" * 20_000)
    stand.blobs.put("payloads", next(blob.name for blob in stand.blobs.list("payloads")), b"y" * 20_000)
    with pytest.raises(LedgerError) as error:
        stand.ledger.content(receipt.evidence_id)
    assert error.value.code == "E_PAYLOAD"


def test_descriptions_are_bounded_and_within_the_profile():
    """Whatever stands in subject and source, the leaf is canonical; over 32 KiB is refused."""
    stand = Stand()
    odd = {"float": 1.5, "big": 2**60, "e\u0301": "\ud800", "deep": [[[[]]]], "none": None, 3: "number"}
    receipt = stand.record(1, source=odd, subject=Subject("ticket", "e\u0301"), controls=("b", "a", "a"))
    leaf, _ = stand.ledger.leaf(receipt.evidence_id)
    assert verify.read_leaf(leaf, stand.names.log_of("12"))["controls"] == ["a", "b"]
    with pytest.raises(TooLarge):
        stand.record(2, source={"x": "y" * 33_000})
    with pytest.raises(Malformed):
        stand.record(3, type="")


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**53,
        "\ud800",
        "e\u0301",
        {1: 2},
        b"x",
        [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],
    ],
)
def test_the_profile_refuses(value):
    """I4: floats, large integers, half surrogates, decomposed text, odd keys and deep nesting are not canonical."""
    with pytest.raises(Malformed) as error:
        canonical.dumps(value)
    assert error.value.code == "E_INPUT"


@pytest.mark.parametrize("text", [b'{"a":1,"a":2}', b"[NaN]", b"\xff", b"{", b"[" * 100_000])
def test_reading_is_strict(text):
    """Twin keys, NaN, other encodings and endless nesting are refused."""
    with pytest.raises(Malformed):
        canonical.loads(text)


def test_log_ids_tell_nothing_and_never_meet():
    """X4: customers that look alike have different logs; the incarnation and the salt are part of the id."""
    names = {NAMES.log_of(customer) for customer in ("ACME", "acme", "acme ", "12", "1", "")} | {
        NAMES.log_of(None),
        NAMES.meta,
    }
    assert len(names) == 8
    assert Namespace(NAMES.origin, "2", NAMES.salt).log_of("12") not in names
    assert Namespace(NAMES.origin, "1", "other").log_of("12") not in names
    assert "salt" not in repr(NAMES)


def test_lists_page_without_gap_or_repeat():
    """Indexed, sealed and queued entries are listed once each, whatever moves between two pages."""
    stand = Stand()
    wanted = [stand.record(number).evidence_id for number in range(60)] + [stand.record(1, None).evidence_id]
    seal_all(stand)
    wanted += [stand.record(number).evidence_id for number in range(100, 140)]
    found, after = [], None
    for turn in range(100):
        page = stand.ledger.list_evidence(Query(limit=7, after=after))
        found += [record.id for record in page.records]
        after = page.next
        if turn == 8:
            seal_all(stand)
        if after is None:
            break
    assert sorted(found) == sorted(wanted)
    with pytest.raises(Malformed):
        stand.ledger.list_evidence(Query(after="rubbish!"))


def test_filters_narrow_a_list():
    """Customer, type, control, subject and half-open time each narrow; another customer's entries never show."""
    stand = Stand()
    stand.record(1, controls=("a",), subject=Subject("ticket", "7"))
    stand.record(1, "77")
    stand.record(2, None)
    seal_all(stand)
    later = stand.clock.advance(hours=1)
    stand.record(3, type="other.kind")

    def count(**filters):
        return len(stand.ledger.list_evidence(Query(**filters)).records)

    assert (count(), count(customers=frozenset({"12"})), count(customers=frozenset())) == (4, 2, 0)
    assert (count(type="other.kind"), count(control="a"), count(subject_kind="ticket"), count(subject_id="8")) == (
        1,
        1,
        1,
        0,
    )
    assert (count(start=later), count(end=later), count(start=later + timedelta(milliseconds=1))) == (1, 3, 0)


def test_every_entry_proves_itself_to_openssl(tmp_path):
    """A proof's leaf, path and signature hold for an independent reader and for openssl."""
    stand = Stand()
    receipts = [stand.record(number) for number in range(300)]
    assert stand.ledger.proof(receipts[0].evidence_id) is None
    seal_all(stand)
    keys = verify.read_keys(stand.ledger.trusted_vkey())
    for receipt in receipts[::37]:
        text = stand.ledger.proof(receipt.evidence_id)
        leaf, index, checkpoint = verify.read_proof(text.encode(), lambda note: verify.Checkpoint(note, keys))
        assert json.loads(leaf)["payload"]["sha256"] == receipt.sha256
        assert stand.ledger.find(receipt.evidence_id).index == index < checkpoint.size == 300
    body, _, line = text.partition("\n\n")[2].rpartition("\n\n")
    (tmp_path / "body").write_text(body + "\n", encoding="utf-8")
    (tmp_path / "signature").write_bytes(base64.b64decode(line.split()[2])[4:])
    (tmp_path / "key.pem").write_text(stand.ledger.keys()[0]["pem"])
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "body"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "Verified OK"


def test_received_at_is_the_services_clock():
    """The id carries the same instant, so that ids sort as received."""
    stand = Stand()
    stand.clock.at = datetime(2026, 11, 17, 1, 2, 3, 456_789, tzinfo=UTC)
    record = stand.ledger.find(stand.record(1).evidence_id)
    assert record.received_at == datetime(2026, 11, 17, 1, 2, 3, 456_000, tzinfo=UTC)
    assert (
        stand.rows.scan(TABLE, partition=record.log, first="q-", last="q.").rows[0].key[2:]
        == record.id.rpartition(".")[2]
    )

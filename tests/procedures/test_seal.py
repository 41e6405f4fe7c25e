"""Sealing and publishing: batches, refusals, quarantine, heartbeat, rotation."""

from __future__ import annotations

import json
from threading import Event

import pytest

from shared.errors import LedgerError, Malformed
from shared.ledger import note, verify
from shared.ledger.names import TABLE
from shared.ledger.publish import Publisher
from shared.ledger.seal import seal_log
from shared.ledger.stored import entries, read_head
from shared.model import NewEntry, parse_instant
from shared.ports import Op, Page, Row
from shared.procedures.audit import audit_all
from shared.procedures.seal import seal_all, seal_customer
from shared.signing import FileSigner
from tests.harness.faults import Faults
from tests.harness.memory import MemoryBlobs, MemoryRows
from tests.ledger.stand import ORIGIN, Stand


def _log(stand):
    return stand.names.log_of("12")


def publish(stand):
    """Publish the customer's log alone."""
    return Publisher(stand.rows, stand.blobs, stand.signer, stand.names).publish(_log(stand), stand.clock.now())


def _head(stand, **cells):
    row = stand.rows.get(TABLE, _log(stand), "head")
    stand.rows.upsert(TABLE, Row(row.partition, "head", {**row.cells, **cells}))


def sealed(count=10):
    """A published log of some entries."""
    stand = Stand()
    for number in range(count):
        stand.record(number)
    seal_all(stand)
    return stand


@pytest.mark.slow
def test_ten_thousand_pending_are_sealed():
    """I6: a flood is not refused and nothing is lost."""
    stand = Stand()
    flood = [NewEntry(type="t.t", key=f"k{number}", payload=b"%d" % number, customer="12") for number in range(10_000)]
    assert len({receipt.evidence_id for receipt in stand.ledger.record_many(flood)}) == 10_000
    result = seal_all(stand)
    assert result.entries == 10_000
    assert read_head(stand.rows, _log(stand)).size == 10_000


def test_a_sealer_that_was_overtaken_reads_the_head_again(monkeypatch):
    """Between two batches of one sealer another seals one: neither writes over the other, and the numbers go on."""
    stand, log = Stand(), _log(Stand())
    for number in range(150):
        stand.record(number)
    transact, overtaking = stand.rows.transact, []

    def overtaken(table, steps):
        overtaking.append(len(steps))
        if len(overtaking) == 2:
            late = stand.rows.scan(TABLE, partition=log, first="q-", last="q.").rows[-3:]
            with monkeypatch.context() as only:  # the other sealer sees only the newest three
                only.setattr(stand.rows, "transact", transact)
                only.setattr(stand.rows, "scan", lambda *_, **__: Page(tuple(late), None))
                assert seal_log(stand.rows, log, stand.clock.now()).entries == 3
        transact(table, steps)

    monkeypatch.setattr(stand.rows, "transact", overtaken)
    done = seal_log(stand.rows, log, stand.clock.now())
    assert (done.entries, done.lost_races) == (147, 1)
    head = read_head(stand.rows, log)
    assert (head.size, head.number) == (150, 4)
    assert len(list(entries(stand.rows, log, 0, 150))) == 150


def test_the_next_batch_is_made_ready_meanwhile_and_sent_afterwards(monkeypatch):
    """A transaction leaves only when the one before was answered; what is made ready meanwhile goes on from its head."""
    stand = Stand()
    for number in range(120):
        stand.record(number)
    transact, told, is_ready = stand.rows.transact, [], {size: Event() for size in (49, 98, 120)}

    def ready(table, steps):
        size = steps[0][1].cells["size"]
        told.append(("ready", size))
        is_ready[size].set()

        def send():
            told.append(("sent", size))
            assert is_ready[min(size + 49, 120)].wait(5)
            transact(table, steps)
            told.append(("answered", size))

        return send

    monkeypatch.setattr(stand.rows, "ready", ready)
    assert seal_log(stand.rows, _log(stand), stand.clock.now()).entries == 120
    assert [one for one in told if one[0] != "ready"] == [
        (what, size) for size in (49, 98, 120) for what in ("sent", "answered")
    ]
    assert told.index(("ready", 98)) < told.index(("answered", 49)) < told.index(("ready", 120))


def test_what_was_made_ready_behind_a_failure_is_forgotten():
    """The answer of the first batch fails before it took effect: the second, ready by then, is never sent as it is."""
    faults = Faults()
    stand = Stand(rows=MemoryRows(faults), blobs=MemoryBlobs(faults))
    for number in range(120):
        stand.record(number)
    faults.hook = lambda _name, number: "before" if number == first else None
    first = len(faults.writes) + 1
    done = seal_log(stand.rows, _log(stand), stand.clock.now())
    assert (done.entries, done.commits, read_head(stand.rows, _log(stand)).number) == (120, 3, 3)
    assert len(faults.writes) - first + 1 == 4


def test_large_entries_stay_under_the_transaction_limit():
    """Entries with full inline payloads and long descriptions go in smaller batches."""
    stand = Stand()
    for number in range(98):
        stand.record(number, payload=b"x" * 16_384, source={"note": "y" * 30_000})
    done = seal_log(stand.rows, _log(stand), stand.clock.now())
    assert (done.entries, done.commits) == (98, 2)


def test_poison_is_moved_aside_and_logged():
    """I5: A queued row that cannot be sealed does not stop what waits behind it; the move is an entry."""
    stand = Stand()
    stand.rows.insert(TABLE, Row(_log(stand), "q-00000000000000000000000000", {"payload": b"no leaf"}))
    for number in range(3):
        stand.record(number)
    result = seal_all(stand)
    assert (result.quarantined, result.entries) == (1, 4)
    assert stand.rows.get(TABLE, _log(stand), "x-00000000000000000000000000").cells["reason"] == "it holds no leaf"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("which", [1, 2])
def test_poison_is_logged_whatever_fails_on_its_way_aside(which, when):
    """It is said before it is moved: a crash between the two, or a lost answer, leaves no move that nobody logged."""
    faults = Faults()
    stand = Stand(rows=MemoryRows(faults), blobs=MemoryBlobs(faults))
    stand.record(1)
    stand.rows.insert(TABLE, Row(_log(stand), 'q-0"', {"payload": b"no leaf"}))
    first = len(faults.writes)
    faults.hook = lambda _name, number: when if number == first + which else None
    seal_all(stand)
    faults.hook = None
    seal_all(stand)
    sealed_rows = list(entries(stand.rows, _log(stand), 0, 2))
    assert [json.loads(row.cells["payload"]).get("id") for row in sealed_rows].count('0"') == 1
    assert stand.rows.get(TABLE, _log(stand), 'x-0"') is not None
    assert read_head(stand.rows, _log(stand)).size == 2


def test_poison_in_the_meta_log_is_logged_too():
    """In the service's own log, which the next sealing takes; the meta-log goes on."""
    stand = sealed(3)
    stand.rows.insert(TABLE, Row(stand.names.meta, "q-0", {"payload": b"no leaf"}))
    stand.record(9)
    assert seal_all(stand).quarantined == 1
    assert stand.rows.get(TABLE, stand.names.meta, "x-0") is not None
    seal_all(stand)
    own = stand.names.log_of(None)
    told = [
        json.loads(row.cells["leaf"])["type"] for row in entries(stand.rows, own, 0, read_head(stand.rows, own).size)
    ]
    assert told == ["entry.quarantined"]
    assert stand.ledger.proof(stand.record(9).evidence_id)


def test_a_row_the_store_refuses_is_moved_aside_and_what_waits_behind_it_is_sealed(monkeypatch):
    """Only its own transaction tells which of forty-nine it is."""
    stand = Stand()
    for number in range(120):
        stand.record(number)
    odd = stand.rows.scan(TABLE, partition=_log(stand), first="q-", last="q.").rows[60].key
    transact = stand.rows.transact

    def refusing(table, steps):
        if any(op is Op.DELETE and row.key == odd for op, row in steps) and steps[0][1].key == "head":
            raise Malformed("No.")
        transact(table, steps)

    monkeypatch.setattr(stand.rows, "transact", refusing)
    result = seal_all(stand)
    assert (result.quarantined, result.entries) == (1, 120)  # 119 and what is said of the one
    assert stand.rows.get(TABLE, _log(stand), odd.replace("q-", "x-")).cells["reason"] == "the store refuses it"
    assert audit_all(stand)["codes"] == []


def test_publishing_refuses_to_shrink():
    """A head behind its publication is not signed."""
    stand = sealed()
    seal = stand.rows.get(TABLE, _log(stand), f"s-{1:020d}")
    for number in range(20, 25):
        stand.record(number)
    seal_all(stand)
    stand.rows.upsert(TABLE, Row(_log(stand), "head", seal.cells))
    with pytest.raises(LedgerError, match="behind") as error:
        publish(stand)
    assert error.value.code == "E_ROLLBACK"


def test_publishing_refuses_to_fork_and_to_break():
    """Another root at the same size, or a head that does not continue, is not signed; the others still are."""
    stand = sealed(8)
    _head(stand, root=b"x" * 32, edge=b"x" * 32)
    with pytest.raises(LedgerError) as error:
        publish(stand)
    assert error.value.code == "E_FORK"
    stand = sealed(8)
    _head(stand, size=16, root=b"x" * 32, edge=b"x" * 32)
    stand.record(1, "77")
    result = seal_all(stand)
    assert result.refused == ["E_GAP"]
    assert stand.ledger.checkpoint(stand.names.log_of("77")) is not None
    with pytest.raises(LedgerError):
        seal_customer(stand, "12")


def test_the_clock_may_not_go_back():
    """T5: nothing is signed while the clock is behind; entries are still taken, and published when it is right again."""
    stand = sealed()
    stand.clock.advance(hours=-1)
    receipt = stand.record(50)
    result = seal_all(stand)
    assert "E_TIME" in result.refused
    assert stand.ledger.find(receipt.evidence_id).index == 10
    assert stand.ledger.proof(receipt.evidence_id) is None
    stand.clock.advance(hours=2)
    assert seal_all(stand).refused == []
    assert stand.ledger.proof(receipt.evidence_id) is not None


def test_nothing_new_signs_nothing_until_the_heartbeat():
    """Without growth no checkpoint is made, but the meta-log is signed again every day."""
    stand = sealed()
    assert seal_all(stand).published == 0
    before = len(list(stand.blobs.list("checkpoints")))
    stand.clock.advance(hours=25)
    assert seal_all(stand).published == 1
    assert len(list(stand.blobs.list("checkpoints"))) == before + 1
    assert audit_all(stand)["codes"] == []


def test_a_new_key_takes_over(tmp_path):
    """After a rotation old and new checkpoints verify with the keys that are published; the old key is bounded."""
    stand = sealed()
    first = stand.ledger.checkpoint(_log(stand))
    stand.signer = FileSigner(tmp_path / "next.pem", ORIGIN)
    stand.clock.advance(hours=1)
    stand.record(99)
    seal_all(stand)
    keys = stand.ledger.keys()
    assert [key["to_size"] is None for key in keys] == [False, True]
    trusted = verify.read_keys(stand.ledger.trusted_vkey())
    for signed in (first, stand.ledger.checkpoint(_log(stand))):
        assert verify.Checkpoint(signed.encode(), trusted).origin == stand.names.origin_of(_log(stand))
    text = note.checkpoint_text(stand.names.origin_of(_log(stand)), 5000, bytes(32))
    with pytest.raises(verify.Fault) as error:
        verify.Checkpoint(note.sign(text, sealed().signer).encode(), trusted)
    assert error.value.codes == ("E_KEY_RANGE",)
    assert audit_all(stand)["codes"] == []


def test_events_are_covered_at_once():
    """What was received before the call is under a published checkpoint after it."""
    stand = Stand()
    receipt = stand.record(1)
    seal_customer(stand, "12")
    assert "c2sp.org/tlog-proof@v1" in stand.ledger.proof(receipt.evidence_id)
    assert seal_customer(stand, "nobody").entries == 0


def test_a_publisher_whose_turn_was_just_before_anothers_is_not_refused():
    """Two instances publish at once, or their clocks differ a little: the checkpoint bears the later time."""
    stand = sealed()
    before = stand.clock.now()
    stand.clock.advance(milliseconds=-300)
    stand.record(50)
    assert seal_all(stand).refused == []
    assert parse_instant(stand.rows.get(TABLE, _log(stand), "pub").cells["time"]) == before
    assert audit_all(stand)["codes"] == []

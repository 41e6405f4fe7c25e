"""Every storage write of ingest, seal and publish fails once before and once after it took effect; nothing is lost."""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest

from shared.errors import StorageUnavailable
from shared.ledger import merkle
from shared.ledger.names import TABLE
from shared.ledger.stored import logs
from shared.model import NewEntry
from shared.procedures.audit import audit_all
from shared.procedures.seal import seal_all
from tests.harness.faults import Faults
from tests.harness.memory import MemoryBlobs, MemoryRows
from tests.ledger.stand import Stand


def faulty(hook):
    """A ledger whose every storage write asks the hook."""
    faults = Faults(hook)
    return Stand(rows=MemoryRows(faults), blobs=MemoryBlobs(faults, worm=frozenset({"checkpoints"}))), faults


class Twice:
    """The hook under which every distinct write fails before it happens the first time, and after it the second.

    A write is told from others by its table or container and the lowest key it makes, so that another sealer's attempt
    at the same seal counts as the same write. ``seen`` counts attempts.
    """

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self.local = threading.local()

    def __call__(self, name: str, _number: int) -> str | None:
        with self._lock:
            self.seen[name, self.local.what] += 1
            return {1: "before", 2: "after"}.get(self.seen[name, self.local.what])


class NamedRows(MemoryRows):
    """Tells the hook what is written."""

    def transact(self, table, steps):
        keys = [row.key for _, row in steps if not row.key.startswith("q-")]  # a new name at every attempt
        self.faults.hook.local.what = f"{steps[0][1].partition} {min(keys)}"
        super().transact(table, steps)

    def insert(self, table, row):
        self.faults.hook.local.what = f"{row.partition} {row.key}"
        super().insert(table, row)

    def upsert(self, table, row):
        self.faults.hook.local.what = f"{row.partition} {row.key}"
        super().upsert(table, row)

    def replace(self, table, row):
        self.faults.hook.local.what = f"{row.partition} {row.key} over {row.etag}"
        super().replace(table, row)


class NamedBlobs(MemoryBlobs):
    """The same for blobs."""

    def create(self, container, name, data, media_type=""):
        self.faults.hook.local.what = name
        super().create(container, name, data, media_type)


def until_it_works(call, most=30):
    """What a queue does: try again."""
    for _ in range(most):
        try:
            return call()
        except StorageUnavailable:
            continue
    raise AssertionError("never worked")


def entry(number, customers=2):
    """An entry; some are large."""
    payload = b"%d" % number if number % 10 else b"%d" % number * 5000
    return NewEntry(type="delivery.received", key=f"key-{number}", payload=payload, customer=str(number % customers))


def check(stand, numbers):
    """Exactly once, contiguous, every sealed root a prefix of the last; the audit finds nothing."""
    seen = []
    for named in [one.log for one in logs(stand.rows)]:
        rows = stand.rows.scan(TABLE, partition=named, first="e-", last="e.").rows
        assert [row.key for row in rows] == [f"e-{at:020d}" for at in range(len(rows))]
        leaves = [merkle.leaf_hash(row.cells["leaf"]) for row in rows]
        for seal in stand.rows.scan(TABLE, partition=named, first="s-", last="s.").rows:
            assert merkle.root_of(leaves[: seal.cells["size"]]) == seal.cells["root"]
        assert not stand.rows.scan(TABLE, partition=named, first="q-", last="r").rows
        seen += [row.cells["ulid"] for row in rows]
    assert len(seen) == len(set(seen)) == numbers
    stand.rows.faults.hook = None
    assert audit_all(stand)["codes"] == []


def story(stand, count=30):
    """Receive, repeat some, seal and publish twice."""
    receipts = {}
    for number in range(count):
        receipts[number] = until_it_works(lambda number=number: stand.ledger.record(entry(number)))
        if number % 10 == 3:
            again = until_it_works(lambda number=number: stand.ledger.record(entry(number)))
            assert again.duplicate
            assert again.evidence_id == receipts[number].evidence_id
        if number == count // 2:
            until_it_works(lambda: seal_all(stand))
            stand.clock.advance(seconds=1)
    until_it_works(lambda: seal_all(stand))
    return receipts


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["before", "after"])
def test_every_single_write_fails_once(kind):
    """One fault at each write in turn, as if it did not happen and as if only its answer was lost."""
    stand, faults = faulty(None)
    story(stand)
    for place in range(1, len(faults.writes) + 1):
        stand, _ = faulty(lambda _name, number, place=place: kind if number == place else None)
        story(stand)
        check(stand, 30)


@pytest.mark.slow
@pytest.mark.parametrize("sealers", [1, 2, 4])
def test_sealers_race_with_faults(sealers):
    """Several sealers, four receivers, replays and a fault at every tenth write: exactly once all the same."""
    race(sealers, 1200, 0.1)


@pytest.mark.slow
@pytest.mark.parametrize("sealers", [1, 2, 4])
def test_ten_thousand_events(sealers):
    """I7: 10,000 events, 10 % replays: every write of ingest, seal and publish fails once before and once after it happened."""
    twice = Twice()
    faults = Faults(twice)
    stand = Stand(rows=NamedRows(faults), blobs=NamedBlobs(faults, worm=frozenset({"checkpoints"})))
    run(stand, sealers, 10_000)
    kinds = {name for name, _ in twice.seen}
    assert {"transact ledger", "insert ledger", "replace ledger", "transact evidence", "create payloads"} <= kinds
    assert {"create tiles", "create checkpoints"} <= kinds
    claims = [
        times
        for (name, what), times in twice.seen.items()
        if name == "transact ledger" and what[:2] == "t-" and " i-" in what
    ]
    assert len(claims) >= 10_000
    assert min(claims) >= 2


def race(sealers, count, rate):
    """Receive and seal at the same time under faults by chance."""
    rng = random.Random(sealers)
    lock = threading.Lock()

    def hook(_name, _number):
        with lock:
            draw = rng.random()
        return "before" if draw < rate / 2 else "after" if draw < rate else None

    run(faulty(hook)[0], sealers, count)


def run(stand, sealers, count):
    """Four receivers with replays beside some sealers; then finish and check."""
    done, errors, found = threading.Event(), [], []

    def receive(part):
        try:
            numbers = [number for number in range(count) if number % 4 == part]
            numbers += numbers[::10]
            for number in numbers:
                receipt = until_it_works(lambda number=number: stand.ledger.record(entry(number)))
                found.append((number, receipt.evidence_id))
        except Exception as error:  # noqa: BLE001 - a thread hands its failure to the test
            errors.append(error)

    def seal():
        try:
            while not done.is_set():
                until_it_works(lambda: seal_all(stand), 1000)
        except Exception as error:  # noqa: BLE001 - as above
            errors.append(error)

    receivers = [threading.Thread(target=receive, args=(part,)) for part in range(4)]
    workers = [threading.Thread(target=seal) for _ in range(sealers)]
    for thread in receivers + workers:
        thread.start()
    for thread in receivers:
        thread.join()
    done.set()
    for thread in workers:
        thread.join()
    assert errors == []
    until_it_works(lambda: seal_all(stand), 1000)
    assert len({evidence for _, evidence in found}) == len({number for number, _ in found}) == count
    check(stand, count)

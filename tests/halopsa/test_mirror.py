"""The mirror: newest wins, equal is no change, removals are tombstones, nothing is lost to races or faults."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import StorageUnavailable
from shared.halopsa import reading
from shared.halopsa.buckets import Bucket, bucket_name, decode, encode, identity
from shared.halopsa.fold import origins
from shared.halopsa.mirror import BlobMirror
from shared.ledger.entry import ulid
from tests.harness.faults import Faults
from tests.harness.memory import MemoryBlobs

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)


def ticket(number: int, update: str = "2026-11-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    """A list row."""
    return {"id": number, "last_update": update, **more}


def test_newest_wins_whatever_the_order() -> None:
    """An older row never replaces a newer one; offsets and fractions are compared as instants."""
    mirror = BlobMirror(MemoryBlobs())
    mirror.fold("Tickets", [ticket(1, "2026-11-02T00:00:00Z", v=2)])
    assert mirror.fold("Tickets", [ticket(1, "2026-11-01T23:00:00", v=1)]).changed == ()
    assert mirror.fold("Tickets", [ticket(1, "2026-11-01T23:30:00-04:00", v=3)]).changed == ("1",)
    row = mirror.get("Tickets", "1")
    assert row is not None
    assert row["v"] == 3


def test_an_equal_row_is_no_change_and_no_write() -> None:
    """Reading the same again costs no write."""
    blobs = MemoryBlobs()
    mirror = BlobMirror(blobs)
    mirror.fold("Tickets", [ticket(n) for n in range(1200)])
    writes = len(blobs.faults.writes)
    folded = mirror.fold("Tickets", [ticket(n) for n in range(1200)])
    assert (folded.changed, folded.added) == ((), 0)
    assert len(blobs.faults.writes) == writes


def test_a_field_that_became_null_goes() -> None:
    """Halo leaves out nulls: a reopened ticket loses its closing date."""
    mirror = BlobMirror(MemoryBlobs())
    mirror.fold("Tickets", [ticket(1, dateclosed="2026-11-01T00:00:00")])
    mirror.fold("Tickets", [ticket(1, "2026-11-03T00:00:00Z")])
    assert "dateclosed" not in (mirror.get("Tickets", "1") or {})


def test_a_complete_read_removes_what_was_not_seen() -> None:
    """Tombstones hide rows; seen again they come back."""
    mirror = BlobMirror(MemoryBlobs())
    mirror.apply("Client", [{"id": 1}, {"id": 2}, {"id": 900}], read_at=AT, complete=True)
    assert mirror.read_at("Client") == AT
    assert mirror.apply("Client", [{"id": 2}], read_at=AT, complete=True) == 2
    assert [row["id"] for row in mirror.rows("Client")] == [2]
    assert mirror.get("Client", "1") is None
    folded = mirror.fold("Client", [{"id": 1, "name": "back"}])
    assert folded.added == 1
    assert mirror.get("Client", "1") == {"id": 1, "name": "back"}


def test_a_partial_read_does_not_count_as_read() -> None:
    """Only a complete one says when the kind was read."""
    mirror = BlobMirror(MemoryBlobs())
    mirror.apply("Client", [{"id": 1}], read_at=AT)
    assert mirror.read_at("Client") is None
    assert mirror.observations("Client") == ()


def test_restatements_are_told() -> None:
    """A date of something that happened moved; a new fact or another spelling of the same instant is none."""
    mirror = BlobMirror(MemoryBlobs())
    mirror.fold("Tickets", [ticket(1, dateoccurred="2026-10-01T08:00:00")])
    spelled = ticket(1, "2026-11-02T00:00:00Z", dateoccurred="2026-10-01T08:00:00Z", dateclosed="2026-11-02T00:00:00")
    assert mirror.fold("Tickets", [spelled]).restated == ()
    moved = {**spelled, "last_update": "2026-11-03T00:00:00Z", "dateclosed": "2026-10-15T00:00:00"}
    assert mirror.fold("Tickets", [moved]).restated == ("1",)


def test_detail_reads_stay_under_list_reads() -> None:
    """What a detail added survives the list row, and is marked stale once the list row changed."""
    mirror = BlobMirror(MemoryBlobs())
    mirror.fold("Projects", [ticket(1, summary="a")])
    mirror.complete("Projects", {"1": {**ticket(1, summary="a"), "budgets": [1], "milestones": [2]}})
    assert mirror.fold("Projects", [ticket(1, summary="a")]).changed == ()
    mirror.fold("Projects", [ticket(1, "2026-11-05T00:00:00Z", summary="b")])
    row = mirror.get("Projects", "1") or {}
    assert (row["summary"], row["budgets"], row["@detail"]["stale"]) == ("b", [1], True)
    mirror.complete("Projects", {"1": {**ticket(1, "2026-11-05T00:00:00Z", summary="b"), "budgets": [3]}})
    row = mirror.get("Projects", "1") or {}
    assert (row["budgets"], "milestones" in row, row["@detail"]["stale"]) == ([3], False, False)


@pytest.mark.parametrize(
    ("kind", "row", "expected"),
    [
        ("Tickets", {"id": 5}, "5"),
        ("Tickets", {"id": 5.0}, "5"),
        ("RecurringInvoice", {"id": -240}, "-240"),
        ("Priority", {"id": "ABCDEF00-0000-4000-8000-000000000001"}, "abcdef00-0000-4000-8000-000000000001"),
        ("Actions", {"id": 2, "ticket_id": 9}, "9-2"),
        ("Actions", {"id": 2}, None),
        ("TimesheetEvent", {"id": 0, "ticket_id": 9, "action_number": 2}, "9-2"),
        ("TimesheetEvent", {"id": 0, "agent_id": 3, "start_date": "2026-11-01T08:00:00"}, "3@2026-11-01T08:00:00"),
        ("Timesheet", {"id": 0, "agent_id": 3, "date": "2026-11-01T00:00:00"}, "3@2026-11-01"),
        ("Timesheet", {"id": 0}, None),
        ("Tickets", {"id": True}, None),
        ("Tickets", {"id": 1.5}, None),
        ("Tickets", {"id": ""}, None),
        ("Tickets", {"id": None}, None),
        ("Tickets", {"@unreadable": 1}, None),
    ],
)
def test_identities(kind: str, row: dict[str, Any], expected: str | None) -> None:
    """Per-ticket actions, negative ids, GUIDs, rows that all have id 0, and rows without any."""
    assert identity(kind, row) == expected


def test_rows_without_identity_are_refused_by_name() -> None:
    """They are told, and the others are kept."""
    folded = BlobMirror(MemoryBlobs()).fold("Tickets", [{"id": "x" * 200}, {"summary": "y"}, {"id": 3}])
    assert folded.changed == ("3",)
    assert len(folded.refused) == 2


@given(st.lists(st.integers(-(10**12), 10**12) | st.text(min_size=1, max_size=20), max_size=40, unique_by=str))
def test_any_id_comes_back(ids: list[Any]) -> None:
    """Through buckets and bytes."""
    mirror = BlobMirror(MemoryBlobs())
    mirror.fold("Client", [{"id": one, "n": "é\ud800\n"} for one in ids])
    held = {identity("Client", row) for row in mirror.rows("Client")}
    assert held == {identity("Client", {"id": one}) for one in ids}
    assert all(mirror.get("Client", one or "") is not None for one in held)


def test_rows_come_in_id_order() -> None:
    """Negative buckets first."""
    mirror = BlobMirror(MemoryBlobs())
    mirror.fold("RecurringInvoice", [{"id": n} for n in (700, -3, 5, -900, 12_000)])
    assert [row["id"] for row in mirror.rows("RecurringInvoice")] == [-900, -3, 5, 700, 12_000]


def test_what_is_handed_out_can_be_changed_freely() -> None:
    """A caller's change does not reach the mirror."""
    mirror = BlobMirror(MemoryBlobs())
    mirror.fold("Client", [{"id": 1, "lines": [1]}])
    for _ in range(2):
        row = mirror.get("Client", "1") or {}
        assert row["lines"] == [1]
        row["lines"].append(2)
        next(iter(mirror.rows("Client")))["lines"].append(3)


def test_two_processes_never_lose_each_others_rows() -> None:
    """Compare-and-swap with retry, each with a cache of its own."""
    blobs = MemoryBlobs()
    mirrors = [BlobMirror(blobs) for _ in range(4)]

    def work(which: int) -> None:
        for n in range(25):
            mirrors[which].fold("Tickets", [ticket(which * 100 + n)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(list(mirrors[0].rows("Tickets"))) == 100


def test_a_stale_cache_does_not_hide_a_removal() -> None:
    """Another process removed the row; reading it again from the source brings it back."""
    blobs = MemoryBlobs()
    one, other = BlobMirror(blobs), BlobMirror(blobs)
    one.fold("Client", [{"id": 1}])
    other.retire("Client", set())
    one.fold("Client", [{"id": 1}])
    assert other.get("Client", "1") == {"id": 1}
    assert one.get("Client", "1") == {"id": 1}


def test_a_snapshot_is_looked_up_in_one_request() -> None:
    """States, whole kinds and single rows all come from it, and only what changed since the last one is fetched."""
    asked: list[str] = []

    class Counting(MemoryBlobs):
        def list(self, container: str, prefix: str = "") -> Any:
            asked.append(f"list {prefix}")
            return super().list(container, prefix)

        def get_with_etag(self, container: str, name: str) -> Any:
            asked.append(f"get {name}")
            return super().get_with_etag(container, name)

    mirror = BlobMirror(Counting())
    mirror.apply("Tickets", [ticket(1), ticket(2)], read_at=AT, complete=True)
    mirror.apply("Client", [{"id": 7}], read_at=AT, complete=True)
    asked.clear()
    seen = mirror.snapshot()
    assert seen.read_at("Tickets") == seen.read_at("Client") == AT
    assert seen.read_at("Invoice") is None
    assert [row["id"] for row in seen.rows("Tickets")] == [1, 2]
    assert seen.get("Client", "7") == {"id": 7}
    assert seen.get("Client", "8") is None
    assert asked == ["list "]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_failed_write_can_be_repeated(when: str) -> None:
    """Whether it landed or not."""
    blobs = MemoryBlobs(Faults(lambda _name, number: when if number == 1 else None))
    mirror = BlobMirror(blobs)
    with pytest.raises(StorageUnavailable):
        mirror.fold("Tickets", [ticket(1)])
    mirror.fold("Tickets", [ticket(1), ticket(2)])
    assert len(list(mirror.rows("Tickets"))) == 2


def test_buckets_are_small_blobs() -> None:
    """Five hundred ids, or the actions of two hundred tickets."""
    assert bucket_name("Tickets", "499") == bucket_name("Tickets", "0") != bucket_name("Tickets", "500")
    assert bucket_name("Actions", "199-7") == bucket_name("Actions", "0-1") != bucket_name("Actions", "200-1")
    assert decode("Client", encode(Bucket())) == {}


def seen(number: int, observation: str, update: str = "2026-11-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    """A list row that knows the observation it was read in."""
    return ticket(number, update, **{"@observation": observation, **more})


def test_a_row_names_the_observation_it_was_first_read_in_as_it_stands() -> None:
    """Reading the same again is no change and no write; a newer row names its own, an older one changes nothing."""
    blobs = MemoryBlobs()
    mirror = BlobMirror(blobs)
    mirror.fold("Tickets", [seen(1, "s-1.A", "2026-11-02T00:00:00Z", v=1)])
    writes = len(blobs.faults.writes)
    assert mirror.fold("Tickets", [seen(1, "s-1.B", "2026-11-02T00:00:00Z", v=1)]).changed == ()
    assert mirror.fold("Tickets", [seen(1, "s-1.C", "2026-11-01T00:00:00Z", v=0)]).changed == ()
    assert len(blobs.faults.writes) == writes
    assert origins(mirror.get("Tickets", "1") or {}) == ("s-1.A",)
    mirror.fold("Tickets", [seen(1, "s-1.D", "2026-11-03T00:00:00Z", v=2)])
    assert origins(mirror.get("Tickets", "1") or {}) == ("s-1.D",)


def test_a_row_that_does_not_know_its_observation_says_unknown_until_it_is_read_again() -> None:
    """Rows of old mirrors and rows answered to our own writes; learning it is kept, and is no change of the record."""
    mirror = BlobMirror(MemoryBlobs())
    mirror.fold("Tickets", [ticket(1, v=1)])
    assert origins(mirror.get("Tickets", "1") or {}) == ("unknown",)
    folded = mirror.fold("Tickets", [seen(1, "s-1.A", v=1)])
    assert (folded.changed, folded.added, folded.restated) == ((), 0, ())
    assert origins(mirror.get("Tickets", "1") or {}) == ("s-1.A",)
    mirror.fold("Tickets", [ticket(1, v=1)])
    assert origins(mirror.get("Tickets", "1") or {}) == ("s-1.A",)
    mirror.fold("Tickets", [ticket(1, "2026-11-02T00:00:00Z", v=2)])
    assert origins(mirror.get("Tickets", "1") or {}) == ("unknown",)


def test_a_completed_row_names_both_its_observations() -> None:
    """The list's first, then that of the detail read, which stays while a newer list row waits for the next one."""
    mirror = BlobMirror(MemoryBlobs())
    mirror.fold("Projects", [seen(1, "s-1.A", summary="a")])
    mirror.complete("Projects", {"1": {**seen(1, "s-1.B", summary="a"), "budgets": [1]}})
    row = mirror.get("Projects", "1") or {}
    assert origins(row) == ("s-1.A", "s-1.B")
    assert row["@detail"]["keys"] == ["budgets"]
    assert mirror.fold("Projects", [seen(1, "s-1.C", summary="a")]).changed == ()
    assert origins(mirror.get("Projects", "1") or {}) == ("s-1.A", "s-1.B")
    mirror.fold("Projects", [seen(1, "s-1.D", "2026-11-05T00:00:00Z", summary="b")])
    assert origins(mirror.get("Projects", "1") or {}) == ("s-1.D", "s-1.B")
    mirror.complete("Projects", {"1": {**ticket(1, "2026-11-05T00:00:00Z", summary="b"), "budgets": [3]}})
    assert origins(mirror.get("Projects", "1") or {}) == ("s-1.D", "unknown")


def test_a_record_that_rings_does_not_cost_its_whole_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was decoded for the last one serves the next, and for the reading after it, as long as nobody else wrote."""
    blobs = MemoryBlobs()
    mirror, other = BlobMirror(blobs), BlobMirror(blobs)
    mirror.fold("Tickets", [ticket(n) for n in range(100)])
    decoded: list[str] = []

    def counting(kind: str, data: bytes) -> Bucket:
        decoded.append(kind)
        return decode(kind, data)

    monkeypatch.setattr(reading, "decode", counting)
    for number in range(3):
        mirror.fold("Tickets", [ticket(number, "2026-11-02T00:00:00Z", v=1)])
        assert (mirror.get("Tickets", str(number)) or {})["v"] == 1
    assert decoded == ["Tickets"]
    other.fold("Tickets", [ticket(7, "2026-11-02T00:00:00Z", v=2)])
    mirror.fold("Tickets", [ticket(8, "2026-11-02T00:00:00Z", v=3)])
    assert [row["v"] for row in mirror.rows("Tickets") if "v" in row] == [1, 1, 1, 2, 3]


def test_a_bucket_changed_row_by_row_has_the_bytes_of_one_written_at_once() -> None:
    """Texts that were kept and texts made anew are the same."""
    rows = {str(n): ticket(n, note="é\n") for n in range(30)}
    bucket = decode("Tickets", encode(Bucket(rows)))
    for number in (3, 17, 40):
        rows[str(number)] = bucket[str(number)] = ticket(number, v=number)
    assert encode(bucket) == encode(Bucket(rows))


def test_a_detail_read_that_answers_with_another_record_completes_nothing() -> None:
    """Kept under the wrong id, it would hide the record it belongs to."""
    mirror = BlobMirror(MemoryBlobs())
    mirror.fold("ClientContract", [{"id": 1, "ref": "A"}, {"id": 2, "ref": "B"}])
    assert mirror.complete("ClientContract", {"2": {"id": 1, "ref": "A", "more": True}}) == 0
    assert [row["ref"] for row in mirror.rows("ClientContract")] == ["A", "B"]


def test_a_record_that_rang_while_its_list_was_read_is_not_gone() -> None:
    """It was made after the page it would stand on was read: who saw it says when; what was seen before that is gone."""
    mirror = BlobMirror(MemoryBlobs())

    def seen(identity: int, at: datetime) -> dict[str, Any]:
        return {"id": identity, "@observation": f"t-0123.{ulid(at)}"}

    mirror.fold("RecurringInvoice", [seen(1, AT - timedelta(days=1)), {"id": 2}, seen(3, AT + timedelta(seconds=4))])
    assert mirror.retire("RecurringInvoice", set(), AT) == 2
    assert [row["id"] for row in mirror.rows("RecurringInvoice")] == [3]
    assert mirror.retire("RecurringInvoice", set(), AT + timedelta(minutes=1)) == 1

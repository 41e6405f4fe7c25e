"""Every implementation of Rows keeps the promises of shared.ports."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.errors import Malformed, RowExists, RowStale
from shared.ports import Op, Row, Rows

TABLE = "registers"
CELLS = {
    "text": "Zürich ¤ ' \" \n 🍁",
    "empty": "",
    "whole": -(2**62),
    "small": 7,
    "yes": True,
    "no": False,
    "half": 0.5,
    "one": 1.0,
    "raw": b"\x00\xff",
    "none": b"",
    "when": datetime(2026, 11, 16, 9, 0, 0, 123456, tzinfo=UTC),
}


def stored(rows: Rows, row: Row) -> Row:
    """Insert and read back."""
    rows.insert(TABLE, row)
    found = rows.get(TABLE, row.partition, row.key)
    assert found is not None
    return found


def test_a_row_comes_back_as_it_went_in(rows: Rows, mark: str) -> None:
    """Every cell type survives with its value and its type."""
    found = stored(rows, Row(mark, "k", CELLS))
    assert dict(found.cells) == CELLS
    assert {name: type(cell) for name, cell in found.cells.items()} == {
        name: type(cell) for name, cell in CELLS.items()
    }
    assert found.etag


def test_an_instant_of_another_zone_is_the_same_instant(rows: Rows, mark: str) -> None:
    """Times are stored as instants."""
    local = datetime(2026, 11, 16, 9, 0, tzinfo=timezone(timedelta(hours=-5)))
    assert stored(rows, Row(mark, "k", {"when": local})).cells["when"] == local


def test_what_is_not_there_is_none(rows: Rows, mark: str) -> None:
    """A missing row is None, and deleting it is no error."""
    assert rows.get(TABLE, mark, "k") is None
    rows.delete(TABLE, mark, "k")


def test_insert_creates_only(rows: Rows, mark: str) -> None:
    """A taken key refuses and keeps the first row."""
    stored(rows, Row(mark, "k", {"n": 1}))
    with pytest.raises(RowExists):
        rows.insert(TABLE, Row(mark, "k", {"n": 2}))
    assert rows.get(TABLE, mark, "k").cells == {"n": 1}  # type: ignore[union-attr]


def test_upsert_replaces_the_whole_row(rows: Rows, mark: str) -> None:
    """Cells that are not named again are gone."""
    first = stored(rows, Row(mark, "k", {"a": 1, "b": 2}))
    rows.upsert(TABLE, Row(mark, "k", {"b": 3}))
    found = rows.get(TABLE, mark, "k")
    assert found is not None
    assert found.cells == {"b": 3}
    assert found.etag != first.etag


def test_replace_needs_the_present_version(rows: Rows, mark: str) -> None:
    """Only the first of two writers who read the same version wins."""
    read = stored(rows, Row(mark, "k", {"n": 1}))
    rows.replace(TABLE, replace(read, cells={"n": 2}))
    with pytest.raises(RowStale):
        rows.replace(TABLE, replace(read, cells={"n": 3}))
    assert rows.get(TABLE, mark, "k").cells == {"n": 2}  # type: ignore[union-attr]


def test_replace_of_a_row_that_is_gone_is_stale(rows: Rows, mark: str) -> None:
    """A deleted row, and one never read, cannot be replaced."""
    read = stored(rows, Row(mark, "k", {"n": 1}))
    rows.delete(TABLE, mark, "k")
    with pytest.raises(RowStale):
        rows.replace(TABLE, read)
    with pytest.raises(RowStale):
        rows.replace(TABLE, Row(mark, "never", {}))


def test_one_of_many_inserters_wins(rows: Rows, mark: str) -> None:
    """Create-only holds under a race."""

    def attempt(number: int) -> bool:
        try:
            rows.insert(TABLE, Row(mark, "k", {"n": number}))
        except RowExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1


def test_a_transaction_is_all_or_nothing(rows: Rows, mark: str) -> None:
    """One step that may not be done undoes the others."""
    stored(rows, Row(mark, "taken", {"n": 1}))
    with pytest.raises(RowExists):
        rows.transact(TABLE, [(Op.INSERT, Row(mark, "new", {})), (Op.INSERT, Row(mark, "taken", {}))])
    assert rows.get(TABLE, mark, "new") is None


def test_a_transaction_with_a_stale_step_changes_nothing(rows: Rows, mark: str) -> None:
    """Compare-and-swap on one row guards the whole batch, for replace, delete and rows that are gone."""
    read = stored(rows, Row(mark, "head", {"n": 1}))
    rows.replace(TABLE, replace(read, cells={"n": 2}))
    for step in ((Op.REPLACE, read), (Op.DELETE, read), (Op.REPLACE, Row(mark, "gone", {}, read.etag))):
        with pytest.raises(RowStale):
            rows.transact(TABLE, [(Op.INSERT, Row(mark, "new", {})), step])
    with pytest.raises(RowStale):
        rows.transact(TABLE, [(Op.UPSERT, Row(mark, "new", {})), (Op.DELETE, Row(mark, "gone", {}, "*"))])
    assert rows.get(TABLE, mark, "new") is None


def test_a_transaction_does_every_kind_of_step(rows: Rows, mark: str) -> None:
    """Insert, replace, upsert and delete together, up to a hundred."""
    head, old = stored(rows, Row(mark, "head", {"n": 1})), stored(rows, Row(mark, "old", {}))
    steps = [
        (Op.REPLACE, replace(head, cells={"n": 2})),
        (Op.DELETE, old),
        (Op.UPSERT, Row(mark, "extra", {"n": 3})),
        *((Op.INSERT, Row(mark, f"new{number:03}", {"n": number})) for number in range(97)),
    ]
    rows.transact(TABLE, steps)
    keys = [row.key for row in rows.scan(TABLE, partition=mark).rows]
    assert keys == ["extra", "head", *(f"new{number:03}" for number in range(97))]
    rows.transact(TABLE, [])


@pytest.mark.parametrize(
    "names", [[f"k{number}" for number in range(101)], ["same", "same"]], ids=["too many", "a key twice"]
)
def test_a_transaction_that_cannot_be_is_malformed(rows: Rows, mark: str, names: list[str]) -> None:
    """More than a hundred steps, or a key twice, is refused before anything is sent."""
    with pytest.raises(Malformed):
        rows.transact(TABLE, [(Op.UPSERT, Row(mark, name, {})) for name in names])
    assert rows.scan(TABLE, partition=mark).rows == ()


def test_a_transaction_stays_in_one_partition(rows: Rows, mark: str) -> None:
    """Two partitions cannot share one."""
    with pytest.raises(Malformed):
        rows.transact(TABLE, [(Op.INSERT, Row(mark, "a", {})), (Op.INSERT, Row(mark + "x", "a", {}))])


@pytest.mark.parametrize("letter", ["/", "\\", "#", "?", "\n", "\t", "\x00"])
def test_keys_that_storage_refuses_are_malformed(rows: Rows, mark: str, letter: str) -> None:
    """A forbidden character is named before it reaches the store."""
    with pytest.raises(Malformed):
        rows.insert(TABLE, Row(mark, f"a{letter}b", {}))


@pytest.mark.parametrize("key", ["", "it's", "a%20b", "a b", "é🍁", "a'b''c", "+&=;,$", "..", "(x)", '"'])
def test_odd_keys_are_found_again(rows: Rows, mark: str, key: str) -> None:
    """Any other character is part of the key, byte for byte, in reads, writes, lists and transactions."""
    partition = f"{mark} {key}"
    read = stored(rows, Row(partition, key, {"n": 1}))
    assert (read.partition, read.key) == (partition, key)
    rows.replace(TABLE, replace(read, cells={"n": 2}))
    rows.transact(TABLE, [(Op.UPSERT, Row(partition, key, {"n": 3}))])
    assert [row.cells["n"] for row in rows.scan(TABLE, partition=partition, first=key).rows] == [3]
    rows.delete(TABLE, partition, key)
    assert rows.get(TABLE, partition, key) is None


def test_cells_over_the_limit_are_malformed(rows: Rows, mark: str) -> None:
    """64 KiB is the most a cell holds: 32 Ki characters or 64 Ki bytes."""
    stored(rows, Row(mark, "k", {"text": "x" * 32768, "raw": b"x" * 65536}))
    for cell in ("x" * 32769, b"x" * 65537):
        with pytest.raises(Malformed):
            rows.insert(TABLE, Row(mark, "big", {"cell": cell}))


def test_a_scan_is_half_open_and_in_order(rows: Rows, mark: str) -> None:
    """First is included, last is not."""
    for key in ("d", "b", "a", "c"):
        rows.insert(TABLE, Row(mark, key, {}))
    assert [row.key for row in rows.scan(TABLE, partition=mark).rows] == ["a", "b", "c", "d"]
    page = rows.scan(TABLE, partition=mark, first="b", last="d")
    assert [row.key for row in page.rows] == ["b", "c"]
    assert page.next is None


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_hold_every_row_once(rows: Rows, mark: str, limit: int) -> None:
    """Following next reads all, in order, and the last page says so."""
    for number in range(5):
        rows.insert(TABLE, Row(mark, f"it's {number}", {}))
    seen: list[str] = []
    after = None
    while True:
        page = rows.scan(TABLE, partition=mark, first="it", limit=limit, after=after)
        assert 0 < len(page.rows) <= limit
        seen += [row.key for row in page.rows]
        after = page.next
        if after is None:
            break
    assert seen == [f"it's {number}" for number in range(5)]


def test_a_scan_of_all_partitions_is_in_order_and_pages(rows: Rows, mark: str) -> None:
    """Without a partition, rows come by partition, then key."""
    wanted = [(f"{mark}-{part}", str(key)) for part in "ab" for key in range(3)]
    for partition, key in reversed(wanted):
        rows.insert("claims", Row(partition, key, {}))
    seen: list[tuple[str, str]] = []
    after = None
    while True:
        page = rows.scan("claims", limit=2, after=after)
        seen += [(row.partition, row.key) for row in page.rows]
        after = page.next
        if after is None:
            break
    assert [at for at in seen if at[0].startswith(mark)] == wanted
    assert seen == sorted(seen)


@pytest.mark.slow
def test_a_scan_without_limit_reads_beyond_a_thousand(rows: Rows, mark: str) -> None:
    """The store's own page of a thousand does not show."""
    for start in range(0, 1100, 100):
        rows.transact(TABLE, [(Op.INSERT, Row(mark, f"{number:05}", {})) for number in range(start, start + 100)])
    assert len(rows.scan(TABLE, partition=mark).rows) == 1100
    page = rows.scan(TABLE, partition=mark, limit=1050)
    assert len(page.rows) == 1050
    assert page.next is not None

"""Sealing: queued entries become numbered leaves, one transaction at a time, safe with any number of sealers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.errors import LedgerError, Malformed, RowExists, RowStale, StorageUnavailable
from shared.ledger import merkle
from shared.ledger.entry import MOST_INLINE, MOST_LEAF
from shared.ledger.names import TABLE, entry_key, seal_key
from shared.ledger.stored import Head, bytes_cell, read_head
from shared.model import rfc3339
from shared.ports import Op, Row, Rows

MOST_ENTRIES = 49
"""49 entries move as 98 steps; head and seal row make 100, the most a transaction holds."""
MOST_BYTES = 2_500_000
"""Leaves and inline payloads of one transaction; base64 and JSON around them stay under 4 MiB."""
_AHEAD = 10 * MOST_ENTRIES
_MOST_LOST_RACES = 10_000
_MOST_FAILURES = 3


@dataclass(slots=True)
class Sealed:
    """What one call of ``seal_log`` did."""

    entries: int = 0
    commits: int = 0
    lost_races: int = 0
    quarantined: list[tuple[str, str]] = field(default_factory=list)
    """(ULID, reason) of rows moved out of the way."""


def _fault(row: Row) -> str | None:
    """Why a queued row can never be sealed, or None."""
    leaf = bytes_cell(row, "leaf")
    payload = row.cells.get("payload", b"")
    if not leaf:
        return "it holds no leaf"
    if len(leaf) > 2 * MOST_LEAF:
        return "its leaf is too large"
    if not isinstance(payload, bytes) or len(payload) > 4 * MOST_INLINE:
        return "its payload is too large or not bytes"
    return None


def _weight(row: Row) -> int:
    return sum(len(cell) for cell in row.cells.values() if isinstance(cell, bytes))


def _batch(waiting: Sequence[Row], most: int) -> list[Row]:
    """As many rows from the front as one transaction may hold."""
    chosen: list[Row] = []
    weight = 0
    for row in waiting[:most]:
        weight += _weight(row)
        if chosen and weight > MOST_BYTES:
            break
        chosen.append(row)
    return chosen


def _steps(log: str, head: Head, batch: Sequence[Row], now: datetime) -> tuple[Head, list[tuple[Op, Row]]]:
    """The one transaction that seals a batch, and the head after it.

    The seal's row is create-only and its number the next one: whoever comes second with a number changes nothing, so
    that a sealer need not read its own head back to go on from it.
    """
    leaves = [merkle.leaf_hash(bytes_cell(row, "leaf") or b"") for row in batch]
    edge, size = merkle.extend(head.edge, head.size, leaves)
    root, number, time = merkle.edge_root(edge), head.number + 1, rfc3339(now)
    cells: dict[str, int | str | bytes] = {
        "size": size,
        "number": number,
        "root": root,
        "edge": b"".join(edge),
        "time": time,
    }
    steps: list[tuple[Op, Row]] = [
        (Op.UPSERT, Row(log, "head", cells)),
        (Op.INSERT, Row(log, seal_key(number), cells)),
    ]
    for index, row in enumerate(batch, head.size):
        kept = {name: cell for name, cell in row.cells.items() if name in ("leaf", "payload")}
        kept["ulid"], kept["seal"] = row.key.removeprefix("q-"), number
        steps += [(Op.DELETE, row), (Op.INSERT, Row(log, entry_key(index), kept))]
    return Head(size, number, tuple(edge), root, time, ""), steps


def _quarantine(rows: Rows, log: str, row: Row, reason: str) -> None:
    moved = Row(log, "x-" + row.key.removeprefix("q-"), {**row.cells, "reason": reason})
    try:
        rows.transact(TABLE, [(Op.DELETE, row), (Op.INSERT, moved)])
    except (RowExists, RowStale):
        return  # another sealer moved it


def seal_log(rows: Rows, log: str, now: datetime) -> Sealed:
    """Seal everything that is queued now. Raises StorageUnavailable only after several attempts; nothing is lost."""
    done = Sealed()
    failures, most = 0, MOST_ENTRIES
    waiting: list[Row] = []
    head: Head | None = None
    """Where the log ends; read again after anything that did not go as it should."""
    more = True
    """Whether rows may be waiting that were not read; what comes from now on is the next sealing's."""
    while done.lost_races < _MOST_LOST_RACES:
        try:
            if not waiting:
                if not more:
                    return done
                page = rows.scan(TABLE, partition=log, first="q-", last="q.", limit=_AHEAD)
                waiting, more = list(page.rows), page.next is not None
                if not waiting:
                    return done
            poison = next(((row, why) for row in waiting[:most] if (why := _fault(row))), None)
            if poison is not None:
                _quarantine(rows, log, *poison)
                done.quarantined.append((poison[0].key.removeprefix("q-"), poison[1]))
                waiting.remove(poison[0])
                continue
            batch = _batch(waiting, most)
            head = _commit(rows, log, head or read_head(rows, log), batch, now)
        except (RowStale, RowExists):
            done.lost_races += 1
            waiting, more, head = [], True, None
            continue
        except Malformed:
            if most == 1:  # the store refuses this row on its own: nothing behind it may wait for it
                _quarantine(rows, log, waiting[0], "the store refuses it")
                done.quarantined.append((waiting[0].key.removeprefix("q-"), "the store refuses it"))
                waiting, most, more = [], MOST_ENTRIES, True
            else:
                waiting, most, more = [], 1, True
            continue
        except StorageUnavailable:
            failures += 1
            if failures >= _MOST_FAILURES:
                raise
            waiting, more, head = [], True, None
            continue
        failures = 0
        done.entries += len(batch)
        done.commits += 1
        waiting, most = waiting[len(batch) :], MOST_ENTRIES
    raise LedgerError(f"Log {log} could not be sealed: every race was lost.", code="E_SEAL")


def _commit(rows: Rows, log: str, head: Head, batch: Sequence[Row], now: datetime) -> Head:
    """Seal one batch; answer the head after it. An answer that was lost is looked up, never guessed."""
    after, steps = _steps(log, head, batch, now)
    try:
        rows.transact(TABLE, steps)
    except StorageUnavailable:
        stood = rows.get(TABLE, log, seal_key(after.number))
        if stood is None or stood.cells.get("root") != after.root:
            raise
    return after

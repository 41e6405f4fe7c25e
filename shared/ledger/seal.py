"""Sealing: queued entries become numbered leaves, one transaction at a time, safe with any number of sealers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
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
_AHEAD = 20 * MOST_ENTRIES
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
    """As many rows from the front as one transaction may hold, up to the first that can never be sealed."""
    chosen: list[Row] = []
    weight = 0
    for row in waiting[:most]:
        weight += _weight(row)
        if _fault(row) or (chosen and weight > MOST_BYTES):
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


Aside = Callable[[str, str], None]
"""Told (ULID, reason) before a row is moved out of the way, so that a crash between the two leaves no silent gap."""


def seal_log(rows: Rows, log: str, now: datetime, aside: Aside = lambda _ulid, _reason: None) -> Sealed:
    """Seal everything that is queued now. Raises StorageUnavailable only after several attempts; nothing is lost."""
    with ThreadPoolExecutor(1, "seal") as line:
        return _Sealer(rows, log, now, aside, line).run()


@dataclass(frozen=True, slots=True)
class _Ready:
    """A batch whose transaction only has to be sent."""

    batch: Sequence[Row]
    send: Callable[[], None]


class _Sealer:
    """One call of ``seal_log``. While a transaction is on its way the next is read and made ready, never sent.

    Sending is the calling thread's: it comes first, and the store's time is the other thread's to work in.
    """

    def __init__(self, rows: Rows, log: str, now: datetime, aside: Aside, line: Executor) -> None:
        self._rows, self._log, self._now, self._aside, self._line = rows, log, now, aside, line
        self._done = Sealed()
        self._failures, self._most = 0, MOST_ENTRIES
        self._tried: Sequence[Row] = ()
        self._refused: Row | None = None
        """What the store refuses on its own: nothing behind it may wait for it."""
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Trust nothing that was read: the rows that wait and where the log ends."""
        self._waiting: list[Row] = []
        self._head: Head | None = None
        self._more = True
        """Whether rows may be waiting that were not read; what comes from now on is the next sealing's."""

    def run(self) -> Sealed:
        while self._done.lost_races < _MOST_LOST_RACES:
            try:
                ready = self._next()
                while ready is not None:
                    ready = self._send(ready)
            except (RowStale, RowExists):
                self._done.lost_races += 1
                self._begin_anew()
            except Malformed:
                self._begin_anew()
                if self._most == 1 and not self._tried:
                    raise
                self._refused = self._tried[0] if self._most == 1 else None
                self._most = 1
            except StorageUnavailable:
                self._failures += 1
                if self._failures >= _MOST_FAILURES:
                    raise
                self._begin_anew()
            else:
                return self._done
        raise LedgerError(f"Log {self._log} could not be sealed: every race was lost.", code="E_SEAL")

    def _send(self, ready: _Ready) -> _Ready | None:
        """Carry out one transaction; answer the one after it. What was made ready behind a failure is forgotten."""
        alone = self._most == 1  # so that what is refused is known
        coming = None if alone else self._line.submit(self._next, ready.batch)
        try:
            ready.send()
        finally:
            if coming is not None:
                wait((coming,))
        self._failures, self._most = 0, MOST_ENTRIES
        self._done.entries += len(ready.batch)
        self._done.commits += 1
        return self._next() if coming is None else coming.result()

    def _next(self, on_its_way: Sequence[Row] = ()) -> _Ready | None:
        """The next batch, ready; None when nothing waits any more."""
        self._tried = ()
        if self._refused is not None:
            self._put_aside(self._refused, "the store refuses it")
            self._refused, self._most = None, MOST_ENTRIES
        while self._waiting or self._more:
            if not self._waiting:
                self._read_ahead(on_its_way)
            elif batch := _batch(self._waiting, self._most):
                self._waiting = self._waiting[len(batch) :]
                return self._ready(batch)
            else:
                poison = self._waiting.pop(0)
                self._put_aside(poison, _fault(poison) or "")
        return None

    def _read_ahead(self, on_its_way: Sequence[Row]) -> None:
        page = self._rows.scan(TABLE, partition=self._log, first="q-", last="q.", limit=_AHEAD)
        known = {row.key for row in on_its_way}
        self._waiting = [row for row in page.rows if row.key not in known]
        self._more = page.next is not None

    def _ready(self, batch: Sequence[Row]) -> _Ready:
        """What seals a batch when it is sent. An answer that was lost is looked up, never guessed."""
        self._tried = batch
        after, steps = _steps(self._log, self._head or read_head(self._rows, self._log), batch, self._now)
        transact = self._rows.ready(TABLE, steps)
        self._head = after

        def send() -> None:
            try:
                transact()
            except StorageUnavailable:
                stood = self._rows.get(TABLE, self._log, seal_key(after.number))
                if stood is None or stood.cells.get("root") != after.root:
                    raise

        return _Ready(batch, send)

    def _put_aside(self, row: Row, reason: str) -> None:
        ulid = row.key.removeprefix("q-")
        self._aside(ulid, reason)
        _quarantine(self._rows, self._log, row, reason)
        self._done.quarantined.append((ulid, reason))

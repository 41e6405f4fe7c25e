"""Rows of a log as values: the head, its last publication, and the leaves themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shared.errors import LedgerError
from shared.ledger import merkle
from shared.ledger.names import LOGS, TABLE, entry_key
from shared.ports import Row, Rows

PAGE = 500


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log ends. ``edge`` is its compact range."""

    size: int
    number: int
    edge: tuple[bytes, ...]
    root: bytes
    time: str
    etag: str


EMPTY = Head(0, 0, (), merkle.EMPTY_ROOT, "", "")


@dataclass(frozen=True, slots=True)
class LogName:
    """A log and whose it is; customer None is the service itself or the meta-log."""

    log: str
    customer: str | None
    origin: str = ""


def text_cell(row: Row, name: str) -> str:
    """A text cell, or ''."""
    value = row.cells.get(name, "")
    return value if isinstance(value, str) else ""


def int_cell(row: Row, name: str) -> int:
    """A number cell; LedgerError when it is none."""
    value = row.cells.get(name)
    if not isinstance(value, int):
        raise LedgerError(f"Row {row.key} of log {row.partition} holds no {name}.", code="E_FORMAT")
    return value


def bytes_cell(row: Row, name: str) -> bytes | None:
    """A binary cell, or None."""
    value = row.cells.get(name)
    return bytes(value) if isinstance(value, bytes | bytearray) else None


def head_of(row: Row | None) -> Head:
    """The head a row describes (``head`` or ``pub``); EMPTY without a row. LedgerError when it contradicts itself."""
    if row is None:
        return EMPTY
    size = int_cell(row, "size")
    root = bytes_cell(row, "root") or b""
    try:
        edge = merkle.split_edge(bytes_cell(row, "edge") or b"", size)
    except ValueError:
        raise LedgerError(
            f"The {row.key} of log {row.partition} has a compact range of another size.", code="E_ROOT"
        ) from None
    if merkle.edge_root(edge) != root:
        raise LedgerError(
            f"The {row.key} of log {row.partition} does not have the root of its compact range.", code="E_ROOT"
        )
    return Head(size, int_cell(row, "number"), edge, root, text_cell(row, "time"), row.etag)


def read_head(rows: Rows, log: str) -> Head:
    """The log's head as sealed."""
    return head_of(rows.get(TABLE, log, "head"))


def entries(rows: Rows, log: str, first: int, last: int) -> Iterator[Row]:
    """Sealed rows with first <= index < last, in order. LedgerError (E_GAP) when one is missing."""
    expected, after = first, None
    while expected < last:
        page = rows.scan(TABLE, partition=log, first=entry_key(first), last=entry_key(last), limit=PAGE, after=after)
        for row in page.rows:
            if row.key != entry_key(expected):
                raise LedgerError(f"Log {log} holds no entry {expected}.", code="E_GAP")
            yield row
            expected += 1
        after = page.next
        if after is None:
            break
    if expected < last:
        raise LedgerError(f"Log {log} holds no entry {expected}.", code="E_GAP")


def leaf_of(row: Row) -> bytes:
    """A sealed row's leaf. LedgerError (E_LEAF) when it holds none."""
    leaf = bytes_cell(row, "leaf")
    if leaf is None:
        raise LedgerError(f"Row {row.key} of log {row.partition} holds no leaf.", code="E_LEAF")
    return leaf


def logs(rows: Rows) -> list[LogName]:
    """Every log there is, in id order."""
    found: list[LogName] = []
    after: str | None = None
    while True:
        page = rows.scan(TABLE, partition=LOGS, limit=PAGE, after=after)
        for row in page.rows:
            customer = row.cells.get("customer")
            found.append(LogName(row.key, customer if isinstance(customer, str) else None, text_cell(row, "origin")))
        after = page.next
        if after is None:
            return found

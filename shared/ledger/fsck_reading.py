"""How an audit reads what is stored: rows page by page, cells that may be missing or of another kind, times in names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from shared.ports import Row, Rows

_PAGE = 500


def scan(rows: Rows, table: str, partition: str, prefix: str = "") -> Iterator[Row]:
    """Rows of a partition whose key begins with a prefix."""
    after: str | None = None
    last = prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else None
    while True:
        page = rows.scan(table, partition=partition, first=prefix or None, last=last, limit=_PAGE, after=after)
        yield from page.rows
        after = page.next
        if after is None:
            return


def bytes_of(row: Row | None, name: str) -> bytes:
    """A binary cell; empty when there is none."""
    value = row.cells.get(name) if row is not None else None
    return bytes(value) if isinstance(value, bytes | bytearray) else b""


def size_of(row: Row | None, name: str = "size") -> int:
    """A number cell; 0 when there is none."""
    value = row.cells.get(name) if row is not None else None
    return value if isinstance(value, int) else 0


def text_of(row: Row | None, name: str) -> str:
    """A text cell; '' when there is none."""
    value = row.cells.get(name) if row is not None else None
    return value if isinstance(value, str) else ""


def stamp(text: str) -> datetime | None:
    """The instant in an anchor's name."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def instant_of(identity: str) -> datetime | None:
    """When a ULID was made."""
    try:
        letters = ["0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(letter) for letter in identity[:10]]
    except ValueError:
        return None
    number = sum(value << (5 * place) for place, value in enumerate(reversed(letters)))
    return datetime.fromtimestamp(number / 1000, UTC) if number < 1 << 45 else None

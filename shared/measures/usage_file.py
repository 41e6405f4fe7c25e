"""A supplier's usage export as rows: what can be read is read, what cannot is named and counted."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from shared.errors import Malformed, Unacceptable

_DELIMITERS = (",", ";", "\t")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LONGEST = 300
_UNREADABLE = range(0xDC80, 0xDD00)
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One row: how many of an item a customer uses."""

    number: int
    customer: str
    item: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not read. ``name`` is what it says of customer and item, as far as that can be shown."""

    number: int
    name: str
    reason: str


def read_usage(body: bytes, columns: tuple[str, str, str]) -> tuple[list[UsageRow], list[RefusedRow]]:
    """Rows and refusals, in order; row 2 is the first below the header. ``columns``: customer, item, quantity.

    UTF-8, with or without a byte order mark; comma, semicolon or tab. A row with other bytes is refused, the rest read.
    Raises Malformed when it is no such table, Unacceptable when columns are missing or there is no row at all.
    """
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in body[:2000]:
        raise Malformed("The file is not UTF-8; export it as CSV in UTF-8.", code="usage_encoding")
    text = body.decode("utf-8-sig", errors="surrogateescape")
    if not text.strip():
        raise Malformed("The file is empty.", code="usage_empty")
    table, places = _table(text, columns)
    rows: list[UsageRow] = []
    refused: list[RefusedRow] = []
    try:
        for number, cells in enumerate(table, start=2):
            if not any(cell.strip() for cell in cells):
                continue
            reason = _fault(cells, places)
            if reason:
                refused.append(RefusedRow(number, _name(cells, places), reason))
                continue
            customer, item, quantity = (cells[place].strip() for place in places[:3])
            rows.append(UsageRow(number, customer, item, Decimal(quantity)))
    except csv.Error as fault:
        raise Malformed(f"The file is not CSV: {fault}.", code="usage_not_csv") from None
    if not rows and not refused:
        raise Unacceptable("The file has a header and no rows.", code="usage_empty")
    return rows, refused


def _table(text: str, columns: tuple[str, str, str]) -> tuple[csv._reader, tuple[int, int, int, int]]:  # type: ignore[name-defined]  # typeshed's
    """The reader below the header, the places of the three columns and the number of cells."""
    header: list[str] = []
    for delimiter in _DELIMITERS:
        table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            header = [cell.strip() for cell in next(table)]
        except (csv.Error, StopIteration):
            continue
        if any(_unreadable(cell) for cell in header):
            raise Malformed("The header of the file is not UTF-8.", code="usage_encoding")
        if all(header.count(column) == 1 for column in columns):
            customer, item, quantity = (header.index(column) for column in columns)
            return table, (customer, item, quantity, len(header))
    names = ", ".join(f"{column!r}" for column in columns)
    raise Unacceptable(f"The file needs the columns {names}, each once.", code="usage_columns_missing")


def _fault(cells: list[str], places: tuple[int, int, int, int]) -> str:
    if len(cells) != places[3]:
        return f"has {len(cells)} cells where the header has {places[3]}"
    customer, item, quantity = (cells[place] for place in places[:3])
    if any(_unreadable(cell) for cell in cells):
        return "is not UTF-8"
    for name, cell in (("customer", customer), ("item", item)):
        if not cell.strip():
            return f"has no {name}"
        if cell.startswith(_FORMULA):
            return f"has a formula as {name}"
        if len(cell) > _LONGEST or not cell.strip().isprintable():
            return f"has a {name} that cannot be a name"
    return _quantity_fault(quantity.strip())


def _quantity_fault(text: str) -> str:
    if not text:
        return "has no quantity"
    try:
        number = Decimal(text) if len(text) <= _LONGEST and "_" not in text else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        return "has a formula as quantity" if text.startswith(_FORMULA) else "has a quantity that is not a number"
    if number < 0:
        return "has a quantity below zero"
    return "has a quantity that is too large" if number.adjusted() >= _MOST_DIGITS else ""


def _unreadable(cell: str) -> bool:
    return any(ord(letter) in _UNREADABLE for letter in cell)


def _name(cells: list[str], places: tuple[int, int, int, int]) -> str:
    """Customer and item in printable letters; never a formula a spreadsheet would run."""
    shown = [cells[place] if place < len(cells) else "" for place in places[:2]]
    plain = [
        "".join(letter if letter.isprintable() and not 0xD800 <= ord(letter) < 0xE000 else "?" for letter in cell)[:80]
        for cell in shown
    ]
    name = " / ".join(plain)
    return f"'{name}" if name.startswith(_FORMULA) else name

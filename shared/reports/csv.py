"""A document as one rectangular CSV (RFC 4180, UTF-8 with BOM): a stable schema that Power BI can rely on."""

from __future__ import annotations

import csv
import io

from shared.reports.document import Document, Value
from shared.reports.wording import NUMERIC, neutral

MEDIA_TYPE = "text/csv"
COLUMNS = ("section", "id", "label", "column", "value", "unit", "text")
"""``column`` names the table's column a value belongs to; the cells of one table row share ``id``."""


def _cell(value: Value) -> str:
    if value is None:
        return ""
    return neutral(value) if isinstance(value, str) else repr(value)


def render(document: Document) -> bytes:
    """Headline rows first, then every cell of every table: nothing is left out."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in document.headline:
        writer.writerow(
            ["headline", one.id, neutral(one.label), "value", _cell(one.value), one.unit, neutral(one.text)]
        )
    for table in document.tables():
        for number, row in enumerate(table.rows, start=1):
            name = f"{table.id}/{number}"
            label = next((cell for cell in row if isinstance(cell, str) and cell), "")
            for column, value in zip(table.columns, row, strict=True):
                is_number = isinstance(value, int | float)
                writer.writerow(
                    [
                        table.id,
                        name,
                        neutral(label),
                        column.id,
                        _cell(value) if is_number else "",
                        column.kind if column.kind in NUMERIC else "",
                        "" if is_number else _cell(value),
                    ]
                )
    return b"\xef\xbb\xbf" + out.getvalue().encode()

"""A document as a workbook: real numbers and dates, frozen headings, filters, native charts, every row of every table."""

from __future__ import annotations

import io
import re
from typing import Any

from shared.model import parse_instant
from shared.reports.document import Chart, Column, Document, Table, Value
from shared.reports.officezip import settle
from shared.reports.palette import BY_TONE, LINE, WASH, colour, label_ink
from shared.reports.wording import NUMERIC, RIGHT, instant_of, neutral

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST = 32_000
_NUMBERS = {"count": "#,##0", "ratio": "0.0%", "hours": "#,##0.0", "money": "#,##0.00", "number": "#,##0.00##"}
_DATES = {"instant": "yyyy-mm-dd hh:mm", "day": "yyyy-mm-dd"}
_WIDTHS = {
    "count": 11,
    "ratio": 11,
    "hours": 11,
    "money": 14,
    "number": 13,
    "instant": 17,
    "day": 12,
    "tone": 10,
    "code": 22,
    "term": 22,
    "reading": 13,
}


def render(document: Document) -> bytes:
    """The workbook's bytes."""
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    ) as book:
        book.set_properties(
            {
                "title": document.title,
                "subject": document.subtitle,
                "author": "Halo Attest",
                "created": parse_instant(document.as_of).replace(tzinfo=None),
            }
        )
        _Workbook(book, document).write()
    return settle(out.getvalue(), document.as_of)


def _width(table: Table, place: int) -> int:
    """Characters of room for a column of text: what most of its cells need, between bounds."""
    lengths = sorted(len(str(row[place] or "")) for row in table.rows)
    usual = lengths[len(lengths) * 9 // 10] if lengths else 0
    return max(16, min(80, usual + 3))


class _Workbook:
    """The sheets of one document."""

    def __init__(self, book: Any, document: Document) -> None:
        self._book = book
        self._document = document
        self._names: set[str] = set()
        self._formats: dict[str, Any] = {}

    def write(self) -> None:
        summary = self._sheet("Summary")
        self._summary(summary)
        for table in self._document.tables():
            self._table(table)
        charts = self._document.charts()
        if charts:
            self._charts(summary, charts)

    def _format(self, key: str, **look: Any) -> Any:
        if key not in self._formats:
            self._formats[key] = self._book.add_format({"valign": "top", **look})
        return self._formats[key]

    def _sheet(self, title: str) -> Any:
        name = re.sub(r"[\[\]:*?/\\']", " ", title).strip()[:31].strip() or "Sheet"
        number = 2
        while name.casefold() in self._names:
            name = f"{name[:27]} {number}"
            number += 1
        self._names.add(name.casefold())
        sheet = self._book.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.hide_gridlines(2)
        return sheet

    def _summary(self, sheet: Any) -> None:
        document = self._document
        sheet.write_string(0, 0, document.title, self._format("h1", bold=True, font_size=18))
        sheet.set_row(0, 28)
        sheet.write_string(1, 0, document.subtitle, self._format("soft", font_color="#57606a"))
        if document.headline:
            self._headline(sheet)
        row = 5 + len(document.headline)
        for sentence in document.summary:
            sheet.write_string(row, 0, neutral(sentence), self._format("plain"))
            row += 1
        for place, width in enumerate((34, 14, 10, 70, 24)):
            sheet.set_column(place, place, width)

    def _headline(self, sheet: Any) -> None:
        document = self._document
        head = ("Figure", "Value", "Unit", "In words", "Id")
        self._head(sheet, 3, head, (False, True))
        for place, one in enumerate(document.headline, start=4):
            sheet.write_string(place, 0, one.label, self._format("bold", bold=True))
            tone = {"font_color": BY_TONE[one.tone]} if one.tone in BY_TONE else {}
            look = self._format(
                f"value-{one.unit}-{one.tone}",
                bold=True,
                align="right",
                num_format=_NUMBERS.get(one.unit, "#,##0.00"),
                **tone,
            )
            sheet.write_number(place, 1, one.value, look)
            sheet.write_string(place, 2, one.unit, self._format("text1", indent=1))
            sheet.write_string(place, 3, neutral(one.text), self._format("text1", indent=1))
            sheet.write_string(place, 4, one.id, self._format("soft", font_color="#57606a"))
        sheet.freeze_panes(4, 0)
        sheet.autofilter(3, 0, 3 + len(document.headline), len(head) - 1)

    def _head(self, sheet: Any, row: int, labels: tuple[str, ...], right: tuple[bool, ...] = ()) -> None:
        look = {"bold": True, "bg_color": WASH, "bottom": 2, "bottom_color": LINE, "text_wrap": True}
        for place, label in enumerate(labels):
            aside = place < len(right) and right[place]
            style = (
                self._format("head-right", align="right", **look)
                if aside
                else self._format(f"head-{bool(place)}", indent=int(bool(place)), **look)
            )
            sheet.write_string(row, place, label, style)

    def _table(self, table: Table) -> None:
        sheet = self._sheet(table.caption.split(":")[0])
        sheet.write_string(0, 0, table.caption, self._format("h2", bold=True, font_size=14))
        self._head(
            sheet,
            2,
            tuple(column.label for column in table.columns),
            tuple(column.kind in RIGHT for column in table.columns),
        )
        sheet.set_row(0, 22)
        sheet.set_row(2, 32)
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, _WIDTHS.get(column.kind, _width(table, place)))
        for row, cells in enumerate(table.rows, start=3):
            for place, (column, value) in enumerate(zip(table.columns, cells, strict=True)):
                self._cell(sheet, row, place, column, value)
        if not table.rows:
            sheet.write_string(3, 0, table.empty, self._format("soft", font_color="#57606a"))
        sheet.freeze_panes(3, 1)
        sheet.autofilter(2, 0, max(3, 2 + len(table.rows)), len(table.columns) - 1)
        sheet.repeat_rows(2)

    def _cell(self, sheet: Any, row: int, place: int, column: Column, value: Value) -> None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            look = _NUMBERS.get(column.kind, "General")
            sheet.write_number(row, place, value, self._format(column.kind, num_format=look))
            return
        at = instant_of(value) if column.kind in _DATES else None
        if at is not None:
            sheet.write_datetime(
                row, place, at.replace(tzinfo=None), self._format(column.kind, num_format=_DATES[column.kind])
            )
            return
        if value is None:
            blank = "unknown" if column.kind in NUMERIC else ""
            sheet.write_string(row, place, blank, self._format("soft", font_color="#57606a"))
            return
        text = neutral(str(value))
        if len(text) > _LONGEST:
            text = text[:_LONGEST] + " … (the rest is in the JSON format)"
        if column.kind == "tone" and value in BY_TONE:
            sheet.write_string(
                row, place, text, self._format(f"tone-{value}", bold=True, font_color=BY_TONE[str(value)])
            )
            return
        if column.kind == "reading":
            sheet.write_string(row, place, text, self._format("reading", align="right"))
            return
        sheet.write_string(row, place, text, self._format("text", indent=1 if place else 0))

    def _charts(self, summary: Any, charts: tuple[Chart, ...]) -> None:
        sheet = self._sheet("Chart data")
        row, place = 0, 8 + len(self._document.headline) + len(self._document.summary)
        for chart in charts:
            self._head(sheet, row, (chart.title, *(one.name for one in chart.series)))
            for number, category in enumerate(chart.categories, start=1):
                sheet.write_string(row + number, 0, neutral(category))
                for column, one in enumerate(chart.series, start=1):
                    value = one.values[number - 1]
                    if value is not None:
                        sheet.write_number(
                            row + number,
                            column,
                            value,
                            self._format(chart.unit, num_format=_NUMBERS.get(chart.unit, "General")),
                        )
            summary.insert_chart(place, 0, self._chart(chart, sheet.get_name(), row), {"description": chart.alt})
            row += len(chart.categories) + 2
            place += 18
        sheet.set_column(0, 0, 34)
        sheet.freeze_panes(1, 1)

    def _chart(self, chart: Chart, sheet: str, row: int) -> Any:
        subtype = {"subtype": "stacked"} if chart.kind == "stacked" else {}
        made = self._book.add_chart({"type": "line" if chart.kind == "line" else "bar", **subtype})
        last = row + len(chart.categories)
        for number, one in enumerate(chart.series, start=1):
            made.add_series(
                {
                    "name": [sheet, row, number],
                    "categories": [sheet, row + 1, 0, last, 0],
                    "values": [sheet, row + 1, number, last, number],
                    "fill": {"color": colour(one, number - 1)},
                    "data_labels": {
                        "value": True,
                        "num_format": _NUMBERS.get(chart.unit, "General") + (";;" if subtype else ""),
                        "font": {"color": label_ink(one, number - 1, stacked=bool(subtype))},
                    },
                }
            )
        made.set_title({"name": chart.title, "name_font": {"size": 13}, "overlay": False})
        made.set_y_axis({"reverse": True})
        made.set_x_axis(
            {
                "num_format": _NUMBERS.get(chart.unit, "General"),
                "min": 0,
                "major_gridlines": {"visible": False},
                "visible": False,
            }
        )
        made.set_legend({"position": "bottom"} if len(chart.series) > 1 else {"none": True})
        made.set_size({"width": 900, "height": 340})
        return made

"""What stands on a slide: words, a table or a native chart at a given height, and how much room each takes. Inches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from shared.reports.document import Chart, Column, Value
from shared.reports.docx import clean
from shared.reports.palette import ACCENT, BY_TONE, INK, WASH, colour, label_ink
from shared.reports.widths import fitted, shrunk, wants
from shared.reports.wording import RIGHT, shown

WIDE, HIGH, EDGE = 13.333, 7.5, 0.55
ROOM = WIDE - 2 * EDGE
_LONGEST = 220
_LINE, _PAD = 0.19, 0.08
_LETTER = 0.078
"""A usual letter of a table's 10 points, generously: what is drawn must never need more than was reckoned."""


def rgb(colour_code: str) -> Any:
    """As python-pptx wants it."""
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(colour_code[1:].upper())  # type: ignore[no-untyped-call]  # python-pptx is typed in part


def write(
    frame: Any,
    text: str,
    *,
    size: float,
    bold: bool = False,
    ink: str = INK,
    first: bool = True,
) -> None:
    """One paragraph; the frame's only one, or one more."""
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.util import Pt

    frame.word_wrap = True
    frame.vertical_anchor = MSO_ANCHOR.TOP
    words = frame.paragraphs[0] if first else frame.add_paragraph()
    words.alignment = PP_ALIGN.LEFT
    run = words.add_run()
    run.text = clean(text).replace("\n", " ")
    run.font.size, run.font.bold, run.font.name = Pt(size), bold, "Calibri"
    run.font.color.rgb = rgb(ink)


def box(slide: Any, top: float, high: float) -> Any:
    """The text frame of a new box over the whole width."""
    from pptx.util import Inches

    return slide.shapes.add_textbox(Inches(EDGE), Inches(top), Inches(ROOM), Inches(high)).text_frame


def words_height(texts: Sequence[str], size: float) -> float:
    """Room these paragraphs take."""
    across = ROOM / (_LETTER * size / 10)
    return sum(1 + int(len(text) / across) for text in texts) * size / 72 * 1.25 + 0.12


def place_words(slide: Any, texts: Sequence[str], top: float, *, size: float = 14, ink: str = INK) -> float:
    """Paragraphs below each other; answer where they end."""
    high = words_height(texts, size)
    frame = box(slide, top, high)
    for place, text in enumerate(texts):
        write(frame, text, size=size, first=place == 0, ink=ink)
    return top + high


@dataclass(frozen=True, slots=True)
class Grid:
    """A table ready to be set: its words, how wide its columns are, and the size of its letters in points."""

    columns: tuple[Column, ...]
    texts: tuple[tuple[str, ...], ...]
    shares: tuple[float, ...]
    size: float

    @classmethod
    def of(cls, columns: tuple[Column, ...], rows: Sequence[Sequence[Value]]) -> Grid:
        """Widths by what stands in the columns."""
        texts = tuple(
            tuple(_cell_text(column, value) for column, value in zip(columns, row, strict=True)) for row in rows
        )
        asked = wants(columns, texts)
        shrink = shrunk(asked, ROOM / _LETTER, least=0.6)
        given = fitted(asked, ROOM / _LETTER / shrink)
        return cls(columns, texts, tuple(one / sum(given) for one in given), 10 * shrink)

    @property
    def head(self) -> float:
        """Room the column heads take; they are bold."""
        return self._height([column.label + "  " for column in self.columns])

    def row(self, number: int) -> float:
        """Room a row takes, by its fullest cell."""
        return self._height(self.texts[number])

    def _height(self, texts: Sequence[str]) -> float:
        lines = 1
        for text, share in zip(texts, self.shares, strict=True):
            across = max(3, int((ROOM * share - 0.14) / (_LETTER * self.size / 10)))
            lines = max(lines, _lines(text, across))
        return lines * _LINE * self.size / 10 + _PAD

    def place(self, slide: Any, first: int, count: int, top: float) -> float:
        """Heads and ``count`` rows; answer where they end.

        Rows are written as text and parsed once: python-pptx takes a millisecond for a cell, and a deck has thousands.
        """
        from pptx.oxml import parse_xml
        from pptx.oxml.ns import nsdecls
        from pptx.util import Inches

        heights = [self.head, *(self.row(number) for number in range(first, first + count))]
        shape = slide.shapes.add_table(
            1, len(self.columns), Inches(EDGE), Inches(top), Inches(ROOM), Inches(sum(heights))
        )
        for column, share in zip(shape.table.columns, self.shares, strict=True):
            column.width = Inches(ROOM * share)
        head = [self._cell(column, column.label, fill=ACCENT, ink="#ffffff", bold=True) for column in self.columns]
        lines = [head, *(self._line(number, first + number) for number in range(count))]
        rows = "".join(
            f'<a:tr h="{Inches(high)}">{"".join(cells)}</a:tr>' for cells, high in zip(lines, heights, strict=True)
        )
        table = shape.table._tbl  # noqa: SLF001 - python-pptx has no door to whole rows
        table.remove(table.tr_lst[0])
        for row in parse_xml(f"<a:tbl {nsdecls('a')}>{rows}</a:tbl>"):
            table.append(row)
        return top + float(sum(heights))

    def _line(self, number: int, at: int) -> list[str]:
        fill = WASH if number % 2 else "#ffffff"
        tones = [
            BY_TONE.get(text) if column.kind == "tone" else None
            for column, text in zip(self.columns, self.texts[at], strict=True)
        ]
        return [
            self._cell(column, text, fill=fill, ink=tone or INK, bold=tone is not None)
            for column, text, tone in zip(self.columns, self.texts[at], tones, strict=True)
        ]

    def _cell(self, column: Column, text: str, *, fill: str, ink: str, bold: bool) -> str:
        # an empty paragraph would be as high as the theme's letters, not as ours
        words = escape(clean(text).replace("\n", " ")) or "\u00a0"
        side = "r" if column.kind in RIGHT else "l"
        return (
            '<a:tc><a:txBody><a:bodyPr wrap="square" anchor="t"/><a:lstStyle/>'
            f'<a:p><a:pPr algn="{side}"/><a:r><a:rPr sz="{round(self.size * 100)}" b="{int(bold)}">{_solid(ink)}'
            f'<a:latin typeface="Calibri"/></a:rPr><a:t>{words}</a:t></a:r></a:p></a:txBody>'
            f'<a:tcPr marL="54864" marR="54864" marT="27432" marB="27432">{_solid(fill)}</a:tcPr></a:tc>'
        )


def _solid(colour_code: str) -> str:
    return f'<a:solidFill><a:srgbClr val="{colour_code[1:].upper()}"/></a:solidFill>'


def _cell_text(column: Column, value: Value) -> str:
    text = shown(value, column.kind)
    return text[:_LONGEST] + " … (shortened here)" if len(text) > _LONGEST else text


def _lines(text: str, across: int) -> int:
    lines, used = 1, 0
    for word in text.split():
        long = len(word)
        if used and used + 1 + long > across:
            lines, used = lines + 1, 0
        lines += max(0, long - 1) // across
        used = long % across if long > across else used + long + (used > 0)
    return lines


def chart_height(chart: Chart) -> float:
    """Room a chart takes: a band per bar, its title and its legend."""
    bands = 1 if chart.kind == "stacked" else max(1, len(chart.series))
    return min(4.8, 1.1 + 0.5 * bands * max(1, len(chart.categories)))


def place_chart(slide: Any, chart: Chart, top: float) -> float:
    """A native chart that can be edited; answer where it ends."""
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
    from pptx.util import Inches, Pt

    data: Any = CategoryChartData("0.0%" if chart.unit == "ratio" else "#,##0.##")  # type: ignore[no-untyped-call]  # as above
    data.categories = [clean(one) for one in chart.categories]
    for one in chart.series:
        data.add_series(clean(one.name), one.values)
    kind = {"stacked": XL_CHART_TYPE.BAR_STACKED, "line": XL_CHART_TYPE.LINE}.get(
        chart.kind, XL_CHART_TYPE.BAR_CLUSTERED
    )
    high = chart_height(chart)
    frame = slide.shapes.add_chart(kind, Inches(EDGE), Inches(top), Inches(ROOM), Inches(high), data)
    frame._element.nvGraphicFramePr.cNvPr.set("descr", clean(chart.alt))  # noqa: SLF001 - python-pptx has no door to alt text
    made = frame.chart
    made.font.size, made.font.name = Pt(12), "Calibri"
    made.has_title = True
    made.chart_title.text_frame.text = clean(chart.title)
    made.has_legend = len(chart.series) > 1
    if made.has_legend:
        made.legend.position, made.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    if chart.kind != "line":
        made.category_axis.reverse_order = True
        made.plots[0].gap_width = 60
    made.value_axis.minimum_scale = 0
    made.value_axis.has_major_gridlines = False
    made.value_axis.visible = False
    plot = made.plots[0]
    plot.has_data_labels = True
    for place, (one, drawn) in enumerate(zip(chart.series, plot.series, strict=True)):
        ink = label_ink(one, place, stacked=chart.kind == "stacked")
        drawn.data_labels.show_value = True
        if chart.kind == "stacked":  # a bar of nothing has no room for its number
            drawn.data_labels.number_format, drawn.data_labels.number_format_is_linked = "#,##0.##;;", False
        drawn.data_labels.font.size = Pt(12)
        drawn.data_labels.font.color.rgb = rgb(ink)
        drawn.format.fill.solid()
        drawn.format.fill.fore_color.rgb = rgb(colour(one, place))
    return top + high

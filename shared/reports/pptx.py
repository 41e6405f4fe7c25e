"""A document as slides: the headline first, native charts, the worst of each table with the rest counted."""

from __future__ import annotations

import io
from typing import Any

from shared.model import parse_instant
from shared.reports.document import Bullets, Chart, Column, Document, Paragraph, Section, Table, Value, cut
from shared.reports.docx import clean
from shared.reports.officezip import settle
from shared.reports.palette import ACCENT, BARS_BY_TONE, BY_TONE, INK, SOFT, WASH, colour, label_ink
from shared.reports.wording import RIGHT, number, shown

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
MOST_ROWS = 12
_LINES = 22
"""Lines of text a table on a slide has room for."""
_LONGEST = 150
_WIDE, _HIGH, _EDGE = 13.333, 7.5, 0.55


def render(document: Document) -> bytes:
    """The file's bytes."""
    from pptx import Presentation
    from pptx.util import Inches

    made = Presentation()
    made.slide_width, made.slide_height = Inches(_WIDE), Inches(_HIGH)
    about = made.core_properties
    about.title, about.subject, about.author = clean(document.title), clean(document.subtitle), "Halo Attest"
    about.last_modified_by, about.comments, about.keywords, about.revision = "Halo Attest", "", "", 1
    about.created = about.modified = parse_instant(document.as_of).replace(tzinfo=None)
    deck = _Deck(made, document)
    deck.first()
    for section in document.sections:
        deck.section(section)
    out = io.BytesIO()
    made.save(out)
    return settle(out.getvalue(), document.as_of)


def _rgb(colour_code: str) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(colour_code[1:].upper())  # type: ignore[no-untyped-call]  # python-pptx is typed in part


class _Deck:
    """The slides of one document."""

    def __init__(self, made: Any, document: Document) -> None:
        self._made = made
        self._document = document
        self._slides = 0

    def _slide(self, title: str) -> Any:
        from pptx.util import Inches

        slide = self._made.slides.add_slide(self._made.slide_layouts[5])  # title only
        box = slide.shapes.title
        box.left, box.top, box.width, box.height = (Inches(one) for one in (_EDGE, 0.35, _WIDE - 2 * _EDGE, 0.7))
        self._write(box.text_frame, title, size=26, bold=True)
        self._slides += 1
        foot = slide.shapes.add_textbox(Inches(_EDGE), Inches(_HIGH - 0.45), Inches(_WIDE - 2 * _EDGE), Inches(0.3))
        self._write(
            foot.text_frame, f"{self._document.title}, {self._document.subtitle}   {self._slides}", size=10, ink=SOFT
        )
        return slide

    def _write(
        self,
        frame: Any,
        text: str,
        *,
        size: float,
        bold: bool = False,
        ink: str = INK,
        first: bool = True,
        right: bool = False,
    ) -> None:
        from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
        from pptx.util import Pt

        frame.word_wrap = True
        frame.vertical_anchor = MSO_ANCHOR.TOP
        words = frame.paragraphs[0] if first else frame.add_paragraph()
        words.alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT
        run = words.add_run()
        run.text = clean(text).replace("\n", " ")
        run.font.size, run.font.bold, run.font.name = Pt(size), bold, "Calibri"
        run.font.color.rgb = _rgb(ink)

    def first(self) -> None:
        """Every headline figure with its sentence, then the summary."""
        from pptx.enum.shapes import MSO_SHAPE
        from pptx.util import Inches

        slide = self._slide(self._document.title)
        across = 5 if len(self._document.headline) > 8 else 4
        wide = (_WIDE - 2 * _EDGE - 0.15 * (across - 1)) / across
        for place, one in enumerate(self._document.headline):
            x, y = _EDGE + place % across * (wide + 0.15), 1.25 + place // across * 1.65
            card = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, Inches(x), Inches(y), Inches(wide), Inches(1.5))
            card.line.fill.background()
            card.shadow.inherit = False
            card.fill.solid()
            card.fill.fore_color.rgb = _rgb(WASH)
            self._write(card.text_frame, one.label, size=12, bold=True)
            self._write(
                card.text_frame,
                number(one.value, one.unit),
                size=24,
                bold=True,
                first=False,
                ink=BY_TONE.get(one.tone, INK),
            )
            self._write(card.text_frame, one.text, size=11, ink=SOFT, first=False)
            bar = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, Inches(x), Inches(y), Inches(0.06), Inches(1.5))
            bar.fill.solid()
            bar.fill.fore_color.rgb = _rgb(BARS_BY_TONE.get(one.tone, ACCENT))
            bar.line.fill.background()
            bar.shadow.inherit = False
        rows = (len(self._document.headline) + across - 1) // across
        box = slide.shapes.add_textbox(Inches(_EDGE), Inches(1.3 + rows * 1.65), Inches(_WIDE - 2 * _EDGE), Inches(1.4))
        for place, sentence in enumerate(self._document.summary):
            self._write(box.text_frame, sentence, size=14, first=place == 0)

    def section(self, section: Section) -> None:
        """Words and charts share a slide; each table with rows has its own."""
        words = [block.text for block in section.blocks if isinstance(block, Paragraph)]
        words += [item for block in section.blocks if isinstance(block, Bullets) for item in block.items]
        charts = [block for block in section.blocks if isinstance(block, Chart)]
        tables = [block for block in section.blocks if isinstance(block, Table)]
        empty = [f"{table.caption}: {table.empty}" for table in tables if not table.rows]
        if charts or not any(table.rows for table in tables):
            slide = self._slide(section.title)
            self._words(slide, [*words, *empty], 1.2)
            if charts:
                self._chart(slide, charts[0])
            words = []
        for place, table in enumerate(one for one in tables if one.rows):
            self._table(section, table, [*words, *empty] if place == 0 and words else [])

    def _words(self, slide: Any, words: list[str], top: float, most: int = 12) -> None:
        from pptx.util import Inches

        box = slide.shapes.add_textbox(Inches(_EDGE), Inches(top), Inches(_WIDE - 2 * _EDGE), Inches(0.4))
        for place, text in enumerate(words[:most]):
            self._write(box.text_frame, text, size=14 if len(words) < 8 else 12, first=place == 0)
        if len(words) > most:
            self._write(
                box.text_frame, f"And {len(words) - most} more, in the other formats.", size=12, first=False, ink=SOFT
            )

    def _chart(self, slide: Any, chart: Chart) -> None:
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
        frame = slide.shapes.add_chart(kind, Inches(_EDGE), Inches(2.3), Inches(_WIDE - 2 * _EDGE), Inches(4.6), data)
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
        made.value_axis.minimum_scale = 0
        made.value_axis.has_major_gridlines = False
        made.value_axis.visible = False
        plot = made.plots[0]
        plot.has_data_labels = True
        for place, (one, drawn) in enumerate(zip(chart.series, plot.series, strict=True)):
            ink = label_ink(one, place, stacked=chart.kind == "stacked")
            drawn.data_labels.show_value = True
            drawn.data_labels.font.size = Pt(12)
            drawn.data_labels.font.color.rgb = _rgb(ink)
            drawn.format.fill.solid()
            drawn.format.fill.fore_color.rgb = _rgb(colour(one, place))

    def _table(self, section: Section, table: Table, words: list[str]) -> None:
        from pptx.util import Inches

        page = cut(table, _room(table, _LINES - 2 * min(2, len(words))))
        slide = self._slide(section.title)
        top = 1.15
        if words:
            self._words(slide, words[:2], top)
            top += 0.35 + 0.35 * min(2, len(words))
        self._words(slide, [table.caption], top)
        high = 0.3 * (len(page.rows) + 1)
        shape = slide.shapes.add_table(
            len(page.rows) + 1,
            len(page.columns),
            Inches(_EDGE),
            Inches(top + 0.45),
            Inches(_WIDE - 2 * _EDGE),
            Inches(high),
        )
        grid = shape.table
        shares = _shares(page.columns)
        for column, share in zip(grid.columns, shares, strict=True):
            column.width = Inches((_WIDE - 2 * _EDGE) * share)
        for place, column in enumerate(page.columns):
            head = grid.cell(0, place)
            head.fill.solid()
            head.fill.fore_color.rgb = _rgb(ACCENT)
            self._cell(head, column.label, bold=True, ink="#ffffff", right=column.kind in RIGHT)
        for line, row in enumerate(page.rows, start=1):
            for place, (column, value) in enumerate(zip(page.columns, row, strict=True)):
                cell = grid.cell(line, place)
                cell.fill.solid()
                cell.fill.fore_color.rgb = _rgb("#ffffff" if line % 2 else WASH)
                self._value(cell, column, value)
        if page.more:
            foot = slide.shapes.add_textbox(Inches(_EDGE), Inches(_HIGH - 0.78), Inches(_WIDE - 2 * _EDGE), Inches(0.3))
            self._write(foot.text_frame, page.more, size=11, ink=SOFT)

    def _value(self, cell: Any, column: Column, value: Value) -> None:
        text = shown(value, column.kind)
        if len(text) > _LONGEST:
            text = text[:_LONGEST] + " … (shortened here)"
        tone = BY_TONE.get(str(value)) if column.kind == "tone" else None
        self._cell(cell, text, bold=tone is not None, ink=tone or INK, right=column.kind in RIGHT)

    def _cell(self, cell: Any, text: str, *, bold: bool = False, ink: str = INK, right: bool = False) -> None:
        from pptx.util import Inches

        cell.margin_top = cell.margin_bottom = Inches(0.02)
        cell.margin_left = cell.margin_right = Inches(0.06)
        self._write(cell.text_frame, text, size=10, bold=bold, ink=ink, right=right)


def _room(table: Table, lines: int) -> int:
    """How many rows fit on a slide, by how long their cells are."""
    page = cut(table, MOST_ROWS)
    shares = _shares(page.columns)
    used, rows = 0, 0
    for row in page.rows:
        used += max(
            1 + min(len(shown(value, column.kind)), _LONGEST + 20) // max(8, int(150 * share))
            for value, column, share in zip(row, page.columns, shares, strict=True)
        )
        if used > lines:
            break
        rows += 1
    return max(1, rows)


def _shares(columns: tuple[Column, ...]) -> list[float]:
    weights = {"text": 3.2, "code": 2.0, "instant": 2.2, "day": 1.9, "tone": 1.2, "reading": 1.6}
    wants = [7.0 if column.id in ("why", "context") else weights.get(column.kind, 1.4) for column in columns]
    return [want / sum(wants) for want in wants]

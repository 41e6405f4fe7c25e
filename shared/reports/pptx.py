"""A document as slides: the headline first, native charts, the worst of each table with the rest counted."""

from __future__ import annotations

import io
from typing import Any

from shared.model import parse_instant
from shared.reports.document import Bullets, Chart, Column, Document, Headline, Paragraph, Section, Table, Value, cut
from shared.reports.docx import clean
from shared.reports.officezip import settle
from shared.reports.palette import ACCENT, BARS_BY_TONE, BY_TONE, INK, SOFT, WASH
from shared.reports.slide import (
    EDGE,
    HIGH,
    ROOM,
    WIDE,
    Grid,
    box,
    chart_height,
    place_chart,
    place_words,
    rgb,
    words_height,
    write,
)
from shared.reports.wording import UNKNOWN, number

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
MOST_ROWS, _MOST_SLIDES = 24, 2
"""Of one table."""
_MOST_WORDS, _KEPT_TOGETHER = 12, 8
_TOP, _BOTTOM, _GAP = 1.15, 6.85, 0.12
_HEADING, _CAPTION = 0.5, 0.36
Rows = tuple[tuple[Value, ...], ...]


def render(document: Document) -> bytes:
    """The file's bytes."""
    from pptx import Presentation
    from pptx.util import Inches

    made = Presentation()
    made.slide_width, made.slide_height = Inches(WIDE), Inches(HIGH)
    about = made.core_properties
    about.title, about.subject, about.author = clean(document.title), clean(document.subtitle), "Halo Attest"
    about.last_modified_by, about.comments, about.keywords, about.revision = "Halo Attest", "", "", 1
    about.language = document.language
    about.created = about.modified = parse_instant(document.as_of).replace(tzinfo=None)
    deck = _Deck(made, document)
    deck.first()
    for section in document.sections:
        deck.section(section)
    out = io.BytesIO()
    made.save(out)
    return settle(out.getvalue(), document.as_of)


class _Deck:
    """The slides of one document, filled from the top; what does not fit goes on the next slide."""

    def __init__(self, made: Any, document: Document) -> None:
        self._made = made
        self._document = document
        self._slides = 0
        self._slide: Any = None
        self._title = ""
        self._y = _BOTTOM
        self._words_only = False

    def _turn(self, title: str) -> None:
        """A new slide."""
        from pptx.util import Inches

        self._slide = self._made.slides.add_slide(self._made.slide_layouts[5])  # title only
        holder = self._slide.shapes.title
        holder.left, holder.top, holder.width, holder.height = (Inches(one) for one in (EDGE, 0.35, ROOM, 0.7))
        write(holder.text_frame, title, size=26, bold=True)
        self._slides += 1
        foot = box(self._slide, HIGH - 0.45, 0.3)
        write(foot, f"{self._document.title}, {self._document.subtitle}   {self._slides}", size=10, ink=SOFT)
        self._title, self._y = title, _TOP

    def _need(self, high: float) -> None:
        """Turn the page where so much room is not left."""
        if self._y + high > _BOTTOM and self._y > _TOP:
            self._turn(self._title)

    def first(self) -> None:
        """Every headline figure with its sentence, then the summary."""
        self._turn(self._document.title)
        across = 5 if len(self._document.headline) > 8 else 4
        wide = (ROOM - 0.15 * (across - 1)) / across
        for place, one in enumerate(self._document.headline):
            self._card(one, EDGE + place % across * (wide + 0.15), 1.25 + place // across * 1.65, wide)
        rows = (len(self._document.headline) + across - 1) // across
        self._y = 1.3 + rows * 1.65
        if self._document.summary:
            self._need(words_height(self._document.summary, 14))
            self._y = place_words(self._slide, self._document.summary, self._y)

    def _card(self, one: Headline, x: float, y: float, wide: float) -> None:
        from pptx.enum.shapes import MSO_SHAPE
        from pptx.util import Inches

        shapes = self._slide.shapes
        card = shapes.add_shape(MSO_SHAPE.RECTANGLE, Inches(x), Inches(y), Inches(wide), Inches(1.5))
        card.line.fill.background()
        card.shadow.inherit = False
        card.fill.solid()
        card.fill.fore_color.rgb = rgb(WASH)
        write(card.text_frame, one.label, size=11, bold=True)
        value = number(one.value, one.unit)
        write(card.text_frame, value, size=22, bold=True, first=False, ink=BY_TONE.get(one.tone, INK))
        write(card.text_frame, one.text, size=10.5, ink=SOFT, first=False)
        bar = shapes.add_shape(MSO_SHAPE.RECTANGLE, Inches(x), Inches(y), Inches(0.06), Inches(1.5))
        bar.fill.solid()
        bar.fill.fore_color.rgb = rgb(BARS_BY_TONE.get(one.tone, ACCENT))
        bar.line.fill.background()
        bar.shadow.inherit = False

    def section(self, section: Section) -> None:
        """A chapter on slides of its own; chapters of a few sentences share one."""
        words = [block.text for block in section.blocks if isinstance(block, Paragraph)]
        words += [item for block in section.blocks if isinstance(block, Bullets) for item in block.items]
        tables = [block for block in section.blocks if isinstance(block, Table)]
        words += [f"{table.caption}: {table.empty}" for table in tables if not table.rows]
        tables = [table for table in tables if _told(table)[1]]
        charts = [block for block in section.blocks if isinstance(block, Chart)]
        only = not charts and not tables
        if len(words) > _MOST_WORDS:
            words[_MOST_WORDS:] = [f"And {len(words) - _MOST_WORDS} more, in the other formats."]
        self._begin(section.title, words, only=only)
        if words:
            self._y = place_words(self._slide, words, self._y, size=14 if len(words) < 8 else 12) + _GAP
        for chart in charts:
            self._need(chart_height(chart))
            self._y = place_chart(self._slide, chart, self._y) + _GAP
        for table in tables:
            self._table(table)

    def _begin(self, title: str, words: list[str], *, only: bool) -> None:
        high = _HEADING + words_height(words, 14)
        if only and self._words_only and self._y + high <= _BOTTOM:
            write(box(self._slide, self._y, _HEADING), title, size=20, bold=True)
            self._y += _HEADING
        else:
            self._turn(title)
        self._words_only = only

    def _table(self, table: Table) -> None:
        """As many rows as two slides hold; the others are counted."""
        columns, rows = _told(table)
        grid = Grid.of(columns, rows)
        at, caption = 0, table.caption
        together = len(rows) if len(rows) <= _KEPT_TOGETHER else 3
        self._need(2 * _CAPTION + grid.head + sum(grid.row(number) for number in range(together)))
        for slide in range(_MOST_SLIDES):
            room = _BOTTOM - self._y - _CAPTION - grid.head - _CAPTION
            count, used = 0, 0.0
            while at + count < len(rows) and (not count or used + grid.row(at + count) <= room):
                used += grid.row(at + count)
                count += 1
            write(box(self._slide, self._y, _CAPTION), caption, size=14)
            self._y = grid.place(self._slide, at, count, self._y + _CAPTION)
            at, caption = at + count, f"{table.caption} (continued)"
            if at == len(rows):
                break
            if slide + 1 < _MOST_SLIDES:
                self._turn(self._title)
        more = cut(table, at).more
        if more:
            self._y = place_words(self._slide, [more], self._y + 0.02, size=11, ink=SOFT)
        self._y += _GAP


def _told(table: Table) -> tuple[tuple[Column, ...], Rows]:
    """Columns and rows; figures nobody could compute are left to the other formats."""
    reads = next((place for place, column in enumerate(table.columns) if column.id == "reads"), None)
    rows = table.rows if reads is None else tuple(row for row in table.rows if row[reads] != UNKNOWN)
    page = cut(Table(table.id, table.caption, table.columns, rows, len(table.rows), table.link), MOST_ROWS)
    return page.columns, page.rows

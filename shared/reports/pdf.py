"""A document as PDF: A4 across, bookmarked, the first page a summary; text stays text."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

from shared.reports.document import Bullets, Chart, Column, Document, Paragraph, Table, Value, cut
from shared.reports.palette import ACCENT, BARS_BY_TONE, BY_TONE, INK, LINE, SOFT, WASH, colour
from shared.reports.wording import RIGHT, number, shown

MEDIA_TYPE = "application/pdf"
MOST_ROWS = 60
_LONGEST = 700
_MISSING = "?"
_WIDTH = 841.89 - 2 * 40
_NOTE = (
    "Letters that this PDF's font does not hold are shown as a question mark; the HTML, Word and Excel formats carry "
    "them as they are."
)


@cache
def _fonts() -> frozenset[int]:
    """Register the bundled font once; answer the characters it holds."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    plain = TTFont("Vera", "Vera.ttf")
    pdfmetrics.registerFont(plain)
    pdfmetrics.registerFont(TTFont("VeraBd", "VeraBd.ttf"))
    pdfmetrics.registerFontFamily("Vera", normal="Vera", bold="VeraBd", italic="Vera", boldItalic="VeraBd")
    return frozenset(plain.face.charToGlyph)


class _Text:
    """Turns text into what the font can show, and remembers whether anything was missing."""

    def __init__(self) -> None:
        self._held = _fonts()
        self.missing = False

    def safe(self, text: str) -> str:
        out = []
        for letter in text:
            if letter in "\n\r\t":
                out.append(" ")
            elif ord(letter) in self._held:
                out.append(letter)
            elif not letter.isprintable() and letter != "\u00ad":
                continue  # joiners and direction marks have no picture
            else:
                out.append(_MISSING)
                self.missing = True
        return "".join(out)

    def markup(self, text: str) -> str:
        """Escaped for reportlab's paragraph language."""
        return escape(self.safe(text), quote=False)


def render(document: Document) -> bytes:
    """The file's bytes; without a clock in them."""
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.platypus import SimpleDocTemplate

    _fonts()
    text = _Text()
    out = io.BytesIO()
    made = SimpleDocTemplate(
        out,
        pagesize=landscape(A4),
        leftMargin=40,
        rightMargin=40,
        topMargin=42,
        bottomMargin=42,
        invariant=1,
        title=text.safe(document.title),
        subject=text.safe(document.subtitle),
        author="Halo Attest",
        creator="Halo Attest",
        lang=document.language,
        displayDocTitle=True,
        initialFontName="Vera",
    )
    story = _Story(document, text).flowables()
    footer = text.safe(f"{document.title}, {document.subtitle}")

    def decorate(canvas: Any, _doc: Any) -> None:
        canvas.saveState()
        canvas.setFont("Vera", 7.5)
        canvas.setFillColor(SOFT)
        canvas.drawString(40, 24, footer)
        canvas.drawRightString(40 + _WIDTH, 24, f"Page {canvas.getPageNumber()}")
        canvas.restoreState()

    made.build(story, onFirstPage=decorate, onLaterPages=decorate)
    return out.getvalue()


class _Story:
    """The flowables of one document."""

    def __init__(self, document: Document, text: _Text) -> None:
        from reportlab.lib.styles import ParagraphStyle

        self._document = document
        self._text = text
        plain = ParagraphStyle("plain", fontName="Vera", fontSize=9, leading=13, textColor=INK, spaceAfter=5)
        self._styles = {
            "plain": plain,
            "title": ParagraphStyle("title", plain, fontName="VeraBd", fontSize=20, leading=25, spaceAfter=2),
            "soft": ParagraphStyle("soft", plain, textColor=SOFT, spaceAfter=10),
            "h2": ParagraphStyle(
                "h2", plain, fontName="VeraBd", fontSize=14, leading=18, spaceBefore=16, spaceAfter=6, keepWithNext=1
            ),
            "caption": ParagraphStyle(
                "caption", plain, fontName="VeraBd", fontSize=9.5, spaceBefore=8, spaceAfter=4, keepWithNext=1
            ),
            "cell": ParagraphStyle("cell", plain, fontSize=7.5, leading=10, spaceAfter=0),
            "right": ParagraphStyle("right", plain, fontSize=7.5, leading=10, spaceAfter=0, alignment=2),
            "head": ParagraphStyle("head", plain, fontName="VeraBd", fontSize=7.5, leading=10, spaceAfter=0),
            "head-right": ParagraphStyle(
                "head-right", plain, fontName="VeraBd", fontSize=7.5, leading=10, spaceAfter=0, alignment=2
            ),
            "value": ParagraphStyle("value", plain, fontName="VeraBd", fontSize=17, leading=21, spaceAfter=0),
            "label": ParagraphStyle("label", plain, fontName="VeraBd", fontSize=8.5, leading=11, spaceAfter=0),
        }

    def _say(self, text: str, style: str = "plain") -> Any:
        from reportlab.platypus import Paragraph as Words

        return Words(self._text.markup(text), self._styles[style])

    def flowables(self) -> list[Any]:
        """First page, then the chapters."""
        from reportlab.platypus import PageBreak, Spacer

        document = self._document
        out: list[Any] = [
            self._say(document.title, "title"),
            self._say(document.subtitle, "soft"),
            self._cards(),
            Spacer(1, 10),
        ]
        # Each sentence on a line of its own: text taken out of the file reads as it stands, whatever the reader's order.
        out += [self._say(sentence) for sentence in (*(one.text for one in document.headline), *document.summary)]
        for section in document.sections:
            out.append(_bookmarked(self._say(section.title, "h2"), section.id, self._text.safe(section.title)))
            for block in section.blocks:
                out += self._block(block)
        if self._text.missing:
            out += [Spacer(1, 12), self._say(_NOTE, "soft")]
        if document.kind == "weekly":
            out.insert(4 + len(document.headline) + len(document.summary), PageBreak())
        return out

    def _cards(self) -> Any:
        from reportlab.platypus import Table as Grid

        across = 5 if len(self._document.headline) > 8 else 4
        cells: list[Any] = [
            [self._say(one.label, "label"), self._say(number(one.value, one.unit), "value")]
            for one in self._document.headline
        ]
        rows = [cells[at : at + across] for at in range(0, len(cells), across)]
        if rows:
            rows[-1] += [""] * (across - len(rows[-1]))
        grid = Grid(rows or [[""]], colWidths=[_WIDTH / across] * across)
        look: list[tuple[Any, ...]] = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 6),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
            ("LEFTPADDING", (0, 0), (-1, -1), 10),
        ]
        for place, one in enumerate(self._document.headline):
            at = (place % across, place // across)
            look += [("BOX", at, at, 0.5, LINE), ("LINEBEFORE", at, at, 3, BARS_BY_TONE.get(one.tone, ACCENT))]
        grid.setStyle(look)
        return grid

    def _block(self, block: Paragraph | Bullets | Table | Chart) -> list[Any]:
        if isinstance(block, Paragraph):
            return [self._say(block.text)]
        if isinstance(block, Bullets):
            return [self._say(f"• {item}") for item in block.items]
        if isinstance(block, Chart):
            return [self._say(block.title, "caption"), _drawing(block, self._text)]
        page = cut(block, MOST_ROWS)
        if not page.rows:
            return [self._say(f"{block.caption}. {block.empty}")]
        out = [self._say(block.caption, "caption"), self._grid(page.columns, page.rows)]
        return [*out, self._say(page.more, "soft")] if page.more else out

    def _grid(self, columns: Sequence[Column], rows: Sequence[tuple[Value, ...]]) -> Any:
        from reportlab.platypus import LongTable

        words = [[shown(value, column.kind) for column, value in zip(columns, row, strict=True)] for row in rows]
        body = [[self._say(column.label, "head-right" if column.kind in RIGHT else "head") for column in columns]]
        body += [[self._cell(column, text) for column, text in zip(columns, row, strict=True)] for row in words]
        grid = LongTable(body, colWidths=_widths(columns, words), repeatRows=1)
        grid.setStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("BACKGROUND", (0, 0), (-1, 0), WASH),
                ("LINEBELOW", (0, 0), (-1, 0), 1, SOFT),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 4),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
        return grid

    def _cell(self, column: Column, text: str) -> Any:
        from reportlab.platypus import Paragraph as Words

        if len(text) > _LONGEST:
            text = text[:_LONGEST] + " … (shortened here)"
        if column.kind == "tone" and text in BY_TONE:
            return Words(f'<b><font color="{BY_TONE[text]}">{self._text.markup(text)}</font></b>', self._styles["cell"])
        return self._say(text, "right" if column.kind in RIGHT else "cell")


def _bookmarked(flowable: Any, key: str, title: str) -> Any:
    from reportlab.platypus import Flowable, KeepTogether

    class Mark(Flowable):  # type: ignore[misc]  # reportlab has no types
        """An outline entry of no size."""

        def wrap(self, *_size: float) -> tuple[float, float]:
            return 0, 0

        def draw(self) -> None:
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(title, key, 0)

    return KeepTogether([Mark(), flowable])


def _widths(columns: Sequence[Column], words: list[list[str]]) -> list[float]:
    """Room by what stands in a column, between bounds."""
    wants = []
    for place, column in enumerate(columns):
        longest = max(max((len(part) for part in row[place].split()), default=1) for row in words)
        usual = sorted(len(row[place]) for row in words)[len(words) * 9 // 10]
        least = max(longest, *(len(part) for part in column.label.split()))
        wants.append(min(60.0, max(float(min(least, 24)) * 1.15, min(usual, 60)) + 3))
    return [want / sum(wants) * _WIDTH for want in wants]


def _drawing(chart: Chart, text: _Text) -> Any:
    from reportlab.graphics.shapes import Drawing, Rect, String
    from reportlab.lib.colors import HexColor

    stacked = chart.kind == "stacked"
    bands = 1 if stacked else max(1, len(chart.series))
    row, left, right = 17, 150, 90
    height = len(chart.categories) * (row * bands + 6) + 22
    sums = [[abs(one.values[place] or 0) for one in chart.series] for place in range(len(chart.categories))]
    top = max((float(sum(one) if stacked else max(one, default=0)) for one in sums), default=0.0) or 1.0
    drawing = Drawing(_WIDTH, height)
    ink = HexColor(INK)
    for place, category in enumerate(chart.categories):
        y = height - (place + 1) * (row * bands + 6)
        drawing.add(
            String(
                left - 8,
                y + row * bands / 2 - 3,
                text.safe(category[:28]),
                fontName="Vera",
                fontSize=8,
                textAnchor="end",
                fillColor=ink,
            )
        )
        x = float(left)
        for order, one in enumerate(chart.series):
            value = one.values[place]
            width = abs(value or 0) / top * (_WIDTH - left - right)
            line = y if stacked else y + (bands - 1 - order) * row
            drawing.add(
                Rect(
                    x if stacked else left,
                    line + 2,
                    width,
                    row - 5,
                    fillColor=HexColor(colour(one, order)),
                    strokeColor=None,
                )
            )
            if stacked:
                x += width
            else:
                told = shown(value, chart.unit)
                drawing.add(String(left + width + 6, line + 4, told, fontName="Vera", fontSize=8, fillColor=ink))
        if stacked:
            parts = " + ".join(shown(one.values[place], chart.unit) for one in chart.series)
            drawing.add(String(x + 6, y + 4, parts, fontName="Vera", fontSize=8, fillColor=ink))
    x = float(left)
    for order, one in enumerate(chart.series if len(chart.series) > 1 else ()):
        drawing.add(Rect(x, 2, 8, 8, fillColor=HexColor(colour(one, order)), strokeColor=None))
        drawing.add(String(x + 12, 3, text.safe(one.name), fontName="Vera", fontSize=8, fillColor=ink))
        x += 36 + 5 * len(one.name)
    return drawing

"""A document as a Word file: headings, tables with repeated heads, everything as text a reader can search and restyle."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any
from xml.sax.saxutils import escape

from shared.model import parse_instant
from shared.reports.document import Bullets, Chart, Column, Document, Paragraph, Table, Value, cut
from shared.reports.officezip import settle
from shared.reports.palette import BY_TONE, INK, LINE, SOFT, WASH
from shared.reports.widths import fitted, wants
from shared.reports.wording import RIGHT, number, shown

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MOST_ROWS = 100
_LONGEST = 1500
_MILLIMETRES, _ACROSS = 265.0, 165
"""Room between the margins, and how many letters of a table stand beside each other in it."""


def render(document: Document) -> bytes:
    """The file's bytes."""
    import docx

    made = docx.Document()
    _look(made, document)
    _title(made, document)
    for section in document.sections:
        made.add_heading(clean(section.title), level=1)
        for block in section.blocks:
            _block(made, block)
    out = io.BytesIO()
    made.save(out)
    return settle(out.getvalue(), document.as_of)


def clean(text: str) -> str:
    """Without the control characters XML cannot hold."""
    return "".join(
        letter if letter >= " " or letter in "\n\t" else " "
        for letter in text
        if letter not in "\ufffe\uffff" and not "\ud800" <= letter <= "\udfff"
    )


def _look(made: Any, document: Document) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt, RGBColor

    page = made.sections[0]
    page.orientation, page.page_width, page.page_height = WD_ORIENT.LANDSCAPE, Mm(297), Mm(210)
    page.left_margin = page.right_margin = Mm(16)
    page.top_margin = page.bottom_margin = Mm(15)
    ink = RGBColor.from_string(INK[1:].upper())
    for name, size in (("Normal", 10), ("Heading 1", 15), ("Heading 2", 12), ("Title", 22)):
        style = made.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = "Calibri", Pt(size), ink
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for kind in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
            fonts.set(qn(kind), "Calibri")
        for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:cstheme", "w:eastAsiaTheme"):
            fonts.attrib.pop(qn(theme), None)
    about = made.core_properties
    about.title, about.subject, about.author = clean(document.title), clean(document.subtitle), "Halo Attest"
    about.last_modified_by, about.comments, about.language, about.revision = "Halo Attest", "", document.language, 1
    about.created = about.modified = parse_instant(document.as_of).replace(tzinfo=None)


def _title(made: Any, document: Document) -> None:
    made.add_heading(clean(document.title), level=0)
    made.add_paragraph(clean(document.subtitle))
    if document.headline:
        _headline(made, document)
    for sentence in document.summary:
        made.add_paragraph(clean(sentence))
    if document.kind == "weekly":
        made.add_page_break()


def _headline(made: Any, document: Document) -> None:
    head = [_Cell("Figure", bold=True), _Cell("Value", bold=True, right=True), _Cell("In words", bold=True)]
    body = [
        [
            _Cell(one.label, bold=True),
            _Cell(number(one.value, one.unit), bold=True, colour=BY_TONE.get(one.tone), right=True),
            _Cell(one.text),
        ]
        for one in document.headline
    ]
    _grid(made, [70, 35, 160], head, body)
    made.add_paragraph()


def _block(made: Any, block: Paragraph | Bullets | Table | Chart) -> None:
    if isinstance(block, Paragraph):
        made.add_paragraph(clean(block.text))
    elif isinstance(block, Bullets):
        for item in block.items:
            made.add_paragraph(clean(item), style="List Bullet")
    elif isinstance(block, Chart):
        made.add_heading(clean(block.title), level=2)
        made.add_paragraph(clean(block.alt))
    else:
        _table(made, block)


def _table(made: Any, table: Table) -> None:
    page = cut(table, MOST_ROWS)
    made.add_heading(clean(table.caption), level=2)
    if not page.rows:
        made.add_paragraph(clean(table.empty))
        return
    head = [_Cell(column.label, bold=True, right=column.kind in RIGHT) for column in page.columns]
    body = [
        [_filled(column, value) for column, value in zip(page.columns, values, strict=True)] for values in page.rows
    ]
    asked = wants(page.columns, [[cell.text for cell in row] for row in body])
    given = fitted(asked, _ACROSS)
    _grid(made, [_MILLIMETRES * one / sum(given) for one in given], head, body)
    if page.more:
        made.add_paragraph(clean(page.more))


@dataclass(frozen=True, slots=True)
class _Cell:
    """What stands in a cell, and how."""

    text: str
    bold: bool = False
    colour: str | None = None
    right: bool = False


def _filled(column: Column, value: Value) -> _Cell:
    text = shown(value, column.kind)
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + " … (shortened here)"
    tone = BY_TONE.get(str(value)) if column.kind == "tone" else None
    return _Cell(text, bold=tone is not None, colour=tone, right=column.kind in RIGHT)


def _grid(made: Any, millimetres: Sequence[float], head: Sequence[_Cell], body: Sequence[Sequence[_Cell]]) -> None:
    """A table whose first row is repeated on every page; no row is torn between pages.

    Rows are written as text and parsed once: python-docx takes a millisecond for a cell, and a report has thousands.
    """
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls
    from docx.shared import Mm

    grid = made.add_table(rows=0, cols=len(head))
    _lines(grid)
    grid.autofit = False
    widths = [Mm(one) for one in millimetres]
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    twips = [int(width.twips) for width in widths]
    rows = [_row(head, twips, first=True), *(_row(cells, twips) for cells in body)]
    for row in parse_xml(f"<w:tbl {nsdecls('w')}>{''.join(rows)}</w:tbl>"):
        grid._tbl.append(row)  # noqa: SLF001 - python-docx has no door to whole rows


def _row(cells: Sequence[_Cell], twips: Sequence[int], *, first: bool = False) -> str:
    told = '<w:cantSplit/><w:tblHeader w:val="true"/>' if first else "<w:cantSplit/>"
    shade = f'<w:shd w:val="clear" w:fill="{WASH[1:].upper()}"/>' if first else ""
    return f"<w:tr><w:trPr>{told}</w:trPr>" + "".join(map(_written, cells, twips, repeat(shade))) + "</w:tr>"


def _written(cell: _Cell, twips: int, shade: str) -> str:
    text = clean(cell.text)
    colour = (cell.colour or (SOFT if text == "–" else INK))[1:].upper()
    words = escape(text).replace("\n", '</w:t><w:br/><w:t xml:space="preserve">')
    words = words.replace("\t", '</w:t><w:tab/><w:t xml:space="preserve">')
    side = '<w:jc w:val="right"/>' if cell.right else ""
    bold = "<w:b/>" if cell.bold else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:type="dxa" w:w="{twips}"/>{shade}</w:tcPr>'
        f'<w:p><w:pPr><w:spacing w:before="40" w:after="40"/>{side}</w:pPr>'
        f'<w:r><w:rPr>{bold}<w:color w:val="{colour}"/><w:sz w:val="17"/></w:rPr>'
        f'<w:t xml:space="preserve">{words}</w:t></w:r></w:p></w:tc>'
    )


def _lines(grid: Any) -> None:
    """Thin lines between rows, none between columns."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders = OxmlElement("w:tblBorders")
    for side in ("top", "bottom", "insideH"):
        line = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "4"), ("space", "0"), ("color", LINE[1:].upper())):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    grid._tbl.tblPr.append(borders)  # noqa: SLF001 - python-docx has no door to borders

"""A document as a Word file: headings, tables with repeated heads, everything as text a reader can search and restyle."""

from __future__ import annotations

import io
from typing import Any

from shared.model import parse_instant
from shared.reports.document import Bullets, Chart, Column, Document, Paragraph, Table, Value, cut
from shared.reports.officezip import settle
from shared.reports.palette import BY_TONE, INK, LINE, SOFT, WASH
from shared.reports.wording import RIGHT, number, shown

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MOST_ROWS = 100
_LONGEST = 1500


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


def _headline(made: Any, document: Document) -> None:
    grid = made.add_table(rows=1, cols=3)
    _lines(grid)
    for cell, label in zip(grid.rows[0].cells, ("Figure", "Value", "In words"), strict=True):
        _write(cell, label, bold=True)
        _shade(cell)
    _repeat(grid.rows[0])
    for one in document.headline:
        cells = grid.add_row().cells
        _write(cells[0], one.label, bold=True)
        _write(cells[1], number(one.value, one.unit), bold=True, colour=BY_TONE.get(one.tone), right=True)
        _write(cells[2], one.text)
    _widths(grid, [70, 35, 160])
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
    grid = made.add_table(rows=len(page.rows) + 1, cols=len(page.columns))
    _lines(grid)
    grid.autofit = False
    rows = grid.rows
    _repeat(rows[0])
    for cell, column in zip(rows[0].cells, page.columns, strict=True):
        _write(cell, column.label, bold=True, right=column.kind in RIGHT)
        _shade(cell)
    for row, values in zip(list(rows)[1:], page.rows, strict=True):
        for cell, column, value in zip(row.cells, page.columns, values, strict=True):
            _fill(cell, column, value)
    _widths(grid, _shares(page.columns))
    for row in rows:
        _whole(row)
    if page.more:
        made.add_paragraph(clean(page.more))


def _fill(cell: Any, column: Column, value: Value) -> None:
    text = shown(value, column.kind)
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + " … (shortened here)"
    tone = BY_TONE.get(str(value)) if column.kind == "tone" else None
    _write(cell, text, bold=tone is not None, colour=tone, right=column.kind in RIGHT)


def _write(cell: Any, text: str, *, bold: bool = False, colour: str | None = None, right: bool = False) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt, RGBColor

    words = cell.paragraphs[0]
    words.paragraph_format.space_before = words.paragraph_format.space_after = Pt(2)
    run = words.add_run(clean(text))
    run.font.size, run.bold = Pt(8.5), bold
    run.font.color.rgb = RGBColor.from_string((colour or (SOFT if text == "–" else INK))[1:].upper())
    if right:
        words.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _shade(cell: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    shade = OxmlElement("w:shd")
    shade.set(qn("w:val"), "clear")
    shade.set(qn("w:fill"), WASH[1:].upper())
    cell._tc.get_or_add_tcPr().append(shade)  # noqa: SLF001 - python-docx has no door to shading


def _repeat(row: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    head = OxmlElement("w:tblHeader")
    head.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(head)  # noqa: SLF001 - python-docx has no door to repeated heads


def _whole(row: Any) -> None:
    """A row is not torn between pages."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001 - python-docx has no door to this


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


def _shares(columns: tuple[Column, ...]) -> list[float]:
    """Millimetres per column by what it holds."""
    weights = {"text": 3.4, "code": 2.0, "instant": 2.0, "day": 1.9, "tone": 1.5, "reading": 1.7}
    wants = [6.0 if column.id in ("why", "context") else weights.get(column.kind, 1.5) for column in columns]
    return [want / sum(wants) * 265 for want in wants]


def _widths(grid: Any, millimetres: list[float]) -> None:
    from docx.shared import Mm

    for column, width in zip(grid.columns, millimetres, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)

"""A document as PDF/UA-1: tagged, bookmarked, every letter embedded, the first page a summary; text stays text."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from shared.model import JsonObject
from shared.reports.document import Block, Bullets, Chart, Column, Document, Paragraph, Value, cut
from shared.reports.lettering import FAMILIES, Lettering, fonts
from shared.reports.palette import BY_TONE, INK, LINE, SOFT, WASH, colour
from shared.reports.widths import UNBROKEN, fitted, shrunk, wants
from shared.reports.wording import RIGHT, number, shown

MEDIA_TYPE = "application/pdf"
MOST_ROWS = 60
_LONGEST = 700
_ACROSS = 175
"""Letters of a table's usual size that stand beside each other on a page."""
_TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
_NOTE = (
    "This file's fonts hold no picture for {what}: each is written as its code point in brackets. The HTML, Word, Excel, "
    "CSV and JSON formats carry them as they are."
)
_COLOURS = {"ink": INK, "soft": SOFT, "line": LINE, "wash": WASH, **BY_TONE}


def render(document: Document) -> bytes:
    """The file's bytes; without a clock in them."""
    from typst import TypstError

    try:
        return _compiled(_content(document, Lettering()))
    except TypstError:
        # PDF/UA allows no letter without a picture. A cluster of letters that are all there may still have none as a
        # whole: then only what the first font holds stays as it is, and the note names the rest.
        return _compiled(_content(document, Lettering(plain=True)))


def _compiled(content: JsonObject) -> bytes:
    from typst import Compiler

    made = Compiler(_TEMPLATE.read_bytes(), font_paths=fonts(), sys_inputs={"document": json.dumps(content)})
    return cast("bytes", made.compile(format="pdf", pdf_standards=["ua-1"]))


def _content(document: Document, letters: Lettering) -> JsonObject:
    """What the template sets: words only, already cut, rounded and safe."""
    safe = letters.safe
    content: JsonObject = {
        "title": safe(document.title),
        "subtitle": safe(document.subtitle),
        "language": document.language,
        "fonts": list(FAMILIES),
        "colours": _COLOURS,
        "first_page": document.kind == "weekly",
        "headline": [
            {
                "label": safe(one.label),
                "value": number(one.value, one.unit),
                "text": safe(one.text),
                "tone": one.tone,
            }
            for one in document.headline
        ],
        "summary": [safe(sentence) for sentence in document.summary],
        "sections": [
            {"title": safe(section.title), "parts": [_part(block, safe) for block in section.blocks]}
            for section in document.sections
        ],
    }
    return {**content, "note": _NOTE.format(what=letters.missing()) if letters.missing() else ""}


def _part(block: Block, safe: Callable[[str], str]) -> JsonObject:
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "text": safe(block.text), "tone": block.tone}
    if isinstance(block, Bullets):
        return {"kind": "bullets", "items": [safe(item) for item in block.items]}
    if isinstance(block, Chart):
        return _bars(block, safe)
    page = cut(block, MOST_ROWS)
    if not page.rows:
        return {"kind": "paragraph", "text": safe(f"{block.caption}. {block.empty}"), "tone": "note"}
    words = [[shown(value, column.kind) for column, value in zip(page.columns, row, strict=True)] for row in page.rows]
    asked = wants(page.columns, words)
    shrink = shrunk(asked, _ACROSS, least=0.7)
    return {
        "kind": "table",
        "caption": safe(block.caption),
        "head": [safe(column.label) for column in page.columns],
        "aside": [column.kind in RIGHT for column in page.columns],
        "shares": fitted(asked, _ACROSS / shrink),
        "size": round(7.5 * shrink, 2),
        "rows": [
            [
                _cell(column, value, safe(_breakable(text)))
                for column, value, text in zip(page.columns, row, told, strict=True)
            ]
            for row, told in zip(page.rows, words, strict=True)
        ],
        "more": safe(page.more),
    }


def _cell(column: Column, value: Value, text: str) -> JsonObject | str:
    if column.kind == "tone" and value in BY_TONE:
        return {"text": text, "tone": str(value)}
    return text


def _breakable(text: str) -> str:
    """Ids and addresses may be broken anywhere: they must not run into the next column."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + " … (shortened here)"
    if max(map(len, text.split()), default=0) <= UNBROKEN:
        return text
    return " ".join(
        word if len(word) <= UNBROKEN else "\u200b".join(word[at : at + 8] for at in range(0, len(word), 8))
        for word in text.split(" ")
    )


def _bars(chart: Chart, safe: Callable[[str], str]) -> JsonObject:
    """Each bar as shares of the longest, with its numbers in words; stacked ones share a line."""
    stacked = chart.kind == "stacked"
    places = range(len(chart.categories))
    sums = [[abs(one.values[place] or 0) for one in chart.series] for place in places]
    top = max((float(sum(one) if stacked else max(one, default=0)) for one in sums), default=0.0) or 1.0

    def part(order: int, place: int) -> JsonObject:
        one = chart.series[order]
        return {"share": abs(one.values[place] or 0) / top, "colour": colour(one, order)}

    def told(orders: Sequence[int], place: int) -> str:
        return " + ".join(shown(chart.series[order].values[place], chart.unit) for order in orders)

    orders = range(len(chart.series))
    lines = [list(orders)] if stacked else [[order] for order in orders]
    return {
        "kind": "chart",
        "title": safe(chart.title),
        "alt": safe(chart.alt),
        "rows": [
            {
                "label": safe(chart.categories[place][:40]),
                "bars": [
                    {"parts": [part(order, place) for order in line], "told": told(line, place)} for line in lines
                ],
            }
            for place in places
        ],
        "legend": [{"name": safe(one.name), "colour": colour(one, order)} for order, one in enumerate(chart.series)],
    }

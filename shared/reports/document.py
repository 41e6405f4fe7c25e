"""The one document model: what a report says, ready to be read. Renderers take it and compute nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.model import JsonObject

Value = str | int | float | None
"""A cell. Instants are RFC 3339 text in columns of kind ``instant``; None is unknown."""


@dataclass(frozen=True, slots=True)
class Headline:
    """One figure of the first page. ``text`` is the sentence that stands word for word in every format."""

    id: str
    label: str
    value: int | float
    unit: str
    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """``kind``: text, code, term, count, number, hours, ratio, money, instant, day or tone.

    A term is a code that pages say in words; files for machines and spreadsheets keep it as it is.
    ``aside``: for machines and spreadsheets; pages leave it out.
    """

    id: str
    label: str
    kind: str = "text"
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells. ``total`` counts all there are; ``link`` leads to those a format leaves out."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    total: int = 0
    link: str = ""
    empty: str = "Nothing to show."


@dataclass(frozen=True, slots=True)
class Series:
    """One row of bars or one line."""

    name: str
    values: tuple[int | float | None, ...]
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """``kind``: bar, stacked or line. ``alt`` says in a sentence what the picture shows."""

    id: str
    title: str
    kind: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str
    alt: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A few sentences. ``tone``: empty, red, amber, green or note."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


Block = Paragraph | Bullets | Table | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report. ``data`` is what the JSON format carries besides; it holds JSON values only."""

    kind: str
    title: str
    subtitle: str
    period: str
    as_of: str
    headline: tuple[Headline, ...]
    summary: tuple[str, ...]
    sections: tuple[Section, ...]
    data: JsonObject = field(default_factory=dict)
    language: str = "en"

    def tables(self) -> tuple[Table, ...]:
        """All tables in order."""
        return tuple(block for section in self.sections for block in section.blocks if isinstance(block, Table))

    def charts(self) -> tuple[Chart, ...]:
        """All charts in order."""
        return tuple(block for section in self.sections for block in section.blocks if isinstance(block, Chart))

    def to_json(self) -> JsonObject:
        """Headline first, as the contract has it."""
        return {
            "headline": [_plain(one) for one in self.headline],
            "kind": self.kind,
            "title": self.title,
            "subtitle": self.subtitle,
            "period": self.period,
            "as_of": self.as_of,
            "language": self.language,
            "summary": list(self.summary),
            **self.data,
            "sections": [
                {"id": section.id, "title": section.title, "blocks": [_block(one) for one in section.blocks]}
                for section in self.sections
            ],
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Document:
        """The inverse of to_json."""
        own = {"headline", "kind", "title", "subtitle", "period", "as_of", "language", "summary", "sections"}
        return cls(
            kind=body["kind"],
            title=body["title"],
            subtitle=body["subtitle"],
            period=body["period"],
            as_of=body["as_of"],
            headline=tuple(Headline(**one) for one in body["headline"]),
            summary=tuple(body["summary"]),
            sections=tuple(
                Section(one["id"], one["title"], tuple(_unblock(block) for block in one["blocks"]))
                for one in body["sections"]
            ),
            data={name: value for name, value in body.items() if name not in own},
            language=body["language"],
        )


def dumps(document: Document) -> bytes:
    """The model as it is stored."""
    return json.dumps(document.to_json(), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def loads(data: bytes) -> Document:
    """The inverse of dumps."""
    return Document.from_json(json.loads(data))


def _plain(value: Any) -> JsonObject:
    return {name: getattr(value, name) for name in value.__slots__}


def _block(block: Block) -> JsonObject:
    body: JsonObject = {"block": type(block).__name__.lower(), **_plain(block)}
    if isinstance(block, Table):
        body["columns"] = [_plain(column) for column in block.columns]
        body["rows"] = [list(row) for row in block.rows]
    if isinstance(block, Chart):
        body["series"] = [{**_plain(one), "values": list(one.values)} for one in block.series]
        body["categories"] = list(block.categories)
    if isinstance(block, Bullets):
        body["items"] = list(block.items)
    return body


def _unblock(body: Mapping[str, Any]) -> Block:
    rest = {name: value for name, value in body.items() if name != "block"}
    kind = body["block"]
    if kind == "table":
        rest["columns"] = tuple(Column(**column) for column in rest["columns"])
        rest["rows"] = tuple(tuple(row) for row in rest["rows"])
        return Table(**rest)
    if kind == "chart":
        rest["series"] = tuple(Series(one["name"], tuple(one["values"]), one["tone"]) for one in rest["series"])
        rest["categories"] = tuple(rest["categories"])
        return Chart(**rest)
    return Bullets(tuple(rest["items"])) if kind == "bullets" else Paragraph(**rest)


@dataclass(frozen=True, slots=True)
class Cut:
    """What a page shows of a table. ``more`` counts and links the rows left out ('' when all are shown)."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    more: str = ""


def cut(table: Table, most: int) -> Cut:
    """The columns and rows a page shows, and the sentence about the others."""
    places = [place for place, column in enumerate(table.columns) if not column.aside]
    rows = tuple(tuple(row[place] for place in places) for row in table.rows[:most])
    columns = tuple(table.columns[place] for place in places)
    total = max(table.total, len(table.rows))
    if total <= len(rows):
        return Cut(columns, rows)
    where = f", and at {table.link}" if table.link else ""
    return Cut(
        columns,
        rows,
        f"{len(rows):,} of {total:,} shown; the other {total - len(rows):,} are in the JSON, CSV and "
        f"XLSX formats{where}.",
    )

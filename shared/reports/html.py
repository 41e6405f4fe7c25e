"""A document as one HTML file: no remote content, no script, readable in print, in mail and by a screen reader."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from shared.reports.document import Column, Document, Value, cut
from shared.reports.svg import picture
from shared.reports.wording import RIGHT, shown

MEDIA_TYPE = "text/html"
MOST_ROWS = 200
_TEMPLATES = Path(__file__).parent / "templates"


@cache
def stylesheet() -> str:
    """The whole style block."""
    return (_TEMPLATES / "report.css").read_text(encoding="utf-8")


def style_source() -> str:
    """The CSP source that allows exactly our style block: ``'sha256-…'``."""
    digest = hashlib.sha256(stylesheet().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def content_security_policy() -> str:
    """The policy a report page is served with."""
    return (
        f"default-src 'none'; style-src {style_source()}; img-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=False)
    return environment.get_template("report.html.j2")


def render(document: Document) -> bytes:
    """UTF-8."""
    from markupsafe import Markup

    page = _template().render(
        doc=document,
        css=Markup(stylesheet()),  # noqa: S704 - our own file
        shown=shown,
        kind=lambda block: type(block).__name__,
        cut=lambda table: cut(table, MOST_ROWS),
        svg=lambda chart: Markup(picture(chart)),  # noqa: S704 - built with escape
        body=lambda columns, rows: Markup(_body(columns, rows)),  # noqa: S704 - built with escape
        numeric=RIGHT,
    )
    return str(page).encode()


def _body(columns: Sequence[Column], rows: Sequence[tuple[Value, ...]]) -> str:
    return "".join(
        "<tr>"
        + "".join(
            _cell(column, value, first=number == 0)
            for number, (column, value) in enumerate(zip(columns, row, strict=True))
        )
        + "</tr>\n"
        for row in rows
    )


def _cell(column: Column, value: Value, *, first: bool) -> str:
    text = escape(shown(value, column.kind))
    if column.kind == "tone":
        text = f'<span class="tone {text}-text">{text}</span>'
    elif column.kind in ("text", "code"):
        text = f"<bdi>{text}</bdi>"
    elif column.kind == "term":
        text = f'<bdi title="{escape(str(value or ""))}">{text}</bdi>'
    look = (
        "n"
        if column.kind in RIGHT
        else "c"
        if column.kind in ("instant", "day", "tone", "code")
        else ("w" if column.kind == "text" and len(text) > 80 else "")
    )
    mark = f' class="{look}"' if look else ""
    return f'<th scope="row"{mark}>{text}</th>' if first else f"<td{mark}>{text}</td>"

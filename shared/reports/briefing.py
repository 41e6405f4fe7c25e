"""The handoff briefing for delivery: limits, assumptions, risks and boundaries, every statement with its source."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from shared.measures.money import shown
from shared.model import JsonObject

if TYPE_CHECKING:
    from docx.text.paragraph import Paragraph

HTML = "text/html"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_THIN = Decimal("0.05")
"""A margin this close above its floor is told as a risk."""
_OUTSIDE = re.compile(
    r"(?:out[- ]of[- ]scope|exclusions?|excluded|not included)\b[:\s–-]*(.+?)(?:\.|;|$)", re.IGNORECASE
)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def briefing(row: JsonObject, portal: str = "", lessons: Sequence[JsonObject] = ()) -> JsonObject:
    """Sections of statements from a handoff's row; each statement has a text and a source (label, and its link).

    ``lessons`` are what reviewed projects of the same template taught (``{"text", "project"}``).
    What was read from HaloPSA itself links to the handoff's page of ``portal`` and names the evidence it rests on.
    """
    row = {**row, "_record": _record(row, portal)}
    return {
        "title": f"Handoff briefing: {row['title'] or row['id']}",
        "opportunity": row["id"],
        "as_of": row["as_of"],
        "sections": [
            {"heading": "Commercial guardrails", "statements": _guardrails(row)},
            {"heading": "Delivery assumptions", "statements": _written(row, "assumptions")},
            {"heading": "Dependencies", "statements": _written(row, "dependencies")},
            {"heading": "Acceptance criteria", "statements": _written(row, "acceptance")},
            {"heading": "Risk flags", "statements": _risks(row)},
            {"heading": "Out of scope", "statements": _outside(row)},
            *([{"heading": _TAUGHT, "statements": [_lesson(one, portal) for one in lessons]}] if lessons else []),
        ],
    }


_TAUGHT = "What earlier projects of this template taught"


def _lesson(one: JsonObject, portal: str) -> JsonObject:
    href = f"{portal}/projects/{one['project']}" if portal else None
    return _said(one["text"], {"label": f"Review of project {one['project']}", "href": href})


def _record(row: JsonObject, portal: str) -> JsonObject:
    """The opportunity as it was read."""
    evidence = next(iter(row.get("evidence") or ()), None)
    label = f"HaloPSA opportunity {row['id']}" + (f", evidence {evidence}" if evidence else "")
    return {"label": label, "href": f"{portal}/handoffs/{row['id']}" if portal else None}


def _source(row: JsonObject, item: str) -> JsonObject:
    link = next((one["source"] for one in row["checklist"] if one["item"] == item), None)
    if not link or not link.lower().startswith(("https://", "http://")):
        return dict(row["_record"])
    return {"label": f"Source document of the {item}", "href": link}


def _quotation(row: JsonObject, identity: str) -> JsonObject:
    return {"label": f"HaloPSA quotation {identity}", "href": _source(row, "scope")["href"]}


def _said(text: str, source: JsonObject) -> JsonObject:
    return {"text": text, "source": source}


def _guardrails(row: JsonObject) -> list[JsonObject]:
    source = _source(row, "margin")
    scope = (row.get("signed_content") or {}).get("scope")
    currency = (scope or {}).get("currency") or row.get("currency") or ""
    told = []
    if row["value"] is not None:
        told.append(_said(f"The deal is worth {shown(Decimal(str(row['value'])), currency).rstrip()}.", source))
    if row["margin"] is not None:
        told.append(
            _said(
                f"It was sold at a margin of {row['margin']:.1%}; below {row['margin_floor']:.1%} it needs an "
                "approved exception.",
                source,
            )
        )
    if scope is not None:
        signed = _said(
            f"The scope is quotation {scope['quotation']}"
            f"{' (' + scope['title'] + ')' if scope['title'] else ''}, signed by {scope['signed_by']}.",
            _source(row, "scope"),
        )
        told.append(signed)
    told += [_said(f"An exception was approved for {code}.", source) for code in row["waived"]]
    return told


def _written(row: JsonObject, item: str) -> list[JsonObject]:
    text = (row.get("signed_content") or {}).get(item)
    return [_said(text, _source(row, item))] if text else []


def _risks(row: JsonObject) -> list[JsonObject]:
    told = [_said(f"Not settled yet: {text}", row["_record"]) for text in row["unresolved"]]
    told += [
        _said(reason["text"], row["_record"]) for reason in row["reasons"] if reason["code"] != "assumption_unresolved"
    ]
    if row["margin"] is not None and 0 <= Decimal(str(row["margin"])) - Decimal(str(row["margin_floor"])) < _THIN:
        told.append(
            _said(
                "The margin is less than five points above its floor: small overruns use it up.", _source(row, "margin")
            )
        )
    told += [
        _said(one["risk"], _quotation(row, one["id"])) for one in row["quotations"] if one["accepted"] and one["risk"]
    ]
    return told


def _outside(row: JsonObject) -> list[JsonObject]:
    told = []
    for one in row["quotations"]:
        if not one["accepted"]:
            continue
        source = _quotation(row, one["id"])
        told += [_said(match.strip(), source) for match in _OUTSIDE.findall(one["scope"]) if match.strip()]
        told.append(
            _said(f"Whatever quotation {one['id']} does not name is out of scope and needs a change order.", source)
        )
    return told


def html_of(told: JsonObject) -> str:
    """A page of its own: no script, no style from elsewhere, every text escaped."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f"<title>{html.escape(told['title'])}</title></head><body><main>",
        f"<h1>{html.escape(told['title'])}</h1><p>As of {html.escape(told['as_of'])}.</p>",
    ]
    for section in told["sections"]:
        parts.append(f"<section><h2>{html.escape(section['heading'])}</h2>")
        if not section["statements"]:
            parts.append("<p>Nothing is recorded.</p>")
        else:
            parts.append("<ul>")
            parts += [
                f"<li>{html.escape(one['text'])} <small>{_cited(one['source'])}</small></li>"
                for one in section["statements"]
            ]
            parts.append("</ul>")
        parts.append("</section>")
    parts.append("</main></body></html>")
    return "\n".join(parts)


def _cited(source: JsonObject) -> str:
    label = html.escape(source["label"])
    if source["href"] is None:
        return f"[{label}]"
    return f'[<a href="{html.escape(source["href"], quote=True)}" rel="noopener noreferrer">{label}</a>]'


def docx_of(told: JsonObject) -> bytes:
    """The same as a Word document; the same briefing gives the same bytes."""
    from datetime import UTC, datetime

    from docx import Document

    document = Document()
    core = document.core_properties
    core.title, core.author, core.comments = _plain(told["title"]), "Halo Attest", ""
    core.created = core.modified = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    document.add_heading(_plain(told["title"]), level=0)
    document.add_paragraph(f"As of {told['as_of']}.")
    for section in told["sections"]:
        document.add_heading(section["heading"], level=1)
        if not section["statements"]:
            document.add_paragraph("Nothing is recorded.")
        for one in section["statements"]:
            paragraph = document.add_paragraph(f"{_plain(one['text'])} [", style="List Bullet")
            _cite(paragraph, one["source"])
            paragraph.add_run("]")
    raw = io.BytesIO()
    document.save(raw)
    return _timeless(raw.getvalue())


def _cite(paragraph: Paragraph, source: JsonObject) -> None:
    """The source's label, as a link that can be followed where it has one."""
    if source["href"] is None:
        paragraph.add_run(_plain(source["label"]))
        return
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    link = OxmlElement("w:hyperlink")
    target = paragraph.part.relate_to(_plain(source["href"]), RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link.set(qn("r:id"), target)
    run = paragraph.add_run(_plain(source["label"]))
    run.font.underline = True
    link.append(run._r)  # noqa: SLF001 - python-docx has no other way to place a run inside a link
    paragraph._p.append(link)  # noqa: SLF001 - as above


def _plain(text: str) -> str:
    """XML holds no control characters."""
    return _CONTROL.sub("", text)


def _timeless(data: bytes) -> bytes:
    """The archive with one date for all members: when it was written must not show in the bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as read, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as write:
        for name in read.namelist():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3
            write.writestr(member, read.read(name))
    return out.getvalue()

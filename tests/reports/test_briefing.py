"""The briefing as HTML and Word: escaped, repeatable, whole."""

from __future__ import annotations

import io

from docx import Document

from shared.reports.briefing import briefing, docx_of, html_of

ROW = {
    "id": "700",
    "title": "<script>alert(1)</script> & more",
    "as_of": "2026-11-16T09:00:00.000Z",
    "value": "10000.0",
    "margin": 0.27,
    "margin_floor": 0.25,
    "currency": "CAD",
    "waived": ["margin_below_floor"],
    "unresolved": ["Is the lift wide?"],
    "reasons": [],
    "signed_content": {
        "scope": {"quotation": "77", "title": "Office", "signed_by": "Cora Fictive", "currency": "CAD"},
        "assumptions": "Power is \x00there.",
        "dependencies": "",
        "acceptance": "A test.",
    },
    "checklist": [
        {"item": "scope", "source": "javascript:alert(1)"},
        {"item": "margin", "source": 'https://x.test/"a'},
    ],
    "quotations": [
        {"id": "77", "accepted": True, "scope": "Desks. Exclusions: printers; Not included - phones.", "risk": ""}
    ],
}


def test_every_text_is_escaped_and_only_web_links_are_links():
    """A title from HaloPSA is text, and a script is no source."""
    page = html_of(briefing(ROW))
    assert "<script" not in page
    assert "javascript:" not in page
    assert 'href="https://x.test/&quot;a"' in page


def test_boundaries_and_risks_are_told():
    """Exclusions of the quotation, a thin margin, open assumptions."""
    sections = {one["heading"]: [said["text"] for said in one["statements"]] for one in briefing(ROW)["sections"]}
    assert sections["Out of scope"][:2] == ["printers", "phones"]
    assert any("five points" in text for text in sections["Risk flags"])
    assert any("lift" in text for text in sections["Risk flags"])
    assert sections["Dependencies"] == []
    assert sections["Commercial guardrails"][0] == "The deal is worth 10,000.00 CAD."


def test_the_word_document_holds_the_same_and_is_repeatable():
    """Same briefing, same bytes; every section and statement is in it; no control character breaks it."""
    told = briefing(ROW)
    data = docx_of(told)
    assert data == docx_of(told)
    text = "\n".join(paragraph.text for paragraph in Document(io.BytesIO(data)).paragraphs)
    for section in told["sections"]:
        assert section["heading"] in text
    assert "Power is there." in text
    assert "Nothing is recorded." in text


def test_every_statement_links_to_where_it_comes_from():
    """The source document where there is one, else the opportunity's page with the evidence it rests on."""
    told = briefing({**ROW, "evidence": ["e-1"]}, "https://attest.example.test")
    sources = [one["source"] for section in told["sections"] for one in section["statements"]]
    assert sources
    assert all(one["href"].startswith("https://") for one in sources)
    assert {
        "label": "HaloPSA opportunity 700, evidence e-1",
        "href": "https://attest.example.test/handoffs/700",
    } in sources
    assert html_of(told).count("<a href=") == len(sources)
    document = Document(io.BytesIO(docx_of(told)))
    links = [one for paragraph in document.paragraphs for one in paragraph.hyperlinks]
    assert [one.address for one in links] == [one["href"] for one in sources]

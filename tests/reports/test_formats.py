from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from shared.model import Person, Role
from shared.procedures.desk import desk_check_run
from shared.procedures.report_answers import report_file
from shared.procedures.report_weekly import weekly_report_run
from shared.procedures.runs import Run
from shared.reports.document import Column, Document, Section, Table, dumps, loads
from shared.reports.formats import FORMATS, media_type, render
from shared.reports.wording import rounded
from tests.reports import weeks
from tests.reports.weeks import NOW, PERIOD

pytestmark = pytest.mark.slow

ALL = Person("oid-1", "Nora Fictive", frozenset({Role.READER}))


def publish(load: Any = None) -> tuple[Any, dict[str, bytes]]:
    services = weeks.services()
    if load is not None:
        load(services)
        desk_check_run(services, Run("r-1", "desk_check", None, NOW, "oid-1"))
    weekly_report_run(services, Run("r-2", "weekly_report", PERIOD, NOW, "oid-1"))
    return services, {name: report_file(services, ALL, PERIOD, name)[0] for name in FORMATS}


@pytest.fixture(scope="module")
def normal() -> tuple[Any, dict[str, bytes]]:
    return publish(weeks.normal)


@pytest.fixture(scope="module")
def terrible() -> tuple[Any, dict[str, bytes]]:
    return publish(lambda services: weeks.terrible(services, 1200))


@pytest.fixture(scope="module")
def empty() -> tuple[Any, dict[str, bytes]]:
    return publish()


def headline(files: dict[str, bytes]) -> list[dict[str, Any]]:
    body = json.loads(files["json"])
    assert next(iter(body)) == "headline"
    assert len(body["headline"]) >= 5
    return list(body["headline"])


def docx_text(data: bytes) -> str:
    from docx import Document as Word

    made = Word(io.BytesIO(data))
    cells = [cell.text for table in made.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in made.paragraphs), *cells])


def pptx_text(data: bytes) -> str:
    from pptx import Presentation

    made = Presentation(io.BytesIO(data))
    return "\n".join(shape.text_frame.text for slide in made.slides for shape in slide.shapes if shape.has_text_frame)


def sheet_rows(data: bytes) -> list[list[str | float]]:
    """Cells of every sheet, read from the XML itself so that no library's kindness hides a mistake."""
    book = zipfile.ZipFile(io.BytesIO(data))
    from lxml import etree

    space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    shared = [
        "".join(one.itertext()) for one in etree.fromstring(book.read("xl/sharedStrings.xml")).findall("m:si", space)
    ]
    rows: list[list[str | float]] = []
    for name in sorted(book.namelist()):
        if name.startswith("xl/worksheets/sheet"):
            tree = etree.fromstring(book.read(name))
            assert tree.find(".//m:f", space) is None, "no cell is a formula"
            rows += [
                [
                    shared[int(cell.findtext("m:v", namespaces=space))]
                    if cell.get("t") == "s"
                    else float(cell.findtext("m:v", namespaces=space))
                    for cell in row.findall("m:c", space)
                    if cell.find("m:v", space) is not None
                ]
                for row in tree.iter(f"{{{space['m']}}}row")
            ]
    return rows


@pytest.mark.parametrize(
    ("value", "told"),
    [(1e30, "1" + ",000" * 10 + ".00"), (-1e300, "-1" + ",000" * 100 + ".00"), (0.005, "0.01"), (1234.5, "1,234.50")],
)
def test_a_number_of_any_size_is_told(value: float, told: str) -> None:
    """One absurd amount in HaloPSA must not stop the report."""
    assert rounded(value, 2) == told


@pytest.mark.slow
@pytest.mark.parametrize("which", ["normal", "terrible", "empty"])
def test_every_headline_stands_word_for_word_in_every_format(which: str, request: pytest.FixtureRequest) -> None:
    """Text in HTML, Word and slides; the value as a number beside its id in Excel and CSV."""
    _, files = request.getfixturevalue(which)
    html, word, slides = files["html"].decode(), docx_text(files["docx"]), pptx_text(files["pptx"])
    rows = sheet_rows(files["xlsx"])
    table = list(csv.reader(io.StringIO(files["csv"].decode("utf-8-sig"))))

    for one in headline(files):
        assert one["text"] in html
        assert one["text"] in word
        assert one["text"] in slides
        assert any(one["label"] in row and one["id"] in row and float(one["value"]) in row for row in rows)
        assert [float(row[4]) for row in table if row[1] == one["id"]] == [float(one["value"])]


@pytest.mark.parametrize("which", ["normal", "terrible", "empty"])
def test_csv_is_rectangular_and_holds_no_formula(which: str, request: pytest.FixtureRequest) -> None:
    """Every row has every column; what data begins with = + - @ is text unless it is a number."""
    _, files = request.getfixturevalue(which)
    rows = list(csv.reader(io.StringIO(files["csv"].decode("utf-8-sig"))))

    assert {len(row) for row in rows} == {7}
    for row in rows:
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t")) or re.fullmatch(
                r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", cell
            )


@pytest.mark.slow
def test_the_same_document_gives_the_same_bytes_in_every_format(normal: tuple[Any, dict[str, bytes]]) -> None:
    """Rendered again from what was kept, in any process: no clock, no counter, no path."""
    services, files = normal
    kept = services.blobs.get("reports", f"weekly/{PERIOD}/2026-11-23T06:00:00.000Z/model")
    document = Document.from_json(json.loads(kept)[""])

    assert loads(dumps(document)) == document
    for name in FORMATS:
        assert render(name, document) == files[name], name


def test_no_file_tells_a_path_or_a_user(normal: tuple[Any, dict[str, bytes]]) -> None:
    """Office files are looked into."""
    _, files = normal
    for name, data in files.items():
        parts = [data]
        if name in ("xlsx", "docx", "pptx"):
            book = zipfile.ZipFile(io.BytesIO(data))
            assert {one.date_time for one in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            parts = [book.read(one) for one in book.namelist()]
        for part in parts:
            assert str(Path(__file__).resolve().parents[2]).encode() not in part
            assert b"/home/" not in part
            assert b"/tmp/" not in part
            assert b"root" not in part.replace(b"root<", b"").replace(b'"root"', b"") or name != "pdf"


def test_markup_in_a_title_stays_text(terrible: tuple[Any, dict[str, bytes]]) -> None:
    """No script element comes from data; nothing is loaded from elsewhere."""
    _, files = terrible
    html = files["html"].decode()

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert not re.search(r'(src|srcset|@import|url\()\s*=?\s*["\']?(https?:)?//', html)
    assert " style=" not in html


def test_what_a_page_leaves_out_is_counted_and_linked(terrible: tuple[Any, dict[str, bytes]]) -> None:
    """1,200 red findings: a page shows some and says how many more there are; JSON and CSV hold them all."""
    _, files = terrible
    body = json.loads(files["json"])
    (open_table,) = [block for section in body["sections"] for block in section["blocks"] if block.get("id") == "open"]

    assert "200 of 1,200 shown; the other 1,000 are in the JSON, CSV and XLSX formats" in files["html"].decode()
    assert "of 1,200 shown" in docx_text(files["docx"])
    assert "of 1,200 shown" in pptx_text(files["pptx"])
    assert len(open_table["rows"]) == 1200
    assert (
        sum(1 for line in files["csv"].decode().splitlines() if line.startswith("open/") or ",subject," in line) >= 1200
    )


def test_an_empty_week_says_that_it_knows_nothing(empty: tuple[Any, dict[str, bytes]]) -> None:
    """Unknown is neither zero per cent nor green."""
    _, files = empty
    body = json.loads(files["json"])

    assert all(one["value"] is None for one in body["kpis"] if one["n"] == 0)
    assert "treat every state as unknown" in files["html"].decode()
    assert "closed_in_time" not in {one["id"] for one in body["headline"]}


def test_html_tables_have_captions_and_scopes(normal: tuple[Any, dict[str, bytes]]) -> None:
    """Readable by a screen reader: language, one main heading, captions, scoped heads, described pictures."""
    _, files = normal
    html = files["html"].decode()

    assert '<html lang="en">' in html
    assert html.count("<h1>") == 1
    assert html.count("<table") == html.count("<caption>") > 5
    assert "<th>" not in html
    assert html.count("<svg") == html.count("<desc>") == html.count('role="img"')


def test_the_style_block_matches_its_announced_hash(normal: tuple[Any, dict[str, bytes]]) -> None:
    """The Content-Security-Policy allows exactly our style and nothing else."""
    import base64
    import hashlib

    from shared.reports.html import content_security_policy

    _, files = normal
    (style,) = re.findall(r"<style>(.*?)</style>", files["html"].decode(), re.DOTALL)

    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in content_security_policy()
    assert "unsafe" not in content_security_policy()


def test_outlook_can_read_the_page(normal: tuple[Any, dict[str, bytes]]) -> None:
    """Word's engine knows neither variables in styles nor SVG: colours are written out, pictures have their sentence."""
    _, files = normal
    html = files["html"].decode()

    assert "var(--" not in html
    assert html.count("<!--[if mso]><p>") == html.count("<svg") > 0
    assert '<div class="label">' in html


def test_colours_of_text_can_be_read() -> None:
    """At least 4.5 to 1 on white and on the wash behind table heads (WCAG 2.2 AA)."""
    from shared.reports.palette import ACCENT, BY_TONE, INK, SOFT, WASH, contrast

    for colour in (INK, SOFT, ACCENT, *BY_TONE.values()):
        assert contrast(colour, "#ffffff") >= 4.5
        assert contrast(colour, WASH) >= 4.5


def test_every_format_says_what_it_is(normal: tuple[Any, dict[str, bytes]]) -> None:
    """Media types, and the first bytes that belong to them."""
    _, files = normal

    assert media_type("html") == "text/html"
    assert files["pdf"].startswith(b"%PDF-")
    assert all(files[name].startswith(b"PK") for name in ("xlsx", "docx", "pptx"))


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler's pdftotext is not installed")
def test_the_pdf_holds_every_headline_word_for_word(normal: tuple[Any, dict[str, bytes]], tmp_path: Path) -> None:
    """Each on a line of its own, whichever way the text is taken out."""
    _, files = normal
    (tmp_path / "report.pdf").write_bytes(files["pdf"])

    for mode in ((), ("-layout",), ("-raw",)):
        command = ["pdftotext", *mode, str(tmp_path / "report.pdf"), "-"]
        told = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        for one in headline(files):
            assert one["text"] in told


def test_a_code_is_said_in_words_on_pages_and_stays_a_code_in_files() -> None:
    """Pages are read by people, CSV and Excel by what they sort and join by."""
    table = Table("by-code", "Reasons", (Column("code", "Reason", "term"),), (("no_signoff",), (None,)))
    section = Section("causes", "Causes", (table,))
    document = Document("weekly", "Week", "", PERIOD, "2026-11-23T06:00:00Z", (), ("Calm.",), (section,), {})
    made = {name: render(name, document) for name in ("html", "docx", "csv", "xlsx", "json")}
    assert ">no signoff<" in made["html"].decode()
    assert "no signoff" in docx_text(made["docx"])
    assert "no_signoff" in made["csv"].decode()
    assert ["no_signoff"] in sheet_rows(made["xlsx"])
    assert "no_signoff" in made["json"].decode()

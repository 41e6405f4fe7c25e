from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from shared.reports.document import Bullets, Chart, Column, Document, Headline, Paragraph, Section, Series, Table
from shared.reports.lettering import Lettering
from shared.reports.pdf import render

POPPLER = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler's tools are not installed")
NAMES = ("מכון בדיוני", "株式会社架空", "Żółć Ltd", "Ωμέγα", "हिन्दी", "한국어", "Кириллица")


def document(*names: str, title: str = "Weekly control report 2026-W47") -> Document:
    """A short report whose table names customers."""
    rows = tuple((name, 3, "red") for name in names)
    columns = (Column("customer", "Customer"), Column("red", "Red", "count"), Column("tone", "State", "tone"))
    chart = Chart("c", "Open", "stacked", ("One",), (Series("red", (3,), "red"),), "count", "One has three red.")
    return Document(
        "weekly",
        title,
        "As known at 2026-11-23",
        "2026-W47",
        "2026-11-23T06:00:00.000Z",
        (Headline("red", "Red findings", 3, "count", "3 findings are red.", "red"),),
        ("What is red is mainly: late.",),
        (
            Section(
                "causes",
                "What is red",
                (Paragraph("Three.", "red"), chart, Bullets(("a", "b")), Table("t", "By customer", columns, rows)),
            ),
        ),
    )


def told(data: bytes, folder: Path, *command: str) -> str:
    """What one of poppler's tools says about the file."""
    (folder / "report.pdf").write_bytes(data)
    done = subprocess.run(
        [command[0], *command[1:], str(folder / "report.pdf"), *(["-"] if command[0] == "pdftotext" else [])],
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


@POPPLER
def test_the_pdf_is_tagged_for_a_screen_reader(tmp_path: Path) -> None:
    """PDF/UA: title, headings, table heads, and a picture's sentence stand in its structure."""
    data = render(document(*NAMES))
    structure = told(data, tmp_path, "pdfinfo", "-struct-text")

    assert b"pdfuaid:part" in data
    assert b"/Lang" in data
    assert "Tagged:          yes" in told(data, tmp_path, "pdfinfo")
    tags = {line.split()[0].rstrip(":") for line in structure.splitlines() if line.strip()}
    assert {"H1", "H2", "Table", "THead", "TH", "TD", "Figure", "LI"} <= tags
    assert "What is red" in structure


@POPPLER
def test_names_in_every_script_can_be_read_and_copied(tmp_path: Path) -> None:
    """Right-to-left, Chinese, Japanese, Korean, Indic and emoji are set with embedded fonts."""
    text = told(render(document(*NAMES, "🍁 Ltd")), tmp_path, "pdftotext")

    for name in ("株式会社架空", "Żółć Ltd", "Ωμέγα", "한국어", "Кириллица", "🍁"):
        assert name in text
    assert set("מכון") <= set(text)
    assert "?" not in text
    assert "hold no picture" not in text
    fonts = told(render(document(*NAMES)), tmp_path, "pdffonts").splitlines()[2:]
    assert fonts
    assert all(line.split()[-5] == "yes" for line in fonts), "every font is embedded"


@POPPLER
def test_a_letter_without_a_picture_is_named_never_dropped(tmp_path: Path) -> None:
    """It stands as its code point in brackets, and the file says which ones and where to read them."""
    text = told(render(document("\U0001d4b3 and \ue000")), tmp_path, "pdftotext")

    assert "[U+1D4B3] and [U+E000]" in text
    assert "hold no picture for U+E000, U+1D4B3" in " ".join(text.split())


@POPPLER
@pytest.mark.parametrize(
    "name",
    [
        "1\ufe0f\u20e3 Ltd",
        "👨\u200d👩\u200d👧",
        "a\u202ebc",
        "x\x00\x07\ty",
        "e\u0301\u0327",
        "#set page(width: 1pt)",
        "$x$ *y* `z` <l> @m \\ //",
        "\u0378",
        "🇨🇦",
        "W" * 400,
        "ᚠ" * 30,
        "\ufffd",
        "[U+0041]",
    ],
)
def test_no_text_breaks_the_file(name: str, tmp_path: Path) -> None:
    """Markup, joiners, overrides, control characters and endless words are text."""
    text = told(render(document(name, title=name)), tmp_path, "pdftotext")

    assert "3 findings are red." in text
    if name.startswith(("#", "$")):
        assert name in " ".join(text.split())


def test_the_same_document_gives_the_same_pdf() -> None:
    """No clock and no counter in it."""
    assert render(document(*NAMES)) == render(document(*NAMES))


def test_only_what_cannot_be_seen_is_left_out() -> None:
    """Line breaks become blanks; what has no picture is remembered."""
    letters = Lettering()

    assert letters.safe("a\nb\u2028c") == "a b c"
    assert letters.missing() == ""
    assert letters.safe("\U0001d4b3") == "[U+1D4B3]"
    assert letters.missing() == "U+1D4B3"
    assert Lettering(plain=True).safe("שx") == "[U+05E9]x"

"""Which letters the PDF's fonts hold: Noto for the world's scripts, and what is written where there is no picture."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
"""Packages that carry nothing but the Noto fonts under the SIL Open Font License."""
_FIRST = "Noto Sans"
_SCRIPTS = (
    "Hebrew",
    "Arabic",
    "Devanagari",
    "Bengali",
    "Tamil",
    "Telugu",
    "Thai",
    "Armenian",
    "Georgian",
    "Ethiopic",
    "Gujarati",
    "Gurmukhi",
    "Kannada",
    "Khmer",
    "Lao",
    "Malayalam",
    "Myanmar",
    "Oriya",
    "Sinhala",
    "CJK SC",
    "Symbols",
)
FAMILIES: tuple[str, ...] = (_FIRST, *(f"Noto Sans {script}" for script in _SCRIPTS), "Noto Emoji")
"""In the order in which they are asked for a letter."""
_BLANK = frozenset({"Cc", "Zl", "Zp"})
_UNSEEN = frozenset({"Cf", "Mn"})
_NAMED = 5


def _folders() -> tuple[Path, ...]:
    found = [find_spec(name) for name in _PACKAGES]
    return tuple(Path(str(spec.origin)).parent for spec in found if spec is not None)


@cache
def fonts() -> Any:
    """The fonts as the typesetter takes them; those of the machine are left out, so that every machine sets the same."""
    from typst import Fonts

    return Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(one) for one in _folders()])


@cache
def _held(*, plain: bool) -> frozenset[int]:
    """Code points with a picture; with ``plain`` those of the first font only."""
    from fontTools.ttLib import TTFont

    found: set[int] = set()
    for folder in _folders():
        for path in sorted(folder.iterdir()):
            if path.suffix not in (".ttf", ".ttc") or (plain and path.name != "NotoSans[wght].ttf"):
                continue
            with TTFont(path, lazy=True, fontNumber=0) as font:
                found.update(font.getBestCmap())
    return frozenset(found)


class Lettering:
    """Turns text into what the fonts can show, and remembers what they cannot."""

    def __init__(self, *, plain: bool = False) -> None:
        self._plain = plain
        self._missing: dict[str, None] = {}

    def safe(self, text: str) -> str:
        """The text; line breaks as blanks, letters without a picture as ``[U+1D4B3]``. Nothing is dropped that is seen."""
        if text.isascii() and text.isprintable():
            return text
        return "".join(self._letter(letter) for letter in text)

    def _letter(self, letter: str) -> str:
        kind = unicodedata.category(letter)
        if kind in _BLANK:
            return " "
        if ord(letter) in _held(
            plain=True
        ):  # nearly every letter; the other fonts are looked into when one is not there
            return letter
        if (not self._plain and ord(letter) in _held(plain=False)) or (
            kind in _UNSEEN and not self._plain and letter != "\u20e3"
        ):
            return letter
        if kind == "Cf":
            return ""
        self._missing[letter] = None
        return f"[U+{ord(letter):04X}]"

    def missing(self) -> str:
        """What had no picture, in words: ``U+1D4B3 and 3 others``; empty when nothing was missing."""
        names = [f"U+{ord(letter):04X}" for letter in sorted(self._missing)]
        others = len(names) - _NAMED
        told = ", ".join(names[:_NAMED])
        return f"{told} and {others} other characters" if others > 0 else told

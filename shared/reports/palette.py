"""The colours of every format: at least 4.5 to 1 on white for text, never the only carrier of a meaning."""

from __future__ import annotations

from shared.reports.document import Series

INK, SOFT, LINE, WASH, ACCENT = "#1b1f24", "#57606a", "#d0d7de", "#f6f8fa", "#0b4f8a"
RED, AMBER, GREEN = "#b42318", "#8a5300", "#1a6b3c"
BY_TONE = {"red": RED, "amber": AMBER, "green": GREEN}
BARS_BY_TONE = {"red": RED, "amber": "#d98e00", "green": GREEN}
"""Amber bars are lighter than amber text."""
_ORDER = (ACCENT, "#7aa6cf", SOFT, "#b7c9dc")


def colour(series: Series, number: int) -> str:
    """A bar's colour, by tone or by place."""
    return BARS_BY_TONE.get(series.tone) or _ORDER[number % len(_ORDER)]


def label_ink(series: Series, number: int, *, stacked: bool) -> str:
    """The colour of a number that stands on a bar (stacked) or beside it."""
    return max(("#ffffff", INK), key=lambda ink: contrast(ink, colour(series, number))) if stacked else INK


def luminance(colour_code: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour_code[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)

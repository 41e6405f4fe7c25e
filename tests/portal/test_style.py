"""The style sheet keeps its promises to people who see little."""

from __future__ import annotations

import re

from shared.portal.pages import stylesheet

CSS = stylesheet().decode()


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_text_colour_has_aa_contrast_on_every_ground():
    """4.5 to 1 at least, for tags, soft text and links, on paper and on the page."""
    named = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", CSS))
    grounds = [named.pop("paper"), named.pop("wash")]
    named.pop("line")
    assert set(named) >= {"ink", "soft", "brand", "red", "amber", "green", "grey"}
    poor = {(name, ground) for name, colour in named.items() for ground in grounds if contrast(colour, ground) < 4.5}
    assert poor == set()
    assert contrast("#e3eef3", named["brand"]) >= 4.5


def test_the_focus_is_visible_and_nothing_is_loaded_from_elsewhere():
    """An outline on whatever has the keyboard, and no address in the sheet."""
    assert re.search(r":focus-visible \{ outline: 3px solid", CSS)
    assert "url(" not in CSS
    assert "@import" not in CSS

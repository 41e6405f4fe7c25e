"""A chart as inline SVG: drawn from the model's numbers, described for those who cannot see it."""

from __future__ import annotations

from html import escape

from shared.reports.document import Chart, Series
from shared.reports.palette import colour
from shared.reports.wording import shown

_ROW, _LEFT, _WIDTH, _RIGHT = 26, 190, 860, 96


def picture(chart: Chart) -> str:
    """Horizontal bars: one band per category; stacked where the model says so."""
    stacked = chart.kind == "stacked"
    bands = 1 if stacked else max(1, len(chart.series))
    height = len(chart.categories) * (_ROW * bands + 10) + 34
    top = _most(chart, stacked=stacked)
    out = [
        (
            f'<svg role="img" aria-labelledby="c-{escape(chart.id)}" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
            f'height="{height}"><desc>{escape(chart.alt)}</desc>'
        ),
        '<g font-family="Segoe UI, Calibri, Arial, sans-serif" font-size="13" fill="#1b1f24">',
    ]
    for place, category in enumerate(chart.categories):
        y = place * (_ROW * bands + 10) + 6
        out.append(
            f'<text x="{_LEFT - 10}" y="{y + _ROW * bands / 2 + 4:.1f}" text-anchor="end">'
            f"{escape(category[:30])}</text>"
        )
        out.extend(_stack(chart, place, y, top) if stacked else _bars(chart, place, y, top))
    out.append(_legend(chart.series, height - 12) if len(chart.series) > 1 else "")
    return "".join([*out, "</g></svg>"])


def _most(chart: Chart, *, stacked: bool) -> float:
    values = [[abs(one.values[place] or 0) for one in chart.series] for place in range(len(chart.categories))]
    return max((float(sum(row) if stacked else max(row, default=0)) for row in values), default=0.0) or 1.0


def _scale(value: float, top: float) -> float:
    return abs(value) / top * (_WIDTH - _LEFT - _RIGHT)


def _bars(chart: Chart, place: int, y: int, top: float) -> list[str]:
    out = []
    for number, one in enumerate(chart.series):
        value, line = one.values[place], y + number * _ROW
        width = _scale(value or 0, top)
        out.append(
            f'<rect x="{_LEFT}" y="{line + 4}" width="{width:.1f}" height="{_ROW - 8}" fill="{colour(one, number)}"/>'
            f'<text x="{_LEFT + width + 8:.1f}" y="{line + 18}">{escape(shown(value, chart.unit))}</text>'
        )
    return out


def _stack(chart: Chart, place: int, y: int, top: float) -> list[str]:
    out, x = [], float(_LEFT)
    for number, one in enumerate(chart.series):
        width = _scale(one.values[place] or 0, top)
        out.append(
            f'<rect x="{x:.1f}" y="{y + 4}" width="{width:.1f}" height="{_ROW - 8}" fill="{colour(one, number)}"/>'
        )
        x += width
    parts = " + ".join(shown(one.values[place], chart.unit) for one in chart.series)
    out.append(f'<text x="{x + 8:.1f}" y="{y + 18}">{escape(parts)}</text>')
    return out


def _legend(series: tuple[Series, ...], y: int) -> str:
    out, x = [], _LEFT
    for number, one in enumerate(series):
        out.append(
            f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{colour(one, number)}"/>'
            f'<text x="{x + 18}" y="{y}">{escape(one.name)}</text>'
        )
        x += 40 + 8 * len(one.name)
    return "".join(out)

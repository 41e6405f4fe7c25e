"""How wide columns are: by what stands in them, the same in every format that sets pages."""

from __future__ import annotations

from collections.abc import Sequence

from shared.reports.document import Column

UNBROKEN = 22
"""Letters of a word beyond which a column need not hold it whole."""
_MOST, _LEAST = 60.0, 3.0


def wants(columns: Sequence[Column], words: Sequence[Sequence[str]]) -> list[float]:
    """Letters of room each column asks for: its longest usual word, and nine cells in ten on one line up to a bound."""
    out = []
    for place, column in enumerate(columns):
        longest = max((len(part) for row in words for part in row[place].split()), default=1)
        lengths = sorted(len(row[place]) for row in words)
        usual = lengths[len(lengths) * 9 // 10] if lengths else 1
        least = max(longest, *(len(part) for part in column.label.split()))
        out.append(round(min(_MOST, max(min(least, UNBROKEN) * 1.15, min(usual, _MOST)) + _LEAST), 2))
    return out


def shrunk(asked: Sequence[float], room: float, *, least: float) -> float:
    """By what to shrink letters so that the columns fit into ``room`` letters once sentences have given way."""
    rigid = sum(map(_rigid, asked))
    return max(least, min(1.0, room / rigid)) if rigid else 1.0


def fitted(asked: Sequence[float], room: float) -> list[float]:
    """Room for each column out of ``room`` letters: columns of sentences give way, those of numbers and codes do not."""
    rigid, whole = sum(map(_rigid, asked)), sum(asked)
    if whole <= room or whole == rigid:
        return list(asked)
    give = max(0.0, (room - rigid) / (whole - rigid))
    return [round(_rigid(one) + (one - _rigid(one)) * give, 2) for one in asked]


def _rigid(asked: float) -> float:
    return min(asked, UNBROKEN * 0.9)

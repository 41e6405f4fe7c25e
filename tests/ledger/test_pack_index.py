"""A pack's index: lines come back sorted, whatever order they came in and however much memory they may take."""

from __future__ import annotations

import io
import json
from random import Random

import pytest

from shared.ledger import pack_index


def _items(count, jitter):
    """(control, time, number) of items whose clock is off by up to ``jitter`` seconds."""
    random = Random(count + jitter)
    for number in range(count):
        seconds = 1000 + number + random.randint(-jitter, jitter)
        yield f"control.{number % 3}", f"2026-11-16T09:{seconds // 60:02d}:{seconds % 60:02d}.000Z", number


@pytest.mark.parametrize("most", [0, 400, 1 << 22])
@pytest.mark.parametrize("jitter", [0, 30])
def test_lines_come_back_by_control_then_time_then_place(monkeypatch, most, jitter):
    """The order is that of the verifier, though lines wait in memory, lie in runs, or come out of order."""
    monkeypatch.setattr(pack_index, "_WEIGHT", most)
    index, items = pack_index.Index(io.BytesIO()), list(_items(90, jitter))
    for control, time, number in items:
        row = json.dumps({"collected_at": time, "n": number}, separators=(",", ":")).encode()
        index.add(control, time, (row, b'"a\r\nb",%d\r\n' % number, b'{"o":%d}' % number))
    expected = [number for _, _, number in sorted(items)]
    assert [row["n"] for row in json.loads(b"".join(index.json()))] == expected
    assert b"".join(index.csv(b"head\r\n")) == b"head\r\n" + b"".join(b'"a\r\nb",%d\r\n' % at for at in expected)
    for control in {control for control, _, _ in items}:
        lines = b",".join(block for named, block in index.blocks("oscal") if named == control)
        assert [one["o"] for one in json.loads(b"[" + lines + b"]")] == [
            number for named, _, number in sorted(items) if named == control
        ]


def test_an_index_of_nothing_is_an_empty_list():
    """A pack without items has an index that can be read."""
    assert json.loads(b"".join(pack_index.Index(io.BytesIO()).json())) == []

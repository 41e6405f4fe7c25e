"""A pack's index while it grows: lines in the order of the log, to be read back by control, then time, then place."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import accumulate
from typing import IO

_KINDS = ("json", "csv", "oscal")
_BETWEEN = (b",\n", b"", b",\n")
_WEIGHT = 1 << 22
"""So many bytes of lines wait in memory, for those of one control to lie together on disk."""
_TIME = slice(len('{"collected_at":"'), len('{"collected_at":"') + 24)
"""Where the time of receipt stands in a JSON line: it is the first name in order."""


class _Control:
    """Where the lines of one control lie: run by run, in each the lines of one kind behind one another."""

    __slots__ = ("latest", "lengths", "order", "ordered", "runs", "waiting")

    def __init__(self) -> None:
        self.waiting: list[tuple[bytes, bytes, bytes]] = []
        self.runs: list[tuple[int, int, tuple[int, ...]]] = []
        """Place in the file, number of items, length of each kind's block."""
        self.lengths = tuple(array("I") for _ in _KINDS)
        """Of each line; twelve bytes an item, whatever its lines hold."""
        self.latest = ""
        self.ordered = True
        self.order: array[int] | None = None


class Index:
    """Three lines an item on disk, a few numbers an item in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._controls: dict[str, _Control] = {}
        self._end = 0
        self._weight = 0

    def add(self, control: str, received_at: str, lines: tuple[bytes, bytes, bytes]) -> None:
        """Take the next item of the log: its lines for index.json, index.csv and the assessment results."""
        held = self._controls.get(control)
        if held is None:
            held = self._controls[control] = _Control()
        if received_at < held.latest:
            held.ordered = False
        held.latest = received_at
        held.waiting.append(lines)
        one, two, three = lines
        self._weight += len(one) + len(two) + len(three)
        if self._weight >= _WEIGHT:
            self._put_down()

    def _put_down(self) -> None:
        """Write what waits, a run for each control."""
        for held in self._controls.values():
            if not held.waiting:
                continue
            kinds = tuple(zip(*held.waiting, strict=True))
            blocks = tuple(between.join(lines) for between, lines in zip(_BETWEEN, kinds, strict=True))
            for lengths, lines in zip(held.lengths, kinds, strict=True):
                lengths.extend(map(len, lines))
            held.runs.append((self._end, len(held.waiting), tuple(map(len, blocks))))
            self._file.writelines(blocks)
            self._end += sum(map(len, blocks))
            held.waiting.clear()
        self._weight = 0

    def json(self) -> Iterator[bytes]:
        """index.json."""
        yield b"[\n"
        between = b""
        for _, block in self.blocks("json"):
            yield between + block
            between = b",\n"
        yield b"\n]\n" if between else b"]\n"

    def csv(self, head: bytes) -> Iterator[bytes]:
        """index.csv."""
        yield head
        for _, block in self.blocks("csv"):
            yield block

    def blocks(self, kind: str) -> Iterator[tuple[str, bytes]]:
        """(control, lines of one kind with what stands between them), sorted."""
        self._put_down()
        which = _KINDS.index(kind)
        for control, held in sorted(self._controls.items()):
            for place, length in self._runs(held, which) if held.ordered else self._lines(held, which):
                self._file.seek(place)
                yield control, self._file.read(length)

    @staticmethod
    def _runs(held: _Control, which: int) -> Iterator[tuple[int, int]]:
        """Place and length of each block of lines that are in order as they lie."""
        for place, _, blocks in held.runs:
            yield place + sum(blocks[:which]), blocks[which]

    def _lines(self, held: _Control, which: int) -> Iterator[tuple[int, int]]:
        """Place and length of each line, by time and then by place in the log."""
        if held.order is None:
            at = self._places(held, 0)
            held.order = array("I", sorted(range(len(at)), key=lambda item: (self._received(at[item]), item)))
        places, lengths = self._places(held, which), held.lengths[which]
        for item in held.order:
            yield places[item], lengths[item]

    @staticmethod
    def _places(held: _Control, which: int) -> array[int]:
        places, first, between = array("Q"), 0, len(_BETWEEN[which])
        for place, count, blocks in held.runs:
            lengths = held.lengths[which][first : first + count - 1]
            steps = (length + between for length in lengths)
            places.extend(accumulate(steps, initial=place + sum(blocks[:which])))
            first += count
        return places

    def _received(self, place: int) -> bytes:
        self._file.seek(place)
        return self._file.read(_TIME.stop)[_TIME]

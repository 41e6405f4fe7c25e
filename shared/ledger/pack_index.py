"""A pack's index while it grows: lines in the order of the log, to be read back by control, then time, then place."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import IO

from shared.ledger.spool import Spool

_KINDS = ("json", "csv", "oscal")
_TIME = slice(len('{"collected_at":"'), len('{"collected_at":"') + 24)
"""Where the time of receipt stands in a JSON line: it is the first name in order."""


class _Control:
    """Where the lines of one control lie. Eight bytes and three lengths an item, whatever its lines hold."""

    __slots__ = ("latest", "lengths", "ordered", "places")

    def __init__(self) -> None:
        self.places = array("Q")
        self.lengths = tuple(array("L") for _ in _KINDS)
        self.latest = ""
        self.ordered = True


class Index:
    """Three lines an item on disk, a few numbers an item in memory."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._file = spool.scratch()
        self._controls: dict[str, _Control] = {}
        self._end = 0
        self.count = 0

    def add(self, control: str, received_at: str, lines: tuple[bytes, bytes, bytes]) -> None:
        """Take the next item of the log: its lines for index.json, index.csv and the assessment results."""
        held = self._controls.get(control)
        if held is None:
            held = self._controls[control] = _Control()
        if received_at < held.latest:
            held.ordered = False
        held.latest = received_at
        held.places.append(self._end)
        one, two, three = lines
        held.lengths[0].append(len(one))
        held.lengths[1].append(len(two))
        held.lengths[2].append(len(three))
        self._end += len(one) + len(two) + len(three)
        self._file.write(one + two + three)
        self.count += 1

    def lines(self, kind: str) -> Iterator[tuple[str, bytes]]:
        """(control, line) of one kind, sorted."""
        which = _KINDS.index(kind)
        for control, held in sorted(self._controls.items()):
            lengths, before = held.lengths[which], held.lengths[:which]
            for item in self._order(held):
                self._file.seek(held.places[item] + sum(one[item] for one in before))
                yield control, self._file.read(lengths[item])

    def _order(self, held: _Control) -> Iterator[int]:
        numbers = range(len(held.places))
        if held.ordered:
            return iter(numbers)
        return iter(sorted(numbers, key=lambda item: (self._received(held.places[item]), item)))

    def _received(self, place: int) -> bytes:
        self._file.seek(place)
        return self._file.read(_TIME.stop)[_TIME]

    def json(self) -> IO[bytes]:
        """index.json."""
        file, left = self._spool.scratch(), self.count
        file.write(b"[\n")
        for _, line in self.lines("json"):
            left -= 1
            file.write(line + (b",\n" if left else b"\n"))
        file.write(b"]\n")
        return file

    def csv(self, head: bytes) -> IO[bytes]:
        """index.csv."""
        file = self._spool.scratch()
        file.write(head)
        file.writelines(line for _, line in self.lines("csv"))
        return file

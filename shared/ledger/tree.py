"""Reading a log's hashes back: full tiles from Blob storage, the rest from the sealed rows."""

from __future__ import annotations

from collections import OrderedDict

from shared.ledger import merkle
from shared.ledger.stored import entries, leaf_of
from shared.ports import Blobs, Rows

TILES = "tiles"
WIDTH = 256
_BITS = 8
_MOST_ROOTS = 100_000
_MOST_TILES = 64


def tile_blob(log: str, level: int, number: int) -> str:
    """Blob name of a full tile: 256 hashes of subtrees of 256^level leaves."""
    return f"{log}/tile/{level}/{number:012d}"


class Tree:
    """Roots of ranges of one log's leaves, with the roots of full tiles remembered."""

    def __init__(self, rows: Rows, blobs: Blobs, log: str) -> None:
        self._rows = rows
        self._blobs = blobs
        self._log = log
        self._roots: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._tiles: OrderedDict[int, bytes | None] = OrderedDict()
        self._tail: dict[int, bytes] = {}

    def _tile(self, number: int) -> bytes | None:
        """A full level-0 tile, or None where it is not written (yet)."""
        if number not in self._tiles:
            tile = self._blobs.get(TILES, tile_blob(self._log, 0, number))
            self._tiles[number] = tile if tile is not None and len(tile) == WIDTH * merkle.HASH else None
            if len(self._tiles) > _MOST_TILES:
                self._tiles.popitem(last=False)
        return self._tiles[number]

    def leaves(self, first: int, last: int) -> list[bytes]:
        """Leaf hashes of [first, last) within one tile."""
        number = first // WIDTH
        tile = self._tile(number)
        if tile is not None:
            start = number * WIDTH
            return [tile[at * merkle.HASH : (at + 1) * merkle.HASH] for at in range(first - start, last - start)]
        missing = [index for index in range(first, last) if index not in self._tail]
        if missing:
            wanted = entries(self._rows, self._log, missing[0], missing[-1] + 1)
            for index, row in enumerate(wanted, missing[0]):
                self._tail[index] = merkle.leaf_hash(leaf_of(row))
        return [self._tail[index] for index in range(first, last)]

    def hashes(self, level: int, number: int) -> list[bytes]:
        """The 256 hashes of a full tile."""
        if level == 0:
            return self.leaves(number * WIDTH, (number + 1) * WIDTH)
        tile = self._blobs.get(TILES, tile_blob(self._log, level, number))
        if tile is not None and len(tile) == WIDTH * merkle.HASH:
            return [tile[at : at + 32] for at in range(0, len(tile), 32)]
        return [self.tile_root(level - 1, child) for child in range(number * WIDTH, (number + 1) * WIDTH)]

    def tile_root(self, level: int, number: int) -> bytes:
        """Root of a full tile."""
        known = self._roots.get((level, number))
        if known is None:
            known = merkle.root_of(self.hashes(level, number))
            self._roots[level, number] = known
            if len(self._roots) > _MOST_ROOTS:
                self._roots.popitem(last=False)
        return known

    def range_root(self, first: int, last: int) -> bytes:
        """Root of the leaves [first, last); first is where RFC 6962 would split."""
        count = last - first
        if count <= WIDTH and first // WIDTH == (last - 1) // WIDTH:
            return merkle.root_of(self.leaves(first, last))
        level = (count.bit_length() - 1) // _BITS
        span = WIDTH**level
        if count == span and first % span == 0:
            return self.tile_root(level - 1, first // span)
        if count < span * WIDTH and count % span == 0 and first % span == 0:
            return merkle.root_of(self.tile_root(level - 1, at) for at in range(first // span, last // span))
        middle = first + (1 << ((count - 1).bit_length() - 1))
        return merkle.node_hash(self.range_root(first, middle), self.range_root(middle, last))


def edge_at(rows: Rows, log: str, first: int, edge: tuple[bytes, ...], last: int) -> tuple[bytes, ...]:
    """The compact range at ``last``, grown from the one at ``first`` by the sealed rows between."""
    grown, _ = merkle.extend(edge, first, (merkle.leaf_hash(leaf_of(row)) for row in entries(rows, log, first, last)))
    return tuple(grown)

"""RFC 6962 Merkle trees: hashes, the compact range a log keeps of itself, and proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
HASH = 32

RangeHash = Callable[[int, int], bytes]
"""Root of the leaves [first, last) of a log."""


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def extend(edge: Sequence[bytes], size: int, leaves: Iterable[bytes]) -> tuple[list[bytes], int]:
    """Append leaf hashes to a compact range (roots of the perfect subtrees of a tree, largest first)."""
    stack = list(edge)
    for leaf in leaves:
        node, bits = leaf, size
        while bits & 1:
            node = node_hash(stack.pop(), node)
            bits >>= 1
        stack.append(node)
        size += 1
    return stack, size


def edge_root(edge: Sequence[bytes]) -> bytes:
    """The tree's root from its compact range."""
    if not edge:
        return EMPTY_ROOT
    node = edge[-1]
    for left in reversed(edge[:-1]):
        node = node_hash(left, node)
    return node


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Root over leaf hashes."""
    return edge_root(extend((), 0, leaves)[0])


def split_edge(data: bytes, size: int) -> tuple[bytes, ...]:
    """A stored compact range as hashes. Raises ValueError when its length does not fit the size."""
    if len(data) != HASH * size.bit_count():
        raise ValueError("a compact range holds one hash per set bit of the size")
    return tuple(data[at : at + HASH] for at in range(0, len(data), HASH))


def _split(count: int) -> int:
    """Largest power of two below count."""
    return 1 << ((count - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, root_of_range: RangeHash) -> list[bytes]:
    """RFC 6962 audit path of leaf ``index`` in the tree of ``size``, leaf's sibling first."""
    path: list[bytes] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            path.append(root_of_range(middle, last))
            last = middle
        else:
            path.append(root_of_range(first, middle))
            first = middle
    return path[::-1]


def consistency_proof(size1: int, size2: int, root_of_range: RangeHash) -> list[bytes]:
    """RFC 6962 proof that the tree of size1 is a prefix of the tree of size2; empty when size1 is 0 or both equal."""
    if size1 in (0, size2):
        return []
    path: list[bytes] = []
    first, last, whole = 0, size2, True
    while size1 != last:
        middle = first + _split(last - first)
        if size1 <= middle:
            path.append(root_of_range(middle, last))
            last = middle
        else:
            path.append(root_of_range(first, middle))
            first, whole = middle, False
    if not whole:
        path.append(root_of_range(first, last))
    return path[::-1]

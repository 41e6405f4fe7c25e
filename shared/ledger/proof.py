"""Proof files anyone can check offline: ``c2sp.org/tlog-proof@v1`` with the exact leaf in its extra line."""

from __future__ import annotations

import base64

from shared.ledger import merkle, note
from shared.ledger.names import TABLE, checkpoint_key
from shared.ledger.stored import int_cell, text_cell
from shared.ledger.tree import Tree
from shared.ports import Blobs, Rows

HEADER = "c2sp.org/tlog-proof@v1"


def encode(leaf: bytes, index: int, path: list[bytes], signed: str) -> str:
    """The file's text."""
    lines = [HEADER, f"extra {base64.b64encode(leaf).decode()}", f"index {index}"]
    lines += [base64.b64encode(node).decode() for node in path]
    return "\n".join(lines) + "\n\n" + signed


def tlog_proof(rows: Rows, blobs: Blobs, log: str, index: int, leaf: bytes, *, size: int | None = None) -> str | None:
    """Proof of one leaf under the checkpoint of ``size`` (the newest when None); None when none covers it."""
    if size is None:
        published = rows.get(TABLE, log, "pub")
        if published is None:
            return None
        size = int_cell(published, "size")
    row = rows.get(TABLE, log, checkpoint_key(size))
    if row is None or size <= index:
        return None
    path = merkle.inclusion_proof(index, size, Tree(rows, blobs, log).range_root)
    signed = text_cell(row, "note")
    note.read_checkpoint(note.text_of(signed))
    return encode(leaf, index, path, signed)

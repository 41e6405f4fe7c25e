"""What follows a seal: the read index of evidence and the full hash tiles, both derived and rebuildable."""

from __future__ import annotations

import json

from shared.errors import LedgerError, RowExists, RowStale
from shared.ledger import merkle
from shared.ledger.entry import record_of
from shared.ledger.names import TABLE
from shared.ledger.stored import bytes_cell, entries, int_cell, leaf_of, read_head, text_cell
from shared.ledger.tree import TILES, WIDTH, Tree, tile_blob
from shared.model import EvidenceRecord, Subject, parse_instant
from shared.ports import Blobs, Op, Row, Rows

EVIDENCE = "evidence"
_CURSOR = "f"
_TOGETHER = 100


def position(rows: Rows, log: str) -> tuple[int, int]:
    """(entries followed, entries sealed)."""
    row = rows.get(TABLE, log, _CURSOR)
    return (int_cell(row, "index") if row else 0), read_head(rows, log).size


def _index_row(log: str, index: int, row: Row, customer: str | None) -> Row:
    record = record_of(leaf_of(row), index=index, customer=customer)
    body = json.dumps(record.to_json(), ensure_ascii=False, separators=(",", ":")).encode()
    return Row(log, text_cell(row, "ulid"), {"index": index, "record": body})


def read_record(row: Row) -> EvidenceRecord:
    """The record an index row holds."""
    body = json.loads(bytes_cell(row, "record") or b"{}")
    subject = body["subject"]
    return EvidenceRecord(
        id=body["id"],
        type=body["type"],
        log=body["log"],
        index=body["index"],
        customer=body["customer"],
        received_at=parse_instant(body["received_at"]),
        sha256=body["sha256"],
        size=body["size"],
        media_type=body["media_type"],
        subject=Subject(subject["kind"], subject["id"]) if subject else None,
        controls=tuple(body["controls"]),
        actor=body["actor"],
        occurred_at=parse_instant(body["occurred_at"]) if body["occurred_at"] else None,
        practice=body.get("practice"),
    )


def _write_tile(blobs: Blobs, log: str, level: int, number: int, hashes: list[bytes]) -> None:
    name, data = tile_blob(log, level, number), b"".join(hashes)
    try:
        blobs.create(TILES, name, data)
    except RowExists:
        if blobs.get(TILES, name) != data:
            raise LedgerError(f"Tile {name} holds other hashes than the log.", code="E_TILE") from None


def follow_log(rows: Rows, blobs: Blobs, log: str, customer: str | None, *, index: bool = True) -> int:
    """Bring index and tiles up to the head; safe to repeat and to race. Answers how many entries were followed."""
    tree, done = Tree(rows, blobs, log), 0
    hashes: list[bytes] | None = None
    size = read_head(rows, log).size
    while True:
        cursor = rows.get(TABLE, log, _CURSOR)
        first = int_cell(cursor, "index") if cursor else 0
        last = min(size, first - first % WIDTH + WIDTH)  # tile by tile, so that a fault costs one tile's work
        if first >= last:
            return done
        if hashes is None or len(hashes) != first % WIDTH:
            hashes = tree.leaves(first - first % WIDTH, first) if first % WIDTH else []
        batch: list[tuple[Op, Row]] = []
        for at, row in enumerate(entries(rows, log, first, last), first):
            if index:
                batch.append((Op.UPSERT, _index_row(log, at, row, customer)))
            hashes.append(merkle.leaf_hash(leaf_of(row)))
        for at in range(0, len(batch), _TOGETHER):
            rows.transact(EVIDENCE, batch[at : at + _TOGETHER])
        if len(hashes) == WIDTH:
            _write_tile(blobs, log, 0, first // WIDTH, hashes)
            _write_upper(blobs, log, tree, last)
            hashes = None
        _move(rows, cursor, Row(log, _CURSOR, {"index": last}, cursor.etag if cursor else ""))
        done += last - first
        if last == size:
            return done


def _move(rows: Rows, cursor: Row | None, moved: Row) -> None:
    """Advance the cursor unless another follower did: everything written is the same."""
    try:
        if cursor is None:
            rows.insert(TABLE, moved)
        else:
            rows.replace(TABLE, moved)
    except (RowExists, RowStale):
        return


def _write_upper(blobs: Blobs, log: str, tree: Tree, size: int) -> None:
    """Tiles of tiles that the leaf before ``size`` completed."""
    level, span = 1, WIDTH * WIDTH
    while size % span == 0:
        number = size // span - 1
        children = range(number * WIDTH, (number + 1) * WIDTH)
        _write_tile(blobs, log, level, number, [tree.tile_root(level - 1, child) for child in children])
        level, span = level + 1, span * WIDTH

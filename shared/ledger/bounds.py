"""Between which two published checkpoints a period lies."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from shared.errors import LedgerError
from shared.ledger.names import TABLE, checkpoint_key, entry_key
from shared.ledger.stored import leaf_of, text_cell
from shared.ledger.verify import TOLERANCE
from shared.model import parse_instant
from shared.ports import Rows

_FEW = 20_000
"""Up to so many later entries travel along, so that the pack ends where the log ends."""


def checkpoint_note(rows: Rows, log: str, size: int) -> str:
    """A published checkpoint. LedgerError (E_ROLLBACK) when it is gone."""
    row = rows.get(TABLE, log, checkpoint_key(size))
    if row is None:
        raise LedgerError(f"Log {log} has no checkpoint of size {size}.", code="E_ROLLBACK")
    return text_cell(row, "note")


def _received(rows: Rows, log: str, index: int) -> datetime:
    row = rows.get(TABLE, log, entry_key(index))
    if row is None:
        raise LedgerError(f"Log {log} holds no entry {index}.", code="E_GAP")
    return parse_instant(json.loads(leaf_of(row))["received_at"])


def _first_from(rows: Rows, log: str, size: int, at: datetime) -> int:
    """A place of the log before which everything was received before ``at``, up to the tolerance of received_at."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if _received(rows, log, middle) < at:
            low = middle + 1
        else:
            high = middle
    return low


def around(rows: Rows, log: str, newest: int, start: datetime, end: datetime) -> tuple[int, int]:
    """Checkpoints around the period: one entry before it and one after it travel along where there are any."""
    margin = TOLERANCE + timedelta(milliseconds=1)
    first = max(0, _first_from(rows, log, newest, start - margin) - 1)
    last = min(newest, _first_from(rows, log, newest, end + margin) + 1)
    size1, window = 0, 64
    while first:
        low = max(0, first - window)
        page = rows.scan(TABLE, partition=log, first=checkpoint_key(low), last=checkpoint_key(first + 1))
        if page.rows:
            size1 = int(page.rows[-1].key.removeprefix("c-"))
            break
        if not low:
            break
        window *= 8
    if newest - last <= _FEW:
        return size1, newest
    after = rows.scan(TABLE, partition=log, first=checkpoint_key(last), last="c.", limit=1).rows
    return size1, int(after[0].key.removeprefix("c-")) if after else newest

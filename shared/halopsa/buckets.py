"""Where a row rests: its identity, the bucket that identity falls into, and a bucket's bytes."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Mapping

from shared.halopsa.records.wire import halo_guid
from shared.model import JsonObject

_INTEGER = re.compile(r"-?\d{1,18}")
_ACTION = re.compile(r"(-?\d{1,18})-(-?\d{1,18})")
_IDS_PER_BUCKET = 500
_TICKETS_PER_BUCKET = 200
_OFFSET = 10**16
"""Keeps names of negative buckets in number order."""


class Bucket(dict[str, JsonObject]):
    """Rows by id. It knows the text of the rows that were not set since they were read: changing one costs one."""

    def __init__(self, rows: Mapping[str, JsonObject] | None = None, texts: Mapping[str, str] | None = None) -> None:
        super().__init__(rows or {})
        self.texts = dict(texts or {})

    def __setitem__(self, record_id: str, row: JsonObject) -> None:
        self.texts.pop(record_id, None)
        super().__setitem__(record_id, row)

    def copy(self) -> Bucket:
        """Another with the same rows."""
        return Bucket(self, self.texts)


def identity(kind: str, row: JsonObject) -> str | None:
    """The id under which a row is kept; None when it has none that can be used.

    Actions are numbered per ticket. Timesheets and their events all carry id 0: an event is its action, or what its
    agent did at that time; a timesheet is its agent's day. An approval is the step of its ticket or invoice.
    """
    own = _plain_id(row.get("id"))
    if kind == "Actions":
        ticket = _plain_id(row.get("ticket_id"))
        return f"{ticket}-{own}" if ticket is not None and own is not None else None
    if own not in (None, "0") or kind not in ("Timesheet", "TimesheetEvent", "TicketApproval"):
        return own
    if kind == "TicketApproval":
        parts = [_plain_id(row.get(name)) or "0" for name in ("ticket_id", "invoice_id", "seq")]
        return "-".join(parts) if set(parts) != {"0"} else None
    ticket, number, agent = (_plain_id(row.get(name)) for name in ("ticket_id", "action_number", "agent_id"))
    if kind == "TimesheetEvent" and ticket not in (None, "0") and number not in (None, "0"):
        return f"{ticket}-{number}"
    at = row.get("date" if kind == "Timesheet" else "start_date")
    if agent is None or not isinstance(at, str) or len(at) < 10:
        return None
    return f"{agent}@{at[:10] if kind == 'Timesheet' else at}"


def _plain_id(value: object) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str) and 0 < len(value) <= 128:
        return halo_guid(value)
    return None


def bucket_name(kind: str, record_id: str) -> str:
    """Blob name of the bucket that holds this record."""
    action = _ACTION.fullmatch(record_id) if kind == "Actions" else None
    if action:
        number = int(action.group(1)) // _TICKETS_PER_BUCKET
    elif _INTEGER.fullmatch(record_id):
        number = int(record_id) // _IDS_PER_BUCKET
    else:
        return f"rows/{kind}/x{hashlib.sha256(record_id.encode('utf-8', 'surrogatepass')).hexdigest()[:2]}"
    return f"rows/{kind}/{number + _OFFSET:017d}"


def prefix(kind: str) -> str:
    """What the names of all buckets of a kind begin with."""
    return f"rows/{kind}/"


def encode(bucket: Bucket) -> bytes:
    """Compressed JSON lines in id order."""
    for record_id in bucket.keys() - bucket.texts.keys():
        bucket.texts[record_id] = json.dumps(bucket[record_id], separators=(",", ":"))
    return zlib.compress("\n".join(bucket.texts[record_id] for record_id in sorted(bucket, key=_order)).encode(), 1)


def decode(kind: str, data: bytes) -> Bucket:
    """The inverse of encode."""
    text = zlib.decompress(data).decode()
    rows: list[JsonObject] = json.loads("[" + text.replace("\n", ",") + "]") if text else []
    named: dict[str, JsonObject] = {}
    texts: dict[str, str] = {}
    for row, line in zip(rows, text.split("\n") if rows else (), strict=True):
        key = identity(kind, row) or ""
        named[key], texts[key] = row, line
    return Bucket(named, texts if rows else None)


def _order(record_id: str) -> tuple[int, int, str]:
    action = _ACTION.fullmatch(record_id)
    if action:
        return int(action.group(1)), int(action.group(2)), ""
    return (int(record_id), 0, "") if _INTEGER.fullmatch(record_id) else (0, 0, record_id)

"""Lists of evidence: the read index, and behind it what is sealed or queued but not yet indexed."""

from __future__ import annotations

import base64
import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from shared.errors import Malformed
from shared.ledger.entry import record_of, ulid_floor
from shared.ledger.follow import EVIDENCE, position, read_record
from shared.ledger.names import TABLE
from shared.ledger.stored import PAGE, entries, leaf_of, logs, text_cell
from shared.model import EvidenceRecord
from shared.ports import Rows

_MOST_LOOKED_AT = 20_000
_END = "~"


@dataclass(frozen=True, slots=True)
class Query:
    """Filters; all that are given must hold.

    ``customers`` None means every log, the service's own included; ``practices`` None every entry, those of no one
    practice included.
    """

    customers: frozenset[str] | None = None
    practices: frozenset[str] | None = None
    type: str | None = None
    control: str | None = None
    subject_kind: str | None = None
    subject_id: str | None = None
    start: datetime | None = None
    """Received at or after."""
    end: datetime | None = None
    """Received before."""
    limit: int = 100
    after: str | None = None

    def admits(self, record: EvidenceRecord) -> bool:
        """True when the record matches everything but the position."""
        return (
            (self.practices is None or record.practice in self.practices)
            and (self.type is None or record.type == self.type)
            and (self.control is None or self.control in record.controls)
            and (self.subject_kind is None or (record.subject is not None and record.subject.kind == self.subject_kind))
            and (self.subject_id is None or (record.subject is not None and record.subject.id == self.subject_id))
            and (self.start is None or record.received_at >= self.start)
            and (self.end is None or record.received_at < self.end)
        )


@dataclass(frozen=True, slots=True)
class Listed:
    """One page. ``next`` is an opaque token, None at the end."""

    records: tuple[EvidenceRecord, ...]
    next: str | None


def _token(log: str, identity: str) -> str:
    return base64.urlsafe_b64encode(f"{log}\n{identity}".encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[str, str]:
    try:
        log, identity = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii").split("\n")
    except ValueError:
        raise Malformed("The page token is not one that was given out.", code="page_token_invalid") from None
    if "\x7f" in log + identity or len(log) > 64 or len(identity) > 64:
        raise Malformed("The page token is not one that was given out.", code="page_token_invalid")
    return log, identity


def _indexed(rows: Rows, log: str, first: str, last: str) -> Iterator[tuple[str, EvidenceRecord]]:
    after: str | None = None
    while True:
        page = rows.scan(EVIDENCE, partition=log, first=first, last=last, limit=PAGE, after=after)
        for row in page.rows:
            yield row.key, read_record(row)
        after = page.next
        if after is None:
            return


def _recent(rows: Rows, log: str, customer: str | None) -> list[tuple[str, EvidenceRecord]]:
    """Queued entries first, sealed ones after: one that moves meanwhile is seen twice, never missed."""
    found: dict[str, EvidenceRecord] = {}
    after: str | None = None
    while True:
        page = rows.scan(TABLE, partition=log, first="q-", last="q.", limit=PAGE, after=after)
        for row in page.rows:
            found[row.key.removeprefix("q-")] = record_of(leaf_of(row), index=None, customer=customer)
        after = page.next
        if after is None:
            break
    first, last = position(rows, log)
    for index, row in enumerate(entries(rows, log, first, last), first):
        found[text_cell(row, "ulid")] = record_of(leaf_of(row), index=index, customer=customer)
    return sorted(found.items())


def list_evidence(rows: Rows, query: Query, customer_of: Callable[[str], str | None]) -> Listed:
    """Matching records, log by log and oldest first within each."""
    at_log, at_identity = _read_token(query.after) if query.after else ("", "")
    chosen = [
        named.log
        for named in logs(rows)
        if named.log >= at_log
        and not named.log.startswith("m-")
        and (query.customers is None or (named.customer is not None and named.customer in query.customers))
    ]
    found: list[EvidenceRecord] = []
    looked_at = 0
    for log in chosen:
        before = at_identity if log == at_log else ""
        first = max(before, ulid_floor(query.start) if query.start else "")
        last = ulid_floor(query.end) if query.end else _END
        recent = [pair for pair in _recent(rows, log, customer_of(log)) if first <= pair[0] < last]
        for identity, record in heapq.merge(_indexed(rows, log, first, last), recent, key=lambda pair: pair[0]):
            if identity <= before:
                continue
            looked_at += 1
            if query.admits(record):
                found.append(record)
            before = identity
            if len(found) == query.limit or looked_at >= _MOST_LOOKED_AT:
                return Listed(tuple(found), _token(log, identity))
    return Listed(tuple(found), None)

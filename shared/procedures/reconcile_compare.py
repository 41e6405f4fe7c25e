"""The arithmetic of the reconciliation: HaloPSA's delivery log row by row against the claims our intake left."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, cast

from shared.errors import Malformed
from shared.model import JsonObject
from shared.ports import Row
from shared.procedures.deliveries import Delivery, read, split
from shared.procedures.keep import TABLE, TROUBLE
from shared.procedures.services import Services

_WIDTH = 16


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery HaloPSA says it sent."""

    id: str
    key: str
    at: datetime | None
    answered: bool
    payload: bytes | None
    customer: str | None
    entity_id: str
    notification_id: str = ""
    """Which of the tenant's event rows rang; tells what the entity is where the log kept no body."""


@dataclass(slots=True)
class Compared:
    """What the comparison found, by delivery id; ``unreadable`` by evidence id."""

    sent: int = 0
    received: int = 0
    missing: list[Sent] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    duplicate: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    conflict: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    trouble_after: str = ""


class LoggedRow(Protocol):
    """A row of the log, as the connector room spells it out."""

    id: str
    at: datetime | None
    answered: bool
    body: bytes | None
    entity_id: str
    notification_id: str


class Log(Protocol):
    """What ``services.facts("deliveries")`` answers about the log."""

    LOG: str
    NEWEST_FIRST: Mapping[str, str]

    def logged(self, row: JsonObject) -> LoggedRow:
        """A row of the log."""

    def instant(self, value: object) -> datetime | None:
        """A time as HaloPSA writes it."""

    def hook_of(self, row: JsonObject) -> str:
        """The webhook a row belongs to."""

    def of_hook(self, hook: str) -> dict[str, str]:
        """The log of one webhook."""

    def hooks(self, rows: Iterable[JsonObject], source: str) -> tuple[set[str], set[str]]:
        """All webhooks, and those that point at a source."""

    def events(self, rows: Iterable[JsonObject]) -> dict[str, str]:
        """Names of events by id."""

    def changed(self, rows: Iterable[JsonObject], first: str, last: str) -> Iterator[str]:
        """Ids of what changed in a window."""

    def target(self, payload: JsonObject) -> tuple[str, str, dict[str, str]] | None:
        """The record an event is about."""


def log_of(services: Services) -> Log:
    """The connector room's own words."""
    return cast("Log", services.facts("deliveries"))


def sent_of(log: Log, row: JsonObject) -> list[Sent]:
    """The deliveries of one row of the log: those its request body holds, else the row itself."""
    held = log.logged(row)
    readable: list[Delivery] = []
    if held.body is not None:
        try:
            elements, _ = split(held.body)
        except Malformed:
            elements = []
        readable = [each for each in (read(one, frozenset()) for one in elements) if isinstance(each, Delivery)]
    if not readable:
        alone = Sent(held.id, _key(held.id), held.at, held.answered, None, None, held.entity_id, held.notification_id)
        return [alone] if held.id else []
    return [
        Sent(
            each.id,
            _key(each.id),
            log.instant(each.source.get("timestamp")) or held.at,
            held.answered,
            each.payload,
            each.customer,
            str(each.source.get("object_id", "")) or held.entity_id,
        )
        for each in readable
    ]


def compare(
    services: Services, source: str, sent: Sequence[Sent], covered: set[str], limit: timedelta, after: str
) -> Compared:
    """``covered``: deliveries told in an earlier certificate; they count for the order but are not named again."""
    latest: dict[str, Sent] = {}
    times: Counter[str] = Counter()
    for each in sent:
        times[each.key] += each.answered
        held = latest.get(each.key)
        if held is None or (each.answered and not held.answered):
            latest[each.key] = each
    claims = _claims(services, source, list(latest))
    out = Compared()
    arrived: list[tuple[datetime, Sent]] = []
    for key, each in latest.items():
        claim = claims.get(key)
        fresh = key not in covered
        out.sent += fresh
        if claim is None:
            if fresh and each.answered:
                out.missing.append(each)
            elif fresh:
                out.failed.append(each.id)
                out.missing.append(each)
            continue
        out.received += fresh
        at = datetime.fromisoformat(str(claim.cells["received_at"]))
        arrived.append((at, each))
        if fresh and each.at is not None and at - each.at > limit:
            out.late.append(each.id)
        if fresh and times[key] > 1:
            out.duplicate.append(each.id)
    out.reordered = [each.id for each in _out_of_order(arrived) if each.key not in covered]
    _troubles(services, source, after, out)
    return out


def _out_of_order(arrived: list[tuple[datetime, Sent]]) -> list[Sent]:
    """Those that came after one with a later time stamp."""
    newest: datetime | None = None
    out: list[Sent] = []
    for _, each in sorted(arrived, key=lambda pair: pair[0]):
        if each.at is None:
            continue
        if newest is not None and each.at < newest:
            out.append(each)
        else:
            newest = each.at
    return out


def _claims(services: Services, source: str, keys: Sequence[str]) -> dict[str, Row]:
    """Marks of deliveries that were kept to the end; a claim alone is an attempt that broke off."""
    with ThreadPoolExecutor(_WIDTH, thread_name_prefix="reconcile") as pool:
        rows = pool.map(lambda key: services.rows.get(TABLE, source, f"{key}-done"), keys)
        return {key: row for key, row in zip(keys, rows, strict=True) if row is not None}


def _troubles(services: Services, source: str, after: str, out: Compared) -> None:
    """Duplicates, conflicts and unreadable bytes since the last certificate, each named once."""
    names: dict[str, list[str]] = {
        "duplicate": out.duplicate,
        "conflict": out.conflict,
        "unreadable": out.unreadable,
    }
    out.trouble_after = after
    token: str | None = None
    while True:
        page = services.rows.scan(
            TABLE, partition=f"{source}{TROUBLE}", first=after + "~" if after else None, limit=1000, after=token
        )
        for row in page.rows:
            what = str(row.cells["what"])
            name = str(row.cells["evidence_id"] if what == "unreadable" else row.cells["delivery_id"])
            if what in names and name not in names[what]:
                names[what].append(name)
            out.trouble_after = row.key
        token = page.next
        if token is None:
            return


def _key(delivery_id: str) -> str:
    return hashlib.sha256(delivery_id.encode("utf-8", "surrogatepass")).hexdigest()

"""What we need of the world outside, as small interfaces with two implementations each: the real one and the harness's.

Contracts live here, in the docstrings; ``tests/contracts`` holds every implementation to them.
Errors are from ``shared.errors``; any failure to reach the store raises StorageUnavailable.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared.model import EvidenceRecord, JsonObject, NewEntry, Receipt

Cell = str | int | bool | float | bytes | datetime
"""What a table row may hold. int is stored as Int64; str up to 32 Ki characters; bytes up to 64 KiB."""


@dataclass(frozen=True, slots=True)
class Row:
    """A table row: keys, cells and the etag it was read with ('' before it was stored)."""

    partition: str
    key: str
    cells: Mapping[str, Cell]
    etag: str = ""


class Op(StrEnum):
    """One step of a transaction."""

    INSERT = "insert"  # create-only
    REPLACE = "replace"  # needs row.etag
    UPSERT = "upsert"  # insert or replace, unconditional
    DELETE = "delete"  # needs row.etag, or '*' for any


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows in key order. ``next`` is an opaque token, None at the end."""

    rows: tuple[Row, ...]
    next: str | None


class Rows(Protocol):
    r"""Azure Table storage, or memory. Keys hold no ``/ \ # ?`` and no control characters."""

    def get(self, table: str, partition: str, key: str) -> Row | None:
        """The row, or None."""

    def insert(self, table: str, row: Row) -> None:
        """Create-only; RowExists when the key is taken."""

    def upsert(self, table: str, row: Row) -> None:
        """Insert or replace, unconditional."""

    def replace(self, table: str, row: Row) -> None:
        """Replace if the etag still matches; RowStale otherwise (also when the row is gone)."""

    def delete(self, table: str, partition: str, key: str) -> None:
        """Delete if there; no error when it is not."""

    def transact(self, table: str, steps: Sequence[tuple[Op, Row]]) -> None:
        """All or nothing, one partition, at most 100 steps, each key once. RowExists or RowStale when a step may not."""

    def ready(self, table: str, steps: Sequence[tuple[Op, Row]]) -> Callable[[], None]:
        """``transact`` in two: nothing is sent until the answer is called, once, in whatever thread."""

    def scan(
        self,
        table: str,
        *,
        partition: str | None = None,
        first: str | None = None,
        last: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page:
        """Rows with first <= key < last of a partition (or of all), in (partition, key) order.

        ``limit`` None reads everything; ``after`` is a former page's ``next``.
        """


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """One blob in a listing."""

    name: str
    size: int
    etag: str
    modified: datetime


class Blobs(Protocol):
    """Azure Blob storage, or memory."""

    def create(self, container: str, name: str, data: bytes, media_type: str = "application/octet-stream") -> None:
        """Create-only; RowExists when the name is taken."""

    def put(
        self,
        container: str,
        name: str,
        data: bytes,
        media_type: str = "application/octet-stream",
        *,
        etag: str | None = None,
    ) -> str:
        """Overwrite and answer the new etag. With ``etag``: only over that version ('' = only if absent), else RowStale."""

    def get(self, container: str, name: str) -> bytes | None:
        """The bytes, or None."""

    def get_with_etag(self, container: str, name: str) -> tuple[bytes, str] | None:
        """The bytes and their etag, or None."""

    def get_range(self, container: str, name: str, offset: int, length: int) -> bytes:
        """Part of a blob; NotFound when it is not there."""

    def info(self, container: str, name: str) -> BlobInfo | None:
        """Size, etag and time, or None."""

    def list(self, container: str, prefix: str = "") -> Iterator[BlobInfo]:
        """Blobs whose name begins with prefix, in name order."""

    def delete(self, container: str, name: str) -> None:
        """Delete if there."""

    def upload(self, container: str, name: str, chunks: Iterable[bytes], media_type: str) -> None:
        """Create or replace from a stream, in constant memory; one that breaks leaves what was there.

        The stream may do work of its own, storage included, between one piece and the next.
        """

    def link(self, container: str, name: str, minutes: int) -> str | None:
        """A short read-only link (user-delegation SAS), or None where there is none (locally)."""


class Queues(Protocol):
    """Azure Queue storage, or memory. Messages are plain text of at most 48 KiB."""

    def send(self, queue: str, message: str, delay_seconds: int = 0) -> None:
        """Durable when it returns."""


class Clock(Protocol):
    """Only procedures read it; rules are handed ``now``."""

    def now(self) -> datetime:
        """Aware, UTC."""


class Signer(Protocol):
    """Signs checkpoint notes. ES256; the name is the C2SP key name."""

    @property
    def name(self) -> str:
        """C2SP key name."""

    @property
    def public_spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""

    def sign(self, message: bytes) -> bytes:
        """DER-encoded ECDSA P-256 SHA-256 signature over the message."""


class Recorder(Protocol):
    """The ledger as procedures see it."""

    def record(self, entry: NewEntry) -> Receipt:
        """Durable when it returns. Conflict when the key is taken by another payload."""

    def record_many(self, entries: Sequence[NewEntry]) -> list[Receipt]:
        """The same for many, in as few transactions as possible; not atomic across entries."""

    def find(self, evidence_id: str) -> EvidenceRecord | None:
        """The record, sealed or still queued."""

    def content(self, evidence_id: str) -> bytes | None:
        """The exact payload bytes; None when erased or unknown."""

    def read(self, evidence_id: str) -> tuple[EvidenceRecord, bytes | None] | None:
        """``find`` and ``content`` in one look."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What folding rows did, by id. ``restated``: changed in the past. ``refused``: (id, why) of rows not kept."""

    changed: tuple[str, ...] = ()
    added: int = 0
    """How many of the changed were not there (or were removed) before."""
    restated: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


class Records(Protocol):
    """The reading side of the mirror: HaloPSA's records as last read. Kinds are API path names (``Tickets`` …).

    Rows are the API's own JSON. Identity: ``id``; for Actions ``<ticket_id>-<id>``. Names beginning with ``@`` are
    ours: ``@listed`` is what the reader said the list row's version was; ``@observation`` is the evidence id of the
    observation the row came from; ``@detail`` is there once a detail read completed the row, with that read's
    ``observation``, and ``stale`` true when its list row changed since.
    """

    def get(self, kind: str, record_id: str) -> JsonObject | None:
        """One row, or None."""

    def rows(self, kind: str) -> Iterator[JsonObject]:
        """All rows of a kind that are not removed, in id order of their buckets; constant memory."""

    def read_at(self, kind: str) -> datetime | None:
        """When this kind was last read completely (or brought up to date); None if never."""

    def observations(self, kind: str) -> tuple[str, ...]:
        """Evidence ids of the observations of the last sync of this kind (at most 100, newest first)."""

    def state(self, kind: str) -> JsonObject:
        """What the last sync of this kind left (empty if never): read_at, high_water, observations, unreadable and more."""


class Mirror(Records, Protocol):
    """The same with its writing side; rows are folded in from observations."""

    def snapshot(self) -> Records:
        """All of it as it stands now, looked up in one request; what changes afterwards may or may not be seen."""

    def apply(self, kind: str, rows: Iterable[JsonObject], *, read_at: datetime, complete: bool = False) -> int:
        """Fold rows in, newest last_update wins; answer how many changed.

        ``complete``: rows not seen are removed and the kind counts as read at ``read_at``.
        """

    def fold(self, kind: str, rows: Iterable[JsonObject]) -> Folded:
        """As apply, telling which changed; the kind's read_at stays."""

    def complete(self, kind: str, details: Mapping[str, JsonObject]) -> int:
        """Complete rows by what detail reads of them answered, by id; answer how many changed."""

    def retire(self, kind: str, keep: Collection[str], since: datetime | None = None) -> int:
        """Remove rows whose id is not in ``keep``; answer how many. What was observed after ``since`` stays."""

    def identity(self, kind: str, row: JsonObject) -> str | None:
        """The id under which a row is kept; None when it has none."""

    def change_state(self, kind: str, change: Callable[[JsonObject], JsonObject]) -> JsonObject:
        """Replace it by what ``change`` makes of it as it stands, and answer that; ``change`` may be called again."""


@dataclass(frozen=True, slots=True)
class ReadPage:
    """One answer of a source: exact bytes, what was asked, what came."""

    path: str
    query: Mapping[str, str]
    status: int
    body: bytes
    rows: tuple[JsonObject, ...]
    record_count: int | None
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Detail:
    """Records whose list row is not enough: which path completes them."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One list and how it is read; names of fields and parameters are the source's own.

    ``version`` names the field that says when a row last changed and makes reading by change possible.
    ``changed`` narrows by when a row last changed, ``recent`` and ``recent_until`` by a date: a long list is narrowed
    between two whole reads.
    """

    kind: str
    query: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    changed: str = ""
    recent: str = ""
    recent_until: str = ""
    detail: Detail | None = None
    has_actions: bool = False
    seldom: bool = False
    """Once a day is enough: nothing is judged by it, and it can be neither narrowed nor paged."""


class Halo(Protocol):
    """HaloPSA's API. Raises from the SourceError subtree."""

    def pages(self, kind: str, query: Mapping[str, str] | None = None) -> Iterator[ReadPage]:
        """Read a list page by page (``kind`` is the API path name)."""

    def one(self, kind: str, record_id: str, query: Mapping[str, str] | None = None) -> ReadPage | None:
        """Read one record; None when HaloPSA says it does not exist."""

    def write(self, kind: str, row: JsonObject) -> JsonObject:
        """Upsert one row (``id`` present = update) and answer the row as stored."""

    def remove(self, kind: str, record_id: str, query: Mapping[str, str] | None = None) -> None:
        """Delete one row."""


class Graph(Protocol):
    """Microsoft Graph, ARM and Log Analytics reads. Raises from the SourceError subtree."""

    def pages(self, resource: str) -> Iterator[ReadPage]:
        """Read one resource collection page by page; names are the contract's table names of section 4."""


class Management(Protocol):
    """Azure's management plane, read-only. Raises from the SourceError subtree."""

    def container(self, resource: str) -> JsonObject | None:
        """What it says of a storage container by resource id, immutability policy included; None when it is not there."""


class Notifier(Protocol):
    """Tells people something. Raises SourceError when it could not be delivered."""

    def send(self, channel: str, card: JsonObject) -> None:
        """Deliver a message to a named channel of policy; idempotence is the caller's."""


@dataclass(frozen=True, slots=True)
class Place:
    """A document library for people. ``drive`` empty: the site's default one."""

    site: str
    drive: str = ""


class Shelf(Protocol):
    """Where files are put for people."""

    def put(self, place: Place, path: str, data: bytes, media_type: str) -> JsonObject:
        """Store by path: ``{"id", "web_url", "size"}``. The same path again is a new version of the same file.

        Raises from the SourceError subtree.
        """


class Caller(Protocol):
    """Posts JSON to a subscriber's callback address."""

    def post(self, url: str, body: JsonObject) -> int:
        """The status when it was taken (2xx). SourceRejected on 4xx, SourceDown otherwise."""

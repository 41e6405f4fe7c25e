"""Rows on Azure Table storage."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from shared.errors import Malformed, RowExists, RowStale, StorageUnavailable
from shared.ports import Cell, Op, Page, Row, Rows
from shared.storage.account import ONCE, Account, code_of, reaching, whole_store_missing

if TYPE_CHECKING:
    from shared.storage.lean import Change, LeanTable

_FORBIDDEN = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MOST_STEPS = 100
_MOST_CELL = 64 * 1024
_MOST_KEY = 1024
_PAGE = 1000
_INT64 = range(-(2**63), 2**63)
_RETRY_AFTER = 5


class AzureRows(Rows):
    """``shared.ports.Rows`` on the evidence account. Safe to share between threads."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._tables: dict[str, LeanTable] = {}
        self._lock = Lock()

    def _table(self, name: str) -> LeanTable:
        with self._lock:
            client = self._tables.get(name)
            if client is None:
                client = self._tables[name] = self._open(name)
            return client

    def _open(self, name: str) -> LeanTable:
        from shared.storage.lean import LeanTable

        options = {**self._account.options(), "retry_backoff_factor": 0.2}
        if self._account.connection:
            connected: Any = LeanTable.from_connection_string(self._account.connection, name, **options)
            return connected  # type: ignore[no-any-return]  # the SDK says its own class where it makes ours
        return LeanTable(self._account.table_url, name, credential=self._account.credential, **options)

    @override
    def get(self, table: str, partition: str, key: str) -> Row | None:
        from azure.core.exceptions import ResourceNotFoundError

        _check_keys(partition, key)
        with reaching(f"read a row of {table}"):
            try:
                return _row(self._table(table).get_entity(partition, key))
            except ResourceNotFoundError as fault:
                if whole_store_missing(fault):
                    raise
                return None

    @override
    def insert(self, table: str, row: Row) -> None:
        entity = _entity(row)
        with reaching(f"insert into {table}"), _conflicts(table):
            self._table(table).create_entity(entity, **ONCE)

    @override
    def upsert(self, table: str, row: Row) -> None:
        from azure.data.tables import UpdateMode

        entity = _entity(row)
        with reaching(f"write into {table}"):
            self._table(table).upsert_entity(entity, mode=UpdateMode.REPLACE)

    @override
    def replace(self, table: str, row: Row) -> None:
        from azure.core import MatchConditions
        from azure.data.tables import UpdateMode

        entity = _entity(row)
        if not row.etag:
            raise RowStale(f"{table} has no row under this version.")
        with reaching(f"replace a row of {table}"), _conflicts(table):
            self._table(table).update_entity(
                entity, mode=UpdateMode.REPLACE, etag=row.etag, match_condition=MatchConditions.IfNotModified, **ONCE
            )

    @override
    def delete(self, table: str, partition: str, key: str) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        _check_keys(partition, key)
        with reaching(f"delete a row of {table}"):
            try:
                self._table(table).delete_entity(partition, key)
            except ResourceNotFoundError as fault:
                if whole_store_missing(fault):
                    raise

    @override
    def transact(self, table: str, steps: Sequence[tuple[Op, Row]]) -> None:
        if steps:
            self.ready(table, steps)()

    @override
    def ready(self, table: str, steps: Sequence[tuple[Op, Row]]) -> Callable[[], None]:
        if not 0 < len(steps) <= _MOST_STEPS:
            raise Malformed("A transaction holds 1 to 100 steps.")
        if len({row.partition for _, row in steps}) != 1 or len({row.key for _, row in steps}) != len(steps):
            raise Malformed("A transaction stays in one partition and names each key once.")
        client = self._table(table)
        request = client.written([_change(table, op, row) for op, row in steps])

        def send() -> None:
            with reaching(f"carry out a transaction on {table}"), _conflicts(table):
                client.send(request, **ONCE)

        return send

    @override
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
        clauses = [f"PartitionKey eq {_quoted(partition)}"] if partition is not None else []
        clauses += [f"RowKey ge {_quoted(first)}"] if first is not None else []
        clauses += [f"RowKey lt {_quoted(last)}"] if last is not None else []
        clauses += [_resume(after, partition)] if after is not None else []
        wanted = None if limit is None else max(limit, 0) + 1
        found: list[Row] = []
        client = self._table(table)
        follows: dict[str, str] | None = None
        while follows is None or follows:
            with reaching(f"list rows of {table}"):
                entities, follows = client.listed(" and ".join(clauses), min(wanted or _PAGE, _PAGE), follows)
            for entity in entities:
                found.append(_listed(entity))
                if len(found) == wanted:
                    follower = found.pop()
                    return Page(tuple(found), f"{follower.partition}\n{follower.key}")
        return Page(tuple(found), None)


def _resume(token: str, partition: str | None) -> str:
    part, newline, key = token.partition("\n")
    if not newline or "\n" in key or (partition is not None and part != partition):
        raise Malformed("The page token is not one of ours.")
    if partition is not None:
        return f"RowKey ge {_quoted(key)}"
    return f"((PartitionKey eq {_quoted(part)} and RowKey ge {_quoted(key)}) or PartitionKey gt {_quoted(part)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def _conflicts(table: str) -> Iterator[None]:
    """What a create-only or conditional write may meet; a missing table is an outage, not a lost race."""
    from azure.core.exceptions import (
        HttpResponseError,
        ResourceExistsError,
        ResourceModifiedError,
        ResourceNotFoundError,
    )
    from azure.data.tables import TableTransactionError

    try:
        yield
    except ResourceExistsError as fault:
        raise RowExists(f"{table} already holds this row.") from fault
    except ResourceModifiedError as fault:
        raise RowStale(f"The row of {table} has changed.") from fault
    except ResourceNotFoundError as fault:
        if whole_store_missing(fault):
            raise
        raise RowStale(f"The row of {table} is gone.") from fault
    except TableTransactionError as fault:
        code = code_of(fault)
        if "EntityAlreadyExists" in code:
            raise RowExists(f"{table} already holds a row of this transaction.") from fault
        if "UpdateConditionNotSatisfied" in code or ("NotFound" in code and "Table" not in code):
            raise RowStale(f"A row of {table} in this transaction has changed.") from fault
        raise
    except HttpResponseError as fault:
        if fault.status_code == 412:
            raise RowStale(f"The row of {table} has changed.") from fault
        raise
    except ValueError as fault:  # the SDK refuses an etag it cannot put into a header
        raise RowStale(f"{table} has no row under this version.") from fault


def _change(table: str, op: Op, row: Row) -> Change:
    from shared.storage.lean import Change

    if op in (Op.REPLACE, Op.DELETE) and (not row.etag or _CONTROL.search(row.etag)):
        raise RowStale(f"{table} has no row under this version.")
    match = row.etag if op in (Op.REPLACE, Op.DELETE) else ""
    method = {Op.INSERT: "POST", Op.DELETE: "DELETE"}.get(op, "PUT")
    return Change(method, row.partition, row.key, None if op is Op.DELETE else _entity(row), match)


def _check_keys(*keys: str) -> None:
    for key in keys:
        if _FORBIDDEN.search(key):
            raise Malformed(f"The key {key!r} holds a character that Table storage refuses.")
        if len(key.encode("utf-16-le", "surrogatepass")) > _MOST_KEY:
            raise Malformed("A key is over 1 KiB.")


def _entity(row: Row) -> dict[str, Any]:
    from azure.data.tables import EdmType, EntityProperty

    _check_keys(row.partition, row.key)
    entity: dict[str, Any] = {"PartitionKey": row.partition, "RowKey": row.key}
    for name, cell in row.cells.items():
        if isinstance(cell, int) and not isinstance(cell, bool):
            if cell not in _INT64:
                raise Malformed(f"The cell {name} does not fit into 64 bits.")
            entity[name] = EntityProperty(cell, EdmType.INT64)
        elif isinstance(cell, datetime):
            entity[name] = cell.astimezone(UTC)
        else:
            size = (
                len(cell)
                if isinstance(cell, bytes)
                else len(cell.encode("utf-16-le", "surrogatepass"))
                if isinstance(cell, str)
                else 0
            )
            if size > _MOST_CELL:
                raise Malformed(f"The cell {name} is over 64 KiB.")
            entity[name] = cell
    return entity


def _listed(entity: Mapping[str, Any]) -> Row:
    from shared.storage.lean import cells_of

    return Row(entity["PartitionKey"], entity["RowKey"], cells_of(entity), str(entity.get("odata.etag") or ""))


def _row(entity: Mapping[str, Any]) -> Row:
    cells = {
        name: _cell(value) for name, value in entity.items() if name not in ("PartitionKey", "RowKey", "Timestamp")
    }
    etag = str(entity.metadata.get("etag") or "")  # type: ignore[attr-defined]  # the SDK's entity is a dict with metadata
    return Row(str(entity["PartitionKey"]), str(entity["RowKey"]), cells, etag)


def _cell(value: Any) -> Cell:
    if isinstance(value, datetime):  # the SDK's subclass carries its own text; we want the plain instant
        return datetime(
            value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond, UTC
        )
    if isinstance(value, tuple) and hasattr(value, "edm_type"):
        return int(value[0])
    if isinstance(value, str | bool | int | float | bytes):
        return value
    raise StorageUnavailable("A row holds a cell of a type we never write.", retry_after=_RETRY_AFTER)

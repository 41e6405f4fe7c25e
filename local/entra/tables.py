"""The rows the stand-in answers with: tables named as the contract names them, replaced by id, reset on demand."""

from __future__ import annotations

import copy
from threading import RLock
from typing import Any

Row = dict[str, Any]

TABLES = (
    "servicePrincipals",
    "applications",
    "appRoleAssignments",
    "oauth2PermissionGrants",
    "servicePrincipalSignInActivities",
    "microsoftGraphActivityLogs",
    "roleAssignments",
    "storageContainers",
)
_BY_APP_ID = {"servicePrincipals", "applications"}


class RowsError(ValueError):
    """The rows cannot be taken in; the message says why."""


class Tables:
    """Rows by table. Tenants are kept apart by a row's ``@tenant``; without it a row is the home tenant's."""

    def __init__(self, seed: dict[str, list[Row]] | None = None) -> None:
        self._lock = RLock()
        self._rows: dict[str, list[Row]] = {name: [] for name in TABLES}
        if seed:
            self.put(seed)
        self._start = copy.deepcopy(self._rows)

    def reset(self) -> None:
        """Back to the rows it started with."""
        with self._lock:
            self._rows = copy.deepcopy(self._start)

    def put(self, rows: object, *, replace: bool = False) -> dict[str, int]:
        """Take rows in: all of them or none. Answers how many each table now holds."""
        if not isinstance(rows, dict):
            raise RowsError("Rows are an object of tables, each a list of rows.")
        for name, table in rows.items():
            if name not in TABLES:
                raise RowsError(f"There is no table {name!r}; known are {', '.join(TABLES)}.")
            if not isinstance(table, list) or not all(isinstance(row, dict) for row in table):
                raise RowsError(f"Table {name!r} must be a list of objects.")
        with self._lock:
            if replace:
                self._rows = {name: [] for name in TABLES}
            for name, table in rows.items():
                self._merge(name, table)
            return {name: len(held) for name, held in self._rows.items()}

    def _merge(self, name: str, table: list[Row]) -> None:
        held = self._rows[name]
        keys: dict[tuple[str, str, str], int] = {}
        for position, row in enumerate(held):
            keys.update(dict.fromkeys(_keys(name, row), position))
        gone: set[int] = set()
        for row in table:
            found = next((keys[key] for key in _keys(name, row) if key in keys and keys[key] not in gone), None)
            if "@removed" in row:
                if found is not None:
                    gone.add(found)
                continue
            if found is None:
                found = len(held)
                held.append({})
            held[found] = copy.deepcopy(row)
            keys.update(dict.fromkeys(_keys(name, row), found))
        if gone:
            self._rows[name] = [row for position, row in enumerate(held) if position not in gone]

    def rows(self, name: str, tenant: str | None = None, home: str | None = None) -> list[Row]:
        """The rows of a table; with ``tenant``, that tenant's (rows without a mark belong to ``home``)."""
        with self._lock:
            held = list(self._rows[name])
        if tenant is None:
            return held
        return [row for row in held if row.get("@tenant", home) == tenant]

    def federated(self, application: str) -> set[str] | None:
        """Subjects of an application's ``federatedIdentityCredentials``; None where no row of it has the field."""
        rows = [row for row in self.rows("applications") if row.get("appId") == application]
        named = [row["federatedIdentityCredentials"] for row in rows if "federatedIdentityCredentials" in row]
        each = [one for many in named if isinstance(many, list) for one in many if isinstance(one, dict)]
        return {str(one.get("subject")) for one in each} if named else None


def _keys(name: str, row: Row) -> list[tuple[str, str, str]]:
    tenant = str(row.get("@tenant", ""))
    keys = [(tenant, field, str(row[field]).lower()) for field in ("id",) if row.get(field)]
    if row.get("appId") and (name in _BY_APP_ID or not keys):
        keys.append((tenant, "appId", str(row["appId"]).lower()))
    return keys

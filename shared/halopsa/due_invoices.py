"""Which recurring invoices are judged: those that are due, overdue or without a date, kept compressed by customer."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.halopsa.billing_rows import customer_of, slim
from shared.halopsa.records.wire import halo_date
from shared.model import JsonObject
from shared.ports import Records


@dataclass(slots=True)
class Named:
    """Ids that the judged rows name: what has to be looked up."""

    contracts: set[Any] = field(default_factory=set)
    orders: set[Any] = field(default_factory=set)
    agents: set[Any] = field(default_factory=set)
    credited: set[int] = field(default_factory=set)
    contract_of: dict[int, Any] = field(default_factory=dict)

    def note(self, row: Mapping[str, Any]) -> None:
        """Take in one row, whatever its types are."""
        for name, into in (
            ("contract_id", self.contracts),
            ("salesorder_id", self.orders),
            ("approvalagentid", self.agents),
        ):
            if isinstance(row.get(name), int):
                into.add(row[name])
        if isinstance(row.get("id"), int):
            told = [row.get("contract_id"), *of_lines(row, "contract_id")]
            self.contract_of[row["id"]] = next((one for one in told if isinstance(one, int) and one > 0), None)
        self.contracts |= {one for one in of_lines(row, "contract_id") if isinstance(one, int)}
        self.credited |= {one for one in of_lines(row, "creditlinkedidid") if isinstance(one, int) and one > 0}


@dataclass(frozen=True, slots=True)
class Population:
    """Which recurring invoices are judged, and why the others are not. Rows are kept compressed, by customer."""

    rows: Mapping[str | None, list[bytes]]
    ids: frozenset[int]
    """Of the rows whose id can be read."""
    not_due: int
    switched_off: frozenset[str]
    known: frozenset[str]
    """Ids of all recurring invoices HaloPSA has."""
    named: Named
    """What the judged rows name."""

    @property
    def size(self) -> int:
        """How many are judged."""
        return sum(len(rows) for rows in self.rows.values())


def population(
    mirror: Records,
    *,
    as_of: datetime,
    days: Callable[[str | None], int],
    keep: frozenset[str],
    ours: Callable[[str], bool],
    only: frozenset[str] | None = None,
) -> Population:
    """Recurring invoices due within the customer's window, overdue ones and ones without a date included.

    ``keep``: ids judged in any case (held, or found wanting before). A disabled one stays out unless ``ours`` says that
    we disabled it. ``only``: look at these alone.
    """
    source = mirror.rows("RecurringInvoice")
    if only is not None:
        source = iter([row for name in only if (row := mirror.get("RecurringInvoice", name)) is not None])
    rows: dict[str | None, list[bytes]] = defaultdict(list)
    ids: set[int] = set()
    known: set[str] = set()
    named = Named()
    not_due = 0
    switched_off: set[str] = set()
    for row in source:
        name = str(row.get("id"))
        known.add(name)
        customer = row.get("client_id")
        owner = customer_of(customer) if isinstance(customer, int) and not isinstance(customer, bool) else None
        if row.get("disabled") is True and not ours(name):
            switched_off.add(name)
            continue
        if name not in keep and not _due(row.get("nextcreationdate"), as_of, days(owner)):
            not_due += 1
            continue
        if isinstance(row.get("id"), int):
            ids.add(row["id"])
        named.note(row)
        rows[owner].append(pack(row))
    return Population(rows, frozenset(ids), not_due, frozenset(switched_off), frozenset(known), named)


def _due(value: object, as_of: datetime, window: int) -> bool:
    try:
        at = halo_date(value)
    except ValueError:
        return True
    return at is None or at.date() <= (as_of + timedelta(days=window)).date()


def of_lines(row: Mapping[str, Any], name: str) -> list[Any]:
    """One field of every line that is a line."""
    lines = row.get("lines")
    return [line.get(name) for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []


def pack(row: Mapping[str, Any]) -> bytes:
    """A row's fields that we read, small."""
    return zlib.compress(json.dumps(slim(row), separators=(",", ":")).encode(), 1)


def unpack(data: bytes) -> JsonObject:
    """The inverse."""
    return dict(json.loads(zlib.decompress(data)))

"""Invoices that no recurring one made: which wait to go out, which have left, which are void."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from shared.halopsa.billing_rows import billed_lines, customer_of, issued_facts
from shared.halopsa.due_invoices import Named, pack, unpack
from shared.halopsa.records.billing import LeftRow
from shared.halopsa.records.wire import Refused, date_or_none, parse_rows
from shared.measures.invoice_facts import Issued
from shared.ports import Records

LEAVING = ("dateposted", "datesent", "datepaid", "last_synced")
"""Dates of which any says that an invoice has left the house; ``posted`` says so without one."""


@dataclass(frozen=True, slots=True)
class Firsts:
    """Those that are judged, compressed by customer, and what became of the others that were asked for."""

    rows: Mapping[str | None, list[bytes]]
    ids: frozenset[int]
    left: frozenset[str]
    gone: Mapping[str, str]
    """Id to why it will not be billed."""
    away: Mapping[str | None, list[tuple[int, bytes]]]
    """Id and row of those that have left since a day, compressed by customer."""


def first_invoices(
    mirror: Records,
    named: Named,
    *,
    signed: Container[str],
    keep: frozenset[str],
    ours: frozenset[str],
    since: date,
    only: frozenset[str] | None = None,
) -> Firsts:
    """Invoices still in the house of customers outside ``signed``, and those of ``keep`` whoever they are for.

    What they name is added to ``named``. Those that have left: dated on or after ``since``, and ``ours`` whatever their date.
    ``only``: look at these alone. One pass: the invoices of a large house are its longest list.
    """
    source = mirror.rows("Invoice")
    if only is not None:
        source = iter([row for name in only if (row := mirror.get("Invoice", name)) is not None])
        keep &= only
    rows: dict[str | None, list[bytes]] = defaultdict(list)
    ids: set[int] = set()
    left: set[str] = set()
    away: dict[str | None, list[tuple[int, bytes]]] = defaultdict(list)
    gone = dict.fromkeys(keep, "HaloPSA no longer has it.") if mirror.read_at("Invoice") is not None else {}
    for row in source:
        if not is_one_off(row):
            continue
        name, customer = str(row["id"]), _customer(row)
        gone.pop(name, None)
        if row.get("voided") is True:
            gone |= {name: "It was voided in HaloPSA."} if name in keep else {}
        elif has_left(row):
            left |= {name} & keep
            if name in ours or _dated_since(row, since):
                away[customer].append((row["id"], pack(row)))
        elif name in keep or customer not in signed:
            ids.add(row["id"])
            named.note(row)
            rows[customer].append(pack(row))
    return Firsts(rows, frozenset(ids), frozenset(left), gone, away)


def one_offs(mirror: Records, names: Iterable[str]) -> frozenset[str]:
    """Those of these invoices that no recurring one made."""
    return frozenset(name for name in names if (row := mirror.get("Invoice", name)) is not None and is_one_off(row))


def left_of(packed: Iterable[bytes]) -> tuple[list[Issued], list[Refused]]:
    """Invoices that have left as facts, with the lines that finance signs."""
    records, refused = parse_rows(LeftRow, (unpack(data) for data in packed))
    return [
        replace(issued_facts(record), lines=billed_lines(record), left_at=_left_at(record)) for record in records
    ], refused


def _left_at(record: LeftRow) -> datetime | None:
    told = (record.dateposted, record.datesent, record.datepaid, record.last_synced)
    return min((at for at in told if at is not None), default=None)


def is_one_off(row: Mapping[str, Any]) -> bool:
    """An invoice with an id of its own that names no recurring one; a name that cannot be read is a name."""
    number = row.get("id")
    return (
        isinstance(number, int) and not isinstance(number, bool) and number > 0 and not row.get("recurring_invoice_id")
    )


def has_left(row: Mapping[str, Any]) -> bool:
    """Posted, sent, paid or taken over by accounting."""
    return row.get("posted") is True or any(date_or_none(row.get(name)) is not None for name in LEAVING)


def _dated_since(row: Mapping[str, Any], since: date) -> bool:
    names = ("invoice_date", "date_created", *LEAVING)
    told = next((at for name in names if (at := date_or_none(row.get(name))) is not None), None)
    return told is None or told.date() >= since


def _customer(row: Mapping[str, Any]) -> str | None:
    client = row.get("client_id")
    return customer_of(client) if isinstance(client, int) and not isinstance(client, bool) else None

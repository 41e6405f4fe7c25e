"""Take in a supplier's usage export: its bytes as evidence, its rows as what is in use that month."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Protocol, cast

from shared.errors import Forbidden, Malformed, NotFound, TooLarge, UnsupportedMedia
from shared.measures.money import text_of
from shared.measures.usage_file import UsageRow, read_usage
from shared.model import JsonObject, NewEntry, Person, Role, Subject, rfc3339
from shared.procedures.services import Services
from shared.registers import usage
from shared.registers.store import Held

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_LARGEST = 8 * 1024 * 1024
_MEDIA = frozenset(
    {"text/csv", "application/csv", "text/plain", "application/vnd.ms-excel", "application/octet-stream", ""}
)
_SHOWN = 1000


class _Billed(Protocol):
    def quantities(
        self, mirror: Any, items: frozenset[str]
    ) -> tuple[dict[str, str], dict[tuple[str, str], Decimal]]: ...


def accept_usage(
    services: Services, person: Person, supplier: str, period: str, body: bytes, content_type: str
) -> tuple[int, JsonObject]:
    """Read a file and put it in force for its supplier and month; a later file for the same month replaces it.

    Raises Forbidden, NotFound (supplier_unknown), Malformed, UnsupportedMedia, TooLarge or Unacceptable.
    """
    if not person.has(Role.FINANCE, Role.OPERATOR) or person.customers is not None:
        raise Forbidden("Finance or an operator who sees all customers may bring in usage files.", code="role_missing")
    policy = services.policy.policy.billing
    if supplier not in policy.usage:
        raise NotFound(f"Policy maps no columns for the supplier {supplier}.", code="supplier_unknown")
    if not isinstance(period, str) or not _MONTH.fullmatch(period):
        raise Malformed("The period must be a month such as 2026-11.", code="period_invalid")
    media = content_type.partition(";")[0].strip().lower()
    if media not in _MEDIA:
        raise UnsupportedMedia("A usage file is text/csv.", code="usage_not_csv")
    if len(body) > _LARGEST:
        raise TooLarge("A usage file holds at most 8 MiB.", code="usage_too_large")
    columns = policy.usage[supplier]
    rows, refused = read_usage(body, (columns.customer, columns.item, columns.quantity))
    digest = hashlib.sha256(body).hexdigest()
    receipt = services.ledger.record(
        NewEntry(
            type="usage.received",
            key=f"usage\n{supplier}\n{period}\n{digest}",
            payload=body,
            media_type="text/csv",
            subject=Subject("usage", usage.key_of(supplier, period)),
            actor=person.oid,
            source={"system": supplier, "period": period},
        )
    )
    held = usage.register(services.rows).get(usage.key_of(supplier, period))
    duplicate = held is not None and held.body["sha256"] == digest
    replaces = None
    if rows:
        row: JsonObject = {
            "supplier": supplier,
            "period": period,
            "sha256": digest,
            "evidence_id": receipt.evidence_id,
            "by": person.oid,
            "at": rfc3339(services.clock.now()),
            "rows": _sums(rows),
        }
        replaces = _put_in_force(services, row, held)
    unmatched = list(_unmatched(services, rows))
    return 202, {
        "supplier": supplier,
        "period": period,
        "evidence_id": receipt.evidence_id,
        "duplicate": duplicate,
        "replaces": None if duplicate else replaces,
        "in_force": bool(rows),
        "rows": len(rows) + len(refused),
        "read": len(rows),
        "refused_count": len(refused),
        "unmatched_count": len(unmatched),
        "complete": not refused and not unmatched,
        "refused": [
            {"row": one.number, "name": one.name, "reason": f"Row {one.number} {one.reason}."}
            for one in refused[:_SHOWN]
        ],
        "unmatched": unmatched[:_SHOWN],
    }


def _put_in_force(services: Services, row: JsonObject, held: Held | None) -> str | None:
    """Over the file that is in force at that moment; answer whose evidence it replaced. Evidence tells each step of the chain."""
    key = usage.key_of(row["supplier"], row["period"])

    def step(body: JsonObject | None) -> JsonObject | None:
        if body is not None and body["sha256"] == row["sha256"]:
            return None
        return {**row, "replaces": body["evidence_id"] if body is not None else None}

    stands = usage.register(services.rows).change(key, step, held) or row
    was = stands.get("replaces")
    if was is not None:  # also where who put it in force died before this
        told = {"supplier": row["supplier"], "period": row["period"], "was": was, "is": stands["evidence_id"]}
        services.ledger.record(
            NewEntry(
                type="usage.replaced",
                key=f"usage-replaced\n{key}\n{was}\n{stands['sha256']}\n{stands['at']}",
                payload=json.dumps({**told, "at": stands["at"]}, sort_keys=True).encode(),
                subject=Subject("usage", key),
                actor=stands["by"],
            )
        )
    return str(was) if was is not None else None


def _sums(rows: Iterable[UsageRow]) -> list[JsonObject]:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row.customer, row.item] += row.quantity
    return [
        {"customer": customer, "item": item, "quantity": text_of(quantity)}
        for (customer, item), quantity in sorted(sums.items())
    ]


def _unmatched(services: Services, rows: list[UsageRow]) -> Iterable[JsonObject]:
    """Rows that no invoice can be compared with: a customer HaloPSA does not have, or an item billed to nobody of that name."""
    facts = cast("_Billed", services.facts("billing"))
    known, billed = facts.quantities(services.mirror, frozenset(row.item for row in rows))
    for row in rows:
        name = row.customer.strip().casefold()
        if name not in known:
            yield {
                "row": row.number,
                "customer": row.customer,
                "item": row.item,
                "reason": f"HaloPSA has no customer named {row.customer}.",
            }
        elif (name, row.item) not in billed:
            yield {
                "row": row.number,
                "customer": row.customer,
                "item": row.item,
                "reason": f"No recurring invoice of {row.customer} bills {row.item}.",
            }

"""Invoices issued over past months as the facts that hold checks judge, each with the one before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from shared.halopsa.billing_rows import contract_facts, customer_of, positive
from shared.halopsa.due_invoices import of_lines, pack, unpack
from shared.halopsa.facts_billing import Surroundings, invoice_facts, issued_facts, newness
from shared.halopsa.records.billing import Contract as ContractRow
from shared.halopsa.records.billing import Customer, InvoiceRow, TaxRow
from shared.halopsa.records.wire import Refused, parse_rows
from shared.measures.invoice_facts import InvoiceFacts, Used
from shared.measures.look_back import Past
from shared.model import JsonObject
from shared.policy.document import Policy
from shared.ports import Records

_Used = Callable[[str | None, date | None, date | None], Used | None]


@dataclass(slots=True)
class Issuings:
    """All issued invoices, packed: by recurring invoice in the order of their dates, and those of none."""

    series: dict[int, list[tuple[tuple[str, str, int], bytes]]] = field(default_factory=lambda: defaultdict(list))
    single: list[tuple[tuple[str, str, int], bytes]] = field(default_factory=list)
    contract_of: dict[int, int] = field(default_factory=dict)
    """What recurring invoices name, for issued ones that do not repeat it."""
    together: dict[tuple[int, str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """What all invoices of a customer bill of an item in a period that begins on one day."""
    around: Surroundings = field(default_factory=lambda: Surroundings(frozenset()))
    refused: list[Refused] = field(default_factory=list)


def issuings(mirror: Records) -> Issuings:
    """One pass over all invoices that were not voided."""
    found = Issuings()
    found.around = Surroundings(
        frozenset(kind for kind in ("ClientContract", "Invoice", "Client") if mirror.read_at(kind) is not None)
    )
    named: set[int] = set()
    for row in mirror.rows("Invoice"):
        if row.get("voided") is True:
            continue
        named |= {one for one in of_lines(row, "creditlinkedidid") if isinstance(one, int) and one > 0}
        _add_up(row, found.together)
        rid = row.get("recurring_invoice_id")
        held = (newness(row), pack(row))
        if isinstance(rid, int) and not isinstance(rid, bool) and rid:
            found.series[abs(rid)].append(held)
        else:
            found.single.append(held)
    for rows in found.series.values():
        rows.sort()
    for row in mirror.rows("RecurringInvoice"):
        rid, named_by = row.get("id"), [row.get("contract_id"), *of_lines(row, "contract_id")]
        told = {one for one in named_by if isinstance(one, int) and not isinstance(one, bool) and one > 0}
        if isinstance(rid, int) and len(told) == 1:
            found.contract_of[abs(rid)] = told.pop()
    _around(mirror, found, named)
    return found


def _add_up(row: JsonObject, together: dict[tuple[int, str, str], Decimal]) -> None:
    client, lines = row.get("client_id"), row.get("lines")
    if not isinstance(client, int) or not isinstance(lines, list):
        return
    for line in lines:
        item, quantity = (line.get("item_code"), line.get("qty_order")) if isinstance(line, dict) else (None, None)
        if isinstance(item, str) and isinstance(quantity, int | float) and not line.get("creditlinkedidid"):
            together[client, str(row.get("period_start_date"))[:10], item.strip()] += Decimal(str(quantity))


def _around(mirror: Records, found: Issuings, named: set[int]) -> None:
    around = found.around
    for row in mirror.rows("Invoice") if named else ():
        if row.get("voided") is not True:
            known = {one for one in of_lines(row, "id") if isinstance(one, int)} & named
            if known:
                around.credited[str(row.get("client_id"))] |= known
    for contract in parse_rows(ContractRow, mirror.rows("ClientContract"))[0]:
        # whether it is active is said of today, and its dates of always
        around.contracts[contract.id] = replace(contract_facts(contract), active=True, started=None, expired=None)
    for client in parse_rows(Customer, mirror.rows("Client"))[0]:
        around.clients[client.id] = client
    for tax in parse_rows(TaxRow, mirror.rows("Tax"))[0]:
        if tax.value is not None:
            names = (tax.code, tax.name, None if tax.id is None else str(tax.id))
            around.taxes.update({name.strip(): tax.value for name in reversed(names) if name and name.strip()})


def past(
    found: Issuings, policy: Policy, first: date, last: date, used: _Used
) -> Iterator[tuple[str, str | None, str, Past]]:
    """Invoices dated from ``first`` to ``last``: id, customer, day, and facts. Rows that cannot be read are in ``refused``."""
    begin, end = first.isoformat(), last.isoformat()
    for rows in [*found.series.values(), *([one] for one in found.single)]:
        before: InvoiceRow | None = None
        for (dated, _, _), data in rows:
            inside = begin <= dated[:10] <= end
            if not inside and dated[:10] > end:
                break
            record = _read(unpack(data), found)
            if record is not None and inside:
                yield (
                    str(record.id),
                    customer_of(record.client_id),
                    dated[:10],
                    _past(record, before, found, policy, used),
                )
            before = record if record is not None else before


def _read(row: JsonObject, found: Issuings) -> InvoiceRow | None:
    records, refused = parse_rows(InvoiceRow, [row])
    found.refused.extend(refused)
    return records[0] if records else None


def _past(row: InvoiceRow, before: InvoiceRow | None, found: Issuings, policy: Policy, used: _Used) -> Past:
    invoice = _facts(row, found, policy, used)
    if invoice.used is not None and row.client_id is not None:
        start = invoice.start.isoformat() if invoice.start else ""
        elsewhere = {item: found.together[row.client_id, start, item] for item in invoice.used.quantities}
        invoice = replace(invoice, used=replace(invoice.used, billed_elsewhere=elsewhere))
    recurring = bool(row.recurring_invoice_id)
    if before is None:
        return Past(invoice, recurring, None)
    former: Any = issued_facts(before)
    return Past(replace(invoice, last=former), recurring, _facts(before, found, policy, lambda _a, _b, _c: None))


def _facts(row: InvoiceRow, found: Issuings, policy: Policy, used: _Used) -> InvoiceFacts:
    """An issued invoice has no day on which it is created next: the day it is dated stands for it."""
    change: dict[str, Any] = {"nextcreationdate": row.invoice_date}
    if positive(row.contract_id) is None and row.recurring_invoice_id:
        change["contract_id"] = found.contract_of.get(abs(row.recurring_invoice_id))
    return invoice_facts(row.model_copy(update=change), found.around, policy, None, used)

"""HaloPSA's invoices that are due, with everything they are compared with, as billing's facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from shared.halopsa.agreements import agreements, receivables
from shared.halopsa.billing_rows import (
    billed_lines,
    contract_facts,
    currency_of,
    customer_of,
    day,
    issued_facts,
    order_facts,
    positive,
)
from shared.halopsa.due_invoices import Population, of_lines, pack, population, unpack
from shared.halopsa.first_invoices import first_invoices, has_left, is_one_off, left_of, one_offs
from shared.halopsa.records.billing import Approver, Customer, InvoiceApproval, InvoiceRow, SalesOrder, TaxRow
from shared.halopsa.records.billing import Contract as ContractRow
from shared.halopsa.records.wire import Refused, halo_date, parse_rows
from shared.halopsa.time_rows import charge_entries, unbilled, worked
from shared.halopsa.versions import version_of
from shared.measures.invoice_facts import ChargeEntry, Contract, InvoiceFacts, Issued, Order, Signed, Used
from shared.model import JsonObject
from shared.policy.document import Policy
from shared.ports import Blobs, Records

__all__ = [
    "agreements",
    "first_invoices",
    "invoice_facts",
    "invoices",
    "issued_facts",
    "issued_ids",
    "issued_of",
    "issued_since",
    "left_of",
    "one_invoice",
    "one_offs",
    "population",
    "quantities",
    "read_at",
    "receivables",
    "surroundings",
    "unbilled",
    "version",
    "worked",
]

KINDS = ("RecurringInvoice", "ClientContract", "Invoice", "Client", "SalesOrder", "Agent", "Tax", "Actions", "Tickets")


_MONEY = ("Invoice", "Agent", "Actions", "Tickets", "Projects", "Opportunities")


def version(mirror: Records, blobs: Blobs) -> tuple[object, ...]:
    """Changes whenever a row the figures of billing are made from does; a key for caches."""
    return version_of(mirror, blobs, _MONEY)


@dataclass(slots=True)
class Surroundings:
    """What the invoices are compared with, indexed."""

    read: frozenset[str]
    contracts: dict[int, Contract] = field(default_factory=dict)
    newest: dict[int, bytes] = field(default_factory=dict)
    history: dict[int, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    credited: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    orders: dict[int, Order] = field(default_factory=dict)
    people: dict[int, bool] = field(default_factory=dict)
    clients: dict[int, Customer] = field(default_factory=dict)
    taxes: dict[str, Decimal] = field(default_factory=dict)
    entries: dict[str, list[ChargeEntry]] = field(default_factory=lambda: defaultdict(list))
    overruled: dict[int, str] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    validated: bool = True


def read_at(mirror: Records) -> datetime | None:
    """When the oldest of what every invoice needs was read; None when one of them never was."""
    times = [mirror.read_at(kind) for kind in ("RecurringInvoice", "ClientContract", "Invoice")]
    told = [at for at in times if at is not None]
    return min(told) if told else None


def surroundings(mirror: Records, due: Population, firsts: frozenset[int] = frozenset()) -> Surroundings:
    """Read what the due invoices name: contracts, earlier invoices, orders, agents, taxes, time.

    ``firsts``: invoices judged beside them that no recurring one made; what they name is among ``due.named``.
    """
    found = Surroundings(frozenset(kind for kind in KINDS if mirror.read_at(kind) is not None))
    named = due.named
    for contract in _records(ContractRow, mirror.rows("ClientContract"), named.contracts, found):
        found.contracts[contract.id] = contract_facts(contract)
    for order in _records(SalesOrder, mirror.rows("SalesOrder"), named.orders, found):
        found.orders[order.id] = order_facts(order)
    for agent in _records(Approver, mirror.rows("Agent"), named.agents, found):
        found.people[agent.id] = not agent.isapiagent
    found.overruled = _overruled(mirror, due.ids | {one for one in firsts if -one not in due.ids})
    for client in _records(Customer, mirror.rows("Client"), None, found):
        found.clients[client.id] = client
    for tax in parse_rows(TaxRow, mirror.rows("Tax"))[0]:
        if tax.value is not None:
            names = (tax.code, tax.name, None if tax.id is None else str(tax.id))
            found.taxes.update({name.strip(): tax.value for name in reversed(names) if name and name.strip()})
    increased = {
        rid
        for rid, contract in named.contract_of.items()
        if isinstance(contract, int) and contract in found.contracts and found.contracts[contract].increase
    }
    _issued(mirror, due.ids, increased, named.credited, found)
    for entry in charge_entries(mirror):
        if entry.client is not None:
            found.entries[entry.client].append(entry)
    return found


def _records(model: Any, rows: Iterable[JsonObject], wanted: set[Any] | None, found: Surroundings) -> list[Any]:
    records, refused = parse_rows(model, (row for row in rows if wanted is None or row.get("id") in wanted))
    found.refused.extend(refused)
    return records


def _overruled(mirror: Records, ids: frozenset[int]) -> dict[int, str]:
    """Recurring invoices whose newest approval an administrator overrode, or a delegate gave."""
    newest: dict[int, tuple[str, int]] = {}
    found: dict[int, str] = {}
    for one in parse_rows(InvoiceApproval, mirror.rows("TicketApproval"))[0]:
        named = one.invoice_id or 0
        rid = named if named in ids else -named if -named in ids else 0
        when = (one.dateapproved.isoformat() if one.dateapproved else "", one.seq or 0)
        if not rid or when < newest.get(rid, ("", 0)):
            continue
        newest[rid] = when
        found.pop(rid, None)
        if one.admin_overridden:
            found[rid] = "administrator"
        elif positive(one.delegated_by_uid) is not None:
            found[rid] = "delegate"
    return found


def _issued(mirror: Records, ids: frozenset[int], increased: set[Any], credits_: set[int], found: Surroundings) -> None:
    """One pass over all invoices: the newest of each due recurring one, and which credited lines were billed to whom."""
    order: dict[int, tuple[str, str, int]] = {}
    for row in mirror.rows("Invoice"):
        if row.get("voided") is True:
            continue
        if credits_:
            known = {one for one in of_lines(row, "id") if isinstance(one, int)} & credits_
            if known:
                found.credited[str(row.get("client_id"))] |= known
        rid = recurring_of(row, ids)
        if rid is None:
            continue
        when = newness(row)
        if rid in increased:
            found.history[rid].append(pack(row))
        if rid not in order or when > order[rid]:
            order[rid] = when
            found.newest[rid] = pack(row if rid in increased else _without_prices(row))


def _without_prices(row: JsonObject) -> JsonObject:
    """Where no increase was agreed, an earlier invoice's lines matter for their tax codes and rates alone."""
    lines = row.get("lines")
    if not isinstance(lines, list):
        return row
    taxes = {
        (line["tax_code"], line["tax_rate"])
        for line in lines
        if isinstance(line, dict)
        and isinstance(line.get("tax_code"), str | int)
        and isinstance(line.get("tax_rate"), int | float)
    }
    return row | {"lines": [{"tax_code": code, "tax_rate": rate} for code, rate in sorted(taxes, key=str)]}


def recurring_of(row: Mapping[str, Any], ids: frozenset[int]) -> int | None:
    """The recurring invoice an invoice was made from; some rows name it without its minus sign."""
    rid = row.get("recurring_invoice_id")
    if not isinstance(rid, int) or isinstance(rid, bool) or rid == 0:
        return None
    return rid if rid in ids else -rid if -rid in ids else None


def newness(row: Mapping[str, Any]) -> tuple[str, str, int]:
    """Orders invoices by date, period and id."""
    said = []
    for name in ("invoice_date", "period_end_date"):
        try:
            at = halo_date(row.get(name))
        except ValueError:
            at = None
        said.append(at.isoformat() if at else "")
    number = row.get("id")
    return said[0], said[1], number if isinstance(number, int) else 0


def invoices(
    packed: Iterable[bytes],
    around: Surroundings,
    policy: Policy,
    *,
    signed: Callable[[str], Signed | None],
    used: Callable[[str | None, date | None, date | None], Used | None],
    one_off: bool = False,
) -> Iterator[tuple[str, InvoiceFacts | None, str]]:
    """Id, facts and, where the row cannot be read, why. ``one_off``: they are invoices that no recurring one made."""
    noun = "invoice" if one_off else "recurring invoice"
    for data in packed:
        row = unpack(data)
        try:
            record = InvoiceRow.model_validate(row)
        except ValidationError:
            refused = parse_rows(InvoiceRow, [row])[1][0]
            yield refused.id, None, f"The row of {noun} {refused.id} cannot be read: {refused.message}"
            continue
        facts = invoice_facts(record, around, policy, signed(str(record.id)), used, one_off=one_off)
        yield str(record.id), facts, ""


def invoice_facts(
    row: InvoiceRow,
    around: Surroundings,
    policy: Policy,
    signed: Signed | None,
    used: Callable[[str | None, date | None, date | None], Used | None],
    *,
    one_off: bool = False,
) -> InvoiceFacts:
    """One invoice that is to go out with what it is compared with; a one-off with all time of its customer."""
    client = around.clients.get(row.client_id) if row.client_id is not None else None
    customer = customer_of(row.client_id)
    contract_id = _contract_id(row)
    name = client.name if client and client.name else row.client_name
    last = None if one_off else _parsed(around.newest.get(row.id))
    said = currency_of(row)
    home = (client.default_currency_code_name or "").strip().upper() if client else ""
    start, end = day(row.period_start_date), day(row.period_end_date)
    agent = positive(row.approvalagentid)
    return InvoiceFacts(
        id=row.id,
        client=customer,
        client_name=name,
        contract_id=contract_id,
        next_date=day(row.invoice_date if one_off else row.nextcreationdate),
        start=start,
        end=end,
        period_name=row.periodname,
        currency=said or home or (last.currency if last and last.currency else policy.service.currency),
        said_currency=said,
        total=row.total,
        tax_total=row.tax_total,
        lines=billed_lines(row),
        order_id=positive(row.salesorder_id),
        posted=row.posted,
        synced=row.last_synced is not None,
        number=(row.thirdpartyinvoicenumber or "").strip() or None,
        kept_from_sync=row.dont_sync_to_3rd_party,
        requires_approval=row.requires_approval,
        approval_status=row.approval_status,
        approver=row.approvalagentid,
        read=around.read,
        contract=around.contracts.get(contract_id) if contract_id is not None else None,
        last=last,
        earlier=tuple(
            one
            for data in sorted(around.history.get(row.id, ()), key=lambda data: newness(unpack(data)))
            if (one := _parsed(data)) is not None
        ),
        credited=frozenset(around.credited.get(str(row.client_id), ())),
        order=around.orders.get(row.salesorder_id) if row.salesorder_id is not None else None,
        overruled=around.overruled.get(row.id),
        approver_is_person=around.people.get(agent) if agent is not None else None,
        client_currency=home or None,
        tax_rates=around.taxes,
        used=used(name, start, end),
        entries=tuple(
            one for one in around.entries.get(customer or "", ()) if one_off or one.contract in (None, contract_id)
        ),
        signed=signed,
        approved_numbers=frozenset(policy.halopsa.meaning.invoice_approval.approved),
        disabled=row.disabled,
        review_required=row.reviewrequired,
        validated=around.validated,
        one_off=one_off,
    )


def _contract_id(row: InvoiceRow) -> int | None:
    if positive(row.contract_id) is not None:
        return row.contract_id
    named = {line.contract_id for line in row.lines or () if positive(line.contract_id) is not None}
    return named.pop() if len(named) == 1 else None


def _parsed(data: bytes | None) -> Issued | None:
    """An earlier invoice whose row cannot be read counts as not known rather than stopping the one that is due."""
    if data is None:
        return None
    records, _ = parse_rows(InvoiceRow, [unpack(data)])
    return issued_facts(records[0]) if records else None


def one_invoice(mirror: Records, row: JsonObject, policy: Policy, *, one_off: bool = False) -> InvoiceFacts | None:
    """An invoice just read, with as much around it as its content needs; None when it cannot be read.

    Of one that no recurring one made None too when it is void, has left, or is none of these any more.
    """
    records, _ = parse_rows(InvoiceRow, [row])
    if not records or (one_off and (not is_one_off(row) or row.get("voided") is True or has_left(row))):
        return None
    around = Surroundings(frozenset())
    client = mirror.get("Client", str(records[0].client_id)) if records[0].client_id is not None else None
    for one in parse_rows(Customer, [client] if client else [])[0]:
        around.clients[one.id] = one
    if currency_of(records[0]) is None and not one_off:
        ids = frozenset({records[0].id})
        _issued(mirror, ids, set(), set(), around)
    return invoice_facts(records[0], around, policy, None, lambda _name, _start, _end: None, one_off=one_off)


def issued_ids(mirror: Records, since: date) -> list[int]:
    """Ids of invoices made from recurring ones and dated on or after a day."""
    return [
        row["id"]
        for row in mirror.rows("Invoice")
        if row.get("recurring_invoice_id") and isinstance(row.get("id"), int) and _dated_since(row, since)
    ]


def issued_since(
    mirror: Records, since: date, backdated: date, held: frozenset[int], but: frozenset[int]
) -> dict[str | None, list[bytes]]:
    """Invoices made from recurring ones, not voided, dated on or after a day, packed by customer.

    Those of ``held`` recurring invoices from an earlier day on; those whose id is in ``but`` not at all.
    """
    out: dict[str | None, list[bytes]] = defaultdict(list)
    for row in mirror.rows("Invoice"):
        rid, client = row.get("recurring_invoice_id"), row.get("client_id")
        if row.get("voided") is True or not isinstance(rid, int) or not rid or row.get("id") in but:
            continue
        if _dated_since(row, backdated if rid in held or -rid in held else since):
            out[customer_of(client) if isinstance(client, int) else None].append(pack(row))
    return out


def issued_of(packed: Iterable[bytes]) -> tuple[list[Issued], list[Refused]]:
    """The same as facts."""
    records, refused = parse_rows(InvoiceRow, (unpack(data) for data in packed))
    return [issued_facts(record) for record in records], refused


def _dated_since(row: JsonObject, since: date) -> bool:
    for name in ("invoice_date", "date_created"):
        try:
            at = halo_date(row.get(name))
        except ValueError:
            return True
        if at is not None:
            return at.date() >= since
    return True


def quantities(mirror: Records, items: frozenset[str]) -> tuple[dict[str, str], dict[tuple[str, str], Decimal]]:
    """Customers by name in lower case, and what all recurring invoices together bill, by customer name and item."""
    names = {one.id: one.name for one in parse_rows(Customer, mirror.rows("Client"))[0] if one.name}
    known = {name.strip().casefold(): str(client) for client, name in names.items()}
    billed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in mirror.rows("RecurringInvoice"):
        client = row.get("client_id")
        name = names.get(client) if isinstance(client, int) else row.get("client_name")
        name = name or row.get("client_name")
        if not isinstance(name, str):
            continue
        known.setdefault(name.strip().casefold(), str(client))
        for line in row.get("lines") or ():
            item, quantity = (line.get("item_code"), line.get("qty_order")) if isinstance(line, dict) else (None, None)
            if isinstance(item, str) and item.strip() in items and isinstance(quantity, int | float):
                billed[name.strip().casefold(), item.strip()] += Decimal(str(quantity))
    return known, billed

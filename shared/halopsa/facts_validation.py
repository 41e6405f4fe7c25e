"""What HaloPSA shows of a charge type, product, agreement or issued invoice, as validation scenarios speak of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.halopsa.billing_rows import currency_of, customer_of, day
from shared.halopsa.records.billing import ChargeAction, ContractType, InvoiceRow, Product
from shared.halopsa.records.billing import Contract as ContractRow
from shared.halopsa.records.wire import parse_rows
from shared.halopsa.time_rows import is_billed
from shared.measures.money import text_of
from shared.model import JsonObject
from shared.ports import Records


def actual(mirror: Records, area: str, identity: str) -> JsonObject | None:
    """Values by the names of ``measures.validation.AREAS``; None when there is no such record or it cannot be read."""
    kind, shape = _READ[area]
    row = mirror.get(kind, identity)
    return None if row is None else shape(row)


def contract_types(mirror: Records) -> dict[str, int]:
    """How many contracts HaloPSA has of each type, by its name (or its number where it has none)."""
    found: dict[str, int] = {}
    for one in parse_rows(ContractType, mirror.rows("ClientContract"))[0]:
        name = _type(one)
        if name is not None:
            found[name] = found.get(name, 0) + 1
    return found


def _type(row: ContractType) -> str | None:
    name = (row.contracttype_name or "").strip()
    return name or (None if row.contracttype is None else str(row.contracttype))


def _one(model: Any, row: JsonObject) -> Any:
    records, _ = parse_rows(model, [row])
    return records[0] if records else None


def _charge(row: JsonObject) -> JsonObject | None:
    action = _one(ChargeAction, row)
    if action is None:
        return None
    hours = action.actionchargehours if action.actionchargehours is not None else action.timetaken
    return {
        "charge_rate": None if action.chargerate is None else str(action.chargerate),
        "hours": text_of(hours),
        "amount": text_of(action.actionchargeamount),
        "billable": action.actisbillable,
        "reviewed": action.actreviewed,
        "invoiced": is_billed(action),
    }


def _product(row: JsonObject) -> JsonObject | None:
    item = _one(Product, row)
    if item is None:
        return None
    tax = item.taxcode_name or (None if item.taxcode is None else str(item.taxcode))
    price = item.recurringprice if item.isrecurringitem and item.recurringprice is not None else item.baseprice
    cost = item.recurringcost if item.isrecurringitem and item.recurringcost is not None else item.costprice
    return {
        "name": item.name,
        "price": text_of(price),
        "cost": text_of(cost),
        "tax_code": tax,
        "account": item.nominalcode,
        "recurring": item.isrecurringitem,
    }


def _agreement(row: JsonObject) -> JsonObject | None:
    contract, kind = _one(ContractRow, row), _one(ContractType, row)
    if contract is None or kind is None:
        return None
    start, end, on = day(contract.start_date), day(contract.end_date), day(contract.nextincrementdate)
    return {
        "customer": customer_of(contract.client_id),
        "type": _type(kind),
        "active": contract.active,
        "start": start.isoformat() if start else None,
        "end": end.isoformat() if end else None,
        "increase_percent": text_of(contract.percentageincrease),
        "increase_on": on.isoformat() if on else None,
    }


def _sync(row: JsonObject) -> JsonObject | None:
    invoice = _one(InvoiceRow, row)
    if invoice is None:
        return None
    return {
        "posted": invoice.posted,
        "synced": invoice.last_synced is not None,
        "numbered": bool((invoice.thirdpartyinvoicenumber or "").strip()),
        "total": text_of(invoice.total),
        "currency": currency_of(invoice),
    }


_READ: dict[str, tuple[str, Callable[[JsonObject], JsonObject | None]]] = {
    "charge_type": ("Actions", _charge),
    "product": ("Item", _product),
    "agreement": ("ClientContract", _agreement),
    "invoice_sync": ("Invoice", _sync),
}

"""Contracts, recurring invoices and what they billed last: forty that agree in everything but the fault planted on them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from local.seeds.calendar import date_wire, day, wire
from local.seeds.roster import API_AGENT, CLIENTS, FINANCE_AGENT, client_name, currency, main_site
from local.seeds.violations import BILLING

Row = dict[str, Any]

COUNT = 40
METERED = (-29, -38, -39)
"""Recurring invoices with a line whose quantity a supplier's usage file tells."""
METERED_ITEM = "M365-E5"
RAISED = -36
"""An increase that was agreed and applied as agreed: right, and yet a price that moved."""
LARGE = -40
"""Above the materiality at which two persons release it."""
NEXT = day(11, 25, 0)
"""When HaloPSA would create them; within ten days of every day of the demo's week."""
_CYCLES = {
    "Monthly": (day(11, 1, 0), day(11, 30, 0), day(12, 1, 0), day(12, 31, 0)),
    "Quarterly": (day(9, 1, 0), day(11, 30, 0), day(12, 1, 0), day(2, 28, 0, year=2027)),
    "Yearly": (day(12, 1, 0, year=2025), day(11, 30, 0), day(12, 1, 0), day(11, 30, 0, year=2027)),
}
_ITEMS = (
    ("MGD-ENDPOINT", "Managed endpoint", Decimal("65.00"), Decimal("31.00")),
    ("M365-BP", "Microsoft 365 Business Premium", Decimal("31.50"), Decimal("22.00")),
    ("EDR", "Endpoint detection", Decimal("9.75"), Decimal("5.10")),
    ("BACKUP-TB", "Backup per terabyte", Decimal("85.00"), Decimal("40.00")),
    ("M365-E5", "Microsoft 365 E5", Decimal("78.00"), Decimal("57.00")),
)
_CENT = Decimal("0.01")
_FIRST_LINE = 9000
_INCREASE = Decimal("5.0")


def contract_of(invoice_id: int) -> int:
    """Each recurring invoice has a contract of its own."""
    return 300 - invoice_id


def client_of(invoice_id: int) -> int:
    """Two recurring invoices for each customer."""
    return CLIENTS[(-invoice_id - 1) % len(CLIENTS)]


def rows() -> dict[str, list[Row]]:
    """Contracts, recurring and issued invoices and purchase orders."""
    ids = [-number for number in range(1, COUNT + 1)]
    recurring = [_recurring(number) for number in ids]
    return {
        "ClientContract": [_contract(number) for number in ids],
        "RecurringInvoice": recurring,
        "Invoice": [_billed(row) for row in recurring],
        "SalesOrder": [_order(21, BILLING.get(-21) == "po_exhausted"), _order(35, exhausted=False)],
    }


def money(amount: Decimal) -> float:
    """Half up to the cent, as HaloPSA sends numbers."""
    return float(amount.quantize(_CENT, ROUND_HALF_UP))


def line(number: int, place: int, quantity: Decimal, price: Decimal, **more: Any) -> Row:
    """A line with its net and tax worked out."""
    code, name, _, cost = _ITEMS[place]
    rate = Decimal("0.0") if currency(client_of(number)) == "USD" else Decimal("13.0")
    net = (quantity * price).quantize(_CENT, ROUND_HALF_UP)
    return {
        "id": _FIRST_LINE - number * 10 + place,
        "ihid": number,
        "item_code": code,
        "item_shortdescription": name,
        "site": main_site(client_of(number)),
        "qty_order": float(quantity),
        "unit_price": float(price),
        "unit_cost": float(cost),
        "net_amount": float(net),
        "discount_perc": 0.0,
        "tax_code": "HST" if rate else "EX",
        "tax_rate": float(rate),
        "tax_amount": money(net * rate / 100),
        "nominal_code": "4000",
        "isinactive": False,
        "recurring_invoice_quantity_type": 0,
    } | more


def totals(row: Row) -> Row:
    """Header figures as the sum of the lines."""
    net = sum((Decimal(str(one["net_amount"])) for one in row["lines"]), Decimal(0))
    tax = sum((Decimal(str(one["tax_amount"])) for one in row["lines"]), Decimal(0))
    return row | {"revenue": money(net), "tax_total": money(tax), "total": money(net + tax)}


def _cycle(number: int) -> str:
    if number in BILLING:
        return "Monthly"
    return ("Monthly", "Monthly", "Quarterly", "Yearly")[-number % 4]


def _lines(number: int) -> list[Row]:
    seats = Decimal(90 if number == LARGE else 8 + -number % 7)
    places = [*range(2 + -number % 3), *([4] if number in METERED else [])]
    return [line(number, place, seats + place, _ITEMS[place][2]) for place in places]


def _recurring(number: int) -> Row:
    client = client_of(number)
    name = _cycle(number)
    _, _, start, end = _CYCLES[name]
    row: Row = {
        "id": number,
        "client_id": client,
        "client_name": client_name(client),
        "contract_id": contract_of(number),
        "contract_ref": f"MSA-{-number:03d}",
        "name": f"{client_name(client)} {name.lower()}",
        "nextcreationdate": date_wire(NEXT),
        "period_start_date": date_wire(start),
        "period_end_date": date_wire(end),
        "periodname": name,
        "period_type": 1,
        "currency_code": 2 if currency(client) == "USD" else 1,
        "currency_code_name": currency(client),
        "disabled": False,
        "reviewrequired": False,
        "is_recurring_invoice": True,
        "posted": False,
        "requires_approval": True,
        "approval_status": 2,
        "approvalagentid": FINANCE_AGENT,
        "approvaldatetime": wire(day(11, 12, 15)),
        "last_modified": wire(day(11, 12, 15)),
        "lines": _lines(number),
    }
    if number in (-21, -35):
        row["salesorder_id"] = -number
    return totals(_spoilt(row, BILLING.get(number)))


def _spoilt(row: Row, code: str | None) -> Row:
    """The one fault of this invoice; everything else stays as it should be."""
    number, lines = int(row["id"]), row["lines"]
    if code == "increase_twice":
        row["lines"] = [_raised(number, one, _INCREASE, times=2) for one in lines]
    elif number == RAISED:
        row["lines"] = [_raised(number, one, _INCREASE, times=1) for one in lines]
    elif code is not None:
        _spoil_lines(number, lines, code)
        for name in _LOST.get(code, ()):
            del row[name]
        row |= _WRONG.get(code, {})
    return row


_LOST = {
    "contract_missing": ("contract_id", "contract_ref"),
    "halo_approval_missing": ("approvalagentid", "approvaldatetime"),
}
_WRONG: dict[str, Row] = {
    "client_mismatch": {"contract_id": contract_of(-37)},
    "period_gap": {"period_start_date": date_wire(day(12, 5, 0))},
    "currency_mismatch": {"currency_code": 2, "currency_code_name": "USD"},
    "halo_approval_missing": {"approval_status": 1},
    "halo_approval_bypassed": {"requires_approval": False},
    "halo_approval_not_a_person": {"approvalagentid": API_AGENT},
}


def _spoil_lines(number: int, lines: list[Row], code: str) -> None:
    first = lines[0]
    if code == "zero_line":
        lines.append(line(number, 3, Decimal(0), _ITEMS[3][2]))
    elif code == "negative_line":
        lines.append(line(number, 3, Decimal(-1), _ITEMS[3][2]))
    elif code == "duplicate_line":
        lines.append({**first, "id": int(first["id"]) + 5})
    elif code == "tax_missing":
        del first["tax_code"]
    elif code == "tax_mismatch":
        first |= {"tax_rate": 5.0, "tax_amount": money(Decimal(str(first["net_amount"])) * 5 / 100)}
    elif code == "account_missing":
        del first["nominal_code"]
    elif code == "below_cost":
        first["unit_cost"] = float(first["unit_price"]) + 4.0
    elif code == "below_margin":
        first["unit_cost"] = money(Decimal(str(first["unit_price"])) * Decimal("0.9"))
    elif code == "proration_wrong":
        first["startdate"] = date_wire(day(12, 11, 0))


def _raised(number: int, old: Row, percent: Decimal, times: int) -> Row:
    factor = ((100 + percent) / 100) ** times
    price = (Decimal(str(old["unit_price"])) * factor).quantize(_CENT, ROUND_HALF_UP)
    place = int(old["id"]) - (_FIRST_LINE - number * 10)
    return line(number, place, Decimal(str(old["qty_order"])), price)


def _contract(number: int) -> Row:
    client = client_of(number)
    code = BILLING.get(number)
    row: Row = {
        "id": contract_of(number),
        "ref": f"MSA-{-number:03d}",
        "client_id": client,
        "client_name": client_name(client),
        "start_date": date_wire(day(1, 1, 0, year=2025)),
        "end_date": date_wire(day(12, 31, 0, year=2028)),
        "active": code != "contract_inactive",
        "started": code != "contract_not_started",
        "expired": False,
        "status": 1,
        "contract_status": "Active",
        "last_modified": wire(day(10, 1, 9)),
    }
    if code == "contract_not_started":
        row["start_date"] = date_wire(day(1, 1, 0, year=2027))
    elif code == "contract_expired":
        row["end_date"] = date_wire(day(12, 10, 0))
    elif code in {"increase_due", "increase_twice"} or number == RAISED:
        row |= {"percentageincrease": float(_INCREASE), "nextincrementdate": date_wire(day(12, 1, 0))}
    return row


def _billed(template: Row) -> Row:
    """The invoice this recurring one made last."""
    number = int(template["id"])
    code = BILLING.get(number)
    start, end, _, _ = _CYCLES[str(template["periodname"])]
    created = day(10, 25, 6) if template["periodname"] == "Monthly" else start
    if code == "period_overlap":
        end = day(12, 15, 0)
    elif code == "missed_cycle":
        start, end, created = day(10, 1, 0), day(10, 31, 0), day(9, 25, 6)
    invoice_id = 5000 - number
    lines = [
        {**one, "id": int(one["id"]) + 50_000, "ihid": invoice_id, "recurring_invoice_id": number,
         "recurring_invoice_line_id": one["id"]}
        for one in _lines(number)
    ]  # fmt: skip
    row = {
        "id": invoice_id,
        "recurring_invoice_id": number,
        "client_id": client_of(number),
        "client_name": client_name(client_of(number)),
        "contract_id": contract_of(number),
        "invoicenumber": f"INV-{invoice_id}",
        "thirdpartyinvoicenumber": f"AR-{invoice_id}",
        "invoice_date": date_wire(created),
        "date_created": wire(created),
        "period_start_date": date_wire(start),
        "period_end_date": date_wire(end),
        "periodname": template["periodname"],
        "currency_code_name": currency(client_of(number)),
        "posted": True,
        "dateposted": wire(created),
        "last_synced": wire(created),
        "voided": False,
        "last_modified": wire(created),
        "lines": lines,
    }
    if code == "sync_error":
        del row["last_synced"], row["thirdpartyinvoicenumber"]
    return totals(row)


def _order(number: int, exhausted: bool) -> Row:
    client = client_of(-number)
    return {
        "id": number,
        "title": "Purchase order for managed services",
        "client_id": client,
        "client_name": client_name(client),
        "po_number": f"PO-{number:04d}",
        "total": 20000.0,
        "outstanding_total": 100.0 if exhausted else 12000.0,
        "last_update_time": wire(day(11, 1, 9)),
    }

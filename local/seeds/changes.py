"""What happens after the world was loaded: edits behind finance's back, and the usage file of a supplier."""

from __future__ import annotations

import copy
import csv
import io
from decimal import Decimal
from typing import Any

from local.seeds import billing
from local.seeds.calendar import day, wire
from local.seeds.roster import client_name
from local.seeds.violations import CHANGES, USAGE

Row = dict[str, Any]

USAGE_SUPPLIER = "pax8"
USAGE_PERIOD = "2026-11"


def after_signoff() -> dict[str, list[Row]]:
    """Rows to post to the simulator once finance has signed: each moves one thing on one recurring invoice."""
    known = {row["id"]: row for row in billing.rows()["RecurringInvoice"]}
    return {"RecurringInvoice": [_edited(copy.deepcopy(known[number]), codes[0]) for number, codes in CHANGES.items()]}


def _edited(row: Row, code: str) -> Row:
    number, second = int(row["id"]), row["lines"][1]
    price, quantity = Decimal(str(second["unit_price"])), Decimal(str(second["qty_order"]))
    if code == "quantity_moved":
        row["lines"][1] = billing.line(number, 1, quantity + 2, price)
    elif code == "price_moved":
        row["lines"][1] = billing.line(number, 1, quantity, price + 4)
    elif code == "discount_moved":
        net = quantity * price * Decimal("0.92")
        tax = net * Decimal(str(second["tax_rate"])) / 100
        second |= {"discount_perc": 8.0, "net_amount": billing.money(net), "tax_amount": billing.money(tax)}
    elif code == "changed_after_signoff":
        second["nominal_code"] = "4100"
    row = billing.totals(row) | {"last_modified": wire(day(11, 19, 16))}
    if code == "total_moved":
        row["total"] = billing.money(Decimal(str(row["total"])) * Decimal("1.2"))
    return row


def usage_csv() -> str:
    """A supplier's export with the columns policy maps for ``pax8``; one customer uses more than is billed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Company", "SKU", "Quantity"])
    for row in billing.rows()["RecurringInvoice"]:
        for line in row["lines"]:
            if line["item_code"] == billing.METERED_ITEM:
                more = 3 if row["id"] in USAGE else 0
                name = client_name(billing.client_of(int(row["id"])))
                writer.writerow([name, line["item_code"], f"{line['qty_order'] + more:g}"])
    return text.getvalue()

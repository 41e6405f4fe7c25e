"""What a line cost before: on invoices issued earlier, or in what finance signed last."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from shared.measures.invoice_facts import InvoiceFacts, Line, Signed


def price_before(invoice: InvoiceFacts, line: Line, before: date | None) -> Decimal | None:
    """Unit price on the newest earlier invoice that bills a period begun before a day (None: any); None when there is none."""
    rows = invoice.earlier or ((invoice.last,) if invoice.last else ())
    for issued in reversed(rows):
        if issued.lines is None or (before is not None and (issued.start is None or issued.start >= before)):
            continue
        found = match(line, issued.lines)
        if found is not None and found.price is not None:
            return found.price
    return None


def match(line: Line, among: Iterable[Line]) -> Line | None:
    """The same line on an issued invoice: made from it, or else the same item for the same site."""
    among = [one for one in among if one.credit_of is None]
    for one in among:
        if line.id is not None and one.of_line == line.id and one.item == line.item:
            return one
    return next((one for one in among if one.item and one.item == line.item and one.site == line.site), None)


def prices_of_signed(signed: Signed | None, line: Line) -> Decimal | None:
    """Unit price of the line in what finance signed last."""
    for one in (signed.content["lines"] or ()) if signed else ():
        same_id = line.id is not None and one["id"] == str(line.id)
        same_item = (
            bool(line.item)
            and one["item"] == line.item
            and one["site"] == (None if line.site is None else str(line.site))
        )
        if (same_id or same_item) and one["unit_price"] is not None:
            return Decimal(one["unit_price"])
    return None

"""HaloPSA's commercial rows as frozen facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shared.halopsa.records.billing import Contract as ContractRow
from shared.halopsa.records.billing import InvoiceLine, InvoiceRow, LeftRow, Receivable, SalesOrder
from shared.measures.invoice_facts import Contract, Issued, Line, Order

_LINE_FIELDS = frozenset(InvoiceLine.model_fields)
_FIELDS = frozenset(LeftRow.model_fields)
_LETTERS = 3
_NO_DISCOUNT = Decimal(0)


def slim(row: Mapping[str, Any]) -> dict[str, Any]:
    """Only the fields we read, so that many rows fit into memory."""
    out = {name: value for name, value in row.items() if name in _FIELDS and value is not None}
    lines = out.get("lines")
    if isinstance(lines, list):
        out["lines"] = [
            {name: value for name, value in line.items() if name in _LINE_FIELDS and value is not None}
            if isinstance(line, dict)
            else line
            for line in lines
        ]
    return out


def positive(number: int | None) -> int | None:
    """Halo writes 0 and -1 where there is nothing."""
    return number if number is not None and number > 0 else None


def customer_of(client_id: int | None) -> str | None:
    """A customer is its client id as a decimal string."""
    return str(client_id) if client_id is not None and client_id > 0 else None


def day(at: datetime | None) -> date | None:
    """The calendar day of an instant, in UTC."""
    return at.date() if at else None


def currency_of(row: InvoiceRow | Receivable) -> str | None:
    """The ISO code an invoice names; a sign such as $ names no currency."""
    for text in (row.currency_code_name, row.currency):
        code = (text or "").strip().upper()
        if len(code) == _LETTERS and code.isascii() and code.isalpha():
            return code
    return None


def line_facts(line: InvoiceLine) -> Line:
    """A line as facts."""
    text = (line.item_code or "").strip()
    tax = line.tax_code
    return Line(
        id=line.id,
        item=text or None,
        description=(line.item_shortdescription or "").strip() or None,
        site=positive(line.site),
        quantity=line.qty_order,
        price=line.unit_price,
        cost=line.unit_cost,
        net=line.net_amount,
        discount=line.discount_perc if line.discount_perc is not None else _NO_DISCOUNT,
        tax_code=(str(tax).strip() or None) if tax is not None else None,
        tax_rate=line.tax_rate,
        tax_amount=line.tax_amount,
        account=(line.nominal_code or "").strip() or None,
        start=day(line.startdate),
        end=day(line.enddate),
        credit_of=positive(line.creditlinkedidid),
        of_line=positive(line.recurring_invoice_line_id),
        never_increased=line.exclude_auto_increase,
    )


def billed_lines(row: InvoiceRow) -> tuple[Line, ...] | None:
    """Lines that bill something in this period: not switched off, not headings, not waiting for a later first day."""
    if row.lines is None:
        return None
    end = day(row.period_end_date)
    return tuple(
        line_facts(line)
        for line in row.lines
        if not line.isinactive
        and not line.isgroupdesc
        and not (end and line.startdate and line.startdate.date() > end and not line.net_amount)
    )


def contract_facts(row: ContractRow) -> Contract:
    """A contract as facts."""
    return Contract(
        row.id,
        customer_of(row.client_id),
        day(row.start_date),
        day(row.end_date),
        row.active,
        row.started,
        row.expired,
        row.percentageincrease,
        day(row.nextincrementdate),
        row.contracttype,
    )


def order_facts(row: SalesOrder) -> Order:
    """A sales order as facts."""
    return Order(row.id, (row.po_number or "").strip() or None, row.outstanding_total)


def issued_facts(row: InvoiceRow) -> Issued:
    """An issued invoice as facts."""
    return Issued(
        id=row.id,
        recurring_id=row.recurring_invoice_id,
        client=customer_of(row.client_id),
        on=day(row.invoice_date) or day(row.date_created),
        created=row.date_created,
        start=day(row.period_start_date),
        end=day(row.period_end_date),
        currency=currency_of(row),
        total=row.total,
        posted=row.posted,
        synced=row.last_synced is not None,
        number=(row.thirdpartyinvoicenumber or "").strip() or None,
        kept_from_sync=row.dont_sync_to_3rd_party,
        lines=None if row.lines is None else tuple(line_facts(line) for line in row.lines if not line.isgroupdesc),
    )

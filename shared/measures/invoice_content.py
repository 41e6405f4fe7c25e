"""What finance signs: exactly the lines, amounts and dates of an invoice, as text that can be hashed and compared."""

from __future__ import annotations

from datetime import date

from shared.measures.invoice_facts import InvoiceFacts, Line
from shared.measures.money import text_of
from shared.model import JsonObject


def content_of(invoice: InvoiceFacts) -> JsonObject:
    """Lines, amounts, dates and whom they bill. Whether it is disabled, and HaloPSA's own approval, are not part of it."""
    return {
        "invoice_id" if invoice.one_off else "recurring_invoice_id": str(invoice.id),
        "customer": invoice.client,
        "contract_id": None if invoice.contract_id is None else str(invoice.contract_id),
        "salesorder_id": None if invoice.order_id is None else str(invoice.order_id),
        "currency": invoice.currency,
        "invoice_date" if invoice.one_off else "next_creation_date": _day(invoice.next_date),
        "period": {"name": invoice.period_name, "start": _day(invoice.start), "end": _day(invoice.end)},
        "total": text_of(invoice.total),
        "tax_total": text_of(invoice.tax_total),
        "lines": None if invoice.lines is None else [_line(line) for line in invoice.lines],
    }


def _line(line: Line) -> JsonObject:
    return {
        "id": None if line.id is None else str(line.id),
        "item": line.item,
        "description": line.description,
        "site": None if line.site is None else str(line.site),
        "quantity": text_of(line.quantity),
        "unit_price": text_of(line.price),
        "discount_percent": text_of(line.discount),
        "net_amount": text_of(line.net),
        "tax_code": line.tax_code,
        "tax_rate": text_of(line.tax_rate),
        "tax_amount": text_of(line.tax_amount),
        "account": line.account,
        "start": _day(line.start),
        "end": _day(line.end),
        "credit_of": None if line.credit_of is None else str(line.credit_of),
    }


def _day(at: date | None) -> str | None:
    return at.isoformat() if at else None

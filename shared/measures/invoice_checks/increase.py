"""Agreed increases: applied on their date, and only once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from shared.measures.invoice_facts import InvoiceFacts, Line
from shared.measures.money import minor_unit, shown
from shared.measures.prices import price_before, prices_of_signed
from shared.model import Money, Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy


def check(invoice: InvoiceFacts, _policy: BillingPolicy, _as_of: datetime) -> Iterator[Reason]:
    """increase_due, increase_twice."""
    contract = invoice.contract
    if contract is None or not contract.increase or contract.increase <= 0 or contract.increase_on is None:
        return
    if invoice.start is None:
        return
    due = contract.increase_on <= invoice.start
    factor = (Decimal(100) + contract.increase) / Decimal(100)
    for line in invoice.lines or ():
        if line.price is None or line.price <= 0 or line.credit_of is not None or line.never_increased:
            continue
        yield from _line(invoice, line, factor, contract.increase, contract.increase_on if due else None)


def _line(invoice: InvoiceFacts, line: Line, factor: Decimal, percent: Decimal, on: date | None) -> Iterator[Reason]:
    unit = minor_unit(invoice.currency)
    newest = price_before(invoice, line, None)
    if newest is None:
        newest = prices_of_signed(invoice.signed, line)
    base = price_before(invoice, line, on) if on is not None else None
    if base is None and on is not None and invoice.signed is not None and _signed_before(invoice, on):
        base = prices_of_signed(invoice.signed, line)
    price = line.price or Decimal(0)
    twice_over = base if base is not None else newest
    if twice_over is not None and abs(price - twice_over * factor * factor) <= unit:
        yield Reason(
            "increase_twice",
            f"{line.name}: {percent:f} % were agreed once; {shown(twice_over, invoice.currency)} became "
            f"{shown(price, invoice.currency)}, as if they were applied twice.",
            Money((price - twice_over * factor) * (line.quantity or Decimal(1)), invoice.currency),
        )
        return
    if on is None:
        return
    if base is None:
        if newest is None and invoice.last is None and invoice.signed is None:
            yield Reason(
                "increase_due",
                f"{line.name}: {percent:f} % were agreed for {on}, and nothing billed before shows that "
                f"they were applied.",
            )
        return
    right = base * factor
    if right - price > unit:
        yield Reason(
            "increase_due",
            f"{line.name}: {percent:f} % were agreed for {on}; {shown(base, invoice.currency)} should be "
            f"{shown(right, invoice.currency)}, not {shown(price, invoice.currency)}.",
            Money((right - price) * (line.quantity or Decimal(1)), invoice.currency),
        )


def _signed_before(invoice: InvoiceFacts, on: date) -> bool:
    start = invoice.signed.content["period"]["start"] if invoice.signed else None
    return start is not None and date.fromisoformat(start) < on

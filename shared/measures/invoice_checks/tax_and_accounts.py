"""Tax, accounts and currency: on every line, and consistent with HaloPSA's tax codes, the customer and what was billed last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from shared.measures.invoice_facts import InvoiceFacts, Line
from shared.measures.money import half_up, minor_unit
from shared.model import Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy


def check(invoice: InvoiceFacts, policy: BillingPolicy, _as_of: datetime) -> Iterator[Reason]:
    """tax_missing, tax_mismatch, account_missing, currency_mismatch."""
    known = dict(invoice.tax_rates)
    before = {
        line.tax_code: line.tax_rate
        for line in (invoice.last.lines if invoice.last else None) or ()
        if line.tax_code and line.tax_rate is not None
    }
    for line in invoice.lines or ():
        if not line.account:
            yield Reason("account_missing", f"{line.name} names no accounting code.")
        if not line.tax_code:
            yield Reason("tax_missing", f"{line.name} has no tax code.")
            continue
        if line.tax_rate is None:
            if line.tax_amount is None:
                yield Reason(
                    "tax_missing", f"{line.name} has the tax code {line.tax_code} and neither rate nor amount of tax."
                )
            continue
        expected = known.get(line.tax_code, before.get(line.tax_code))
        if expected is not None and not _same_rate(expected, line.tax_rate):
            yield Reason(
                "tax_mismatch", f"{line.name} is taxed at {line.tax_rate} %, but {line.tax_code} is {expected} %."
            )
        elif not _adds_up(line, invoice.currency, policy):
            yield Reason(
                "tax_mismatch",
                f"{line.name} carries tax of {line.tax_amount}, which is not {line.tax_rate} % of {line.net}.",
            )
        known.setdefault(line.tax_code, line.tax_rate)
    yield from _currency(invoice)


def _same_rate(one: Decimal, other: Decimal) -> bool:
    """13 and 0.13 are the same rate: HaloPSA's tables and lines do not always agree on the form."""
    return one == other or one == other * 100 or one * 100 == other


def _adds_up(line: Line, currency: str, policy: BillingPolicy) -> bool:
    if line.tax_amount is None or line.net is None or line.tax_rate is None:
        return True
    return any(
        _equal(line.tax_amount, line.net * rate, currency, policy)
        for rate in (line.tax_rate / 100, *([line.tax_rate] if line.tax_rate < 1 else []))
    )


def _equal(amount: Decimal, exact: Decimal, currency: str, policy: BillingPolicy) -> bool:
    if policy.rounding == "line":
        return half_up(amount, currency) == half_up(exact, currency)
    return abs(amount - exact) <= minor_unit(currency)


def _currency(invoice: InvoiceFacts) -> Iterator[Reason]:
    said = invoice.said_currency
    if said is None:
        return
    if invoice.client_currency and invoice.client_currency != said:
        yield Reason(
            "currency_mismatch", f"The invoice is in {said}, the customer is billed in {invoice.client_currency}."
        )
    elif invoice.last and invoice.last.currency and invoice.last.currency != said:
        yield Reason(
            "currency_mismatch", f"The invoice is in {said}, invoice {invoice.last.id} was in {invoice.last.currency}."
        )

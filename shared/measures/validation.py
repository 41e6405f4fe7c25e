"""Validation of billing: what a test scenario may expect in each area, and whether what HaloPSA shows is that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from shared.measures.invoice_facts import InvoiceFacts
from shared.measures.money import text_of
from shared.model import JsonObject


class Form(StrEnum):
    """How an expected value is written."""

    NUMBER = "number"
    FLAG = "flag"
    DAY = "day"
    TEXT = "text"
    CODES = "codes"


_N, _F, _D, _T, _C = Form.NUMBER, Form.FLAG, Form.DAY, Form.TEXT, Form.CODES

AREAS: Mapping[str, Mapping[str, Form]] = {
    "charge_type": {"charge_rate": _N, "hours": _N, "amount": _N, "billable": _F, "reviewed": _F, "invoiced": _F},
    "product": {"name": _T, "price": _N, "cost": _N, "tax_code": _T, "account": _T, "recurring": _F},
    "agreement": {
        "customer": _T,
        "type": _T,
        "active": _F,
        "start": _D,
        "end": _D,
        "increase_percent": _N,
        "increase_on": _D,
    },
    "recurring_invoice": {
        "customer": _T,
        "currency": _T,
        "total": _N,
        "tax_total": _N,
        "lines": _N,
        "period_start": _D,
        "period_end": _D,
        "next_creation_date": _D,
        "codes": _C,
    },
    "invoice_sync": {"posted": _F, "synced": _F, "numbered": _F, "total": _N, "currency": _T},
    "finance_approval": {"required": _F, "given": _F, "by_a_person": _F, "signed": _F},
}
"""What can be tested: area → what a scenario may expect of a subject there. Every area needs at least one scenario."""

SUBJECTS: Mapping[str, str] = {
    "charge_type": "time_entry",
    "product": "item",
    "agreement": "contract",
    "recurring_invoice": "recurring_invoice",
    "invoice_sync": "invoice",
    "finance_approval": "recurring_invoice",
}
"""What the subject of a scenario is in each area; a time entry is ``<ticket>-<action>``."""


def normal(form: Form, value: object) -> object:
    """An expected value in the one form it is kept and compared in. Raises ValueError saying what it should be."""
    if form is Form.FLAG:
        if not isinstance(value, bool):
            raise ValueError("is true or false")
        return value
    if form is Form.CODES:
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise ValueError("is a list of reason codes")
        return sorted(set(value))
    if form is Form.NUMBER and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > 300:
        raise ValueError("is a decimal as text" if form is Form.NUMBER else "is a text")
    if form is Form.NUMBER:
        return _number(value)
    if form is Form.DAY:
        try:
            return date.fromisoformat(value.strip()).isoformat()
        except ValueError:
            raise ValueError("is a day such as 2026-12-01") from None
    return value.strip()


def _number(text: str) -> str:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError("is a decimal as text") from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise ValueError("is a decimal as text")
    return text_of(number) or "0"


def verdict_of(expected: JsonObject, actual: JsonObject | None) -> tuple[str, list[str]]:
    """``pass``, ``fail`` or ``unknown`` with what differs in words; a value HaloPSA does not say is never a pass."""
    if actual is None:
        return "unknown", ["HaloPSA does not have it, or it cannot be read."]
    differs = [
        f"{_said(name)} is {_shown(actual[name])}, expected {_shown(value)}"
        for name, value in expected.items()
        if actual.get(name) is not None and actual[name] != value
    ]
    untold = [f"HaloPSA does not say {_said(name)}" for name in expected if actual.get(name) is None]
    return ("fail" if differs else "unknown" if untold else "pass"), differs + untold


def told(values: JsonObject) -> str:
    """Expected or found values in one line, for people."""
    return "; ".join(f"{_said(name)}: {'—' if value is None else _shown(value)}" for name, value in values.items())


def _said(name: str) -> str:
    return name.replace("_", " ")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value)


def invoice_shown(invoice: InvoiceFacts, codes: frozenset[str]) -> JsonObject:
    """A recurring invoice as scenarios speak of it. ``codes``: what the check says of it, sign-off apart."""
    return {
        "customer": invoice.client,
        "currency": invoice.said_currency,
        "total": text_of(invoice.total),
        "tax_total": text_of(invoice.tax_total),
        "lines": None if invoice.lines is None else str(len(invoice.lines)),
        "period_start": _day(invoice.start),
        "period_end": _day(invoice.end),
        "next_creation_date": _day(invoice.next_date),
        "codes": sorted(codes),
    }


def approval_shown(invoice: InvoiceFacts, *, signed: bool) -> JsonObject:
    """HaloPSA's own approval of a recurring invoice, and whether finance has signed it as it stands."""
    return {
        "required": invoice.requires_approval,
        "given": invoice.approval_status in invoice.approved_numbers,
        "by_a_person": invoice.approver_is_person,
        "signed": signed,
    }


def _day(at: date | None) -> str | None:
    return at.isoformat() if at else None

"""A clean invoice, and the planted errors that prove the billing control still catches them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.controls.spec import Canary
from shared.measures.invoice_content import content_of
from shared.measures.invoice_facts import Contract, InvoiceFacts, Line, Signed
from shared.policy.document import Policy


def clean_line(**changes: Any) -> Line:
    """Ten licences with everything in order."""
    fields: dict[str, Any] = {
        "id": 1,
        "item": "LIC-1",
        "description": "Licence",
        "site": None,
        "quantity": Decimal(10),
        "price": Decimal(20),
        "cost": Decimal(12),
        "net": Decimal(200),
        "discount": Decimal(0),
        "tax_code": "HST",
        "tax_rate": Decimal(13),
        "tax_amount": Decimal(26),
        "account": "4000",
        "start": None,
        "end": None,
        "credit_of": None,
        "of_line": None,
    }
    return Line(**(fields | changes))


def clean_invoice(policy: Policy, now: datetime) -> InvoiceFacts:
    """A monthly invoice of a contract in force, first billing, signed by finance and approved in HaloPSA."""
    today = now.date()
    unsigned = InvoiceFacts(
        id=-1,
        client="1",
        client_name="Canary Fictive Ltd",
        contract_id=1,
        next_date=today,
        start=today,
        end=today + timedelta(days=29),
        period_name="Monthly",
        currency="CAD",
        said_currency="CAD",
        total=Decimal(226),
        tax_total=Decimal(26),
        lines=(clean_line(),),
        order_id=None,
        posted=False,
        synced=False,
        number=None,
        kept_from_sync=False,
        requires_approval=True,
        approval_status=next(iter(policy.halopsa.meaning.invoice_approval.approved), 2),
        approver=7,
        read=frozenset({"RecurringInvoice", "ClientContract", "Invoice", "Actions", "Tickets"}),
        contract=Contract(
            1, "1", date(2020, 1, 1), None, active=True, started=True, expired=False, increase=None, increase_on=None
        ),
        approver_is_person=True,
        approved_numbers=frozenset(policy.halopsa.meaning.invoice_approval.approved),
    )
    return replace(unsigned, signed=Signed(content_of(unsigned), "", frozenset(), now, ("canary",)))


def _unsigned(policy: Policy, now: datetime) -> InvoiceFacts:
    return replace(clean_invoice(policy, now), signed=None)


def _edited(policy: Policy, now: datetime) -> InvoiceFacts:
    return replace(clean_invoice(policy, now), total=Decimal(227))


def _without_contract(policy: Policy, now: datetime) -> InvoiceFacts:
    return replace(clean_invoice(policy, now), contract=None)


def _untaxed(policy: Policy, now: datetime) -> InvoiceFacts:
    return replace(clean_invoice(policy, now), lines=(clean_line(tax_code=None),))


CANARIES: tuple[Canary, ...] = (
    Canary("an invoice nobody signed", "no_signoff", _unsigned),
    Canary("an invoice edited after its sign-off", "changed_after_signoff", _edited),
    Canary("a contract that does not exist", "contract_missing", _without_contract),
    Canary("a line without a tax code", "tax_missing", _untaxed),
)

"""Contract: there, active, of the same customer, and in force on every day that is billed (dates inclusive)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING

from shared.measures.invoice_checks.verdict import missing
from shared.measures.invoice_facts import Contract, InvoiceFacts
from shared.model import Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy


def check(invoice: InvoiceFacts, _policy: BillingPolicy, as_of: datetime) -> Iterator[Reason]:
    """contract_missing, client_mismatch, contract_inactive, contract_not_started, contract_expired."""
    if invoice.contract_id is None:
        yield Reason("contract_missing", "The invoice names no contract.")
        return
    if "ClientContract" not in invoice.read:
        yield missing("Contracts have not been read from HaloPSA.")
        return
    contract = invoice.contract
    if contract is None:
        yield Reason(
            "contract_missing", f"The invoice names contract {invoice.contract_id}, which HaloPSA does not have."
        )
        return
    if invoice.client is None or contract.client is None:
        yield missing(f"Whether contract {contract.id} is the customer's cannot be told: a customer is missing.")
    elif contract.client != invoice.client:
        yield Reason(
            "client_mismatch",
            f"Contract {contract.id} belongs to customer {contract.client}, the invoice bills "
            f"customer {invoice.client}.",
        )
    if contract.active is None:
        yield missing(f"HaloPSA does not say whether contract {contract.id} is active.")
    elif not contract.active:
        yield Reason("contract_inactive", f"Contract {contract.id} is not active.")
    yield from _in_force(invoice, contract, as_of.date())


def _in_force(invoice: InvoiceFacts, contract: Contract, today: date) -> Iterator[Reason]:
    first, last = billed_days(invoice)
    if contract.start is None:
        yield missing(f"HaloPSA does not say when contract {contract.id} starts.")
    elif first is not None and contract.start > first:
        yield Reason(
            "contract_not_started",
            f"Contract {contract.id} starts on {contract.start}; the invoice bills from {first}.",
        )
    elif contract.started is False and contract.start <= today:
        yield Reason("contract_not_started", f"HaloPSA says that contract {contract.id} has not started.")
    if contract.end is not None and last is not None and contract.end < last:
        yield Reason("contract_expired", f"Contract {contract.id} ends on {contract.end}; the invoice bills to {last}.")
    elif contract.expired:
        yield Reason("contract_expired", f"HaloPSA says that contract {contract.id} has expired.")


def billed_days(invoice: InvoiceFacts) -> tuple[date | None, date | None]:
    """First and last day that some line bills: a first period begins with its line, not with the calendar."""
    start, end = invoice.start, invoice.end
    if start is None or end is None or not invoice.lines:
        return start, end
    first = min(line.start if line.start and start <= line.start <= end else start for line in invoice.lines)
    last = max(line.end if line.end and start <= line.end <= end else end for line in invoice.lines)
    return first, last

"""HaloPSA's own approval: given, not bypassed by its rules or an administrator, and by its approver, a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from shared.measures.invoice_checks.verdict import missing
from shared.measures.invoice_facts import InvoiceFacts
from shared.model import Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy

_NOBODY = (0, 1, -1)
"""No agent, Halo's built-in 'Unassigned', and none."""


def check(invoice: InvoiceFacts, policy: BillingPolicy, _as_of: datetime) -> Iterator[Reason]:
    """halo_approval_missing, halo_approval_bypassed, halo_approval_not_a_person."""
    if policy.halo_approval == "none":
        return
    if invoice.requires_approval is None:
        yield missing("HaloPSA does not say whether the invoice requires its approval.")
        return
    if not invoice.requires_approval:
        yield Reason(
            "halo_approval_bypassed", "HaloPSA's rules let this invoice pass without the approval policy requires."
        )
        return
    if invoice.approval_status not in invoice.approved_numbers:
        yield Reason("halo_approval_missing", "HaloPSA's own approval has not been given.")
    elif invoice.overruled == "administrator":
        yield Reason("halo_approval_bypassed", "An administrator overrode HaloPSA's approval of the invoice.")
    elif invoice.overruled == "delegate":
        yield Reason("halo_approval_not_a_person", "HaloPSA's approval was given by a delegate, not by its approver.")
    elif invoice.approver is None or invoice.approver in _NOBODY:
        yield Reason("halo_approval_bypassed", "HaloPSA calls the invoice approved, but no agent approved it.")
    elif invoice.approver_is_person is None:
        yield missing(f"Agent {invoice.approver}, who approved it in HaloPSA, is not known.")
    elif not invoice.approver_is_person:
        yield Reason(
            "halo_approval_not_a_person", f"Agent {invoice.approver}, who approved it in HaloPSA, is an API agent."
        )

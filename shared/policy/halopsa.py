"""Policy of HaloPSA's undocumented numbers: what a tenant's own codes mean."""

from __future__ import annotations

from shared.policy.section import Section


class InvoiceApprovalMeaning(Section):
    """Numbers of an invoice's approval_status."""

    requested: tuple[int, ...] = (1,)
    approved: tuple[int, ...] = (2,)
    rejected: tuple[int, ...] = (3,)


class QuotationApprovalMeaning(Section):
    """Numbers of a quotation's approval state."""

    sent: tuple[int, ...] = (1,)
    accepted: tuple[int, ...] = (2,)
    rejected: tuple[int, ...] = (3,)


class Meaning(Section):
    """Numbers that HaloPSA does not document."""

    invoice_approval: InvoiceApprovalMeaning = InvoiceApprovalMeaning()
    quotation_approval: QuotationApprovalMeaning = QuotationApprovalMeaning()
    appointment_complete: tuple[int, ...] = (0,)
    """Numbers of an appointment's complete_status by which somebody said that it was held."""


class HaloPolicy(Section):
    """How this tenant is read and written."""

    meaning: Meaning = Meaning()
    note_outcome: int = 7
    """Outcome id of our notes; 7 is the built-in internal note."""
    sync_overlap_minutes: int = 10
    api_agent: int = 0
    """The login-as agent of our API application; its changes are our own echoes. 0 when unknown."""

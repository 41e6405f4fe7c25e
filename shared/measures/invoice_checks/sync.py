"""Sync: what was posted before has arrived in accounting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from shared.measures.invoice_facts import InvoiceFacts
from shared.model import Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy


def check(invoice: InvoiceFacts, _policy: BillingPolicy, _as_of: datetime) -> Iterator[Reason]:
    """sync_error."""
    rows = [("The invoice", invoice), (f"Invoice {invoice.last.id}" if invoice.last else "", invoice.last)]
    for name, row in rows:
        if row is None or not row.posted or row.kept_from_sync:
            continue
        if not row.synced:
            yield Reason("sync_error", f"{name} was posted and has never been synced to accounting.")
            return
        if not row.number:
            yield Reason("sync_error", f"{name} was synced, but accounting gave it no number.")
            return

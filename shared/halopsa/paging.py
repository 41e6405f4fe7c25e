"""When a list is at its end: counts may be wrong or missing, and some endpoints ignore paging."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from shared.model import JsonObject

PAGE_SIZE = 100
"""HaloPSA's cap; larger is answered as if it were this."""

UNPAGED = frozenset(
    {
        "Actions", "Agent", "Team", "TicketType", "Status", "Priority", "SLA", "Roles", "Application", "Timesheet",
        "TimesheetEvent", "ChargeRate", "Tax", "Currency", "Webhook", "CustomIntegration", "Workflow", "Category",
        "Outcome", "BudgetType", "Audit", "TicketApproval", "Notification",
    }
)  # fmt: skip
"""Kinds whose endpoints know no paging: their one answer is the whole list."""

_MOST_STEPS_BACK = 20
_MOST_PAGES = 200_000


@dataclass(slots=True)
class Walk:
    """Decides after each page which page comes next. ``rows_seen`` counts rows of pages that were not repeats."""

    page_size: int = PAGE_SIZE
    page: int = 1
    rows_seen: int = 0
    repeated: bool = False
    _digests: set[bytes] = field(default_factory=set)
    _count: int | None = None
    _steps_back: int = 0

    def take(self, rows: tuple[JsonObject, ...], record_count: int | None) -> int | None:
        """Next page number, or None at the end. Sets ``repeated`` when this page was answered before."""
        digest = _digest(rows)
        self.repeated = bool(rows) and digest in self._digests
        if not rows or self.repeated or self.page >= _MOST_PAGES:
            return None
        self._digests.add(digest)
        shrunk = self._shrunk(record_count)
        self.rows_seen += len(rows)
        if shrunk:
            # Rows were removed while we read: later rows moved forward, so the page before is read again.
            self.page = max(1, self.page - shrunk)
            self.rows_seen = (self.page - 1) * self.page_size
            self._digests.clear()
            return self.page
        if len(rows) > self.page_size:
            return None  # the endpoint ignored paging and answered everything
        if len(rows) < self.page_size and (record_count is None or self.rows_seen >= record_count):
            return None
        # A full page is never the end by record_count alone: that figure is sometimes the page's own length.
        self.page += 1
        return self.page

    def _shrunk(self, record_count: int | None) -> int:
        """How many pages to step back because the list got shorter."""
        before, self._count = self._count, record_count
        if record_count is None or before is None or record_count >= before or self._steps_back >= _MOST_STEPS_BACK:
            return 0
        self._steps_back += 1
        return 1 + (before - record_count) // self.page_size


def _digest(rows: tuple[JsonObject, ...]) -> bytes:
    """By ids, since a repeated page may differ in computed fields; by content where rows have no ids of their own."""
    ids = [(row.get("ticket_id") if "outcome" in row else None, row["id"]) for row in rows if row.get("id")]
    told: object = ids if len(ids) == len(rows) else rows
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).digest()

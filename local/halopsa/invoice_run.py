"""Invoice runs: a recurring invoice becomes an invoice and moves on by its period."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta
from typing import Any

from local.halopsa.answer import Refused, sentence
from local.halopsa.clock import instant, stamp
from local.halopsa.store import Change, Store
from local.halopsa.tables import Row

_MONTHS = {"monthly": 1, "quarterly": 3, "half-yearly": 6, "yearly": 12, "annually": 12}


class InvoiceRun:
    """Makes invoices, by hand or by HaloPSA's own schedule."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def process(self, ids: list[Any]) -> tuple[list[Row], list[Change]]:
        """Make the invoices of these recurring invoices and move each on by its period."""
        made: list[Row] = []
        changes: list[Change] = []
        templates = self._store.table("RecurringInvoice")
        for number in ids:
            before = templates.get((number,))
            if before is None:
                raise Refused(sentence("Record not found"))
            if before.get("disabled"):
                raise Refused(sentence("This recurring invoice is disabled"))
            invoice = self._invoice_of(before)
            self._store.table("Invoice").put(invoice)
            after = _advanced(before)
            after["lastcreated"] = invoice["invoice_date"]
            after.pop("last_modified", None)
            self._store.touch("RecurringInvoice", after, before)
            templates.put(after)
            made.append(invoice)
            changes += [("Invoice", None, invoice), ("RecurringInvoice", before, after)]
        return made, changes

    def due(self, until: datetime) -> list[int]:
        """Recurring invoices HaloPSA's own schedule would make by then."""
        return [
            row["id"]
            for row in self._store.table("RecurringInvoice").rows.values()
            if not row.get("disabled") and (at := instant(row.get("nextcreationdate"))) is not None and at <= until
        ]

    def _invoice_of(self, template: Row) -> Row:
        now = stamp(self._store.clock.now())
        dropped = {"id", "nextcreationdate", "lastcreated", "disabled", "schedule", "schedule_id", "last_modified"}
        invoice = {name: value for name, value in template.items() if name not in dropped}
        lines = [
            {**line, "recurring_invoice_id": template["id"], "recurring_invoice_line_id": line.get("id")}
            for line in template.get("lines", [])
            if not line.get("isinactive")
        ]
        invoice |= {
            "recurring_invoice_id": template["id"],
            "invoice_date": template.get("nextcreationdate", now),
            "date_created": now,
            "posted": False,
            "lines": lines,
            "last_modified": now,
        }
        invoice["id"] = self._store.table("Invoice").next_id(invoice)
        invoice["invoicenumber"] = str(invoice["id"])
        return invoice


def _advanced(row: Row) -> Row:
    """Dates of a recurring invoice after it was made once."""
    months = _MONTHS.get(str(row.get("periodname", "monthly")).lower(), 1)
    after = dict(row)
    for name in ("nextcreationdate", "period_start_date"):
        at = instant(row.get(name))
        if at is not None:
            after[name] = _plus_months(at, months).strftime("%Y-%m-%dT%H:%M:%S")
    start = instant(after.get("period_start_date"))
    if start is not None and row.get("period_end_date"):
        after["period_end_date"] = (_plus_months(start, months) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
    return after


def _plus_months(at: datetime, months: int) -> datetime:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))

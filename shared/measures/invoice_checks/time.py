"""Time: reviewed and given a charge type before it is billed, and billed before it is forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from shared.measures.invoice_checks.verdict import missing
from shared.measures.invoice_facts import ChargeEntry, InvoiceFacts
from shared.model import Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy

_NONE_GIVEN, _NO_CHARGE = -1, 0


def check(invoice: InvoiceFacts, policy: BillingPolicy, as_of: datetime) -> Iterator[Reason]:
    """unreviewed_time, no_charge_type, unbilled_time: of entries up to the day the invoice is created."""
    unread = [kind for kind in ("Actions", "Tickets") if kind not in invoice.read]
    if unread:
        yield missing(
            f"{' and '.join(unread)} have not been read from HaloPSA; which time waits to be billed is unknown."
        )
        return
    until = max(as_of.date(), invoice.next_date) if invoice.next_date else as_of.date()
    yield from judge_entries([one for one in invoice.entries if one.on <= until], policy, as_of.date())


def judge_entries(entries: Sequence[ChargeEntry], policy: BillingPolicy, today: date) -> Iterator[Reason]:
    """The same for any set of charge entries."""
    untyped = [one for one in entries if one.rate == _NONE_GIVEN]
    charged = [one for one in entries if one.rate != _NO_CHARGE and one.billable is not False]
    unreviewed = [one for one in charged if one.reviewed is False]
    untold = [one for one in charged if one.reviewed is None and one.rate != _NONE_GIVEN]
    old = [one for one in charged if today - one.on > timedelta(days=policy.unbilled_days)]
    if unreviewed:
        yield Reason("unreviewed_time", f"{_count(unreviewed)} not been reviewed: {_ids(unreviewed)}.")
    if untyped:
        yield Reason("no_charge_type", f"{_count(untyped)} no charge type: {_ids(untyped)}.")
    if old:
        yield Reason(
            "unbilled_time", f"{_count(old)} been unbilled for more than {policy.unbilled_days} days: {_ids(old)}."
        )
    if untold:
        yield missing(f"HaloPSA does not say whether {_ids(untold)} were reviewed.")


def _count(entries: Sequence[ChargeEntry]) -> str:
    hours = sum(one.hours for one in entries)
    noun, verb = ("entry", "has") if len(entries) == 1 else ("entries", "have")
    return f"{len(entries)} time {noun} ({hours:f} h) {verb}"


def _ids(entries: Sequence[ChargeEntry]) -> str:
    shown = [one.id for one in entries[:5]]
    return ", ".join(shown) + (f" and {len(entries) - 5} more" if len(entries) > 5 else "")

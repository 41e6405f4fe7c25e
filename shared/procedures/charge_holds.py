"""Time of customers finance has signed nothing for and who have no invoice waiting: judged, and held for all to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal

from shared.controls import charge_entries_reviewed
from shared.controls.spec import Case
from shared.errors import RowStale
from shared.measures.invoice_facts import ChargeEntry
from shared.model import JsonObject, Money, Subject
from shared.procedures.assess import Assessed, assess
from shared.procedures.billing_book import CHARGES
from shared.procedures.invoice_holds import record_placed, told
from shared.procedures.invoice_release import end_hold
from shared.procedures.plan import queue_actions
from shared.procedures.services import Services
from shared.registers import findings, holds
from shared.registers.store import Held

_CODES = frozenset({"unreviewed_time", "no_charge_type", "facts_missing"})
"""What keeps time from being billed; that it has waited long does not."""


def check_charge_entries(
    services: Services,
    entries: Mapping[str, Sequence[ChargeEntry]],
    judged_customers: set[str | None],
    signed_customers: frozenset[str],
    as_of: datetime,
    run_id: str,
    looked_at: datetime,
) -> JsonObject:
    """``judged_customers``: their time is looked at with the invoices they have waiting, and stands on the holds of these."""
    control = charge_entries_reviewed.CONTROL
    wanted = {name: tuple(found) for name, found in entries.items() if name not in judged_customers | signed_customers}
    standing = {
        row["customer"] for row in findings.of_control(services.rows, control.id) if row["verdict"] in findings.ASKING
    }
    newest = {  # the newest of a subject comes last
        one.body["subject"]["id"]: one
        for one in holds.register(services.rows).held()
        if one.body["kind"] == CHARGES.hold
    }
    held = [name for name, one in newest.items() if one.body["state"] == holds.HELD]
    times = [at for kind in control.needs if (at := services.mirror.read_at(kind)) is not None]
    cases = [
        Case(Subject(CHARGES.subject, name), name, None, wanted.get(name, ()), min(times) if times else None)
        for name in sorted({*wanted, *held, *(one for one in standing if one)})
    ]
    judged = assess(services, control, cases, as_of=as_of, run_id=run_id, looked_at=looked_at)
    for one in judged:
        if one.outdated:
            continue
        name = one.case.subject.id
        why = (
            "Finance has signed for the customer."
            if name in signed_customers
            else "The entries stand on the hold of an invoice."
            if name in judged_customers
            else "Nothing of it is left to review."
        )
        with suppress(RowStale):  # another check was faster
            _settle(services, one, newest.get(name), why, as_of, run_id)
    return {"population": len(cases), "fail": sum(one.judgement.verdict == "fail" for one in judged)}


def _settle(services: Services, one: Assessed, standing: Held | None, why: str, as_of: datetime, run_id: str) -> None:
    """Held while there is a reason to; facts that are only too old neither hold nor release."""
    reasons = tuple(reason for reason in one.judgement.reasons if reason.code in _CODES)
    if reasons:
        policy = services.policy.policy.scoped(None, one.case.customer)
        hold, new = holds.place(
            services.rows,
            holds.Draft(
                kind=CHARGES.hold,
                subject=one.case.subject,
                customer=one.case.customer,
                practice=None,
                reasons=reasons,
                amount=_at_stake(
                    [entry for entry in one.case.facts if entry.on <= as_of.date()], policy.service.currency
                ),
                may_release=policy.approvals.deciding("invoice_release"),
                now=services.clock.now(),
                run_id=run_id,
            ),
            standing,
        )
        if new or not hold["applied"]:
            record_placed(services, hold)
            queue_actions(services, [told(hold)], run_id)
            holds.amend(services.rows, hold["id"], {"applied": True})
    elif standing is not None and {reason.code for reason in one.judgement.reasons} != {"stale_facts"}:
        end_hold(services, standing.id, why)


def _at_stake(entries: Sequence[ChargeEntry], currency: str) -> Money | None:
    """What HaloPSA prices the chargeable entries at; None where it does not price one of them."""
    charged = [one.amount for one in entries if one.rate != 0 and one.billable is not False]
    told = [amount for amount in charged if amount is not None]
    return Money(sum(told, Decimal(0)), currency) if charged and len(told) == len(charged) else None

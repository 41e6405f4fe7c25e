"""No invoice leaves HaloPSA that was held, was not signed, or is not what was signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.invoice_checks.movement import moved
from shared.measures.invoice_facts import Issued, Line, Signed
from shared.measures.left_facts import HoldSpan, LeftFacts, left_while
from shared.model import JsonObject, Money, Reason, Role, Severity
from shared.policy.billing import BillingPolicy
from shared.policy.document import Policy


def judge(facts: LeftFacts, policy: Policy, _now: datetime) -> Judgement:
    """left_while_held, or no_signoff, or changed_after_signoff."""
    issued = facts.issued
    amount = Money(issued.total, issued.currency or policy.service.currency) if issued.total is not None else None
    detail: JsonObject = {
        "recurring_invoice_id": None if issued.one_off else str(issued.recurring_id),
        "amount_at_stake": amount.to_json() if amount else None,
        "date": issued.on.isoformat() if issued.on else None,
    }
    reason = _reason(facts, policy.billing)
    if reason is None:
        return Judgement.of((), detail=detail)
    return Judgement.of((reason,), severity=Severity.CRITICAL, detail=detail)


def _reason(facts: LeftFacts, policy: BillingPolicy) -> Reason | None:
    issued = facts.issued
    for hold in facts.holds:
        if left_while(issued, hold):
            which = "it" if issued.one_off else f"recurring invoice {issued.recurring_id}"
            return Reason(
                "left_while_held", f"Invoice {issued.id} left HaloPSA although {which} was held (hold {hold.id})."
            )
    if issued.one_off and not facts.signed and _after(facts.customer_signed, issued.left_at):
        return None
    exact = [
        one
        for one in facts.signed
        if issued.one_off or issued.start is None or one.content["period"]["start"] == issued.start.isoformat()
    ]
    carries = policy.signoff == "carry" and not issued.one_off
    before = [one for one in facts.signed if _earlier(one, issued.start)] if carries else []
    if not exact and not before:
        return Reason("no_signoff", f"Invoice {issued.id} left HaloPSA and finance has not signed it.")
    signed = (exact or before)[-1]
    changed = _exactly(issued, signed.content) if exact else _within(issued, signed.content, policy)
    if changed:
        return Reason(
            "changed_after_signoff",
            f"Invoice {issued.id} left HaloPSA and is not what finance signed on "
            f"{signed.at.date()}: {', '.join(changed)}.",
        )
    return None


def _after(signed: datetime | None, left: datetime | None) -> bool:
    """Finance had signed for the customer by the day it left; HaloPSA tells some of these days without a time."""
    return signed is not None and (left is None or signed.date() <= left.date())


def _earlier(signed: Signed, start: date | None) -> bool:
    end = signed.content["period"]["end"]
    return bool(start and end and date.fromisoformat(end) < start)


def _exactly(issued: Issued, content: JsonObject) -> list[str]:
    """What differs. Ids of lines do, so lines are compared by what they bill; what one side does not tell is not compared."""
    changed = []
    if issued.start is not None and issued.start.isoformat() != content["period"]["start"]:
        changed.append("its period")
    if issued.currency and issued.currency != content["currency"]:
        changed.append(f"currency {content['currency']} became {issued.currency}")
    if issued.total is not None and content["total"] is not None and issued.total != Decimal(content["total"]):
        changed.append(f"total {content['total']} became {issued.total:f}")
    if issued.lines is not None and content["lines"] is not None:
        now = sorted(_said(line) for line in issued.lines)
        was = sorted(_signed(one) for one in content["lines"])
        if now != was:
            changed.append("its lines")
    return changed


def _within(issued: Issued, content: JsonObject, policy: BillingPolicy) -> list[str]:
    changed = []
    if issued.currency and issued.currency != content["currency"]:
        changed.append(f"currency {content['currency']} became {issued.currency}")
    total = content["total"]
    if issued.total is not None and total is not None and moved(Decimal(total), issued.total, policy.total_tolerance):
        changed.append(f"total {total} became {issued.total:f}")
    return changed


def _said(line: Line) -> tuple[str, str, str, str]:
    return (line.item or line.description or "", _text(line.quantity), _text(line.price), _text(line.net))


def _signed(one: JsonObject) -> tuple[str, str, str, str]:
    numbers = (one["quantity"], one["unit_price"], one["net_amount"])
    quantity, price, net = (_text(None if text is None else Decimal(text)) for text in numbers)
    return (one["item"] or one["description"] or "", quantity, price, net)


def _text(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount.normalize():f}"


def _left(policy: Policy, now: datetime) -> LeftFacts:
    today = now.date()
    issued = Issued(
        id=2,
        recurring_id=-1,
        client="1",
        on=today,
        created=None,
        start=today,
        end=today + timedelta(days=29),
        currency=policy.service.currency,
        total=Decimal(100),
        posted=True,
        synced=True,
        number="A-2",
        kept_from_sync=False,
        lines=None,
    )
    return LeftFacts(issued, (), ())


def _held(policy: Policy, now: datetime) -> LeftFacts:
    facts = _left(policy, now)
    since = datetime.combine(now.date(), datetime.min.time(), UTC)
    return replace(facts, holds=(HoldSpan("h-canary", since, None, frozenset({now.date()}), 1),))


def _changed(policy: Policy, now: datetime) -> LeftFacts:
    facts = _left(policy, now)
    content: JsonObject = {
        "period": {"start": now.date().isoformat(), "end": None},
        "currency": policy.service.currency,
        "total": "99",
        "lines": None,
    }
    return replace(facts, signed=(Signed(content, "", frozenset(), now, ()),))


CONTROL = Control(
    id="invoice_left_unsigned",
    title="Every invoice that left HaloPSA was signed by finance, unchanged, and was not held.",
    objective="What went around the hold is found, invoice by invoice.",
    owner=Role.FINANCE,
    subject_kind="invoice",
    cadence=Cadence.DAILY,
    needs=("Invoice",),
    codes=("left_while_held", "no_signoff", "changed_after_signoff"),
    judge=judge,
    frameworks=("psf@1.1:D6",),
    canaries=(
        Canary("an invoice nobody signed", "no_signoff", _left),
        Canary("an invoice that left while held", "left_while_held", _held),
        Canary("an invoice of another amount than signed", "changed_after_signoff", _changed),
    ),
)

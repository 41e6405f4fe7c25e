"""The gate between sale and delivery: exceptions, the sign-off request, and the hold until it is signed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from shared.actions import Action, ActionKind
from shared.approvals.quorum import APPROVED, OPEN, REJECTED, content_digest, lapse
from shared.controls.handoff_signoff import signoff_missing
from shared.measures.handoff_facts import HandoffFacts
from shared.measures.handoff_score import HandoffStatus
from shared.model import JsonObject, Money, Role, Subject, parse_instant, rfc3339
from shared.policy.document import Policy
from shared.procedures.ask import Question, ask, withdraw
from shared.procedures.plan import queue_actions
from shared.procedures.services import Services
from shared.registers import approvals, holds
from shared.registers.store import Held

KIND, EXCEPTION, HOLD = "handoff_signoff", "handoff_exception", "handoff"


def approval_of(services: Services, row: JsonObject | None) -> JsonObject | None:
    """The sign-off request of a handoff, lapsed if its time is over."""
    identity = row["approval_id"] if row is not None else None
    held = approvals.register(services.rows).get(identity) if identity else None
    return lapse(held.body, services.clock.now()) if held is not None else None


def signed(approval: JsonObject | None) -> tuple[datetime | None, str | None]:
    """When it was signed off, and how the request stands. A sign-off stays: later changes are change orders."""
    if approval is None:
        return None, None
    if approval["state"] == APPROVED:
        return parse_instant(approval["closed_at"]), APPROVED
    return None, approval["state"]


def exceptions(services: Services) -> list[JsonObject]:
    """Every exception that was approved and has not expired, in one pass over the register."""
    now = rfc3339(services.clock.now())
    return [
        body
        for body in approvals.register(services.rows).all()
        if body["kind"] == EXCEPTION and body["state"] == APPROVED and body["content"]["expires"] > now
    ]


def waived(approved: Iterable[JsonObject], facts: HandoffFacts, content: JsonObject) -> frozenset[str]:
    """Codes for which an exception was approved on exactly this content."""
    digest = content_digest(content)
    return frozenset(
        code
        for body in approved
        if body["subject"]["id"] == facts.id and body["content"]["handoff"] == digest
        for code in body["content"]["codes"]
    )


def ask_signoff(
    services: Services, status: HandoffStatus, content: JsonObject, standing: JsonObject | None, plan_under: str | None
) -> JsonObject | None:
    """The sign-off request for exactly what stands now; none while something is missing."""
    facts = status.facts
    digest = content_digest(content)
    if status.missing:
        if standing is not None and standing["state"] == OPEN:
            withdraw(services, standing["id"], "The handoff is no longer complete.")
        return None
    if standing is not None and standing["digest"] == digest and standing["state"] in (OPEN, REJECTED):
        return standing
    if standing is not None and standing["state"] == OPEN:
        withdraw(services, standing["id"], "The handoff changed after the request.")
    return ask(
        services,
        Question(
            kind=KIND,
            subject=Subject("opportunity", facts.id),
            customer=facts.customer,
            practice=facts.practice,
            content=content,
            requester="service",
            text=f"Sign off feasibility and resource plan of opportunity {facts.id}.",
        ),
        run_id=plan_under,
    )


def standing_hold(services: Services, opportunity_id: str) -> Held | None:
    """The newest hold of a handoff, held or released."""
    return holds.newest(services.rows, HOLD, Subject("opportunity", opportunity_id))


def hold_of(
    services: Services,
    status: HandoffStatus,
    approval: JsonObject | None,
    old: JsonObject | None,
    standing: Held | None,
    policy: Policy,
    plan_under: str | None,
) -> JsonObject | None:
    """Held from the first sight until it is signed off, with everything named that is missing.

    ``standing``: its newest hold. Raises RowStale where that is not so any more.
    """
    facts = status.facts
    subject = Subject("opportunity", facts.id)
    if status.signed_at is not None:
        return _release(services, standing, approval)
    signed = facts.signed_quote
    currency = (signed.currency if signed else None) or facts.currency or policy.service.currency
    amount = Money(facts.value.quantize(Decimal("0.01")), currency) if facts.value is not None else None
    wanted = approval["id"] if approval is not None else None
    hold, new = holds.place(
        services.rows,
        holds.Draft(
            kind=HOLD,
            subject=subject,
            customer=facts.customer,
            practice=facts.practice,
            reasons=[*status.missing, *signoff_missing(status)],
            amount=amount,
            may_release=policy.approvals.deciding(KIND) or (Role.DELIVERY_MANAGER,),
            now=services.clock.now(),
            run_id=plan_under,
            approval_id=wanted,
            applied=True,
        ),
        standing,
    )
    if hold["approval_id"] != wanted or not hold["applied"]:
        hold = holds.amend(services.rows, hold["id"], {"approval_id": wanted, "applied": True}) or hold
    if new or old is None:
        queue_actions(
            services,
            [
                Action(
                    ActionKind.NOTIFY,
                    f"hold-placed\n{hold['id']}",
                    Subject("hold", hold["id"]),
                    facts.customer,
                    {
                        "event": "hold_placed",
                        "practice": facts.practice,
                        "id": hold["id"],
                        "kind": HOLD,
                        "title": f"Handoff of opportunity {facts.id} is held",
                        "text": hold["reasons"][0]["text"],
                    },
                )
            ],
            plan_under,
        )
    return hold


def let_go(services: Services, old: JsonObject, hold: Held | None) -> JsonObject:
    """Nothing is held or asked for a deal that is no longer won; answer its row as it is to be."""
    standing = approval_of(services, old)
    if standing is not None and standing["state"] == OPEN:
        withdraw(services, standing["id"], "The opportunity is no longer won.")
    if hold is not None and hold.body["state"] == holds.HELD:
        holds.release(
            services.rows,
            hold.id,
            now=services.clock.now(),
            by=(),
            approval_id=None,
            reason="The opportunity is no longer won.",
        )
    return {**old, "state": "not_won", "reasons": []}


def _release(services: Services, hold: Held | None, approval: JsonObject | None) -> JsonObject | None:
    if hold is None or hold.body["state"] == holds.RELEASED:
        return hold.body if hold is not None else None
    by = [one["by"] for one in approval["decisions"]] if approval is not None else []
    identity = approval["id"] if approval is not None else None
    return holds.release(
        services.rows,
        hold.id,
        now=services.clock.now(),
        by=by,
        approval_id=identity,
        reason="The delivery manager signed off.",
    )

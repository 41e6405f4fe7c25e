"""Hold an invoice: the hold's row first, then the action, then the request for an approval of exactly its content."""

from __future__ import annotations

import json

from shared.actions import Action, ActionKind
from shared.approvals.quorum import APPROVED, EXPIRED, OPEN, REJECTED, content_digest, lapse
from shared.measures.invoice_content import content_of
from shared.measures.invoice_facts import InvoiceFacts
from shared.measures.money import shown
from shared.model import JsonObject, NewEntry, Reason, Subject
from shared.policy.billing import BillingPolicy
from shared.procedures.ask import ask, withdraw
from shared.procedures.billing_book import RECURRING, Sort, Standing, sort_of
from shared.procedures.invoice_release import resume_release
from shared.procedures.plan import queue_actions, register, row_key
from shared.procedures.services import Services
from shared.registers import approvals, holds


def ensure_held(
    services: Services,
    *,
    name: str,
    customer: str | None,
    facts: InvoiceFacts | None,
    reasons: tuple[Reason, ...],
    standing: Standing | None,
    run_id: str,
    sort: Sort = RECURRING,
) -> bool:
    """Hold the invoice, or bring its hold, its action and its request up to date. True when the hold is new.

    No reasons: nothing is wrong any more, but only people release, so the hold and its request stay.

    Whatever was left undone by a crash or a failure is taken up again here.
    """
    subject = Subject(sort.subject, name)
    policy = services.policy.policy.scoped(None, customer)
    amount = facts.amount if facts else None
    new = False
    if not reasons or (standing is not None and standing.held):
        # It was held when the books were opened. A release since then was signed on what stands now and rings again
        # itself; a judgement from before it must not place the hold anew.
        held = holds.current(services.rows, sort.hold, subject)
        renewed = holds.renew(services.rows, held["id"], reasons, amount) if held is not None else None
        if renewed is None:
            return False
        hold = renewed
    else:
        hold, new = holds.place(
            services.rows,
            kind=sort.hold,
            subject=subject,
            customer=customer,
            practice=None,
            reasons=reasons,
            amount=amount,
            may_release=policy.approvals.deciding("invoice_release"),
            now=services.clock.now(),
            run_id=run_id,
            detail=_detail(facts),
            standing={"state": holds.RELEASED, "number": standing.number} if standing is not None else None,
        )
    if new:
        tell_held(services, hold, run_id)
    apply_hold(services, hold, policy.billing, facts, run_id)
    if facts is not None:
        hold = _note_period(services, hold, facts)
        _ensure_asked(services, hold, facts, reasons, policy.billing, run_id)
    resume_release(services, hold["id"], run_id)
    return new


def _detail(facts: InvoiceFacts | None) -> JsonObject:
    seen = {"disabled": facts.disabled if facts else False, "reviewrequired": facts.review_required if facts else False}
    return {
        "seen": seen,
        "last_issued": facts.last.id if facts and facts.last else 0,
        "periods": [facts.start.isoformat()] if facts and facts.start else [],
    }


def _note_period(services: Services, hold: JsonObject, facts: InvoiceFacts) -> JsonObject:
    """A hold remembers every period the invoice stood at while it was held."""
    start = facts.start.isoformat() if facts.start else None
    periods = hold["detail"].get("periods", [])
    if start is None or start in periods:
        return hold
    return holds.amend(services.rows, hold["id"], {"detail": {**hold["detail"], "periods": [*periods, start]}}) or hold


def tell_held(services: Services, hold: JsonObject, run_id: str) -> None:
    """Record that it is held and notify; repeating it changes nothing."""
    services.ledger.record(
        NewEntry(
            type="hold.placed",
            key=f"hold\n{hold['id']}",
            payload=json.dumps(hold, sort_keys=True, ensure_ascii=False).encode(),
            customer=hold["customer"],
            subject=_subject(hold),
            controls=(sort_of(hold).control,),
        )
    )
    at_stake = f"{hold['amount']['amount']} {hold['amount']['currency']} at stake. " if hold["amount"] else ""
    queue_actions(
        services,
        [
            Action(
                ActionKind.NOTIFY,
                f"hold-placed\n{hold['id']}",
                Subject("hold", hold["id"]),
                hold["customer"],
                {
                    "event": "hold_placed",
                    "practice": None,
                    "title": sort_of(hold).title,
                    "id": hold["id"],
                    "kind": hold["kind"],
                    "text": at_stake + " ".join(one["text"] for one in hold["reasons"]),
                },
            )
        ],
        run_id,
    )


def apply_hold(
    services: Services, hold: JsonObject, policy: BillingPolicy, facts: InvoiceFacts | None, run_id: str
) -> None:
    """Queue the action that holds it in HaloPSA, unless that is done or under way; after a failure a new attempt."""
    if hold["applied"]:
        return
    attempts = int(hold["attempts"])
    reference = hold["detail"].get("action")
    if reference is not None:
        planned = register(services, reference["part"]).get(reference["key"])
        if planned is not None and planned.body["state"] != "failed":
            queue_actions(services, [Action.from_json(planned.body["action"])], reference["part"])
            return
        attempts += planned is not None
    sort = sort_of(hold)
    mode = policy.hold if sort is RECURRING else "review"
    action = Action(
        ActionKind.HOLD_INVOICE,
        f"hold\n{hold['id']}\n{attempts}",
        _subject(hold),
        hold["customer"],
        {
            sort.identity: int(facts.id) if facts else _number(hold["subject"]["id"]),
            "mode": mode,
            "hold_id": hold["id"],
        },
    )
    detail = {**hold["detail"], "mode": mode, "action": {"part": run_id, "key": row_key(action)}}
    hold["detail"] = detail
    holds.amend(services.rows, hold["id"], {"detail": detail, "attempts": attempts})
    queue_actions(services, [action], run_id)


def _subject(hold: JsonObject) -> Subject:
    return Subject(hold["subject"]["kind"], hold["subject"]["id"])


def _number(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdigit() else text


def _ensure_asked(
    services: Services,
    hold: JsonObject,
    facts: InvoiceFacts,
    reasons: tuple[Reason, ...],
    policy: BillingPolicy,
    run_id: str,
) -> None:
    """One open request for exactly the present content; a rejected one is asked again only when something changed."""
    content = content_of(facts)
    codes = sorted({reason.code for reason in reasons})
    asked = set(hold["detail"].get("asked", ()))
    before = approvals.register(services.rows).get(hold["approval_id"]) if hold["approval_id"] else None
    if before is not None:
        request = lapse(before.body, services.clock.now())
        same = request["digest"] == content_digest(content)
        if request["state"] == OPEN:
            if same and set(codes) <= asked and request["needed"]["persons"] >= _persons(facts, policy):
                return
            withdraw(services, request["id"], "The invoice, or what is wrong with it, changed after the request.")
        elif request["state"] == REJECTED and same and set(codes) == asked:
            return
        elif request["state"] == APPROVED and same and set(codes) <= asked:
            return  # the release is under way
        elif request["state"] == EXPIRED:
            services.ledger.record(
                NewEntry(
                    type="approval.expired",
                    key=f"expired\n{request['id']}",
                    payload=json.dumps({"id": request["id"], "expires": request["expires"]}, sort_keys=True).encode(),
                    customer=hold["customer"],
                    subject=_subject(hold),
                )
            )
    opened = ask(
        services,
        kind="invoice_release",
        subject=_subject(hold),
        customer=hold["customer"],
        practice=None,
        content=content,
        requester="service",
        persons=_persons(facts, policy),
        text=_text(hold, facts, reasons),
        run_id=run_id,
    )
    change: JsonObject = {
        "approval_id": opened["id"],
        "release_approved": None,
        "detail": {**hold["detail"], "asked": codes},
    }
    if not holds.amend_held(services.rows, hold["id"], change):
        withdraw(services, opened["id"], "The hold was released in the meantime.")


def _persons(facts: InvoiceFacts, policy: BillingPolicy) -> int:
    """Two above materiality, in the invoice's own currency; where the amount is not known; and while billing is unproven."""
    amount = facts.amount
    unproven = policy.validation == "require" and not facts.validated
    return 2 if unproven or amount is None or amount.amount > policy.materiality else 1


def _text(hold: JsonObject, facts: InvoiceFacts, reasons: tuple[Reason, ...]) -> str:
    total = shown(facts.amount.amount, facts.amount.currency) if facts.amount else "an unknown amount"
    period = f", period {facts.start} to {facts.end}" if facts.start and facts.end else ""
    who = f"customer {facts.client}" if facts.client else "an unknown customer"
    said = " ".join([reason.text for reason in reasons] or [one["text"] for one in hold["reasons"]])
    unproven = "" if facts.validated else " Billing has not been validated: look at every line."
    noun = hold["subject"]["kind"].replace("_", " ")
    asked = f"Release {noun} {hold['subject']['id']} of {who}: {total}{period}. It is held because: {said}"
    return f"{asked[: 4000 - len(unproven)]}{unproven}"

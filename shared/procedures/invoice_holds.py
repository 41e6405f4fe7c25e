"""Hold invoices: the holds' rows first, then the evidence and requests for approvals of exactly their content, then the actions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from shared.actions import Action, ActionKind
from shared.approvals.quorum import APPROVED, EXPIRED, OPEN, REJECTED, content_digest, lapse
from shared.errors import Conflict
from shared.measures.invoice_content import content_of
from shared.measures.invoice_facts import InvoiceFacts
from shared.measures.money import shown
from shared.model import JsonObject, NewEntry, Reason, Subject
from shared.policy.billing import BillingPolicy
from shared.procedures.ask import Question, ask, draft, notice, requested, withdraw
from shared.procedures.billing_book import RECURRING, Sort, Standing, sort_of
from shared.procedures.invoice_release import resume_release
from shared.procedures.plan import part_of, queue_actions, register, row_key
from shared.procedures.services import Services
from shared.registers import approvals, holds
from shared.registers.store import Held

_WIDTH = 4
"""Standing holds looked at at once; each is a few requests to the store, one after the other."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An invoice that must not go out, or is held already."""

    name: str
    customer: str | None
    practice: str | None
    facts: InvoiceFacts | None
    reasons: tuple[Reason, ...]
    """Empty: nothing is wrong any more, but only people release, so the hold and its request stay."""
    standing: Standing | None
    """Its newest hold when the books were opened."""
    run_id: str
    looked_at: str
    """When the books were opened: what a later look asked for is not asked for otherwise by an earlier one."""


def hold_all(services: Services, sort: Sort, wanted: Sequence[Wanted]) -> int:
    """Hold them, or bring their holds, actions and requests up to date. Answer how many holds are new.

    Whatever was left undone by a crash or a failure is taken up again here.
    """
    standing = [(one, one.standing.id) for one in wanted if one.standing is not None and one.standing.held]
    new = [one for one in wanted if one.reasons and (one.standing is None or not one.standing.held)]
    drafts = [_new(services, sort, one) for one in new]
    there = holds.place_all(services.rows, [one.hold for one in drafts])
    placed = [one for one in drafts if one.hold["id"] not in there]
    if _follow(services, placed):
        taken_up = there
    else:
        taken_up = frozenset(one.hold["id"] for one in drafts)
    standing += [(one, each.hold["id"]) for one, each in zip(new, drafts, strict=True) if each.hold["id"] in taken_up]
    if standing:
        with ThreadPoolExecutor(min(_WIDTH, len(standing))) as pool:
            list(pool.map(lambda each: _keep(services, *each), standing))
    return len(placed)


@dataclass(frozen=True, slots=True)
class _New:
    """A hold with what follows from it, named in its row before any of it is there."""

    hold: JsonObject
    request: JsonObject | None
    action: Action


def _new(services: Services, sort: Sort, one: Wanted) -> _New:
    policy = services.policy.policy.scoped(one.practice, one.customer)
    facts, start = one.facts, _start(one.facts)
    hold = holds.Draft(
        kind=sort.hold,
        subject=Subject(sort.subject, one.name),
        customer=one.customer,
        practice=one.practice,
        reasons=one.reasons,
        amount=facts.amount if facts else None,
        may_release=policy.approvals.deciding("invoice_release"),
        now=services.clock.now(),
        run_id=one.run_id,
    ).body(one.standing.number + 1 if one.standing is not None else 1)
    seen = {"disabled": facts.disabled if facts else False, "reviewrequired": facts.review_required if facts else False}
    detail: JsonObject = {
        "seen": seen,
        "last_issued": facts.last.id if facts and facts.last else 0,
        "periods": [start] if start else [],
    }
    request = None
    if facts is not None:
        request = draft(services, _question(hold, facts, one.reasons, policy.billing, hold["id"]))
        hold["approval_id"] = request["id"]
        detail |= {"asked": _codes(one.reasons), "asked_at": one.looked_at}
    action = _action(hold, policy.billing, facts, 0)
    hold["detail"] = {**detail, **_reference(action, one.run_id)}
    return _New(hold, request, action)


def _follow(services: Services, placed: Sequence[_New]) -> bool:
    """What follows from new holds, in as few requests as they allow: evidence, requests, then messages.

    False when somebody found one of the holds before we had come so far: then each is to be taken up as it stands.
    """
    requests = [one.request for one in placed if one.request is not None]
    try:
        receipts = services.ledger.record_many([*(_placed(one.hold) for one in placed), *map(requested, requests)])
    except Conflict:
        return False
    asked = zip(requests, receipts[len(placed) :], strict=True)
    rows = [(body["id"], {**body, "evidence": [receipt.evidence_id]}) for body, receipt in asked]
    approvals.register(services.rows).insert_many(rows)
    for run_id in dict.fromkeys(one.hold["run_id"] for one in placed):
        mine = [one for one in placed if one.hold["run_id"] == run_id]
        actions = [action for one in mine for action in (one.action, told(one.hold))]
        actions += [notice(one.request) for one in mine if one.request is not None]
        queue_actions(services, actions, run_id)
    return True


def _keep(services: Services, one: Wanted, hold_id: str) -> None:
    """It was held when the books were opened.

    A release since then was signed on what stands now and rings again itself; a judgement from before it must not place
    the hold anew.
    """
    held = holds.register(services.rows).get(hold_id)
    if held is None or _later(held.body, one.looked_at):
        return
    amount = one.facts.amount if one.facts else None
    hold = holds.renew(services.rows, held, one.reasons, amount, _start(one.facts))
    if hold is None:
        return
    if one.facts is not None and hold["practice"] != one.practice:
        hold = holds.amend(services.rows, hold_id, {"practice": one.practice}) or hold
    policy = services.policy.policy.scoped(hold["practice"], one.customer)
    if _lifted(hold, one.facts):
        hold = _hold_again(services, hold)
    if not hold["applied"]:
        record_placed(services, hold)
        if hold["run_id"] == one.run_id:
            queue_actions(services, [told(hold)], one.run_id)
        hold = _apply(services, hold, policy.billing, one.facts, one.run_id)
    if one.facts is not None:
        seen = held if hold is held.body else None
        asked = _ensure_asked(services, hold, one, one.facts, policy.billing, seen)
        if asked is None:
            return
        hold = asked
    resume_release(services, hold, one.run_id)


def _later(hold: JsonObject, looked_at: str) -> bool:
    """Whether somebody who looked later has asked for its release since."""
    return bool(hold["detail"].get("asked_at", "") > looked_at)


def _lifted(hold: JsonObject, facts: InvoiceFacts | None) -> bool:
    """As far as was read, somebody switched it on in HaloPSA while it is held and nobody has approved that."""
    if facts is None or sort_of(hold) is not RECURRING or hold.get("release_approved") or not hold["applied"]:
        return False
    return not (facts.disabled if hold["detail"].get("mode", "disable") == "disable" else facts.review_required)


def _hold_again(services: Services, hold: JsonObject) -> JsonObject:
    """Only people release, and here: the hold is to be carried out anew; what HaloPSA then says tells whether it was lifted.

    An approval given in the meantime wins.
    """

    def change(body: JsonObject) -> JsonObject:
        if not body["applied"] or body.get("release_approved"):
            return {}
        detail = {name: value for name, value in body["detail"].items() if name != "action"}
        return {"applied": False, "attempts": int(body["attempts"]) + 1, "detail": {**detail, "again": True}}

    return holds.amend_held(services.rows, hold["id"], change) or hold


def _start(facts: InvoiceFacts | None) -> str | None:
    """A hold remembers every period the invoice stood at while it was held."""
    return facts.start.isoformat() if facts and facts.start else None


def _placed(hold: JsonObject) -> NewEntry:
    return NewEntry(
        type="hold.placed",
        key=f"hold\n{hold['id']}",
        payload=json.dumps(hold, sort_keys=True, ensure_ascii=False).encode(),
        customer=hold["customer"],
        subject=_subject(hold),
        controls=(sort_of(hold).control,),
        practice=hold["practice"],
    )


def record_placed(services: Services, hold: JsonObject) -> None:
    """Record that it is held, unless that was recorded before; what was recorded first stands."""
    with suppress(Conflict):
        services.ledger.record(_placed(hold))


def told(hold: JsonObject) -> Action:
    """Tells people that it is held."""
    at_stake = f"{hold['amount']['amount']} {hold['amount']['currency']} at stake. " if hold["amount"] else ""
    return Action(
        ActionKind.NOTIFY,
        f"hold-placed\n{hold['id']}",
        Subject("hold", hold["id"]),
        hold["customer"],
        {
            "event": "hold_placed",
            "practice": hold["practice"],
            "title": sort_of(hold).title,
            "id": hold["id"],
            "kind": hold["kind"],
            "text": at_stake + " ".join(one["text"] for one in hold["reasons"]),
        },
    )


def _apply(
    services: Services, hold: JsonObject, policy: BillingPolicy, facts: InvoiceFacts | None, run_id: str
) -> JsonObject:
    """Queue the action that holds it in HaloPSA, unless that is under way; after a failure a new attempt."""
    attempts = int(hold["attempts"])
    reference = hold["detail"].get("action")
    if reference is not None:
        planned = register(services, reference["part"]).get(reference["key"])
        if planned is not None and planned.body["state"] != "failed":
            queue_actions(services, [Action.from_json(planned.body["action"])], reference["part"])
            return hold
        attempts += planned is not None
    action = _action(hold, policy, facts, attempts)
    named = _reference(action, run_id)
    after = holds.amend_held(
        services.rows, hold["id"], lambda body: {"detail": {**body["detail"], **named}, "attempts": attempts}
    )
    if after is not None:
        queue_actions(services, [action], run_id)
    return after or hold


def _action(hold: JsonObject, policy: BillingPolicy, facts: InvoiceFacts | None, attempts: int) -> Action:
    sort = sort_of(hold)
    return Action(
        ActionKind.HOLD_INVOICE,
        f"hold\n{hold['id']}\n{attempts}",
        _subject(hold),
        hold["customer"],
        {
            sort.identity: int(facts.id) if facts else _number(hold["subject"]["id"]),
            "mode": policy.hold if sort is RECURRING else "review",
            "hold_id": hold["id"],
        },
    )


def _reference(action: Action, run_id: str) -> JsonObject:
    return {"mode": action.parameters["mode"], "action": {"part": part_of(run_id), "key": row_key(action)}}


def _subject(hold: JsonObject) -> Subject:
    return Subject(hold["subject"]["kind"], hold["subject"]["id"])


def _number(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdigit() else text


def _codes(reasons: Sequence[Reason]) -> list[str]:
    return sorted({reason.code for reason in reasons})


def _question(
    hold: JsonObject, facts: InvoiceFacts, reasons: tuple[Reason, ...], policy: BillingPolicy, after: str
) -> Question:
    """What finance is asked about a hold. ``after``: the request before it, or the hold: each is asked once after another."""
    return Question(
        kind="invoice_release",
        subject=_subject(hold),
        customer=hold["customer"],
        practice=hold["practice"],
        content=content_of(facts),
        requester="service",
        persons=_persons(facts, policy),
        text=_text(hold, facts, reasons),
        attempt=after,
    )


def _ensure_asked(
    services: Services,
    hold: JsonObject,
    one: Wanted,
    facts: InvoiceFacts,
    policy: BillingPolicy,
    seen: Held | None,
) -> JsonObject | None:
    """One open request for exactly the present content; a rejected one is asked again only when something changed.

    Answers the hold; None when it was released in the meantime, or is asked for otherwise.
    """
    content = content_of(facts)
    codes = _codes(one.reasons)
    asked = set(hold["detail"].get("asked", ()))
    before = approvals.register(services.rows).get(hold["approval_id"]) if hold["approval_id"] else None
    if before is not None:
        request = lapse(before.body, services.clock.now())
        same = request["digest"] == content_digest(content)
        if request["state"] == OPEN:
            enough = request["needed"]["persons"] >= _persons(facts, policy)
            if same and set(codes) <= asked and enough and request["practice"] == hold["practice"]:
                return hold
            withdraw(services, request["id"], "The invoice, or what is wrong with it, changed after the request.")
        elif request["state"] == REJECTED and same and set(codes) == asked:
            return hold
        elif request["state"] == APPROVED and same and set(codes) <= asked:
            return hold  # the release is under way
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
    after = before.id if before is not None else hold["id"]
    opened = ask(services, _question(hold, facts, one.reasons, policy, after), one.run_id)
    replaced: list[str] = []

    def change(body: JsonObject) -> JsonObject:
        approved = body.get("release_approved") not in (None, hold.get("release_approved"))
        if approved or _later(body, one.looked_at):
            return {}  # finance was faster, or somebody who looked later
        replaced[:] = [body["approval_id"]] if body["approval_id"] not in (None, after, opened["id"]) else []
        asked = {"asked": codes, "asked_at": one.looked_at}
        return {"approval_id": opened["id"], "release_approved": None, "detail": {**body["detail"], **asked}}

    amended = holds.amend_held(services.rows, hold["id"], change, seen)
    if amended is None or amended["approval_id"] != opened["id"]:
        withdraw(services, opened["id"], "The hold was released, or its release asked for otherwise, in the meantime.")
        return None
    for identity in replaced:
        withdraw(services, identity, "The invoice, or what is wrong with it, changed after the request.")
    return amended


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

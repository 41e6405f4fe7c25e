"""Release a held invoice: the content as it stands in HaloPSA now, the sign-off, and the prior state restored."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from shared.actions import Action, ActionKind
from shared.approvals.quorum import APPROVED, OPEN, lapse
from shared.errors import Conflict
from shared.measures.invoice_content import content_of
from shared.model import JsonObject, NewEntry, Subject, rfc3339
from shared.procedures.ask import withdraw
from shared.procedures.billing_book import FIRST, sort_of
from shared.procedures.observe import observation
from shared.procedures.plan import part_of, queue_actions, register, row_key
from shared.procedures.services import Services
from shared.registers import approvals, holds, signoffs
from shared.registers.store import Held


class _OneInvoice(Protocol):
    def one_invoice(self, mirror: Any, row: JsonObject, policy: Any, *, one_off: bool) -> Any: ...


def present_content(services: Services, approval: JsonObject) -> JsonObject | None:
    """The invoice's content read from HaloPSA this moment; None when it is gone or cannot be read.

    Kept as evidence, not folded into the mirror: whoever lets people decide need not write there.
    Raises SourceError when HaloPSA does not answer: nobody decides on what may have changed.
    """
    sort = sort_of(approval)
    answer = services.halo.one(sort.record, approval["subject"]["id"], {"includedetails": "true"})
    if answer is None or not answer.rows:
        return None
    row = answer.rows[0]
    services.ledger.record(replace(observation(sort.record, answer), customer=approval["customer"]))
    facts = cast("_OneInvoice", services.facts("billing"))
    policy = services.policy.policy.scoped(approval["practice"], approval["customer"])
    invoice = facts.one_invoice(services.mirror, row, policy, one_off=sort is FIRST)
    return content_of(invoice) if invoice is not None else None


def on_decided(services: Services, approval: JsonObject) -> None:
    """Approved: the sign-off is recorded and the release planned. Rejected: it stays held, with the rejection told."""
    held = holds.newest(services.rows, sort_of(approval).hold, _subject(approval))
    hold = held.body if held is not None else None
    if approval["state"] != APPROVED:
        if hold is not None and hold["approval_id"] == approval["id"]:
            last = approval["decisions"][-1]
            holds.amend(
                services.rows,
                hold["id"],
                {"rejected": {"by": last["by"], "at": last["at"], "rationale": last["rationale"]}},
                held,
            )
        return
    _sign(services, approval, hold)
    if hold is None or hold["state"] != holds.HELD or hold["approval_id"] != approval["id"]:
        return
    begins = hold["applied"] and "release_action" not in hold["detail"]
    planned = _planned(hold, approval["id"], None, int(hold.get("release_attempts", 0))) if begins else None

    def change(body: JsonObject) -> JsonObject:
        if body["approval_id"] != approval["id"]:
            return {}  # asked anew in the meantime, for something else
        return {"release_approved": approval["id"], **(planned.told(body) if planned is not None else {})}

    after = holds.amend_held(services.rows, hold["id"], change, held)
    if after is None or after.get("release_approved") != approval["id"]:
        return
    if planned is not None:
        queue_actions(services, [planned.action], None)
    else:
        resume_release(services, after, None)


def _sign(services: Services, approval: JsonObject, hold: JsonObject | None) -> None:
    name, sort = approval["subject"]["id"], sort_of(approval)
    mine = hold is not None and hold["approval_id"] == approval["id"]
    body: JsonObject = {
        sort.identity: name,
        "customer": approval["customer"],
        "approval_id": approval["id"],
        "content": approval["content"],
        "digest": approval["digest"],
        "accepted": list(hold["detail"].get("asked", ())) if mine and hold is not None else [],
        "by": [one["by"] for one in approval["decisions"] if one["decision"] == "approve"],
        "at": approval["closed_at"],
    }
    services.ledger.record(
        NewEntry(
            type="signoff.recorded",
            key=f"signoff\n{approval['id']}",
            payload=json.dumps(body, sort_keys=True, ensure_ascii=False).encode(),
            customer=approval["customer"],
            subject=_subject(approval),
            controls=(sort.control,),
            actor=body["by"][-1] if body["by"] else "service",
        )
    )
    signoffs.keep(services.rows, sort.signed_as(name), body)


def resume_release(services: Services, hold: JsonObject, run_id: str | None) -> None:
    """Queue the release of an approved hold, unless it is under way; after a failure a new attempt."""
    if hold["state"] != holds.HELD or not hold.get("release_approved"):
        return
    if not hold["applied"]:
        reference = hold["detail"].get("action")
        planned = register(services, reference["part"]).get(reference["key"]) if reference else None
        if planned is not None and planned.body["state"] == "queued":
            return  # on_carried_out or on_failed comes back here
        _released(services, hold)
        return
    attempts = int(hold.get("release_attempts", 0))
    reference = hold["detail"].get("release_action")
    if reference is not None:
        planned = register(services, reference["part"]).get(reference["key"])
        if planned is not None and planned.body["state"] != "failed":
            queue_actions(services, [Action.from_json(planned.body["action"])], reference["run_id"])
            return
        attempts += planned is not None
    _plan_release(services, hold, run_id, attempts)


@dataclass(frozen=True, slots=True)
class _Planned:
    """A release, and how its hold names it."""

    action: Action
    reference: JsonObject
    attempts: int

    def told(self, hold: JsonObject) -> JsonObject:
        """What it changes in the hold."""
        return {"detail": {**hold["detail"], "release_action": self.reference}, "release_attempts": self.attempts}


def _planned(hold: JsonObject, approval_id: str | None, run_id: str | None, attempts: int) -> _Planned:
    action = Action(
        ActionKind.RELEASE_INVOICE,
        f"release\n{hold['id']}\n{approval_id}\n{attempts}",
        _subject(hold),
        hold["customer"],
        {
            sort_of(hold).identity: _number(hold["subject"]["id"]),
            "mode": hold["detail"]["mode"],
            "prior": hold["prior"] or {},
            "hold_id": hold["id"],
        },
    )
    return _Planned(action, {"part": part_of(run_id), "run_id": run_id, "key": row_key(action)}, attempts)


def _plan_release(services: Services, hold: JsonObject, run_id: str | None, attempts: int) -> None:
    planned = _planned(hold, hold.get("release_approved"), run_id, attempts)
    amend = holds.amend_held if hold["state"] == holds.HELD else holds.amend
    if amend(services.rows, hold["id"], planned.told) is not None:
        queue_actions(services, [planned.action], run_id)


def on_carried_out(services: Services, action: Action, outcome: JsonObject) -> None:
    """A hold is applied (its prior state kept), or a release has restored it."""
    held = holds.register(services.rows).get(str(action.parameters.get("hold_id")))
    if held is None:
        return
    if action.kind is ActionKind.RELEASE_INVOICE:
        if held.body.get("restored") and not outcome.get("already"):
            _hold_again(services, held.body)  # it had been released before, by the same message come twice
        _released(services, held.body, restored=True, seen=held)
        return
    applied_at = rfc3339(services.clock.now())
    again = held.body["detail"].get("again") and not held.body["applied"]
    if again and not outcome.get("already"):
        _lifted(services, held.body, applied_at)

    def change(body: JsonObject) -> JsonObject:
        if body["applied"]:
            return {}
        told = {"applied": True, "applied_at": applied_at, "error": None}
        if not body["detail"].get("again"):
            return {**told, "prior": _prior(body, outcome)}
        told["detail"] = {name: value for name, value in body["detail"].items() if name != "again"}
        if outcome.get("already"):
            return told  # it had never been lifted: what was read is older than our hold
        return {**told, "lifted_at": applied_at, "prior": _prior(body, outcome)}

    after = holds.amend(services.rows, held.id, change, held) or held.body
    if after["state"] == holds.HELD:
        resume_release(services, after, None)
    else:  # released before this was carried out: what it has just changed is changed back
        _plan_release(services, after, None, int(after.get("release_attempts", 0)) + 1)


def _hold_again(services: Services, released: JsonObject) -> None:
    """A release that came to its end late may have undone a hold placed since: that one is carried out once more."""
    newest = holds.newest(services.rows, released["kind"], _subject(released))
    if newest is None or newest.id == released["id"] or not newest.body["applied"]:
        return
    sort, attempts = sort_of(newest.body), int(newest.body["attempts"]) + 1
    action = Action(
        ActionKind.HOLD_INVOICE,
        f"hold\n{newest.id}\n{attempts}",
        _subject(released),
        released["customer"],
        {
            sort.identity: _number(released["subject"]["id"]),
            "mode": newest.body["detail"]["mode"],
            "hold_id": newest.id,
        },
    )
    named = {"action": {"part": part_of(None), "key": row_key(action)}}

    def change(body: JsonObject) -> JsonObject:
        return {"applied": False, "attempts": attempts, "detail": {**body["detail"], **named}}

    if holds.amend_held(services.rows, newest.id, change, newest) is not None:
        queue_actions(services, [action], None)


def _lifted(services: Services, hold: JsonObject, found_at: str) -> None:
    """Somebody had switched it on in HaloPSA while it was held; what was recorded first stands."""
    entry = NewEntry(
        type="hold.lifted",
        key=f"hold-lifted\n{hold['id']}\n{hold['attempts']}",
        payload=json.dumps({**hold, "lifted_at": found_at}, sort_keys=True, ensure_ascii=False).encode(),
        customer=hold["customer"],
        subject=_subject(hold),
        controls=(sort_of(hold).control,),
        practice=hold["practice"],
    )
    with suppress(Conflict):
        services.ledger.record(entry)


def _prior(hold: JsonObject, outcome: JsonObject) -> JsonObject:
    """What HaloPSA said before the hold (it tells our own earlier attempt from a person's); else what we had seen."""
    told = outcome.get("prior")
    prior = dict(told) if isinstance(told, dict) else {}
    for name, seen in hold["detail"].get("seen", {}).items():
        if prior.get(name) is None:
            prior[name] = seen
    return prior


def on_failed(services: Services, action: Action, error: JsonObject) -> None:
    """The hold's row says what failed; the next check tries again."""
    told = {"error": {**error, "action": action.kind.value, "at": rfc3339(services.clock.now())}}
    hold = holds.amend_held(services.rows, str(action.parameters.get("hold_id")), lambda _: told)
    if hold is None:
        return
    if action.kind is ActionKind.HOLD_INVOICE and hold.get("release_approved") and not hold["applied"]:
        _released(services, hold)


def end_hold(services: Services, hold_id: str, why: str) -> None:
    """A hold whose invoice will not be billed any more ends without a release."""
    hold = holds.get(services.rows, hold_id)
    if hold is None or hold["state"] != holds.HELD:
        return
    # before the hold ends: what is left undone is taken up only while it stands
    held = approvals.register(services.rows).get(hold["approval_id"]) if hold["approval_id"] else None
    if held is not None and lapse(held.body, services.clock.now())["state"] == OPEN:
        withdraw(services, held.body["id"], why)
    _released(services, hold, why=why)


def _released(
    services: Services, hold: JsonObject, *, restored: bool = False, why: str = "", seen: Held | None = None
) -> None:
    approval_id = hold.get("release_approved")
    given = approvals.register(services.rows).get(approval_id) if approval_id else None
    by = [one["by"] for one in given.body["decisions"] if one["decision"] == "approve"] if given else ["service"]
    now = services.clock.now()
    after = holds.release(
        services.rows,
        hold["id"],
        now=now,
        by=by,
        approval_id=approval_id,
        reason=why,
        restored=restored,
        seen=seen,
    )
    if after is None:
        return
    for left in {after["approval_id"], after.get("unanswered")} - {None, after["release_approved"]}:
        withdraw(services, left, why or "The hold was released in the meantime.")
    told = {
        "id": hold["id"],
        "by": after["released_by"],
        "approval_id": after["release_approved"],
        "at": after["released_at"],
        # a hold that ended for another reason stays so when its release is carried out after all
        "restored": restored and not after.get("release_reason"),
        "reason": after.get("release_reason", ""),
        "cost": holds.cost(after, now),
    }
    with suppress(Conflict):  # it was released before it was restored: what was recorded then stands
        services.ledger.record(
            NewEntry(
                type="hold.released",
                key=f"hold-released\n{hold['id']}",
                payload=json.dumps(told, sort_keys=True).encode(),
                customer=hold["customer"],
                subject=_subject(hold),
                controls=(sort_of(hold).control,),
            )
        )


def _subject(body: JsonObject) -> Subject:
    return Subject(body["subject"]["kind"], body["subject"]["id"])


def _number(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdigit() else text

"""Carry out one planned action, once, and record what came of it; bury what cannot be carried out as evidence."""

from __future__ import annotations

import hashlib
import json
from typing import Protocol, cast

from shared.actions import Action, ActionKind
from shared.errors import AttestError, Conflict, NotFound, SourceDenied, SourceRejected, Unacceptable
from shared.log import Event, log
from shared.model import JsonObject, NewEntry, rfc3339
from shared.procedures import deliver
from shared.procedures.claims import claimed
from shared.procedures.plan import QUEUE, register
from shared.procedures.services import Services
from shared.procedures.tell import tell
from shared.registers.store import Held


class Follower(Protocol):
    """What a family does once an action of its own has been carried out, or has failed for good."""

    def on_carried_out(self, services: Services, action: Action, outcome: JsonObject) -> None:
        """Idempotent."""

    def on_failed(self, services: Services, action: Action, error: JsonObject) -> None:
        """Idempotent."""


def follower(kind: ActionKind) -> Follower | None:
    """The module that wants to know."""
    from shared.procedures import billing, handoffs

    modules = {
        ActionKind.HOLD_INVOICE: billing,
        ActionKind.RELEASE_INVOICE: billing,
        ActionKind.CREATE_PROJECT: handoffs,
        ActionKind.DELIVER_FILE: deliver,
    }
    return cast("Follower | None", modules.get(kind))


def carry_out(services: Services, part: str, key: str) -> None:
    """Do the action of a row. What may pass later rises (the queue tries again); what never will is recorded as failed."""
    held = register(services, part).get(key)
    if held is None:
        raise NotFound(f"There is no planned action {key} under {part}.", code="action_not_found")
    if held.body["state"] != "queued":
        return
    action = Action.from_json(held.body["action"])
    if action.kind not in _CREATING:
        _do(services, part, held, action)
        return
    # HaloPSA refuses no second project of one opportunity, and no second note: two messages about one must not meet there.
    with claimed(services, action.key) as ours:
        if ours:
            _do(services, part, held, action)
        else:
            services.queues.send(QUEUE, json.dumps({"part": part, "key": key}), delay_seconds=_LATER)


_CREATING = frozenset({ActionKind.CREATE_PROJECT, ActionKind.NOTE_TICKET})
"""What adds to HaloPSA; everything else sets a field, which two may do at once."""

_LATER = 30
"""Seconds after which an action is looked at again that somebody else is carrying out."""


def _do(services: Services, part: str, held: Held, action: Action) -> None:
    try:
        if action.kind is ActionKind.NOTIFY:
            outcome = tell(services, action)
        elif action.kind is ActionKind.DELIVER_FILE:
            outcome = deliver.deliver(services, action)
        else:
            outcome = services.writer.carry_out(action, services.policy.policy.halopsa.model_dump(mode="json"))
    except (SourceRejected, SourceDenied, NotFound, Conflict, Unacceptable) as fault:
        _fail(services, part, held, action, fault)
        return
    after = follower(action.kind)
    if after is not None:
        after.on_carried_out(services, action, outcome)
    _close(services, part, held, action, "done", outcome)


def fail(services: Services, part: str, key: str, fault: AttestError) -> None:
    """Record that an action will not be carried out, and why."""
    held = register(services, part).get(key)
    if held is None or held.body["state"] != "queued":
        return
    _fail(services, part, held, Action.from_json(held.body["action"]), fault)


def _fail(services: Services, part: str, held: Held, action: Action, fault: AttestError) -> None:
    error: JsonObject = {"code": fault.code, "message": fault.message}
    after = follower(action.kind)
    if after is not None:
        after.on_failed(services, action, error)
    _close(services, part, held, action, "failed", error)


def _close(services: Services, part: str, held: Held, action: Action, state: str, outcome: JsonObject) -> None:
    payload = json.dumps({"action": action.to_json(), "outcome": outcome}, sort_keys=True, default=str).encode()
    services.ledger.record(
        NewEntry(
            type="action.carried_out" if state == "done" else "action.failed",
            # one action may fail under one run and succeed under the next: each outcome is an entry of its own
            key=f"action\n{part}\n{action.key}\n{hashlib.sha256(payload).hexdigest()[:16]}",
            payload=payload,
            customer=action.customer,
            subject=action.subject,
        )
    )
    ended = rfc3339(services.clock.now())
    change = {"state": state, "outcome": outcome, "ended_at": ended}
    # Of two that carried it out at once the first to come here has said how it ended.
    register(services, part).change(
        held.id, lambda body: None if body is None or body["state"] != "queued" else {**body, **change}, held
    )
    run_id = part.replace("\n", "/")  # what a delivery caused is filed under its evidence
    if state == "done":
        log(Event.ACTION_CARRIED_OUT, action=held.id, kind=action.kind.value, run_id=run_id)
    else:
        log(
            Event.ACTION_FAILED,
            action=held.id,
            kind=action.kind.value,
            run_id=run_id,
            code=str(outcome.get("code", "")),
        )

"""A person decides an approval: quorum judges, the row is swapped, the decision is evidence, what follows is planned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Protocol, cast

from shared.approvals.quorum import APPROVED, OPEN, REJECTED, VOID, content_digest, decide, lapse, may_decide
from shared.errors import Conflict, NotFound
from shared.model import JsonObject, NewEntry, Person, Subject, rfc3339
from shared.procedures.plan import QUEUE
from shared.procedures.services import Services
from shared.registers import approvals


class Decider(Protocol):
    """What a kind of approval needs: the content as it stands now, and what follows from the decision."""

    def present_content(self, services: Services, approval: JsonObject) -> JsonObject | None:
        """The content now; None when the subject is gone."""

    def on_decided(self, services: Services, approval: JsonObject) -> None:
        """Plan what follows; may be called again after a crash."""


def decider(kind: str) -> Decider:
    """The module that owns a kind of approval."""
    from shared.procedures import billing, gates, handoffs, overrides, projects, validation_cycle

    modules = {
        "invoice_release": billing,
        "handoff_signoff": handoffs,
        "handoff_exception": handoffs,
        "stage_gate": gates,
        "change_order": projects,
        "override": overrides,
        "billing_validation": validation_cycle,
    }
    return cast("Decider", modules[kind])


def decide_approval(services: Services, person: Person, approval_id: str, body: JsonObject) -> JsonObject:
    """Record one person's decision and answer the approval as it then stands.

    Raises NotFound, Forbidden, Gone, Conflict (digest_differs, already_decided) or Unacceptable.
    """
    register = approvals.register(services.rows)
    held = register.get(approval_id)
    if held is None or not visible(held.body, person):
        raise NotFound(f"There is no approval {approval_id}.", code="approval_not_found")
    now = services.clock.now()
    may_decide(held.body, person)
    owner = decider(held.body["kind"])
    present: str | None = held.body["digest"]
    if lapse(held.body, now)["state"] == OPEN:
        content = owner.present_content(services, held.body)
        present = content_digest(content) if content is not None else None

    def step(approval: JsonObject | None) -> JsonObject | None:
        if approval is None:
            return None
        return decide(
            approval,
            person,
            decision=body.get("decision"),
            rationale=body.get("rationale"),
            digest=body.get("digest"),
            present_digest=present,
            now=now,
        )

    # Sent before the swap: should we die right after it, the queue still completes what follows.
    services.queues.send(QUEUE, json.dumps({"settle": approval_id}), delay_seconds=30)
    after = register.change(approval_id, step, held)
    if after is None:
        raise NotFound(f"There is no approval {approval_id}.", code="approval_not_found")
    _settle(services, after)
    if after["state"] == VOID:
        raise Conflict("The subject changed after the request; this approval is void.", code="digest_differs")
    return after


def settle(services: Services, approval_id: str) -> None:
    """Record every decision as evidence and plan what follows a closed approval; repeating it changes nothing."""
    held = approvals.register(services.rows).get(approval_id)
    if held is not None:
        _settle(services, held.body)


def _settle(services: Services, approval: JsonObject) -> None:
    mark = _mark(approval)
    if approval.get("settled") == mark:
        return
    receipts = services.ledger.record_many(list(_evidence(approval)))
    if approval["state"] in (APPROVED, REJECTED):
        decider(approval["kind"]).on_decided(services, approval)
    known = dict.fromkeys([*approval.get("evidence", ()), *(receipt.evidence_id for receipt in receipts)])
    done = {"settled": mark, "evidence": list(known)}
    approvals.register(services.rows).change(
        approval["id"], lambda body: None if body is None or _mark(body) != mark else {**body, **done}
    )


def _evidence(approval: JsonObject) -> Iterator[NewEntry]:
    """Each decision that was not recorded before, and how the approval was closed."""
    recorded = int((approval.get("settled") or "-0").rpartition("-")[2])
    scope: JsonObject = {
        "customer": approval["customer"],
        "practice": approval["practice"],
        "subject": Subject(approval["subject"]["kind"], approval["subject"]["id"]),
    }
    for one in approval["decisions"][recorded:]:
        payload = {"approval": approval["id"], "kind": approval["kind"], **one}
        yield NewEntry(
            type="approval.decided",
            key=f"{approval['id']}\n{one['by']}",
            payload=json.dumps(payload, sort_keys=True).encode(),
            actor=one["by"],
            **scope,
        )
    if approval["state"] in (APPROVED, REJECTED, VOID):
        closed = {key: value for key, value in approval.items() if key not in ("settled", "evidence")}
        yield NewEntry(
            type=f"approval.{'voided' if approval['state'] == VOID else approval['state']}",
            key=f"closed\n{approval['id']}",
            payload=json.dumps(closed, sort_keys=True).encode(),
            **scope,
        )


def _mark(approval: JsonObject) -> str:
    return f"{approval['state']}-{len(approval['decisions'])}"


def visible(row: JsonObject, person: Person) -> bool:
    """Whether a register row of a customer and practice lies within what the caller may see."""
    return person.sees_customer(row.get("customer")) and person.sees_practice(row.get("practice"))


def approval_view(services: Services, person: Person, approval_id: str) -> JsonObject:
    """One approval, lapsed if its time is over."""
    held = approvals.register(services.rows).get(approval_id)
    if held is None or not visible(held.body, person):
        raise NotFound(f"There is no approval {approval_id}.", code="approval_not_found")
    return shown(held.body, services)


def shown(approval: JsonObject, services: Services) -> JsonObject:
    """The contract's shape."""
    body = lapse(approval, services.clock.now())
    return {key: value for key, value in body.items() if key != "settled"} | {"read_at": rfc3339(services.clock.now())}


def decide_and_show(services: Services, person: Person, approval_id: str, body: JsonObject) -> JsonObject:
    """Decide, then answer the approval in the contract's shape."""
    return shown(decide_approval(services, person, approval_id, body), services)

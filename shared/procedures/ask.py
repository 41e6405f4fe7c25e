"""Ask people for an approval of exactly this content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta

from shared.actions import Action, ActionKind
from shared.approvals.quorum import OPEN, VOID, content_digest, lapse
from shared.errors import Conflict, RowExists
from shared.model import JsonObject, NewEntry, Subject, rfc3339
from shared.procedures.plan import queue_actions
from shared.procedures.services import Services
from shared.registers import approvals


def draft(
    services: Services,
    *,
    kind: str,
    subject: Subject,
    customer: str | None,
    practice: str | None,
    content: JsonObject,
    requester: str,
    persons: int = 1,
    text: str,
    attempt: str = "",
    rests_on: Sequence[str] = (),
) -> JsonObject:
    """An approval as it would be asked for now. Decimals in content are strings.

    ``rests_on`` names evidence that whoever decides should see; it is no part of what is approved.
    ``attempt`` distinguishes requests for the same content: another hold, or a renewal after expiry, rejection or void.
    """
    policy = services.policy.policy.scoped(practice, customer)
    now = services.clock.now()
    digest = content_digest(content)
    mark = hashlib.sha256(f"{kind}\n{subject.kind}\n{subject.id}\n{digest}\n{attempt}".encode()).hexdigest()[:20]
    return {
        "id": f"a-{mark}",
        "kind": kind,
        "subject": subject.to_json(),
        "customer": customer,
        "practice": practice,
        "requester": requester,
        "digest": digest,
        "content": content,
        "text": text,
        "needed": {
            "persons": 2 if kind in policy.approvals.two_persons else persons,
            "roles": [role.value for role in policy.approvals.deciding(kind)],
        },
        "decisions": [],
        "state": OPEN,
        "created": rfc3339(now),
        "expires": rfc3339(now + timedelta(hours=policy.approvals.expiry_hours)),
        "closed_at": None,
        "policy_version": services.policy.version,
        "rests_on": list(rests_on),
    }


def requested(approval: JsonObject) -> NewEntry:
    """The evidence that it was asked for."""
    return NewEntry(
        type="approval.requested",
        key=approval["id"],
        payload=json.dumps(approval, sort_keys=True).encode(),
        customer=approval["customer"],
        subject=Subject(approval["subject"]["kind"], approval["subject"]["id"]),
        actor=approval["requester"],
    )


def notice(approval: JsonObject) -> Action:
    """Tells people that it waits for them."""
    return Action(
        ActionKind.NOTIFY,
        f"approval-requested\n{approval['id']}",
        Subject("approval", approval["id"]),
        approval["customer"],
        {
            "event": "approval_requested",
            "practice": approval["practice"],
            "title": "An approval is waiting",
            "text": approval["text"],
            "id": approval["id"],
            "kind": approval["kind"],
        },
    )


def ask(
    services: Services,
    *,
    kind: str,
    subject: Subject,
    customer: str | None,
    practice: str | None,
    content: JsonObject,
    requester: str,
    persons: int = 1,
    text: str,
    run_id: str | None = None,
    attempt: str = "",
    rests_on: Sequence[str] = (),
) -> JsonObject:
    """Open an approval, or answer the open one for the same content; one that lapsed is renewed under an id of its own."""
    register = approvals.register(services.rows)
    while True:
        body = draft(
            services,
            kind=kind,
            subject=subject,
            customer=customer,
            practice=practice,
            content=content,
            requester=requester,
            persons=persons,
            text=text,
            attempt=attempt,
            rests_on=rests_on,
        )
        held = register.get(body["id"])
        if held is not None:
            standing = lapse(held.body, services.clock.now())
            if standing["state"] == OPEN:
                return standing
            attempt += "+"
            continue
        body = _first_recorded(services, body)
        try:
            register.insert(body["id"], body)
        except RowExists:
            continue
        queue_actions(services, [notice(body)], run_id)
        return body


def _first_recorded(services: Services, body: JsonObject) -> JsonObject:
    """Recorded as asked for, with that record's id. Who recorded it before us and died before its row: that request stands."""
    try:
        return {**body, "evidence": [services.ledger.record(requested(body)).evidence_id]}
    except Conflict as fault:
        evidence_id = str(fault.details["evidence_id"])
        before = services.ledger.content(evidence_id)
        if before is None:
            raise
        return {**json.loads(before), "evidence": [evidence_id]}


def withdraw(services: Services, approval_id: str, reason: str) -> None:
    """Make an open approval void because its subject changed or no longer needs it."""
    now = services.clock.now()

    def step(body: JsonObject | None) -> JsonObject | None:
        if body is None or lapse(body, now)["state"] != OPEN:
            return None
        return {**body, "state": VOID, "closed_at": rfc3339(now), "void_reason": reason}

    body = approvals.register(services.rows).change(approval_id, step)
    if body is not None and body["state"] == VOID:
        services.ledger.record(
            NewEntry(
                type="approval.voided",
                key=f"void\n{approval_id}",
                payload=json.dumps({"id": approval_id, "reason": reason}, sort_keys=True).encode(),
                customer=body["customer"],
                subject=Subject(body["subject"]["kind"], body["subject"]["id"]),
            )
        )

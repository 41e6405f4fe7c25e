"""Ask people for an approval of exactly this content."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

from shared.actions import Action, ActionKind
from shared.approvals.quorum import OPEN, VOID, content_digest, lapse
from shared.errors import RowExists
from shared.model import JsonObject, NewEntry, Subject, rfc3339
from shared.procedures.plan import queue_actions
from shared.procedures.services import Services
from shared.registers import approvals


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
) -> JsonObject:
    """Open an approval (or answer the open one for the same content). Decimals in content are strings.

    ``attempt`` distinguishes a renewed request for the same content (after expiry, rejection or void).
    """
    policy = services.policy.policy.scoped(practice, customer)
    now = services.clock.now()
    digest = content_digest(content)
    mark = hashlib.sha256(f"{kind}\n{subject.kind}\n{subject.id}\n{digest}\n{attempt}".encode()).hexdigest()[:20]
    approval_id = f"a-{mark}"
    body: JsonObject = {
        "id": approval_id,
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
    }
    held = approvals.register(services.rows).get(approval_id)
    if held is not None:
        standing = lapse(held.body, now)
        if standing["state"] == OPEN:
            return standing
        # the same content asked again after it lapsed: a new request with its own id
        return ask(
            services,
            kind=kind,
            subject=subject,
            customer=customer,
            practice=practice,
            content=content,
            requester=requester,
            persons=persons,
            text=text,
            run_id=run_id,
            attempt=attempt + "+",
        )
    services.ledger.record(
        NewEntry(
            type="approval.requested",
            key=approval_id,
            payload=json.dumps(body, sort_keys=True).encode(),
            customer=customer,
            subject=subject,
            actor=requester,
        )
    )
    try:
        approvals.register(services.rows).insert(approval_id, body)
    except RowExists:
        return ask(
            services,
            kind=kind,
            subject=subject,
            customer=customer,
            practice=practice,
            content=content,
            requester=requester,
            persons=persons,
            text=text,
            run_id=run_id,
            attempt=attempt,
        )
    queue_actions(
        services,
        [
            Action(
                ActionKind.NOTIFY,
                f"approval-requested\n{approval_id}",
                Subject("approval", approval_id),
                customer,
                {
                    "event": "approval_requested",
                    "practice": practice,
                    "title": "An approval is waiting",
                    "text": text,
                    "id": approval_id,
                    "kind": kind,
                },
            )
        ],
        run_id,
    )
    return body


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

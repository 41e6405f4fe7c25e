"""Ask people for an approval of exactly this content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from shared.actions import Action, ActionKind
from shared.approvals.quorum import OPEN, VOID, content_digest, lapse
from shared.errors import RowExists
from shared.model import JsonObject, NewEntry, Subject, rfc3339
from shared.procedures.first_word import first_recorded
from shared.procedures.plan import queue_actions
from shared.procedures.services import Services
from shared.registers import approvals


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What people are asked to approve. Decimals in ``content`` are strings."""

    kind: str
    subject: Subject
    customer: str | None
    practice: str | None
    content: JsonObject
    requester: str
    persons: int = 1
    text: str
    attempt: str = ""
    """Distinguishes requests for the same content: another hold, or a renewal after expiry, rejection or void."""
    rests_on: Sequence[str] = ()
    """Evidence that whoever decides should see; it is no part of what is approved."""


def draft(services: Services, question: Question) -> JsonObject:
    """An approval as it would be asked for now."""
    kind, subject = question.kind, question.subject
    policy = services.policy.policy.scoped(question.practice, question.customer)
    now = services.clock.now()
    digest = content_digest(question.content)
    marked = f"{kind}\n{subject.kind}\n{subject.id}\n{digest}\n{question.attempt}"
    mark = hashlib.sha256(marked.encode()).hexdigest()[:20]
    return {
        "id": f"a-{mark}",
        "kind": kind,
        "subject": subject.to_json(),
        "customer": question.customer,
        "practice": question.practice,
        "requester": question.requester,
        "digest": digest,
        "content": question.content,
        "text": question.text,
        "needed": {
            "persons": 2 if kind in policy.approvals.two_persons else question.persons,
            "roles": [role.value for role in policy.approvals.deciding(kind)],
        },
        "decisions": [],
        "state": OPEN,
        "created": rfc3339(now),
        "expires": rfc3339(now + timedelta(hours=policy.approvals.expiry_hours)),
        "closed_at": None,
        "policy_version": services.policy.version,
        "rests_on": list(question.rests_on),
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


def ask(services: Services, question: Question, run_id: str | None = None) -> JsonObject:
    """Open an approval, or answer the open one for the same content; one that lapsed is renewed under an id of its own."""
    register = approvals.register(services.rows)
    while True:
        body = draft(services, question)
        held = register.get(body["id"])
        if held is not None:
            standing = lapse(held.body, services.clock.now())
            if standing["state"] == OPEN:
                return standing
            question = replace(question, attempt=question.attempt + "+")
            continue
        # Who recorded it before us and died before its row: that request stands.
        stands, evidence_id = first_recorded(services, requested(body))
        body = {**stands, "evidence": [evidence_id]}
        try:
            register.insert(body["id"], body)
        except RowExists:
            continue
        queue_actions(services, [notice(body)], run_id)
        return body


def withdraw(services: Services, approval_id: str, reason: str) -> JsonObject | None:
    """Make an open approval void because its subject changed or no longer needs it; answer it as it stands then."""
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
                # the reason that stands: somebody else may have found another one at the same moment
                payload=json.dumps({"id": approval_id, "reason": body["void_reason"]}, sort_keys=True).encode(),
                customer=body["customer"],
                subject=Subject(body["subject"]["kind"], body["subject"]["id"]),
            )
        )
    return body

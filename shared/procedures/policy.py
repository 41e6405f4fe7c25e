"""The policy in force: read, changed by an administrator under a decision, kept as evidence in every version."""

from __future__ import annotations

import json

from shared.errors import Unacceptable
from shared.log import Event, log
from shared.model import JsonObject, NewEntry, Person, Subject, rfc3339
from shared.policy.document import policy_digest, read_policy
from shared.ports import Clock, Recorder, Rows
from shared.procedures.services import PolicyInForce, Services
from shared.registers.decisions import decisions
from shared.registers.store import Register


def in_force(rows: Rows, shipped: str) -> PolicyInForce:
    """The newest accepted policy, or the shipped one (``shipped`` is a TOML merged over the defaults; '' for none)."""
    held = Register(rows, "policy").get("current")
    text = str(held.body["text"]) if held else shipped
    policy = read_policy(text)
    return PolicyInForce(version_of(text), policy, text, held.body["decision_id"] if held else None)


def version_of(text: str) -> str:
    """``p-`` and twelve hex of the digest of the whole policy, defaults included: the same rules, the same version."""
    return f"p-{policy_digest(read_policy(text))[:12]}"


def record_first(rows: Rows, ledger: Recorder, clock: Clock, shipped: str) -> None:
    """Record the policy the service started with, once per version."""
    now = in_force(rows, shipped)
    if Register(rows, "policy").get(now.version) is None:
        _keep(rows, ledger, clock, now, actor="service")


def _keep(rows: Rows, ledger: Recorder, clock: Clock, policy: PolicyInForce, actor: str) -> None:
    body = {
        "version": policy.version,
        "text": policy.text,
        "decision_id": policy.decision_id,
        "effective": policy.policy.model_dump(mode="json"),
    }
    ledger.record(
        NewEntry(
            type="policy.in_force",
            key=f"policy\n{policy.version}\n{policy.decision_id or ''}",
            payload=json.dumps(body, sort_keys=True, ensure_ascii=False).encode(),
            subject=Subject("policy", policy.version),
            actor=actor,
        )
    )
    Register(rows, "policy").put(
        policy.version,
        {
            "version": policy.version,
            "text": policy.text,
            "decision_id": policy.decision_id,
            "at": rfc3339(clock.now()),
        },
    )


def policy_view(services: Services) -> JsonObject:
    """The TOML in force with its version and what nobody has confirmed yet."""
    policy = services.policy
    return {
        "version": policy.version,
        "toml": policy.text,
        "effective": policy.policy.model_dump(mode="json"),
        "decision_id": policy.decision_id,
        "unconfirmed": list(policy.policy.unconfirmed()),
    }


def put_policy(services: Services, person: Person, body: JsonObject) -> JsonObject:
    """Bring a new policy into force. Raises Unacceptable when the decision is unknown or the TOML cannot be used."""
    decision = body["decision_id"]
    if decisions(services.rows).get(decision) is None:
        raise Unacceptable("A policy change names a decision of the log.", code="decision_unknown")
    text = body["toml"]
    policy = PolicyInForce(version_of(text), read_policy(text), text, decision)
    _keep(services.rows, services.ledger, services.clock, policy, actor=person.oid)
    Register(services.rows, "policy").put(
        "current",
        {
            "version": policy.version,
            "text": text,
            "decision_id": decision,
            "at": rfc3339(services.clock.now()),
        },
    )
    log(Event.POLICY_CHANGED, version=policy.version, decision_id=str(decision), oid=person.oid)
    return {
        **policy_view(services),
        "version": policy.version,
        "toml": text,
        "decision_id": decision,
        "effective": policy.policy.model_dump(mode="json"),
        "unconfirmed": list(policy.policy.unconfirmed()),
    }

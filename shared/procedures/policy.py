"""The policy in force: read, changed by an administrator under a decision, kept as evidence in every version."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from shared.approvals.decision_record import codes_of
from shared.controls.catalogue import controls
from shared.errors import Unacceptable
from shared.log import Event, log
from shared.model import JsonObject, NewEntry, Person, Subject, rfc3339
from shared.policy.document import policy_digest, read_policy
from shared.ports import Clock, Recorder, Rows
from shared.procedures.services import PolicyInForce, Services
from shared.registers.decisions import decisions
from shared.registers.store import Held, Register


def in_force(rows: Rows, shipped: str) -> PolicyInForce:
    """The newest accepted policy, or the shipped one (``shipped`` is a TOML merged over the defaults; '' for none)."""
    return _in_force(_register(rows).get("current"), shipped)


def _register(rows: Rows) -> Register:
    """``current``, and every version that was in force."""
    return Register(rows, "policy")


def _in_force(held: Held | None, shipped: str) -> PolicyInForce:
    text = str(held.body["text"]) if held else shipped
    policy = read_policy(text)
    return PolicyInForce(version_of(text), policy, text, held.body["decision_id"] if held else None)


def version_of(text: str) -> str:
    """``p-`` and twelve hex of the digest of the whole policy, defaults included: the same rules, the same version."""
    return f"p-{policy_digest(read_policy(text))[:12]}"


def record_first(rows: Rows, ledger: Recorder, clock: Clock, shipped: str) -> None:
    """Record the policy the service started with, once; or what somebody brought into force and died before recording."""
    held = _register(rows).get("current")
    now = _in_force(held, shipped)
    known = _register(rows).get(now.version)
    brought: JsonObject = held.body if held is not None else {}
    if known is None or ("replaces" in brought and known.body["at"] != brought["at"]):
        _keep(rows, ledger, now, brought, rfc3339(clock.now()))


def _keep(rows: Rows, ledger: Recorder, policy: PolicyInForce, brought: JsonObject, now: str) -> None:
    """``brought``: the row by which somebody brought it into force; empty for the shipped one."""
    since: dict[str, str] = {name: str(brought[name]) for name in ("at", "replaces") if name in brought}
    body: JsonObject = {
        "version": policy.version,
        "text": policy.text,
        "decision_id": policy.decision_id,
        "effective": policy.policy.model_dump(mode="json"),
        **since,
    }
    ledger.record(
        NewEntry(
            type="policy.in_force",
            key="\n".join(("policy", policy.version, policy.decision_id or "", *since.values())),
            payload=json.dumps(body, sort_keys=True, ensure_ascii=False).encode(),
            subject=Subject("policy", policy.version),
            actor=brought.get("by", "service"),
        )
    )
    _register(rows).put(
        policy.version,
        {
            "version": policy.version,
            "text": policy.text,
            "decision_id": policy.decision_id,
            "at": since.get("at", now),
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


_POLICY = re.compile(r"\bpolic(y|ies)\b", re.IGNORECASE)
_SAYING = ("title", "context", "options", "decision", "consequences", "links")


def _demand_ground(services: Services, identity: str, policy: PolicyInForce) -> None:
    """The decision is in the log, was taken, counts today, and speaks of policy or names a setting that changes."""
    held = decisions(services.rows).get(identity)
    if held is None:
        raise Unacceptable("A policy change names a decision of the log.", code="decision_unknown")
    row = held.body
    if row["state"] != "decided":
        raise Unacceptable(
            f"The decision “{row['title']}” is {row['state']}; policy rests on one that was taken and stands.",
            code="decision_not_taken",
        )
    managers = {key: practice.manager for key, practice in services.policy.policy.practices.items()}
    lacking = codes_of(row, managers, services.clock.now())
    if lacking:
        raise Unacceptable(
            f"The decision “{row['title']}” does not count: {', '.join(lacking)}.", code="decision_invalid"
        )
    said = json.dumps([row.get(name) for name in _SAYING], ensure_ascii=False)
    before, after = (one.model_dump(mode="json") for one in (services.policy.policy, policy.policy))
    if not _POLICY.search(said) and not any(key in said for key in _moved(before, after)):
        raise Unacceptable(
            f"The decision “{row['title']}” is not about policy: it says neither “policy” nor the name of a setting "
            "that changes, such as billing.margin_floor.",
            code="decision_elsewhere",
        )


def _demand_confirmations(services: Services, policy: PolicyInForce) -> None:
    """What a policy newly calls confirmed, a decision of the log has confirmed: this one or another that was taken."""
    standing = services.policy.policy.confirmed.keys
    for key, identity in policy.policy.confirmed.keys.items():
        if standing.get(key) == identity:
            continue
        held = decisions(services.rows).get(identity)
        if held is None:
            raise Unacceptable(
                f"{key} is confirmed by {identity}, which is no decision of the log.", code="decision_unknown"
            )
        if held.body["state"] != "decided":
            raise Unacceptable(
                f"{key} is confirmed by the decision “{held.body['title']}”, which is {held.body['state']}.",
                code="decision_not_taken",
            )


def _moved(before: JsonObject, after: JsonObject, under: str = "") -> Iterator[str]:
    """Dotted names of the settings that differ."""
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if isinstance(was, dict) and isinstance(now, dict):
            yield from _moved(was, now, f"{under}{key}.")
        elif was != now:
            yield f"{under}{key}"


def put_policy(services: Services, person: Person, body: JsonObject) -> JsonObject:
    """Bring a new policy into force. Raises Unacceptable where its decision does not carry it, or the TOML cannot be used.

    Each names the version it replaced, so that evidence tells their order even of two brought in at once.
    """
    decision = body["decision_id"]
    text = body["toml"]
    policy = PolicyInForce(version_of(text), read_policy(text), text, decision)
    named = {name for step in policy.policy.programme.steps for name in step.controls}
    if unknown := sorted(named - controls().keys()):
        raise Unacceptable(f"Steps rest on controls that there are not: {', '.join(unknown)}.", code="policy_invalid")
    _demand_ground(services, decision, policy)
    _demand_confirmations(services, policy)
    now, shipped = rfc3339(services.clock.now()), services.policy.version
    row: JsonObject = {"version": policy.version, "text": text, "decision_id": decision, "at": now, "by": person.oid}

    def step(body: JsonObject | None) -> JsonObject:
        return {**row, "replaces": body["version"] if body is not None else shipped}

    stands = _register(services.rows).change("current", step) or row
    _keep(services.rows, services.ledger, policy, stands, now)
    log(Event.POLICY_CHANGED, version=policy.version, decision_id=str(decision), oid=person.oid)
    return {
        **policy_view(services),
        "version": policy.version,
        "toml": text,
        "decision_id": decision,
        "effective": policy.policy.model_dump(mode="json"),
        "unconfirmed": list(policy.policy.unconfirmed()),
    }

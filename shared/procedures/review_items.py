"""Items of a review: an integration frozen with its risks, its owner and what the last review saw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from shared.controls.integration_permissions import risks
from shared.measures.access_facts import Integration, ReviewFacts
from shared.model import JsonObject, Subject, rfc3339
from shared.policy.access import AccessPolicy
from shared.ports import Rows
from shared.registers import integrations, reviews

Before = Mapping[str, frozenset[tuple[str, str]]]
"""What an earlier review saw: integration (source, tenant, id) to its (kind, value) pairs."""


def identity_of(source: str, tenant: str, identity: str) -> str:
    """An integration across quarters: its object may be re-created, its identity stays."""
    return f"{source}\n{tenant}\n{identity.lower()}"


def before(rows: Rows, quarter: str) -> Before | None:
    """Rights as the previous review left them; None when there was none."""
    last = reviews.earlier(rows, quarter)
    if last is None:
        return None
    seen: dict[str, frozenset[tuple[str, str]]] = {}
    for item in reviews.items(rows, last["part"]).all():
        frozen, decision = item["frozen"], item["decision"]
        rights = {(right["kind"], right["value"]) for right in frozen["permissions"]}
        if decision is not None and decision["state"] == reviews.VERIFIED:
            # What was verified gone and is back has been added since.
            lost = (
                {value for _, value in rights}
                if decision["decision"] == "revoke"
                else set(decision.get("remove") or ())
            )
            rights = {right for right in rights if right[1] not in lost}
        key = identity_of(frozen["source"], frozen["tenant"], frozen["integration"]["id"])
        seen[key] = seen.get(key, frozenset()) | rights
    return seen


def facts_of(one: Integration, registered: Mapping[str, JsonObject], earlier: Before | None) -> ReviewFacts:
    """The integration beside the register and the last review."""
    entry = registered.get(one.id.lower())
    known = None if earlier is None else earlier.get(identity_of(one.source, one.tenant, one.id))
    gained = [right.value for right in one.permissions if (right.kind, right.value) not in (known or ())]
    return ReviewFacts(
        integration=one,
        registered=entry is not None,
        registered_owner=str((entry or {}).get("owner") or ""),
        added=tuple(dict.fromkeys(gained)) if earlier is not None else (),
        new=earlier is not None and known is None,
    )


def freeze(number: int, facts: ReviewFacts, policy: AccessPolicy, as_of: datetime, due: datetime) -> JsonObject:
    """One item as it will stand for the quarter."""
    one = facts.integration
    found = risks(facts, policy, as_of)
    body: JsonObject = {
        "integration": {"id": one.id, "object_id": one.object_id, "name": one.name},
        "source": one.source,
        "tenant": one.tenant,
        "permissions": [right.to_json() for right in one.permissions],
        "least_set": None if one.least is None else list(one.least),
        "removable": [{"value": value, "reach": reach} for value, reach in one.removable],
        "commands": list(one.commands),
        "risks": list(dict.fromkeys(reason.code for reason in found if reason.code != "stale_facts")),
        "reasons": [reason.to_json() for reason in found],
        "unknown": list(one.unknowns),
        "owner": facts.registered_owner or next(iter(one.owners or ()), None) or policy.default_owner or None,
        "due": rfc3339(due),
        "last_used": rfc3339(one.last_used) if one.last_used else None,
    }
    digest = hashlib.sha256(canonical(body)).hexdigest()
    return {"id": f"{number:05d}-{digest[:16]}", **body, "digest": digest}


def canonical(body: object) -> bytes:
    """Bytes for digests and payloads: sorted, compact, UTF-8."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def subjects(every: list[Integration], home: str) -> dict[str, Subject]:
    """A finding's subject for each integration: its plain id wherever that is unambiguous."""
    out: dict[str, Subject] = {}
    for one in every:
        plain = one.source != "azure" and one.tenant in ("", home)
        name = (
            one.id if plain else f"{one.source}:{one.id}" + (f"@{one.tenant}" if one.tenant not in ("", home) else "")
        )
        out[one.key] = Subject("integration", name)
    return out


def registered(rows: Rows) -> dict[str, JsonObject]:
    """The register people keep, by id in lower case."""
    return integrations.by_id(rows)

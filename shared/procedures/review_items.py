"""Items of a review: an integration frozen with its risks, its owner and what the last review saw."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from shared.controls.integration_permissions import UNKNOWN, risks
from shared.measures.access_facts import Integration, ReviewFacts
from shared.model import JsonObject, Reason, Subject, rfc3339
from shared.policy.access import AccessPolicy
from shared.ports import Rows
from shared.registers import integrations, reviews

_MOST_BYTES = 640_000
"""Of an item's rights with their commands; a thousand times what an integration usually holds."""
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
    rights, beyond = _fitting(one)
    found += [Reason(UNKNOWN, text) for text in beyond]
    left_out = {command for right in one.permissions[len(rights) :] for command in right.commands}
    owner = facts.registered_owner or next(iter(one.owners or ()), None) or policy.default_owner or None
    body: JsonObject = {
        "integration": {"id": one.id, "object_id": one.object_id, "name": one.name},
        "source": one.source,
        "tenant": one.tenant,
        "permissions": rights,
        "least_set": None if one.least is None else list(one.least),
        "removable": [{"value": value, "reach": reach} for value, reach in one.removable],
        "commands": [command for command in one.commands if command not in left_out],
        "risks": list(dict.fromkeys(reason.code for reason in found if reason.code != UNKNOWN)),
        "reasons": [reason.to_json() for reason in found],
        "unknown": [reason.text for reason in found if reason.code == UNKNOWN],
        "owner": owner,
        "owner_name": (one.owners or {}).get(owner or "") or None,
        "due": rfc3339(due),
        "last_used": rfc3339(one.last_used) if one.last_used else None,
    }
    digest = hashlib.sha256(canonical(body)).hexdigest()
    return {"id": f"{number:05d}-{digest[:16]}", **body, "digest": digest}


def _fitting(one: Integration) -> tuple[list[JsonObject], list[str]]:
    """Rights, most privileged first, as far as one row can hold them; and a sentence when it cannot hold all."""
    if (
        sum(2_000 + 8 * len(right.value) for right in one.permissions) <= _MOST_BYTES
    ):  # nearly always: not worth measuring
        return [right.to_json() for right in one.permissions], []
    shown: list[JsonObject] = []
    size = 0
    for right in one.permissions:
        told = right.to_json()
        size += len(canonical(told)) + sum(map(len, right.commands))
        if size > _MOST_BYTES:
            more = len(one.permissions) - len(shown)
            return shown, [f"It holds {more} rights more than a review can show; to revoke it takes them all."]
        shown.append(told)
    return shown, []


def canonical(body: object) -> bytes:
    """Bytes for digests and payloads: sorted, compact, UTF-8."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def subjects(every: list[Integration], home: str) -> dict[str, Subject]:
    """A finding's subject for each integration: its plain id wherever that is unambiguous."""
    names = {one.key: _subject_name(one, home) for one in every}
    # Two of one id are two all the same: an application made anew while it was read, a client id given twice.
    shared = Counter(names.values())
    return {
        one.key: Subject("integration", name if shared[name := names[one.key]] == 1 else f"{name}#{one.object_id}")
        for one in every
    }


def _subject_name(one: Integration, home: str) -> str:
    if one.source != "azure" and one.tenant in ("", home):
        return one.id
    return f"{one.source}:{one.id}" + (f"@{one.tenant}" if one.tenant not in ("", home) else "")


def registered(rows: Rows) -> dict[str, JsonObject]:
    """The register people keep, by id in lower case."""
    return integrations.by_id(rows)

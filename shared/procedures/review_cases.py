"""What a permission review judges: integrations as they are, those it asked about and no longer sees, customers' tenants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from shared.controls.spec import Case
from shared.measures.access_facts import Gone, Integration, ReviewFacts, TenantRead
from shared.model import JsonObject, Subject
from shared.procedures.review_items import before, facts_of, identity_of, registered, subjects
from shared.procedures.review_read import Taken
from shared.procedures.services import Services
from shared.registers import reviews

_OF_RIGHTS = frozenset({"tier0", "unknown_permission", "unused_permission"})


def cases(services: Services, quarter: str, taken: Taken, items: Iterable[JsonObject]) -> list[Case]:
    """One case a subject. What is not seen is gone where the reading was whole, and unknown where it was not."""
    tenants = services.settings.words("GRAPH_TENANTS")
    earlier, entries = before(services.rows, quarter), registered(services.rows)
    every = taken.integrations()
    asked = [(_as_asked(item), item) for item in items]
    by_key = {one.key: item for one, item in asked}
    by_identity = {_identity(one): item for one, item in asked}
    seen = {_identity(one) for one in every}
    unseen = [one for one, _ in asked if _identity(one) not in seen]
    named = subjects([*every, *unseen], next(iter(tenants), ""))
    found: list[tuple[str, Subject, Any, str]] = []
    for one in every:
        item = by_key.get(one.key) or by_identity.get(_identity(one))
        found.append((one.source, named[one.key], _with_answer(facts_of(one, entries, earlier), item), ""))
    found += [(one.source, named[one.key], *_unseen(taken, one)) for one in unseen]
    found += [("entra", Subject("tenant", tenant), *_tenant(taken, tenant)) for tenant in tenants[1:]]
    return [
        Case(
            subject=subject,
            customer=None,
            practice=None,
            facts=facts,
            observed_at=taken.read_at[source],
            observations=taken.observations[:20],
            missing=missing,
        )
        for source, subject, facts, missing in found
    ]


def _identity(one: Integration) -> str:
    return identity_of(one.source, one.tenant, one.id)


def _as_asked(item: JsonObject) -> Integration:
    """Who an item is about, without what was known of it."""
    frozen = item["frozen"]
    about = frozen["integration"]
    return Integration(frozen["source"], frozen["tenant"], about["id"], about["object_id"], about["name"])


def _unseen(taken: Taken, one: Integration) -> tuple[Gone | None, str]:
    inventory = taken.sources[one.source]
    why = next((other.why for other in inventory.unreadable if other.id == one.object_id), "")
    if not why and one.tenant in inventory.complete:
        return Gone(), ""
    return None, why or "It is not among what was read, and not everything could be read."


def _tenant(taken: Taken, tenant: str) -> tuple[TenantRead | None, str]:
    inventory = taken.sources["entra"]
    if tenant in inventory.complete:
        return TenantRead(), ""
    why = [gap for gap in inventory.gaps if tenant in gap]
    return None, " ".join(why[:5]) or "Some of its rows cannot be read."


def _with_answer(facts: ReviewFacts, item: JsonObject | None) -> ReviewFacts:
    """A decision to keep answers this quarter's risks."""
    decision = item["decision"] if item else None
    if item is None or decision is None:
        return facts
    if decision["state"] == reviews.NOT_REVOKED:
        return replace(facts, not_revoked=tuple(decision.get("left") or decision["remove"]))
    if decision["decision"] in ("keep", "reduce") and decision["state"] in (reviews.DECIDED, reviews.VERIFIED):
        seen = {(right["kind"], right["value"]) for right in item["frozen"]["permissions"]}
        gained = any((right.kind, right.value) not in seen for right in facts.integration.permissions)
        # Who kept it has not seen a right that came later, and it may be the one that matters.
        return replace(facts, accepted=frozenset(item["frozen"]["risks"]) - (_OF_RIGHTS if gained else frozenset()))
    return facts

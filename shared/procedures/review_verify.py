"""Is gone what was to go? Answered only by a reading that was whole and later than the decision."""

from __future__ import annotations

from datetime import datetime

from shared.measures.access_facts import Integration
from shared.model import JsonObject, NewEntry, Subject, parse_instant, rfc3339
from shared.procedures.review_items import canonical
from shared.procedures.review_read import Taken
from shared.procedures.services import Services
from shared.registers import reviews


def verify_items(
    services: Services, quarter: str, part: str, items: list[JsonObject], taken: Taken, as_of: datetime
) -> list[JsonObject]:
    """Items with the state of their removals brought up to date; each change is evidence."""
    out: list[JsonObject] = []
    entries: list[NewEntry] = []
    for item in items:
        left = _left(item, taken)
        after = None if left is None else _state(item, left, as_of)
        if after is None:
            out.append(item)
            continue
        told = {
            "quarter": quarter,
            "item": item["id"],
            "integration": item["frozen"]["integration"],
            "state": after["state"],
            "left": after["left"],
            "verified_at": after["verified_at"],
        }
        digest = f"{after['state']}\n{after['verified_at']}"
        entries.append(
            NewEntry(
                type="review.verified" if after["state"] == reviews.VERIFIED else "review.not_revoked",
                key=f"review-verified\n{quarter}\n{item['id']}\n{len(item['attestations'])}\n{digest}",
                payload=canonical(told),
                subject=Subject("review_item", f"{quarter}/{item['id']}"),
                occurred_at=as_of,
                controls=("integration_permissions",),
            )
        )
        out.append(_swap(services, part, item, after))
    services.ledger.record_many(entries)
    return out


def _swap(services: Services, part: str, item: JsonObject, after: JsonObject) -> JsonObject:
    """Only over the decision that was verified: somebody may have answered anew in between."""
    seen = len(item["attestations"])

    def step(row: JsonObject | None) -> JsonObject | None:
        if row is None or len(row["attestations"]) != seen:
            return None
        return {**row, "decision": after}

    return reviews.items(services.rows, part).change(item["id"], step) or item


def _left(item: JsonObject, taken: Taken) -> list[str] | None:
    """What was to go and is still there; None when this reading cannot tell or nothing was to go."""
    decision, frozen = item["decision"], item["frozen"]
    if decision is None or decision["decision"] not in ("reduce", "revoke") or decision["state"] == reviews.AWAITING:
        return None
    source, tenant = frozen["source"], frozen["tenant"]
    inventory = taken.sources[source]
    ours = not tenant and source == "azure"
    if tenant not in inventory.complete and not ours:
        return None
    if taken.read_at[source] < parse_instant(decision["at"]):
        return None
    about = frozen["integration"]
    if any(one.id == about["object_id"] for one in inventory.unreadable):
        return None
    now = taken.find(source, tenant, about["object_id"], about["id"])
    if now is None:
        return []
    if not now.rights_known:
        return None
    held = list(dict.fromkeys(right.value for right in now.permissions))
    if decision["decision"] == "reduce":
        return [value for value in held if value in decision["remove"]]
    return held or _standing(frozen, now)


def _standing(frozen: JsonObject, now: Integration) -> list[str]:
    """An integration that never held rights is revoked when it is gone or switched off."""
    return [now.name] if now.enabled and not frozen["permissions"] else []


def _state(item: JsonObject, left: list[str], as_of: datetime) -> JsonObject | None:
    decision = item["decision"]
    state = reviews.NOT_REVOKED if left else reviews.VERIFIED
    if decision["state"] == state and decision.get("left", []) == left:
        return None
    return {**decision, "state": state, "left": left, "verified_at": rfc3339(as_of)}

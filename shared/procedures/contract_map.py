"""The contract map: what each contract type of the old system became in HaloPSA, and who decided about those that do not map."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Protocol, cast

from shared.errors import NotFound, Unacceptable
from shared.model import JsonObject, NewEntry, Person, Subject, rfc3339
from shared.procedures.billing_trust import map_mark
from shared.procedures.governance import decision_shown, open_decision
from shared.procedures.services import Services
from shared.registers import validations
from shared.registers.decisions import decisions

_MOST = 500
_LONGEST = 300


class _Types(Protocol):
    def contract_types(self, mirror: Any) -> dict[str, int]: ...


def put_contract_map(services: Services, person: Person, body: JsonObject) -> JsonObject:
    """Draw it up anew. For every type without a counterpart a decision is opened, unless one is named.

    ``{"system": name, "items": [{"old": type, "halo": HaloPSA's type or null, "note", "decision_id"}]}``; no old system:
    an empty list. Raises Unacceptable naming the item, NotFound for who sees only some customers.
    """
    if person.customers is not None:
        raise NotFound("The contract map is about all customers.", code="contract_map_not_found")
    system = _text(body.get("system"), "system")
    given = body.get("items")
    if not isinstance(given, list) or len(given) > _MOST or set(body) - {"system", "items"}:
        raise Unacceptable(f"A contract map has a system and at most {_MOST} items.", code="contract_map_invalid")
    items = [_item(services, number, one) for number, one in enumerate(given, start=1)]
    names = [one["old"].casefold() for one in items]
    twice = next((one["old"] for one in items if names.count(one["old"].casefold()) > 1), None)
    if twice is not None:
        raise Unacceptable(f"The type {twice!r} stands in the map twice.", code="contract_map_invalid")
    now = services.clock.now()
    for one in items:
        if one["halo"] is None and one["decision_id"] is None:
            one["decision_id"] = open_decision(
                services,
                title=f"What becomes of the contract type “{one['old']}” of {system}?",
                context=f"It has no counterpart in HaloPSA. {one['note']}".strip(),
                requester=person.oid,
                key=f"contract-map\n{system}\n{one['old']}",
                owner="Finance",
            )
    row: JsonObject = {"system": system, "items": items, "by": person.oid, "at": rfc3339(now)}
    payload = json.dumps(row, sort_keys=True, ensure_ascii=False).encode()
    services.ledger.record(
        NewEntry(
            type="contract_map.recorded",
            key=f"contract-map\n{hashlib.sha256(payload).hexdigest()}",
            payload=payload,
            subject=Subject("contract_map", "current"),
            actor=person.oid,
        )
    )
    validations.put_contract_map(services.rows, row)
    return contract_map_view(services)


def _item(services: Services, number: int, given: object) -> JsonObject:
    if not isinstance(given, Mapping) or set(given) - {"old", "halo", "note", "decision_id"}:
        raise Unacceptable(
            f"Item {number} needs old, and may have halo, note and decision_id.", code="contract_map_invalid"
        )
    halo, note, decision = given.get("halo"), given.get("note"), given.get("decision_id")
    if decision is not None and (not isinstance(decision, str) or decisions(services.rows).get(decision) is None):
        raise Unacceptable(f"Item {number} names a decision that is not in the log.", code="decision_unknown")
    return {
        "old": _text(given.get("old"), f"item {number}, old"),
        "halo": None if halo is None else _text(halo, f"item {number}, halo"),
        "note": "" if note is None else _text(note, f"item {number}, note"),
        "decision_id": decision,
    }


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST:
        raise Unacceptable(
            f"{name.capitalize()} must be a text of up to {_LONGEST} letters.", code="contract_map_invalid"
        )
    return value.strip()


def contract_map_view(services: Services) -> JsonObject:
    """The map with where each type stands: ``mapped``, ``decided`` or ``open``; and types of HaloPSA nobody mapped to.

    ``contracts`` counts HaloPSA's contracts of that type. ``complete``: no type is open, and there is a map at all.
    """
    held = validations.contract_map(services.rows)
    seen = cast("_Types", services.facts("validation")).contract_types(services.mirror)
    if held is None:
        return {"system": None, "items": [], "complete": False, "digest": None, "unexpected": sorted(seen), "at": None}
    items = [
        {**one, "state": _state(services, one), "contracts": seen.get(one["halo"] or "", 0)} for one in held["items"]
    ]
    targets = {one["halo"] for one in items}
    return {
        "system": held["system"],
        "items": items,
        "complete": all(one["state"] != "open" for one in items),
        "digest": map_mark(services),
        "unexpected": sorted(name for name in seen if name not in targets),
        "at": held["at"],
    }


def _state(services: Services, item: JsonObject) -> str:
    if item["halo"] is not None:
        return "mapped"
    held = decisions(services.rows).get(item["decision_id"]) if item["decision_id"] else None
    return "decided" if held is not None and decision_shown(services, held.body)["valid"] else "open"

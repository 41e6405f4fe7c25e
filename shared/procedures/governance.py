"""Decisions and backlog: added by people and by the service, never edited away; later words are new entries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from secrets import token_hex

from shared.approvals.decision_record import codes_of
from shared.errors import Conflict, NotFound, RowExists, Unacceptable
from shared.model import JsonObject, NewEntry, Person, Role, Subject, parse_instant, rfc3339
from shared.procedures.decide import visible
from shared.procedures.first_word import first_recorded
from shared.procedures.page import page
from shared.procedures.services import Services
from shared.registers.decisions import DELIVERED, backlog, decisions, rank


def decision_id(key: str) -> str:
    """The id of the decision that is opened under a key."""
    return f"d-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def open_decision(
    services: Services,
    *,
    title: str,
    context: str,
    requester: str,
    key: str | None = None,
    customer: str | None = None,
    practices: tuple[str, ...] = (),
    owner: str | None = None,
    due: datetime | None = None,
    links: tuple[str, ...] = (),
) -> str:
    """Open a decision that somebody must take; answer its id. ``key`` makes repeating it harmless."""
    now = services.clock.now()
    identity = decision_id(key) if key else f"d-{token_hex(8)}"
    held = decisions(services.rows).get(identity) if key else None
    if held is not None:
        if held.body["state"] == "settled":  # what it was about has come up again
            _move(services, identity, "settled", {"state": "open", "due": rfc3339(due) if due else None}, "reopened")
        return identity
    _store(
        services,
        {
            "id": identity,
            "title": title,
            "context": context,
            "options": [],
            "decision": None,
            "consequences": None,
            "practices": list(practices),
            "customer": customer,
            "practice": _only(practices),
            "involved": [],
            "filter": {},
            "owner": owner,
            "due": rfc3339(due) if due else None,
            "expires": None,
            "review_date": None,
            "links": list(links),
            "state": "open",
            "requested_by": requester,
            "decided_by": None,
            "created": rfc3339(now),
        },
    )
    return identity


def settle_decision(services: Services, key: str, reason: str) -> None:
    """Nobody needs to decide any more what was opened under ``key``: it was settled where it arose."""
    identity = decision_id(key)
    _move(services, identity, "open", {"state": "settled", "settled": reason}, "settled")


def _move(services: Services, identity: str, before: str, change: JsonObject, what: str) -> None:
    """Move a decision on from a state, with evidence; nothing where it stands elsewhere. Each move is told once."""
    held = decisions(services.rows).get(identity)
    if held is None or held.body["state"] != before:
        return
    moves = int(held.body.get("moves", 0))
    row = {**held.body, **change, "moves": moves + 1}
    stands, _ = first_recorded(
        services,
        NewEntry(
            type=f"decision.{what}",
            key=f"{identity}\n{what}\n{moves}",
            payload=json.dumps(row, sort_keys=True, ensure_ascii=False).encode(),
            customer=row["customer"],
            subject=Subject("decision", identity),
            practice=row["practice"],
        ),
    )
    told = {name: stands[name] for name in (*change, "moves")}

    def step(body: JsonObject | None) -> JsonObject | None:
        if body is None or body["state"] != before or int(body.get("moves", 0)) != moves:
            return None
        return {**body, **told}

    decisions(services.rows).change(identity, step, held)


def add_decision(services: Services, person: Person, body: JsonObject) -> JsonObject:
    """Add to the decision log. With ``decision`` a person takes it at once, and it counts only if nothing is missing.

    A flow decides nothing: what it brings stands as ``proposal`` of an open decision.
    """
    now = services.clock.now()
    for name in ("due", "expires", "review_date"):
        if body.get(name) is not None:
            _instant(body[name], name)
    flow = person.is_application or person.roles <= {Role.AUTOMATION}
    said = str(body.get("decision") or "").strip() or None
    taken = said is not None and not flow
    row: JsonObject = {
        "id": f"d-{token_hex(8)}",
        "title": body["title"].strip(),
        "context": body.get("context") or "",
        "options": body.get("options") or [],
        "decision": body.get("decision") if taken else None,
        "proposal": None if taken else said,
        "consequences": body.get("consequences"),
        "practices": body.get("practices") or [],
        "customer": body.get("customer"),
        "practice": None,
        "involved": body.get("involved") or [],
        "filter": body.get("filter") or {},
        "owner": body.get("owner"),
        "due": body.get("due"),
        "expires": body.get("expires"),
        "review_date": body.get("review_date"),
        "links": body.get("links") or [],
        "supersedes": body.get("supersedes"),
        "state": "decided" if taken else "open",
        "requested_by": person.oid,
        "decided_by": person.oid if taken else None,
        "created": rfc3339(now),
    }
    unknown = [key for key in row["practices"] if key not in services.policy.policy.practices]
    if unknown:
        raise Unacceptable(f"Policy knows no practice {', '.join(unknown)}.", code="practice_unknown")
    row["practice"] = _only(row["practices"])
    if row["customer"] is not None and not person.sees_customer(row["customer"]):
        raise NotFound("There is no such customer.", code="customer_not_found")
    if not all(person.sees_practice(practice) for practice in row["practices"]):
        raise NotFound("There is no such practice.", code="practice_not_found")
    former = decisions(services.rows).get(row["supersedes"]) if row["supersedes"] is not None else None
    if row["supersedes"] is not None and (former is None or not _concerns(former.body, person)):
        raise Unacceptable("The decision it supersedes is not in the log.", code="decision_unknown")
    _store(services, row, actor=person.oid)
    if row["supersedes"] is not None and taken:
        decisions(services.rows).change(
            row["supersedes"],
            lambda old: None if old is None else {**old, "state": "superseded", "superseded_by": row["id"]},
        )
    return decision_shown(services, row)


def _instant(text: object, name: str) -> None:
    try:
        parse_instant(str(text))
    except ValueError:
        raise Unacceptable(f"{name} must be a time such as 2026-11-20T17:00:00Z.", code="time_invalid") from None


def _store(services: Services, row: JsonObject, actor: str = "service") -> None:
    """As it was recorded first: of two who open it at once, or one after another's crash, the first one's stands."""
    row, _ = first_recorded(
        services,
        NewEntry(
            type="decision.recorded",
            key=row["id"],
            payload=json.dumps(row, sort_keys=True, ensure_ascii=False).encode(),
            customer=row["customer"],
            subject=Subject("decision", row["id"]),
            actor=actor,
            practice=row["practice"],
        ),
    )
    with suppress(RowExists):
        decisions(services.rows).insert(row["id"], row)


def _only(practices: Sequence[str]) -> str | None:
    return practices[0] if len(practices) == 1 else None


def _concerns(row: JsonObject, person: Person) -> bool:
    """Within what the caller may see: one of several practices suffices, and whoever wrote it may read it again."""
    if row["requested_by"] == person.oid:
        return True
    practices = row.get("practices") or [row["practice"]]
    return person.sees_customer(row["customer"]) and any(person.sees_practice(one) for one in practices)


def decision_shown(services: Services, row: JsonObject) -> JsonObject:
    """A decision with what it lacks: ``valid`` and ``codes`` are worked out from the policy in force."""
    managers = {key: practice.manager for key, practice in services.policy.policy.practices.items()}
    codes = codes_of(row, managers, services.clock.now())
    return {**row, "valid": row["state"] == "decided" and not codes, "codes": codes}


def list_decisions(services: Services, person: Person, limit: int, after: str | None) -> JsonObject:
    """The decision log, oldest first."""
    rows = (row for row in decisions(services.rows).all() if _concerns(row, person))
    return page(
        rows,
        limit=limit,
        after=after,
        key=lambda row: f"{row['created']} {row['id']}",
        shown=lambda row: decision_shown(services, row),
    )


def add_backlog(services: Services, person: Person, body: JsonObject, key: str | None = None) -> JsonObject:
    """Add to the automation and enhancement backlog; ``key`` makes repeating it harmless."""
    row: JsonObject = {
        "id": f"b-{hashlib.sha256(key.encode()).hexdigest()[:16] if key else token_hex(8)}",
        "title": body["title"].strip(),
        "description": body.get("description") or "",
        "practice": body.get("practice"),
        "customer": body.get("customer"),
        "value": body.get("value", 1),
        "effort": body.get("effort", 1),
        "kind": body.get("kind", "automation"),
        "owner": body.get("owner"),
        "hours_saved": body.get("hours_saved"),
        "hours_basis": body.get("hours_basis"),
        "steps_removed": body.get("steps_removed"),
        "state": "proposed",
        "delivered_at": None,
        "requested_by": person.oid,
        "created": rfc3339(services.clock.now()),
    }
    if row["practice"] is not None and row["practice"] not in services.policy.policy.practices:
        raise Unacceptable(f"Policy knows no practice {row['practice']}.", code="practice_unknown")
    if not visible(row, person) and (row["customer"] or row["practice"]):
        raise NotFound("There is no such customer or practice.", code="customer_not_found")
    row, _ = first_recorded(
        services,
        NewEntry(
            type="backlog.added",
            key=row["id"],
            payload=json.dumps(row, sort_keys=True, ensure_ascii=False).encode(),
            customer=row["customer"],
            subject=Subject("backlog", row["id"]),
            actor=person.oid,
            practice=row["practice"],
        ),
    )
    with suppress(RowExists):
        backlog(services.rows).insert(row["id"], row)
    return {**row, "rank": rank(row)}


def deliver_backlog(services: Services, person: Person, identity: str, body: JsonObject) -> JsonObject:
    """An item was put to work: from now on what it saves counts, as estimated then (or when it was proposed).

    NotFound, or Conflict when it was delivered before.
    """
    held = backlog(services.rows).get(identity)
    if held is None or not _concerns(held.body, person):
        raise NotFound("There is no such item in the backlog.", code="backlog_not_found")
    twice = Conflict("This item was delivered before.", code="backlog_delivered")
    if held.body["state"] == DELIVERED:
        raise twice
    said: JsonObject = {name: value for name, value in body.items() if value is not None}
    said |= {"state": DELIVERED, "delivered_at": rfc3339(services.clock.now()), "delivered_by": person.oid}
    stands, _ = first_recorded(
        services,
        NewEntry(
            type="backlog.delivered",
            key=f"{identity}\ndelivered",
            payload=json.dumps({"id": identity, **said}, sort_keys=True, ensure_ascii=False).encode(),
            customer=held.body["customer"],
            subject=Subject("backlog", identity),
            actor=person.oid,
            practice=held.body["practice"],
        ),
    )
    row = {**held.body, **stands}
    backlog(services.rows).put(identity, row)
    if stands != {"id": identity, **said}:
        raise twice
    return {**row, "rank": rank(row)}


def list_backlog(services: Services, person: Person, limit: int, after: str | None) -> JsonObject:
    """The backlog, best value for its effort first."""
    rows = (row for row in backlog(services.rows).all() if _concerns(row, person))
    return page(
        rows,
        limit=limit,
        after=after,
        key=lambda row: f"{1000 - rank(row):09.4f} {row['created']} {row['id']}",
        shown=lambda row: {**row, "rank": rank(row)},
    )


ADDS = frozenset(Role) - {Role.READER, Role.AUDITOR}
"""Who may add to decisions and backlog."""

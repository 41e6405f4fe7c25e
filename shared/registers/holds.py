"""Holds: what is kept from going on, why, since when and at what cost; one open hold per subject."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from shared.errors import RowExists
from shared.measures.money import half_up
from shared.model import JsonObject, Money, Reason, Role, Subject, parse_instant, rfc3339
from shared.ports import Rows
from shared.registers.store import Register

HELD, RELEASED = "held", "released"


def register(rows: Rows) -> Register:
    """All holds. A subject's holds share the beginning of their ids, oldest first."""
    return Register(rows, "holds")


def mark_of(kind: str, subject: Subject) -> str:
    """What the ids of all holds of one subject begin with."""
    return "h-" + hashlib.sha256(f"{kind}\n{subject.kind}\n{subject.id}".encode()).hexdigest()[:20]


def get(rows: Rows, hold_id: str) -> JsonObject | None:
    """One hold, or None."""
    found = register(rows).get(hold_id)
    return found.body if found else None


def of_subject(rows: Rows, kind: str, subject: Subject) -> tuple[JsonObject, ...]:
    """Every hold a subject ever had, oldest first."""
    mark = mark_of(kind, subject)
    return tuple(register(rows).all(first=f"{mark}-", last=f"{mark}~"))


def current(rows: Rows, kind: str, subject: Subject) -> JsonObject | None:
    """The subject's newest hold, held or released; None when it never had one."""
    every = of_subject(rows, kind, subject)
    return every[-1] if every else None


def of_kind(rows: Rows, kind: str | None = None) -> Iterator[JsonObject]:
    """All holds, of one kind or of all."""
    return (body for body in register(rows).all() if kind is None or body["kind"] == kind)


def place(
    rows: Rows,
    *,
    kind: str,
    subject: Subject,
    customer: str | None,
    practice: str | None,
    reasons: Sequence[Reason],
    amount: Money | None,
    may_release: Sequence[Role],
    now: datetime,
    run_id: str | None = None,
    detail: JsonObject | None = None,
    standing: JsonObject | None = None,
) -> tuple[JsonObject, bool]:
    """Hold the subject, or bring its open hold up to date; answer the hold and whether it is new.

    ``applied`` stays False until whatever holds it in the source was carried out. ``since`` never moves.
    ``standing``: the subject's newest hold where the caller has read it already.
    """
    while True:
        newest = standing if standing is not None else current(rows, kind, subject)
        standing = None
        if newest is not None and newest["state"] == HELD:
            renewed = renew(rows, newest["id"], reasons, amount, detail)
            if renewed is None:
                continue  # released a moment ago
            return renewed, False
        number = int(newest["number"]) + 1 if newest is not None else 1
        body: JsonObject = {
            "id": f"{mark_of(kind, subject)}-{number:04d}",
            "number": number,
            "kind": kind,
            "subject": subject.to_json(),
            "customer": customer,
            "practice": practice,
            "state": HELD,
            "applied": False,
            "reasons": [reason.to_json() for reason in reasons],
            "since": rfc3339(now),
            "amount": amount.to_json() if amount else None,
            "approval_id": None,
            "may_release": [role.value for role in may_release],
            "released_at": None,
            "released_by": [],
            "run_id": run_id,
            "prior": None,
            "error": None,
            "attempts": 0,
            "detail": detail or {},
        }
        try:
            register(rows).insert(body["id"], body)
        except RowExists:
            continue
        return body, True


def renew(
    rows: Rows, hold_id: str, reasons: Sequence[Reason], amount: Money | None, detail: JsonObject | None = None
) -> JsonObject | None:
    """Bring an open hold up to date; None when it is not held any more, and then nothing changes.

    No reasons leave the ones it was placed for: only people release.
    """
    told = [reason.to_json() for reason in reasons]

    def step(body: JsonObject | None) -> JsonObject | None:
        if body is None or body["state"] != HELD:
            return None
        change: JsonObject = {"reasons": told} if told else {}
        if amount is not None:
            change["amount"] = amount.to_json()
        if detail is not None:
            change["detail"] = {**body["detail"], **detail}
        return None if all(body[key] == value for key, value in change.items()) else {**body, **change}

    after = register(rows).change(hold_id, step)
    return after if after is not None and after["state"] == HELD else None


def amend(rows: Rows, hold_id: str, change: JsonObject) -> JsonObject | None:
    """Set some of a hold's cells; answer it as it stands afterwards (None when there is no such hold)."""
    return register(rows).change(hold_id, lambda body: None if body is None else {**body, **change})


def amend_held(rows: Rows, hold_id: str, change: JsonObject) -> bool:
    """The same while it is held; False, and nothing changed, when it is not any more."""
    body = register(rows).change(
        hold_id, lambda body: None if body is None or body["state"] != HELD else {**body, **change}
    )
    return body is not None and body["state"] == HELD


def release(
    rows: Rows, hold_id: str, *, now: datetime, by: Sequence[str], approval_id: str | None, reason: str = ""
) -> JsonObject | None:
    """End a hold. Ending it twice changes nothing."""

    def step(body: JsonObject | None) -> JsonObject | None:
        if body is None or body["state"] == RELEASED:
            return None
        return {
            **body,
            "state": RELEASED,
            "released_at": rfc3339(now),
            "released_by": list(by),
            "approval_id": approval_id or body["approval_id"],
            "release_reason": reason,
        }

    return register(rows).change(hold_id, step)


def cost(body: JsonObject, now: datetime) -> JsonObject:
    """What holding costs: the amount times the days it was held (so far), and the amount itself."""
    amount = body["amount"]
    if amount is None:
        return {"money_days": None, "amount": None}
    end = parse_instant(body["released_at"]) if body["released_at"] else now
    seconds = Decimal(max(0, int((end - parse_instant(body["since"])).total_seconds())))
    money_days = Decimal(amount["amount"]) * seconds / Decimal(86400)
    return {"money_days": f"{half_up(money_days, amount['currency']):f}", "amount": amount}


def view(body: JsonObject, now: datetime) -> JsonObject:
    """The contract's shape, with what tells a person more beside it."""
    hidden = {"number", "attempts", "detail"}
    return {**{key: value for key, value in body.items() if key not in hidden}, "cost": cost(body, now)}

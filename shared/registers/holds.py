"""Holds: what is kept from going on, why, since when and at what cost; one open hold per subject."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared.errors import RowStale
from shared.measures.money import half_up
from shared.model import JsonObject, Money, Reason, Role, Subject, parse_instant, rfc3339
from shared.ports import Rows
from shared.registers.store import Held, Register

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


def newest(rows: Rows, kind: str, subject: Subject) -> Held | None:
    """The row of a subject's newest hold, held or released; None when it never had one."""
    mark = mark_of(kind, subject)
    return register(rows).last(f"{mark}-", f"{mark}~")


def current(rows: Rows, kind: str, subject: Subject) -> JsonObject | None:
    """The same without its version."""
    found = newest(rows, kind, subject)
    return found.body if found else None


def of_kind(rows: Rows, kind: str | None = None) -> Iterator[JsonObject]:
    """All holds, of one kind or of all."""
    return (body for body in register(rows).all() if kind is None or body["kind"] == kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A hold that is not placed yet."""

    kind: str
    subject: Subject
    customer: str | None
    practice: str | None
    reasons: Sequence[Reason]
    amount: Money | None
    may_release: Sequence[Role]
    now: datetime
    run_id: str | None = None
    approval_id: str | None = None
    applied: bool = False
    """False until whatever holds it in the source was carried out."""

    def body(self, number: int = 1) -> JsonObject:
        """Its row as the subject's hold of this number, counted from 1. ``since`` never moves."""
        return {
            "id": f"{mark_of(self.kind, self.subject)}-{number:04d}",
            "number": number,
            "kind": self.kind,
            "subject": self.subject.to_json(),
            "customer": self.customer,
            "practice": self.practice,
            "state": HELD,
            "applied": self.applied,
            "reasons": [reason.to_json() for reason in self.reasons],
            "since": rfc3339(self.now),
            "amount": self.amount.to_json() if self.amount else None,
            "approval_id": self.approval_id,
            "may_release": [role.value for role in self.may_release],
            "lifted_at": None,
            "released_at": None,
            "released_by": [],
            "run_id": self.run_id,
            "prior": None,
            "error": None,
            "attempts": 0,
            "detail": {},
        }


def place_all(rows: Rows, drafts: Sequence[JsonObject]) -> frozenset[str]:
    """Place them where the subject has no hold of this number yet; answer the ids of those that were there before."""
    return register(rows).insert_many([(body["id"], body) for body in drafts])


def place(rows: Rows, draft: Draft, standing: Held | None) -> tuple[JsonObject, bool]:
    """Hold the subject, or bring its open hold up to date; answer the hold and whether it is new.

    ``standing``: its newest hold, read before whatever says that it must be held. RowStale when it was released, or
    another one placed, since then: a release must not be undone by who had not seen it.
    """
    if standing is not None and standing.body["state"] == HELD:
        renewed = renew(rows, standing, draft.reasons, draft.amount)
        if renewed is not None:
            return renewed, False
    else:
        body = draft.body(int(standing.body["number"]) + 1 if standing is not None else 1)
        if not place_all(rows, [body]):
            return body, True
    raise RowStale(f"The hold of {draft.subject.kind} {draft.subject.id} has changed.")


def renew(
    rows: Rows, hold: Held, reasons: Sequence[Reason], amount: Money | None, period: str | None = None
) -> JsonObject | None:
    """Bring an open hold up to date; None when it is not held any more, and then nothing changes.

    No reasons leave the ones it was placed for: only people release. ``period``: one the invoice stands at while held.
    """
    told = [reason.to_json() for reason in reasons]

    def step(body: JsonObject | None) -> JsonObject | None:
        if body is None or body["state"] != HELD:
            return None
        change: JsonObject = {"reasons": told} if told else {}
        if amount is not None:
            change["amount"] = amount.to_json()
        periods = body["detail"].get("periods", [])
        if period is not None and period not in periods:
            change["detail"] = {**body["detail"], "periods": [*periods, period]}
        return None if all(body[key] == value for key, value in change.items()) else {**body, **change}

    after = register(rows).change(hold.id, step, hold)
    return after if after is not None and after["state"] == HELD else None


Change = JsonObject | Callable[[JsonObject], JsonObject]
"""Cells to set, or how to work them out from the hold as it stands; none of them: nothing is to be changed."""


def amend(rows: Rows, hold_id: str, change: Change, seen: Held | None = None) -> JsonObject | None:
    """Set some of a hold's cells; answer it as it stands afterwards (None when there is no such hold)."""

    def step(body: JsonObject | None) -> JsonObject | None:
        return _amended(body, change) if body is not None else None

    return register(rows).change(hold_id, step, seen)


def amend_held(rows: Rows, hold_id: str, change: Change, seen: Held | None = None) -> JsonObject | None:
    """The same while it is held; None, and nothing changed, when it is not any more."""

    def step(body: JsonObject | None) -> JsonObject | None:
        return _amended(body, change) if body is not None and body["state"] == HELD else None

    after = register(rows).change(hold_id, step, seen)
    return after if after is not None and after["state"] == HELD else None


def _amended(body: JsonObject, change: Change) -> JsonObject | None:
    wanted = change(body) if callable(change) else change
    return {**body, **wanted} if wanted else None


def release(
    rows: Rows,
    hold_id: str,
    *,
    now: datetime,
    by: Sequence[str],
    approval_id: str | None,
    reason: str = "",
    restored: bool = False,
    seen: Held | None = None,
) -> JsonObject | None:
    """End a hold; ending it twice changes nothing but that it may turn out to be ``restored`` in the source after all.

    ``unanswered`` is the request it had when it was released on another one.
    """

    def step(body: JsonObject | None) -> JsonObject | None:
        if body is None:
            return None
        told: JsonObject = {"restored": True, "error": None} if restored else {}
        if body["state"] == RELEASED:
            return {**body, **told} if restored and not body.get("restored") else None
        if approval_id and body["approval_id"] not in (None, approval_id):
            told["unanswered"] = body["approval_id"]
        return {
            **body,
            **told,
            "state": RELEASED,
            "released_at": rfc3339(now),
            "released_by": list(by),
            "release_approved": approval_id,
            "approval_id": approval_id or body["approval_id"],
            "release_reason": reason,
        }

    return register(rows).change(hold_id, step, seen)


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
    hidden = {"number", "attempts", "detail", "unanswered"}
    return {**{key: value for key, value in body.items() if key not in hidden}, "cost": cost(body, now)}

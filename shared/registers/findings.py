"""Findings: control × subject, where it stands now, folded from assessments."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from shared.model import FindingStatus, JsonObject, Subject, Verdict
from shared.ports import Rows
from shared.registers.store import Held, Register

ASKING = (Verdict.FAIL.value, Verdict.ERROR.value, Verdict.UNKNOWN.value)
"""Verdicts that leave a finding open."""
_MOST_FORMER = 10
"""Former occurrences told beside the present one, newest first; evidence holds them all."""


def finding_id(control: str, customer: str | None, subject: Subject) -> str:
    """``<control>-<customer or 0>-<16 hex>``: says where the row lies without saying what it is about."""
    mark = hashlib.sha256(f"{subject.kind}\n{subject.id}".encode()).hexdigest()[:16]
    return f"{control}-{customer or '0'}-{mark}"


def _parts(identity: str) -> tuple[str, str] | None:
    control, dash, rest = identity.partition("-")
    return (control, rest) if dash else None


def register(rows: Rows, control: str) -> Register:
    """All findings of one control; keys begin with the customer."""
    return Register(rows, "findings", control)


def held(rows: Rows, identity: str) -> Held | None:
    """One finding's row, or None."""
    parts = _parts(identity)
    return register(rows, parts[0]).get(parts[1]) if parts else None


def get(rows: Rows, identity: str) -> JsonObject | None:
    """One finding, or None."""
    found = held(rows, identity)
    return found.body if found else None


def key_of(identity: str) -> str:
    """The row key within the control's register."""
    parts = _parts(identity)
    return parts[1] if parts else identity


def of_control(rows: Rows, control: str, customer: str | None = None) -> Iterator[JsonObject]:
    """Findings of a control, optionally of one customer ('0' = of none)."""
    if customer is None:
        return register(rows, control).all()
    return register(rows, control).all(first=f"{customer}-", last=f"{customer}-g")


def between(rows: Rows, control: str, first: str, last: str) -> Iterator[Held]:
    """Rows of a control's findings from one customer to another, in the order of keys, both included."""
    return register(rows, control).held(first=f"{first}-", last=f"{last}-g")


def fold(old: JsonObject | None, new: JsonObject) -> JsonObject:
    """The row after an assessment: ``since`` stays while the verdict does, people's words stay, a pass closes.

    What fails again after it was closed is a new occurrence: the plan that did not last is history, and nobody has
    said yet how this one is put right. Feedback stays; it is about the control and has its own time.
    """
    same = old is not None and old["verdict"] == new["verdict"]
    body = {**new, "since": old["since"] if same and old else new["since"]}
    for kept in ("mitigation", "override", "feedback"):
        body[kept] = old.get(kept) if old else None
    body["occurrence"] = old.get("occurrence", 1) if old else 0
    body["history"] = old.get("history", []) if old else []
    if new["verdict"] in ASKING and (old is None or old["verdict"] not in ASKING):
        if old is not None and body["occurrence"]:
            former = {"occurrence": body["occurrence"], "closed": old["since"], "mitigation": body["mitigation"]}
            body["history"] = [former, *body["history"]][:_MOST_FORMER]
        body["occurrence"] += 1
        body["mitigation"] = None
    if new["verdict"] not in ASKING:
        body["status"] = FindingStatus.CLOSED.value
        body["override"] = None
    elif _still_overridden(body["override"], new):
        body["status"] = FindingStatus.OVERRIDDEN.value
    else:
        body["override"] = None
        body["status"] = (FindingStatus.MITIGATING if body["mitigation"] else FindingStatus.OPEN).value
    return body


def _still_overridden(override: JsonObject | None, new: JsonObject) -> bool:
    """An override covers exactly the codes it was given for, until it expires (RFC 3339 texts compare as times)."""
    if not override or override["codes"] != sorted({one["code"] for one in new["reasons"]}):
        return False
    return str(override["expires"]) > str(new["assessed_at"])

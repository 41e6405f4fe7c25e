"""When an approval is decided: distinct natural persons, never the requester, on exactly this content, in time.

States: open → approved | rejected | expired | void. Pure: ``now`` and the subject's present digest are arguments.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from shared.errors import Conflict, Forbidden, Gone, Unacceptable
from shared.model import JsonObject, Person, Role, parse_instant, rfc3339

OPEN, APPROVED, REJECTED, EXPIRED, VOID = "open", "approved", "rejected", "expired", "void"


def content_digest(content: JsonObject) -> str:
    """Hex SHA-256 of the RFC 8785 form of what is approved. Numbers in it are strings or integers."""
    import rfc8785

    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def may_decide(approval: JsonObject, person: Person) -> None:
    """Raises Forbidden unless this person may decide this approval at all."""
    if person.is_application or person.roles <= {Role.AUTOMATION, Role.OPERATOR, Role.READER, Role.AUDITOR}:
        raise Forbidden("Only a person with a deciding role can approve or reject.", code="not_a_deciding_person")
    if not person.has(*[Role(role) for role in approval["needed"]["roles"]]):
        names = ", ".join(approval["needed"]["roles"]) or "nobody"
        raise Forbidden(f"Policy lets {names} decide this.", code="role_not_named")
    if person.oid == approval["requester"]:
        raise Forbidden("Whoever asked for an approval cannot decide it.", code="requester_cannot_decide")
    if any(one["by"] == person.oid for one in approval["decisions"]):
        raise Forbidden("You have already decided; another person is needed.", code="same_person_twice")


def lapse(approval: JsonObject, now: datetime) -> JsonObject:
    """The approval as it stands at ``now``: an open one past its expiry is expired."""
    if approval["state"] == OPEN and now >= parse_instant(approval["expires"]):
        return {**approval, "state": EXPIRED, "closed_at": approval["expires"]}
    return approval


def decide(
    approval: JsonObject,
    person: Person,
    *,
    decision: object,
    rationale: object,
    digest: object,
    present_digest: str | None,
    now: datetime,
) -> JsonObject:
    """The approval after this person's decision. ``present_digest`` is that of the subject now (None: it is gone).

    Raises Forbidden, Gone, Conflict or Unacceptable. An approval whose subject changed comes back void (Conflict is
    the caller's to raise after storing it).
    """
    may_decide(approval, person)
    approval = lapse(approval, now)
    if approval["state"] in (EXPIRED, VOID):
        raise Gone(f"This approval is {approval['state']}; ask again.", code=f"approval_{approval['state']}")
    if approval["state"] != OPEN:
        raise Conflict(f"This approval is already {approval['state']}.", code="already_decided")
    if decision not in ("approve", "reject"):
        raise Unacceptable("The decision must be approve or reject.", code="decision_invalid")
    if not isinstance(rationale, str) or not rationale.strip():
        raise Unacceptable("A decision needs a rationale.", code="rationale_missing")
    if len(rationale) > 4000:
        raise Unacceptable("A rationale holds at most 4,000 characters.", code="rationale_too_long")
    if present_digest != approval["digest"]:
        return {
            **approval,
            "state": VOID,
            "closed_at": rfc3339(now),
            "void_reason": "The subject changed after the request.",
        }
    if digest != approval["digest"]:
        raise Conflict("What you decided on is not what stands now; read it again.", code="digest_differs")
    given = {
        "by": person.oid,
        "name": person.name,
        "roles": sorted(role.value for role in person.roles),
        "decision": decision,
        "rationale": rationale.strip(),
        "digest": digest,
        "at": rfc3339(now),
    }
    decisions = [*approval["decisions"], given]
    state = OPEN
    if decision == "reject":
        state = REJECTED
    elif len({one["by"] for one in decisions if one["decision"] == "approve"}) >= approval["needed"]["persons"]:
        state = APPROVED
    return {**approval, "decisions": decisions, "state": state, "closed_at": rfc3339(now) if state != OPEN else None}

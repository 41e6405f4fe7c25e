"""What people say about findings: feedback, mitigation, and overrides by approval."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from decimal import Decimal

from shared.approvals.quorum import APPROVED
from shared.errors import NotFound, Unacceptable
from shared.model import JsonObject, NewEntry, Person, Subject, parse_instant, rfc3339
from shared.procedures.ask import Question, ask
from shared.procedures.look import finding_json, finding_view
from shared.procedures.services import Services
from shared.registers import findings
from shared.registers.store import Register

_LONGEST_OVERRIDE = timedelta(days=92)


def give_feedback(services: Services, person: Person, identity: str, body: JsonObject) -> JsonObject:
    """Confirmed, false positive or false negative: what the practice thinks of a judgement, kept with the finding."""
    said = {
        "kind": body["kind"],
        "comment": body.get("comment") or "",
        "by": person.oid,
        "at": rfc3339(services.clock.now()),
    }
    return _say(services, person, identity, "feedback", said)


def mitigate(services: Services, person: Person, identity: str, body: JsonObject) -> JsonObject:
    """Owner, plan and recovery date of an open finding."""
    row = finding_view(services, person, identity)
    if row["verdict"] not in findings.ASKING:
        raise Unacceptable("This finding is closed; there is nothing to mitigate.", code="finding_closed")
    try:
        recovery = datetime.fromisoformat(body["recovery_date"])
    except ValueError:
        raise Unacceptable("recovery_date must be a date such as 2026-11-30.", code="recovery_date_invalid") from None
    said = {
        "owner": body["owner"].strip(),
        "plan": body["plan"].strip(),
        "recovery_date": recovery.date().isoformat(),
        "by": person.oid,
        "at": rfc3339(services.clock.now()),
    }
    return _say(services, person, identity, "mitigation", said)


def _say(services: Services, person: Person, identity: str, what: str, said: JsonObject) -> JsonObject:
    row = finding_view(services, person, identity)
    services.ledger.record(
        NewEntry(
            type=f"finding.{what}",
            key=f"{identity}\n{what}\n{hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()}",
            payload=json.dumps({"finding": identity, **said}, sort_keys=True, ensure_ascii=False).encode(),
            customer=row["customer"],
            subject=Subject(row["subject"]["kind"], row["subject"]["id"]),
            controls=(row["control"],),
            actor=person.oid,
            practice=row["practice"],
        )
    )

    def step(body: JsonObject | None) -> JsonObject | None:
        if body is None:
            return None
        status = "mitigating" if what == "mitigation" and body["status"] == "open" else body["status"]
        return {**body, what: said, "status": status}

    after = findings.register(services.rows, row["control"]).change(findings.key_of(identity), step)
    if after is None:
        raise NotFound(f"There is no finding {identity}.", code="finding_not_found")
    return finding_json(after)


def request_override(services: Services, person: Person, identity: str, body: JsonObject) -> JsonObject:
    """Ask that a failed finding be accepted for a time. Opens an approval; nothing changes until it is given."""
    row = finding_view(services, person, identity)
    if row["verdict"] not in findings.ASKING:
        raise Unacceptable("This finding is closed; there is nothing to override.", code="finding_closed")
    now = services.clock.now()
    try:
        expires = parse_instant(body["expires"]) if body.get("expires") else now + timedelta(days=30)
    except ValueError:
        raise Unacceptable("expires must be a time such as 2026-12-31T00:00:00Z.", code="time_invalid") from None
    if not now < expires <= now + _LONGEST_OVERRIDE:
        raise Unacceptable("An override expires within 92 days and not in the past.", code="override_expiry_invalid")
    material = _material(services, row)
    content = {**_content(row), "rationale": body["rationale"].strip(), "expires": rfc3339(expires)}
    return ask(
        services,
        Question(
            kind="override",
            subject=Subject("finding", identity),
            customer=row["customer"],
            practice=row["practice"],
            content=content,
            requester=person.oid,
            persons=2 if material else 1,
            text=f"Accept {row['control']} on {row['subject']['kind']} {row['subject']['id']} until {rfc3339(expires)}: "
            f"{body['rationale'].strip()}",
        ),
    )


def _material(services: Services, row: JsonObject) -> bool:
    """What is at stake is above materiality, or two persons would have had to agree to it in the first place."""
    policy = services.policy.policy.scoped(row["practice"], row["customer"])
    if row["control"] in policy.approvals.two_persons:
        return True
    told = [row["detail"].get("amount_at_stake"), *(one.get("amount") for one in row["reasons"])]
    amounts = [abs(Decimal(one["amount"])) for one in told if one]
    return any(amount > policy.billing.materiality for amount in amounts)


def _content(row: JsonObject) -> JsonObject:
    return {"finding": row["id"], "verdict": row["verdict"], "codes": sorted({one["code"] for one in row["reasons"]})}


def present_content(services: Services, approval: JsonObject) -> JsonObject | None:
    """What the override would accept now: the finding's verdict and codes, with the request's own words."""
    row = findings.get(services.rows, approval["subject"]["id"])
    if row is None:
        return None
    asked = approval["content"]
    return {**_content(row), "rationale": asked["rationale"], "expires": asked["expires"]}


def on_decided(services: Services, approval: JsonObject) -> None:
    """An approved override marks the finding until it expires or its reasons change.

    It may be told late, or again: a finding that says something else by now is not marked.
    """
    if approval["state"] != APPROVED:
        return
    identity = approval["subject"]["id"]
    row = findings.get(services.rows, identity)
    if row is None:
        return
    override = {
        "approval_id": approval["id"],
        "codes": approval["content"]["codes"],
        "rationale": approval["content"]["rationale"],
        "expires": approval["content"]["expires"],
        "requested_by": approval["requester"],
        "approved_by": [one["by"] for one in approval["decisions"] if one["decision"] == "approve"],
        "at": approval["closed_at"],
        "customer": row["customer"],
        "control": row["control"],
        "finding": identity,
    }
    Register(services.rows, "overrides").put(approval["id"], override)
    now = services.clock.now()

    def step(body: JsonObject | None) -> JsonObject | None:
        asked = {name: approval["content"][name] for name in ("finding", "verdict", "codes")}
        if body is None or _content(body) != asked or parse_instant(override["expires"]) <= now:
            return None
        return {**body, "override": override, "status": "overridden"}

    findings.register(services.rows, row["control"]).change(findings.key_of(identity), step)


def live_override(row: JsonObject, now: datetime) -> bool:
    """Whether a finding's override still holds at ``now``."""
    return bool(row.get("override")) and parse_instant(row["override"]["expires"]) > now

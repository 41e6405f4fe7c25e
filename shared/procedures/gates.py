"""Stage gates: a complete evidence pack asks for two persons' approval; HaloPSA is told what they decided."""

from __future__ import annotations

import json
from typing import Any

from shared.actions import Action, ActionKind
from shared.approvals.quorum import APPROVED, OPEN, REJECTED, lapse
from shared.errors import NotFound, Unacceptable
from shared.measures.project_status import GateRecord
from shared.model import JsonObject, NewEntry, Person, Subject, rfc3339
from shared.procedures.ask import Question, ask, withdraw
from shared.procedures.decide import visible
from shared.procedures.plan import queue_actions
from shared.procedures.services import Services
from shared.registers import approvals
from shared.registers import projects as register

KIND = "stage_gate"
_PASSED = "approve"
OUTCOMES = ("hold", "recycle", "stop")
"""What a rejection may mean; told by the first word of its rationale, recycle where it says none."""
_PARTS = {
    "deliverables": "the deliverables, each with a link",
    "qa_outcome": "the outcome of quality assurance",
    "customer_acceptance": "the customer's acceptance",
    "open_risks": "the open risks (an empty list when there are none)",
}
_LONGEST = 4000
_MOST = 200


def submit_gate(services: Services, person: Person, project_id: str, gate: str, body: Any) -> JsonObject:
    """Ask for the approval of a gate on its evidence pack; answer the approval.

    Raises NotFound, or Unacceptable: gate_unknown, gate_incomplete (details name what is missing), gate_passed.
    """
    plan, row = _plan(services, person, project_id)
    if gate not in {one["name"] for one in plan["baseline"]["gates"]}:
        raise Unacceptable(f"The baseline of project {project_id} has no gate {gate}.", code="gate_unknown")
    held = register.gates(services.rows).get(register.gate_key(project_id, gate))
    passed = Unacceptable(f"The gate {gate} has already been passed.", code="gate_passed")
    if _record(services, held).state == "approved":
        raise passed
    pack, missing = _read(body)
    if missing:
        named = "; ".join(_PARTS.get(one, one) for one in missing)
        raise Unacceptable(
            f"The evidence pack is not complete. Missing: {named}.", code="gate_incomplete", missing=missing
        )
    content = {"project_id": project_id, "gate": gate, "baseline": plan["digest"], "pack": pack}
    customer, practice = row["customer"], row["practice"]
    status = register.status_at(services.rows, project_id, None)
    # The record of the newest figures, and through it every row they were computed from.
    measured = (status or {}).get("evidence", [])[:1]
    asked = ask(
        services,
        Question(
            kind=KIND,
            subject=Subject("project_gate", f"{project_id}/{gate}"),
            customer=customer,
            practice=practice,
            content=content,
            requester=person.oid,
            persons=2,
            text=f"Pass the gate {gate} of project {project_id}.",
            rests_on=measured,
        ),
    )
    stored = {
        "project_id": project_id,
        "gate": gate,
        "approval_id": asked["id"],
        "customer": customer,
        "practice": practice,
        "submitted_at": rfc3339(services.clock.now()),
        "submitted_by": person.oid,
        "pack": pack,
        "evidence": [*asked.get("evidence", ()), *measured],
        "outcome": None,
    }
    stands = register.gates(services.rows).change(
        register.gate_key(project_id, gate),
        lambda body: None if body is not None and body["outcome"] == _PASSED else stored,
        held,
    )
    if stands != stored:  # two persons were faster with the pack before
        withdraw(services, asked["id"], "The gate was passed in the meantime.")
        raise passed
    return asked


def _plan(services: Services, person: Person, project_id: str) -> tuple[JsonObject, JsonObject]:
    held = register.baselines(services.rows).get(project_id)
    if held is None or not visible(held.body, person):
        raise NotFound(f"There is no project {project_id} with a baseline.", code="project_not_found")
    plan: JsonObject = held.body["versions"][-1]
    return plan, held.body


def _read(body: Any) -> tuple[JsonObject, list[str]]:
    """The pack with texts and links only, and the names of what it lacks."""
    if not isinstance(body, dict):
        raise Unacceptable("An evidence pack is a JSON object.", code="gate_incomplete", missing=sorted(_PARTS))
    if unknown := sorted(set(body) - set(_PARTS)):
        raise Unacceptable(f"An evidence pack has no {', '.join(map(str, unknown))[:200]}.", code="gate_pack_invalid")
    missing = []
    deliverables = _list(body.get("deliverables"), ("name", "link"))
    if not deliverables or any(
        not one["name"] or not one["link"].startswith(("https://", "http://")) for one in deliverables
    ):
        missing.append("deliverables")
    texts = {name: _text(body.get(name)) for name in ("qa_outcome", "customer_acceptance")}
    missing += [name for name, text in texts.items() if not text]
    risks = _list(body.get("open_risks"), ("risk", "owner"))
    if risks is None or any(not one["risk"] or not one["owner"] for one in risks):
        missing.append("open_risks")
    return {"deliverables": deliverables or [], **texts, "open_risks": risks or []}, missing


def _text(value: object) -> str:
    """A sentence, or an object of sentences."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {text}" for key, one in sorted(value.items()) if (text := _text(one)))
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""


def _list(value: object, names: tuple[str, str]) -> list[JsonObject] | None:
    if not isinstance(value, list) or len(value) > _MOST:
        return None
    return [{name: _text(one.get(name)) if isinstance(one, dict) else "" for name in names} for one in value]


def records_of(services: Services) -> dict[str, dict[str, GateRecord]]:
    """How every submitted gate stands, by project and gate."""
    found: dict[str, dict[str, GateRecord]] = {}
    for body in register.gates(services.rows).all():
        found.setdefault(body["project_id"], {})[body["gate"]] = _state(services, body)
    return found


def _record(services: Services, held: Any) -> GateRecord:
    return _state(services, held.body) if held is not None else GateRecord("open")


def _state(services: Services, body: JsonObject) -> GateRecord:
    held = approvals.register(services.rows).get(body["approval_id"])
    if held is None:
        return GateRecord("open")
    state, evidence = lapse(held.body, services.clock.now())["state"], tuple(held.body.get("evidence", ()))
    if state == REJECTED:
        return GateRecord("rejected", body["approval_id"], outcome_of(held.body), evidence)
    state = {OPEN: "submitted", APPROVED: "approved"}.get(state, "open")
    return GateRecord(state, body["approval_id"], evidence=evidence)


def outcome_of(approval: JsonObject) -> str:
    """What a rejection means: hold, recycle or stop."""
    words = next((one["rationale"] for one in reversed(approval["decisions"]) if one["decision"] == "reject"), "")
    first = words.split(maxsplit=1)[0].strip(".,:;–-").casefold() if words.split() else ""
    return first if first in OUTCOMES else "recycle"


def present_content(services: Services, approval: JsonObject) -> JsonObject | None:
    """The pack submitted last, against the baseline in force now."""
    content = approval["content"]
    held = register.baselines(services.rows).get(content["project_id"])
    row = register.gates(services.rows).get(register.gate_key(content["project_id"], content["gate"]))
    if held is None or row is None:
        return None
    return {
        "project_id": content["project_id"],
        "gate": content["gate"],
        "baseline": held.body["versions"][-1]["digest"],
        "pack": row.body["pack"],
    }


def on_decided(services: Services, approval: JsonObject) -> None:
    """Tell HaloPSA on the project's ticket and record the outcome as evidence."""
    content = approval["content"]
    project_id, gate = content["project_id"], content["gate"]
    outcome = _PASSED if approval["state"] == APPROVED else outcome_of(approval)
    services.ledger.record(
        NewEntry(
            type="gate.decided",
            key=f"gate\n{approval['id']}",
            payload=json.dumps(
                {"project_id": project_id, "gate": gate, "outcome": outcome, "approval_id": approval["id"]},
                sort_keys=True,
            ).encode(),
            customer=approval["customer"],
            subject=Subject("project", project_id),
            practice=approval["practice"],
        )
    )
    names = ", ".join(one["name"] or one["by"] for one in approval["decisions"])
    words = {"approve": "approved", "hold": "put on hold", "stop": "stopped"}.get(outcome, "sent back")
    queue_actions(
        services,
        [
            Action(
                ActionKind.NOTE_TICKET,
                f"gate-decided\n{approval['id']}",
                Subject("project", project_id),
                approval["customer"],
                {
                    "ticket_id": project_id,
                    "note": f"The gate {gate} was {words} by {names} (approval {approval['id']}).",
                    "outcome": services.policy.policy.halopsa.note_outcome,
                },
            )
        ],
        None,
    )
    overtaken: list[str] = []

    def step(body: JsonObject | None) -> JsonObject | None:
        overtaken.clear()
        if body is None or body["outcome"] == _PASSED:
            return None
        if outcome == _PASSED:  # whatever was submitted meanwhile: it is this pack that two persons passed
            overtaken.extend({body["approval_id"]} - {approval["id"]})
            return {**body, "approval_id": approval["id"], "pack": content["pack"], "outcome": outcome}
        return {**body, "outcome": outcome} if body["approval_id"] == approval["id"] else None

    register.gates(services.rows).change(register.gate_key(project_id, gate), step)
    for identity in overtaken:
        withdraw(services, identity, "The gate was passed in the meantime.")

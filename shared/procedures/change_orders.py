"""Accept a project's baseline once; later ones only after a change order for exactly that baseline was approved."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Protocol, cast

from shared.approvals.quorum import APPROVED, content_digest
from shared.errors import Conflict, NotFound, RowStale
from shared.model import JsonObject, NewEntry, Person, Subject, rfc3339
from shared.policy.document import Policy
from shared.ports import Records
from shared.procedures.ask import Question, ask
from shared.procedures.baselines import read_baseline
from shared.procedures.decide import visible
from shared.procedures.services import Services
from shared.registers import approvals
from shared.registers import projects as register

KIND = "change_order"


class _Facts(Protocol):
    def project_row(self, mirror: Records, policy: Policy, project_id: str) -> JsonObject | None: ...


def put_baseline(services: Services, person: Person, project_id: str, body: Any) -> JsonObject:
    """Freeze a project's baseline and answer it with its version and digest.

    The same baseline again changes nothing. Another one is a Conflict (baseline_frozen) and opens a change order for
    exactly that baseline, named in the refusal; once approved, the same request is accepted. ``change`` in the body
    says why (``{"kind","text","assumption"}``) and is approved and kept with it. Raises NotFound,
    Unacceptable (baseline_invalid), Conflict.
    """
    row = cast("_Facts", services.facts("delivery")).project_row(services.mirror, services.policy.policy, project_id)
    if row is None or not visible(row, person):
        raise NotFound(f"There is no project {project_id}.", code="project_not_found")
    read = read_baseline(body)
    change = read.pop("change", None)  # why it changes is no part of what is planned
    digest = content_digest(read)
    held = register.baselines(services.rows).get(project_id)
    standing = held.body["versions"][-1] if held is not None else None
    if standing is not None and standing["digest"] == digest:
        _tell(services, row, standing)  # an earlier attempt may have died before this
        return shown(project_id, standing)
    order, persons = None, 0
    if standing is not None:
        found = _approved(services, project_id, standing, digest)
        if found is not None:
            order, change, persons = found["id"], found["content"].get("change"), found["needed"]["persons"]
        else:
            asked = _ask(services, person, row, held.body["versions"] if held else [], read, change)
            raise Conflict(
                "The baseline is frozen. A change order for the one you sent waits for approval; send it again then.",
                code="baseline_frozen",
                approval_id=asked["id"],
            )
    version: JsonObject = {
        "version": 1 if standing is None else standing["version"] + 1,
        "baseline": read,
        "digest": digest,
        "accepted_at": rfc3339(services.clock.now()),
        "accepted_by": person.oid,
        "change_order": order,
        "persons": persons,
        "change": change if order is not None else None,
        "burn": read.get("burn") or _burn(services, row),
    }

    def step(old: JsonObject | None) -> JsonObject:
        versions = [] if old is None else old["versions"]
        if (versions[-1]["digest"] if versions else None) != (standing["digest"] if standing else None):
            raise RowStale("Somebody else has just set this project's baseline; read it again.", code="baseline_frozen")
        return {
            "project_id": project_id,
            "customer": row["customer"],
            "practice": row["practice"],
            "versions": [*versions, version],
        }

    register.baselines(services.rows).change(project_id, step)
    _tell(services, row, version)
    return shown(project_id, version)


def _tell(services: Services, row: JsonObject, version: JsonObject) -> None:
    """Evidence of what was accepted, and its place in the list; only once it stands, so that a lost race proves nothing."""
    accepted = {name: value for name, value in version.items() if name != "evidence"}
    project_id = str(row["id"])
    receipt = services.ledger.record(
        NewEntry(
            type="baseline.accepted",
            key=f"baseline\n{project_id}\n{version['version']}\n{version['accepted_at']}\n{version['digest']}",
            payload=json.dumps({"project_id": project_id, **accepted}, sort_keys=True, ensure_ascii=False).encode(),
            customer=row["customer"],
            subject=Subject("project", project_id),
            actor=version["accepted_by"],
            practice=row["practice"],
        )
    )
    if version.get("evidence") != receipt.evidence_id:
        version["evidence"] = receipt.evidence_id
        register.baselines(services.rows).change(project_id, lambda body: _with_evidence(body, version))
    _list(services, row, version)


def _with_evidence(body: JsonObject | None, version: JsonObject) -> JsonObject | None:
    if body is None:
        return None
    return {**body, "versions": [version if one["version"] == version["version"] else one for one in body["versions"]]}


def shown(project_id: str, version: JsonObject) -> JsonObject:
    """The contract's baseline with what tells who froze it and when."""
    return {
        "project_id": project_id,
        **version["baseline"],
        **{key: version[key] for key in ("version", "digest", "accepted_at", "accepted_by", "change_order")},
        "change": version.get("change"),
        "burn": version.get("burn"),
        "evidence": version.get("evidence"),
    }


def _burn(services: Services, row: JsonObject) -> JsonObject:
    """The thresholds of the day it is frozen: later policy does not move a running project's."""
    limits = services.policy.policy.scoped(row["practice"], row["customer"]).project
    return {"amber": f"{limits.burn_amber:f}", "red": f"{limits.burn_red:f}"}


_UNSEEN: JsonObject = {"rating": "unknown", "confidence": 0.0, "doubts": ["It has not been assessed yet."], "tags": []}


def _list(services: Services, row: JsonObject, version: JsonObject) -> None:
    """A project with a baseline is in the list before it has been assessed."""
    mark = {"version": version["version"], "digest": version["digest"]}
    register.heads(services.rows).change(
        str(row["id"]),
        lambda old: {**(old if old is not None else {**row, "as_of": None, "health": dict(_UNSEEN)}), "baseline": mark},
    )


def _proposal(project_id: str, standing: JsonObject, read: JsonObject, change: JsonObject | None) -> JsonObject:
    said = {"project_id": project_id, "replaces": standing["digest"], "baseline": read}
    return said if change is None else {**said, "change": change}


def _ask(
    services: Services,
    person: Person,
    row: JsonObject,
    versions: list[JsonObject],
    read: JsonObject,
    change: JsonObject | None,
) -> JsonObject:
    policy = services.policy.policy.scoped(row["practice"], row["customer"])
    standing = versions[-1]
    # Many small changes are one large one: what counts is how far it moves from what two persons agreed to last.
    agreed = next(one for one in reversed(versions) if one["version"] == 1 or one.get("persons", 0) > 1)
    moved = Decimal(read["bac"]) - Decimal(standing["baseline"]["bac"])
    drift = Decimal(read["bac"]) - Decimal(agreed["baseline"]["bac"])
    other = read["currency"] != standing["baseline"]["currency"]
    material = other or max(abs(moved), abs(drift)) > policy.project.change_materiality
    return ask(
        services,
        Question(
            kind=KIND,
            subject=Subject("project", str(row["id"])),
            customer=row["customer"],
            practice=row["practice"],
            content=_proposal(str(row["id"]), standing, read, change),
            requester=person.oid,
            persons=2 if material else 1,
            text=f"Change the baseline of project {row['id']}: the budget moves by {moved:+f} {read['currency']}.",
        ),
    )


def _approved(services: Services, project_id: str, standing: JsonObject, digest: str) -> JsonObject | None:
    """An approved change order from the standing baseline to exactly this one."""
    for body in approvals.register(services.rows).all():
        if body["kind"] != KIND or body["state"] != APPROVED or body["subject"]["id"] != project_id:
            continue
        content = body["content"]
        if content["replaces"] == standing["digest"] and content_digest(content["baseline"]) == digest:
            return body
    return None


def present_content(services: Services, approval: JsonObject) -> JsonObject | None:
    """The proposal against the baseline in force now: it is void once another one was accepted."""
    held = register.baselines(services.rows).get(approval["subject"]["id"])
    if held is None:
        return None
    asked = approval["content"]
    return _proposal(approval["subject"]["id"], held.body["versions"][-1], asked["baseline"], asked.get("change"))


def on_decided(services: Services, approval: JsonObject) -> None:
    """Nothing follows by itself: whoever asked sends the approved baseline, which is then accepted."""
    del services, approval

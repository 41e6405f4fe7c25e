"""What people see of findings, controls and approvals: filtered, narrowed, paged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.controls.catalogue import controls
from shared.controls.spec import canary_result
from shared.errors import NotFound
from shared.model import JsonObject, Person
from shared.procedures.decide import shown, visible
from shared.procedures.page import page
from shared.procedures.services import Services
from shared.registers import approvals, findings


def list_controls(services: Services, limit: int, after: str | None) -> JsonObject:
    """The catalogue, each with the effectiveness of its canary under the policy in force."""
    names: list[JsonObject] = [{"id": identity} for identity in controls()]
    return page(
        names,
        limit=limit,
        after=after,
        key=lambda row: str(row["id"]),
        shown=lambda row: _control(services, row["id"]),
    )


def control_view(services: Services, identity: str) -> JsonObject:
    """One control."""
    if identity not in controls():
        raise NotFound(f"There is no control {identity}.", code="control_not_found")
    return _control(services, identity)


def _control(services: Services, identity: str) -> JsonObject:
    control = controls()[identity]
    effectiveness = canary_result(control, services.policy.policy, services.clock.now())
    return {**control.to_json(), "effectiveness": effectiveness, "practice_scope": list(control.practices)}


def list_findings(
    services: Services, person: Person, query: Mapping[str, Any], limit: int, after: str | None
) -> JsonObject:
    """Findings by control, practice, customer, verdict, status, code and time of assessment [from, to)."""
    rows = map(finding_json, _matching(services, person, query))
    return page(rows, limit=limit, after=after, key=lambda row: str(row["id"]))


def _matching(services: Services, person: Person, query: Mapping[str, Any]) -> Iterator[JsonObject]:
    wanted = [query["control"]] if query.get("control") else list(controls())
    for control in wanted:
        if control not in controls():
            continue
        for row in findings.of_control(services.rows, control, query.get("customer")):
            if not visible(row, person):
                continue
            if any(query.get(name) and row[name] != query[name] for name in ("practice", "verdict", "status")):
                continue
            if query.get("code") and query["code"] not in {reason["code"] for reason in row["reasons"]}:
                continue
            if query.get("from") and row["assessed_at"] < query["from"]:
                continue
            if query.get("to") and row["assessed_at"] >= query["to"]:
                continue
            yield row


def finding_view(services: Services, person: Person, identity: str) -> JsonObject:
    """One finding."""
    row = findings.get(services.rows, identity)
    if row is None or not visible(row, person):
        raise NotFound(f"There is no finding {identity}.", code="finding_not_found")
    return finding_json(row)


def finding_json(row: JsonObject) -> JsonObject:
    """A finding as it is answered: its evidence under the contract's name beside the register's own."""
    return {**row, "evidence_ids": row["evidence"]}


def list_approvals(
    services: Services, person: Person, query: Mapping[str, Any], limit: int, after: str | None
) -> JsonObject:
    """Approvals by state, kind and customer, oldest first."""
    rows = (
        body
        for row in approvals.register(services.rows).all()
        if visible(row, person)
        for body in (shown(row, services),)
        if all(not query.get(name) or body[name] == query[name] for name in ("state", "kind", "customer"))
    )
    return page(rows, limit=limit, after=after, key=lambda body: f"{body['created']} {body['id']}")

"""Create the project of a signed-off handoff, once and only once, and remember what became of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol, cast

from shared.actions import Action, ActionKind
from shared.measures.handoff_facts import HandoffFacts
from shared.model import JsonObject, Subject, rfc3339
from shared.policy.document import Policy
from shared.ports import Records
from shared.procedures.handoff_content import template_of
from shared.procedures.plan import queue_actions
from shared.procedures.services import Services
from shared.registers import handoffs as register


class _Templates(Protocol):
    def template(self, mirror: Records, template_id: int) -> JsonObject | None: ...


def key_of(opportunity_id: str) -> str:
    """The idempotency key: one project per opportunity, whoever asks and how often."""
    return f"create-project:{opportunity_id}"


def create(
    services: Services, facts: HandoffFacts, row: JsonObject, policy: Policy, plan_under: str | None
) -> JsonObject:
    """Queue the creation unless the project is there or under way; answer the handoff's row.

    A failed attempt is asked again by the next review under the same key, so that what HaloPSA made is completed.
    """
    project = row["project"]
    state = project["state"] if project is not None else None
    if facts.projects or state in ("created", "creating") or (state == "failed" and plan_under is None):
        return row
    template_id = template_of(facts, policy)
    if template_id is None:
        return _note(
            services,
            row,
            {
                "id": None,
                "state": "failed",
                "error": {
                    "code": "template_missing",
                    "message": "Policy names no project template for this service and deal.",
                },
            },
        )
    plan = _plan(services, facts, template_id, policy)
    # Noted before and after: should we die between, the next review asks again; once done, this never overwrites it.
    planned: JsonObject = {"id": None, "state": "planned", "error": None}
    row = _note(services, row, planned)
    if row["project"] != planned:
        return row  # somebody else is further
    queue_actions(
        services,
        [
            Action(
                ActionKind.CREATE_PROJECT,
                key_of(facts.id),
                Subject("opportunity", facts.id),
                facts.customer,
                {"opportunity_id": facts.id, "plan": plan},
            )
        ],
        plan_under,
    )
    return _note(services, row, {"id": None, "state": "creating", "error": None})


def _plan(services: Services, facts: HandoffFacts, template_id: int, policy: Policy) -> JsonObject:
    made = cast("_Templates", services.facts("delivery")).template(services.mirror, template_id) or {}
    budgets = made.get("budgets", [])
    hours = sum((Decimal(one["hours"]) for one in budgets if one.get("hours") is not None), Decimal(0))
    cost = facts.value - facts.profit if facts.value is not None and facts.profit is not None else None
    return {
        "summary": facts.title,
        "details": f"Created from opportunity {facts.id} after the delivery manager signed off.",
        "template_id": template_id,
        "project_type": policy.handoff.project_type,
        "task_type": policy.handoff.task_type,
        "client_id": int(facts.customer) if facts.customer else None,
        "site_id": int(facts.site) if facts.site else None,
        "user_id": int(facts.contact) if facts.contact else None,
        "start": rfc3339(services.clock.now()),
        "estimate": made.get("estimate"),
        "time_budget": f"{hours:f}" if hours else made.get("estimate"),
        "money_budget": f"{cost:f}" if cost is not None else None,
        "milestones": made.get("milestones", []),
        "budgets": budgets,
        "tasks": made.get("tasks", []),
    }


def _note(services: Services, row: JsonObject, project: JsonObject) -> JsonObject:
    """Set the project of a handoff, unless it has moved on from how it stood in ``row``; answer the row as it stands."""

    def step(body: JsonObject | None) -> JsonObject | None:
        if body is None or body["project"] != row["project"]:
            return None
        return {**body, "project": project, "state": "signed_off"}

    return register.register(services.rows).change(row["id"], step) or row


def on_carried_out(services: Services, action: Action, outcome: JsonObject) -> None:
    """Remember the project that was created."""
    identity = str(action.parameters["opportunity_id"])
    project = {
        "id": str(outcome["project_id"]) if outcome.get("project_id") is not None else None,
        "state": "created",
        "error": None,
    }
    register.amend(services.rows, identity, {"project": project, "state": "created"})


def on_failed(services: Services, action: Action, error: JsonObject) -> None:
    """Remember why there is none; the next review asks again."""
    identity = str(action.parameters["opportunity_id"])

    def step(body: JsonObject | None) -> JsonObject | None:
        if body is None or (body["project"] or {}).get("state") == "created":
            return None
        return {**body, "project": {"id": None, "state": "failed", "error": error}}

    register.register(services.rows).change(identity, step)

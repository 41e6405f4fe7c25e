"""A handoff as JSON: what exactly is signed off, and the row people read."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol, cast

from shared.measures.handoff_facts import FIGURE_PARTS, ITEMS, HandoffFacts
from shared.measures.handoff_score import HandoffStatus, completeness
from shared.measures.inputs import Inputs, note, told
from shared.model import JsonObject, rfc3339
from shared.policy.document import Policy
from shared.ports import Records
from shared.procedures.services import Services

_RATIO = Decimal("0.0001")


def template_of(facts: HandoffFacts, policy: Policy) -> int | None:
    """The template for a service and a deal: exact names first, ``*`` last; None when policy has none."""
    service, deal = facts.service.strip().casefold(), facts.deal.strip().casefold()
    best: tuple[int, int] | None = None
    for entry in policy.handoff.templates:
        wanted, kind = entry.service.strip().casefold(), entry.deal.strip().casefold()
        if wanted not in ("*", service) or kind not in ("*", deal):
            continue
        exact = 2 * (wanted != "*") + (kind != "*")
        if best is None or exact > best[0]:
            best = (exact, entry.template_id)
    return best[1] if best is not None else None


class _Templates(Protocol):
    def template(self, mirror: Records, template_id: int) -> JsonObject | None: ...


def content_of(services: Services, mirror: Records, facts: HandoffFacts, policy: Policy) -> JsonObject:
    """What is signed, with the resource plan of the template as it stands now."""
    return signoff_content(facts, policy, made_of(services, mirror, facts, policy))


def made_of(services: Services, mirror: Records, facts: HandoffFacts, policy: Policy) -> JsonObject | None:
    """The template a handoff's project would be made from, as it stands now; None when there is none."""
    number = template_of(facts, policy)
    source = cast("_Templates", services.facts("delivery"))
    return source.template(mirror, number) if number is not None else None


def signoff_content(facts: HandoffFacts, policy: Policy, made: JsonObject | None) -> JsonObject:
    """Exactly what the delivery manager signs: feasibility and resource plan of this scope under these limits.

    ``made`` is the template as the facts tell it: hours by budget type and the stages they are spent in.
    """
    quote = facts.signed_quote
    plan = made or {}
    return {
        "opportunity": facts.id,
        "signs": ["feasibility", "resource plan"],
        "service": facts.service,
        "deal": facts.deal,
        "template_id": template_of(facts, policy),
        "resource_plan": {
            "hours": [
                {"budget_type": str(one["budget_type"]), "hours": one["hours"]}
                for one in plan.get("budgets", [])
                if one["hours"] is not None
            ],
            "estimate": plan.get("estimate"),
            "stages": [one["name"] for one in plan.get("milestones", [])],
            **({} if made is not None else {"unknown": _no_plan(template_of(facts, policy))}),
        },
        "value": _decimal(facts.value),
        "profit": _decimal(facts.profit),
        "margin_floor": _decimal(policy.handoff.margin_floor),
        "scope": None
        if quote is None
        else {
            "quotation": quote.id,
            "title": quote.title,
            "signed_by": quote.name,
            "signed_at": rfc3339(quote.at) if quote.at else None,
            "total": _decimal(quote.total),
            "currency": quote.currency,
        },
        **{item: facts.text(item) for item in ITEMS[2:]},
        "unresolved": list(facts.unresolved),
        "sources": {item: facts.source(item) for item in ITEMS},
    }


def _no_plan(template_id: int | None) -> str:
    """Whoever signs is told that there is nothing to sign of a plan, and that the project will have none."""
    if template_id is None:
        return "Policy names no project template for this service and deal."
    return f"HaloPSA shows no template {template_id}: hours and stages are unknown, and the project would get none."


def handoff_json(
    status: HandoffStatus,
    old: JsonObject | None,
    *,
    first: JsonObject | None,
    approval: JsonObject | None,
    hold: JsonObject | None,
    as_of: datetime,
    policy: Policy,
    content: JsonObject,
    made: JsonObject | None,
    version: str,
) -> JsonObject:
    """The row of a handoff; ``made`` is the template its content was drawn up from."""
    facts = status.facts
    project = old["project"] if old is not None else None
    if facts.projects and (project is None or project["id"] not in facts.projects):
        project = {"id": facts.projects[0], "state": "created", "error": None}
    return {
        "id": facts.id,
        "title": facts.title,
        "customer": facts.customer,
        "practice": facts.practice,
        "service": facts.service,
        "deal": facts.deal,
        "won_at": rfc3339(facts.won_at) if facts.won_at else None,
        "value": _decimal(facts.value),
        "profit": _decimal(facts.profit),
        "margin": None if facts.margin is None else float(facts.margin.quantize(_RATIO, ROUND_HALF_UP)),
        "margin_floor": float(policy.handoff.margin_floor),
        "checklist": [
            {
                "item": one.item,
                "label": one.label,
                "met": one.met,
                "source": one.source or None,
                "reasons": [reason.to_json() for reason in one.reasons],
            }
            for one in status.items
        ],
        "completeness": float(completeness(status.items)),
        "first_submission": first,
        "completeness_first": first["completeness"] if first else None,
        "completeness_now": float(completeness(status.items)),
        "reasons": [reason.to_json() for reason in status.missing],
        "waived": sorted(status.waived),
        "unresolved": list(facts.unresolved),
        "approval_id": approval["id"] if approval else (old["approval_id"] if old else None),
        "signoff": _signoff(status, approval),
        "hold_id": hold["id"] if hold else None,
        "state": _state(status, project),
        "project": project,
        "projects": list(facts.projects),
        "kickoffs": [
            {
                "id": one.id,
                "ticket": one.ticket,
                "subject": one.subject,
                "start": rfc3339(one.start) if one.start else None,
            }
            for one in facts.kickoffs
        ],
        "signed_content": content if status.signed_at is None or old is None else old["signed_content"],
        "quotations": [
            {
                "id": one.id,
                "title": one.title,
                "accepted": one.accepted,
                "signed": one.signed and bool(one.name),
                "total": _decimal(one.total),
                "currency": one.currency,
                "scope": one.scope,
                "risk": one.risk,
            }
            for one in facts.quotes
        ],
        "currency": facts.currency,
        "inputs": told(_inputs(facts, made)),
        "traces": FIGURE_PARTS,
        "as_of": rfc3339(as_of),
        "policy_version": version,
    }


def _inputs(facts: HandoffFacts, made: JsonObject | None) -> Inputs:
    inputs = dict(facts.inputs)
    if made is not None:
        note(inputs, "template", "Template", str(made["template_id"]), made["observations"])
    return inputs


def _signoff(status: HandoffStatus, approval: JsonObject | None) -> JsonObject:
    signed = status.signed_at is not None
    return {
        "state": status.signoff or "not_asked",
        "approval_id": approval["id"] if approval else None,
        "by": [one["by"] for one in approval["decisions"]] if approval and signed else [],
        "at": rfc3339(status.signed_at) if status.signed_at else None,
    }


def _state(status: HandoffStatus, project: JsonObject | None) -> str:
    if project is not None and project["state"] == "created":
        return "created"
    if status.signed_at is not None:
        return "signed_off"
    return "held" if status.missing else "awaiting_signoff"


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"

"""A small MSP's delivery as HaloPSA rows: one project with tasks and time, one won opportunity, and who acts on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.approvals.quorum import content_digest, decide
from shared.model import Person, Role
from shared.procedures.runs import Run
from shared.registers import approvals
from tests.harness.services import FakeServices

if TYPE_CHECKING:
    from datetime import datetime

    from shared.model import JsonObject

NORA = Person("oid-nora", "Nora Fictive", frozenset({Role.DELIVERY_MANAGER}))
PIET = Person("oid-piet", "Piet Fictive", frozenset({Role.PRACTICE_MANAGER}))
STRANGER = Person("oid-sam", "Sam Fictive", frozenset({Role.DELIVERY_MANAGER}), customers=frozenset({"99"}))
LINKS = ("scope", "margin", "assumptions", "dependencies", "acceptance")

BASELINE: JsonObject = {
    "currency": "CAD",
    "bac": "2000.00",
    "start": "2026-11-02T14:00:00Z",
    "periods": [{"end": "2026-11-16T09:00:00Z", "pv": "1000.00"}, {"end": "2026-11-30T09:00:00Z", "pv": "2000.00"}],
    "workstreams": [],
    "gates": [],
    "accountable": {"owner": "oid-nora"},
}


def project_rows(**project: Any) -> dict[str, list[JsonObject]]:
    """A project of client 12 with two tasks; task 101 is done, half of 102."""
    return {
        "Projects": [
            {
                "id": 100,
                "summary": "Server move",
                "tickettype_id": 5,
                "client_id": 12,
                "status_id": 2,
                "is_project": True,
                "last_update": "2026-11-15T10:00:00Z",
                **project,
            }
        ],
        "Tickets": [
            {
                "id": 101,
                "parent_id": 100,
                "summary": "Design",
                "estimate": 10.0,
                "status_id": 9,
                "dateclosed": "2026-11-10T10:00:00Z",
            },
            {
                "id": 102,
                "parent_id": 100,
                "summary": "Build",
                "estimate": 30.0,
                "status_id": 2,
                "projectcompletionpercentage": 50.0,
            },
        ],
        "Actions": [
            {"id": 1, "ticket_id": 101, "timetaken": 10.0, "who_agentid": 5, "datetime": "2026-11-05T10:00:00"},
            {"id": 1, "ticket_id": 102, "timetaken": 12.5, "who_agentid": 5, "datetime": "2026-11-13T10:00:00Z"},
        ],
        "Agent": [{"id": 5, "name": "Ada Fictive", "costprice": 50.0}],
        "Client": [{"id": 12, "name": "Maple Harbour Dental"}],
    }


def opportunity(policy: Any, **more: Any) -> JsonObject:
    """A won opportunity whose handoff is complete."""
    fields = policy.handoff.fields
    texts = {"assumptions": "Power is there.", "dependencies": "The internet line.", "acceptance": "A signed test."}
    return {
        "id": 700,
        "summary": "New office",
        "tickettype_id": 30,
        "client_id": 12,
        "status_id": 9,
        "is_opportunity": True,
        "oppconverteddate": "2026-11-13T00:00:00Z",
        "oppvalue": 10000.0,
        "oppprofit": 3000.0,
        "category_1": "Network",
        "opptype": "New",
        "last_update": "2026-11-13T00:00:00Z",
        "customfields": [
            *(
                {"id": number, "label": getattr(fields, name), "value": text}
                for number, (name, text) in enumerate(texts.items(), 1)
            ),
            *(
                {
                    "id": number,
                    "label": getattr(fields, f"source_{name}"),
                    "value": f"https://files.example.test/{name}",
                }
                for number, name in enumerate(LINKS, 10)
            ),
        ],
        "todo_list": [{"id": 1, "text": "Check the power", "done": True, "group_name": "Assumptions"}],
        **more,
    }


def quotation(**more: Any) -> JsonObject:
    """Accepted and signed."""
    return {
        "id": 77,
        "title": "Office network",
        "ticket_id": 700,
        "approvalstate": 2,
        "approvalname": "Cora Fictive",
        "approvaldatetime": "2026-11-12T00:00:00Z",
        "signature": "data:image/png;base64,AAAA",
        "total": 10000.0,
        "currency_code_name": "CAD",
        **more,
    }


def handoff_rows(opp: JsonObject, *quotes: JsonObject, **more: list[JsonObject]) -> dict[str, list[JsonObject]]:
    """What the mirror holds around an opportunity."""
    return {
        "Opportunities": [opp],
        "Quotation": list(quotes),
        "Appointment": [],
        "Projects": [],
        "Tickets": [],
        "Client": [{"id": 12, "name": "Maple Harbour Dental"}],
        "Template": [
            {
                "id": 501,
                "name": "Office",
                "milestones": [{"id": 1, "name": "Ready", "sequence": 1, "target_days": 5}],
                "todo_list": [{"id": 1, "text": "Lay cables", "group_name": "Ready"}],
            }
        ],
        **more,
    }


def run_of(job: str, services: FakeServices, as_of: datetime | None = None, name: str = "") -> Run:
    """A run nobody watches."""
    at = as_of or services.clock.now()
    return Run(name or f"r-{job}-{at:%d%H%M%S}", job, None, at, "oid-ole", lambda _fraction, _text: None)


def approve(
    services: FakeServices,
    owner: Any,
    approval_id: str,
    *people: Person,
    decision: str = "approve",
    rationale: str = "Looked at it.",
) -> JsonObject:
    """Decide as these people, as the desk does: on what stands now; ``owner`` is the module of the kind."""
    body: JsonObject = {}
    for person in people:
        held = approvals.register(services.rows).get(approval_id)
        assert held is not None
        content = owner.present_content(services, held.body)
        digest = content_digest(content) if content is not None else None
        body = decide(
            held.body,
            person,
            decision=decision,
            rationale=rationale,
            digest=held.body["digest"],
            present_digest=digest,
            now=services.clock.now(),
        )
        approvals.register(services.rows).put(approval_id, body)
    if body.get("state") in ("approved", "rejected"):
        owner.on_decided(services, body)
        owner.on_decided(services, body)
    return body

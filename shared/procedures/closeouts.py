"""Post-project review: what was estimated against what it took, missed risks, corrective actions into the backlog."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from shared.errors import Conflict, NotFound, RowExists, Unacceptable
from shared.model import JsonObject, NewEntry, Person, Subject, rfc3339
from shared.procedures.decide import visible
from shared.procedures.first_word import first_recorded
from shared.procedures.governance import add_backlog
from shared.procedures.services import Services
from shared.registers import handoffs
from shared.registers import projects as register

_MOST = 200
_LONGEST = 4000


def submit_closeout(services: Services, person: Person, project_id: str, body: Any) -> JsonObject:
    """Record the review of a closed project: ``{"missed_risks": [...], "corrective_actions": [...], "summary"}``.

    Corrective actions go into the backlog, because that is where templates are improved. Raises NotFound, Unacceptable
    (project_open, closeout_invalid), Conflict (closeout_recorded).
    """
    status = register.status_at(services.rows, project_id, None)
    if status is None or not visible(status, person):
        raise NotFound(f"There is no project {project_id} that was assessed.", code="project_not_found")
    if not status["closed"]:
        raise Unacceptable(f"Project {project_id} is still open.", code="project_open")
    summary, risks, actions = _read(body)
    template = _template(services, status)
    row: JsonObject = {
        "project_id": project_id,
        "template_id": template,
        "customer": status["customer"],
        "practice": status["practice"],
        "summary": summary,
        "missed_risks": risks,
        "corrective_actions": actions,
        "accuracy": accuracy(status),
        "reviewed_by": person.oid,
        "reviewed_at": rfc3339(services.clock.now()),
    }
    twice = Conflict(f"The review of project {project_id} is already recorded.", code="closeout_recorded")
    if register.reviews(services.rows).get(project_id) is not None:
        raise twice
    stands, _ = first_recorded(
        services,
        NewEntry(
            type="project.reviewed",
            key=f"closeout\n{project_id}",
            payload=json.dumps(row, sort_keys=True, ensure_ascii=False).encode(),
            customer=row["customer"],
            subject=Subject("project", project_id),
            actor=person.oid,
            practice=row["practice"],
        ),
    )
    template, reviewer = stands["template_id"], replace(person, oid=stands["reviewed_by"])
    for number, text in enumerate(stands["corrective_actions"]):
        add_backlog(
            services,
            reviewer,
            {
                "title": text[:200],
                "description": f"From the review of project {project_id}"
                + (f", made from template {template}: change it there." if template is not None else "."),
                "practice": stands["practice"],
                "customer": stands["customer"],
                "kind": "enhancement",
            },
            key=f"closeout\n{project_id}\n{number}",
        )
    with suppress(RowExists):  # last, so that an attempt that died is completed by the next
        register.reviews(services.rows).insert(project_id, stands)
    if stands != row:
        raise twice
    return row


def _template(services: Services, status: JsonObject) -> int | None:
    """The template the project was made from, by HaloPSA's word or else by its deal's."""
    if isinstance(status.get("template_id"), int):
        return int(status["template_id"])
    deal = handoffs.get(services.rows, str(status["created_from"])) if status.get("created_from") else None
    found = ((deal or {}).get("signed_content") or {}).get("template_id")
    return found if isinstance(found, int) else None


def lessons(services: Services, person: Person, template_id: int | None) -> list[JsonObject]:
    """What reviewed projects of the same template taught: ``{"text", "project"}``, newest first; how long they took on top."""
    if template_id is None:
        return []
    held = [
        row
        for row in register.reviews(services.rows).all()
        if row.get("template_id") == template_id and visible(row, person)
    ]
    held.sort(key=lambda row: (row["reviewed_at"], row["project_id"]), reverse=True)
    out = [
        {"text": text, "project": row["project_id"]}
        for row in held
        for text in (*row["corrective_actions"], *(f"A risk that was missed: {risk}" for risk in row["missed_risks"]))
    ]
    took = [row["accuracy"]["hours"] for row in held if row["accuracy"]["hours"] is not None]
    if took:
        text = (
            f"Projects of this template took {sum(took) / len(took):.2f} times the estimated hours (n = {len(took)})."
        )
        out.insert(0, {"text": text, "project": held[0]["project_id"]})
    return out[:_MOST_LESSONS]


_MOST_LESSONS = 12


def accuracy(status: JsonObject) -> JsonObject:
    """Estimate accuracy: what it took over what was planned; null where either is missing."""
    hours = status.get("hours") or {}
    return {
        "hours": _ratio(hours.get("booked"), hours.get("estimated")),
        "cost": _ratio((status.get("ac") or {}).get("amount"), (status.get("bac") or {}).get("amount")),
        "duration": _ratio(status.get("at"), status.get("planned_duration")),
    }


def _ratio(took: object, planned: object) -> float | None:
    if took is None or planned is None or Decimal(str(planned)) == 0:
        return None
    return round(float(Decimal(str(took)) / Decimal(str(planned))), 4)


def _read(body: Any) -> tuple[str, list[str], list[str]]:
    if not isinstance(body, dict) or set(body) - {"summary", "missed_risks", "corrective_actions"}:
        raise Unacceptable("A review holds summary, missed_risks and corrective_actions.", code="closeout_invalid")
    summary = body.get("summary")
    lists = [body.get(name) for name in ("missed_risks", "corrective_actions")]
    if not isinstance(summary, str) or not summary.strip():
        raise Unacceptable("A review says in a few words what was learned.", code="closeout_invalid")
    texts = []
    for one in lists:
        if (
            not isinstance(one, list)
            or len(one) > _MOST
            or any(not isinstance(text, str) or not text.strip() for text in one)
        ):
            raise Unacceptable(
                "missed_risks and corrective_actions are lists of sentences; either may be empty.",
                code="closeout_invalid",
            )
        texts.append([text.strip()[:_LONGEST] for text in one])
    return summary.strip()[:_LONGEST], texts[0], texts[1]

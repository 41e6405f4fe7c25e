"""Validations of billing: scenarios with expected results, drawn up by people before any test cycle is run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from secrets import token_hex

from shared.errors import NotFound, Unacceptable
from shared.measures.validation import AREAS, SUBJECTS, normal
from shared.model import JsonObject, NewEntry, Person, Subject, rfc3339
from shared.procedures.billing_trust import trust_of
from shared.procedures.page import page
from shared.procedures.services import Services
from shared.registers import validations

_MOST = 500
_LONGEST = 300


def add_validation(services: Services, person: Person, body: JsonObject) -> JsonObject:
    """Draw up a validation. Nothing is judged until the job ``billing_validation`` runs its test cycle.

    ``{"name", "scenarios": [{"area", "title", "subject": HaloPSA id, "expected": {…}}]}``; what may be expected in each
    area is ``measures.validation.AREAS``. Raises Unacceptable (validation_invalid) naming every scenario at fault.
    """
    if person.customers is not None:
        raise NotFound("Validation is about all customers.", code="validation_not_found")
    given, name = body.get("scenarios"), body.get("name")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= _LONGEST or set(body) - {"name", "scenarios"}:
        raise Unacceptable("A validation has a name and scenarios.", code="validation_invalid")
    if not isinstance(given, list) or not 0 < len(given) <= _MOST:
        raise Unacceptable(f"A validation has 1 to {_MOST} scenarios.", code="validation_invalid")
    scenarios: list[JsonObject] = []
    faults: list[str] = []
    for number, one in enumerate(given, start=1):
        try:
            scenarios.append({"id": f"s{number:03d}", **_scenario(one)})
        except ValueError as fault:
            faults.append(f"scenario {number} {fault}")
    if faults:
        shown = "; ".join(faults[:20]) + (f"; and {len(faults) - 20} more" if len(faults) > 20 else "")
        raise Unacceptable(f"The validation cannot be used: {shown}.", code="validation_invalid")
    now = services.clock.now()
    row: JsonObject = {
        "id": f"v-{now:%Y%m%d%H%M%S}-{token_hex(4)}",
        "name": name.strip(),
        "state": validations.DRAFT,
        "by": person.oid,
        "created": rfc3339(now),
        "scenarios": scenarios,
        "result": None,
        "ran_at": None,
        "approval_id": None,
        "content": None,
        "signed_at": None,
        "signed_by": [],
    }
    services.ledger.record(
        NewEntry(
            type="validation.drawn_up",
            key=f"validation\n{row['id']}",
            payload=json.dumps(row, sort_keys=True, ensure_ascii=False).encode(),
            subject=Subject("validation", row["id"]),
            controls=("billing_validated",),
            actor=person.oid,
        )
    )
    validations.register(services.rows).insert(row["id"], row)
    return row


def _scenario(given: object) -> JsonObject:
    if not isinstance(given, Mapping) or set(given) - {"area", "title", "subject", "expected"}:
        raise ValueError("needs area, title, subject and expected")
    area, title, subject, expected = (given.get(name) for name in ("area", "title", "subject", "expected"))
    if not isinstance(area, str) or area not in AREAS:
        raise ValueError(f"has an area that is none of {', '.join(AREAS)}")
    if not isinstance(title, str) or not 0 < len(title.strip()) <= _LONGEST:
        raise ValueError("has no title")
    if isinstance(subject, int) and not isinstance(subject, bool):
        subject = str(subject)
    if not isinstance(subject, str) or not 0 < len(subject.strip()) <= _LONGEST:
        raise ValueError(f"names no {SUBJECTS[area].replace('_', ' ')}")
    if not isinstance(expected, Mapping) or not expected:
        raise ValueError("expects nothing")
    unknown = [str(name) for name in expected if name not in AREAS[area]]
    if unknown:
        raise ValueError(f"expects {', '.join(unknown)}; {area} knows {', '.join(AREAS[area])}")
    wanted: JsonObject = {}
    for name, value in expected.items():
        try:
            wanted[name] = normal(AREAS[area][name], value)
        except ValueError as fault:
            raise ValueError(f"expects a {name} that should be written so that it {fault}") from None
    return {
        "area": area,
        "title": title.strip(),
        "subject": {"kind": SUBJECTS[area], "id": subject.strip()},
        "expected": wanted,
    }


def list_validations(services: Services, person: Person, limit: int, after: str | None) -> JsonObject:
    """Oldest first, without their scenarios; beside them ``trust``, which is what all of it is for."""
    rows = validations.every(services.rows) if person.customers is None else []
    told = page(
        rows,
        limit=limit,
        after=after,
        key=lambda row: str(row["id"]),
        shown=lambda row: (
            {key: value for key, value in row.items() if key not in ("scenarios", "content", "result")}
            | {"scenarios": len(row["scenarios"]), "gaps": (row["result"] or {}).get("gaps")}
        ),
    )
    return {**told, "trust": trust_of(services).to_json()}


def validation_view(services: Services, person: Person, identity: str) -> JsonObject:
    """One validation with scenarios and, once its cycle ran, results. NotFound also for who sees only some customers."""
    held = validations.register(services.rows).get(identity)
    if held is None or person.customers is not None:
        raise NotFound(f"There is no validation {identity}.", code="validation_not_found")
    return {key: value for key, value in held.body.items() if key != "content"}

"""Make the four artefacts from what stands now, keep them and record them as evidence."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from shared.controls.catalogue import controls
from shared.controls.spec import canary_result
from shared.errors import NotFound, RowExists
from shared.model import JsonObject, NewEntry, Person, Subject, rfc3339
from shared.procedures.report_sources import ledger_state
from shared.procedures.services import Services
from shared.registers import findings
from shared.registers.store import Register
from shared.reports.artefacts import FILES, ArtefactInput, documents
from shared.reports.document import Document
from shared.reports.formats import media_type, render
from shared.settings import CATALOGUE

CONTAINER = "reports"
_SCHEDULES = tuple(one.name for one in CATALOGUE if one.name.startswith("ATTEST_SCHEDULE_"))


def make_artefacts(services: Services, as_of: datetime, weekly: Document | None = None) -> JsonObject:
    """Each artefact's digest by file name. The same ``as_of`` again answers what was made the first time."""
    at = rfc3339(as_of)
    register = Register(services.rows, "artefacts")
    held = register.get(at)
    if held is not None:
        return dict(held.body["sha256"])
    made = documents(_input(services, as_of, at, weekly))
    digests: JsonObject = {}
    for name, suffix in FILES.items():
        data = render(suffix, made[name])
        blob = f"artefacts/{at}/{name}.{suffix}"
        try:
            services.blobs.create(CONTAINER, blob, data, media_type(suffix))
        except RowExists:
            data = services.blobs.get(CONTAINER, blob) or data
        digests[f"{name}.{suffix}"] = hashlib.sha256(data).hexdigest()
    services.ledger.record(
        NewEntry(
            type="artefacts.published",
            key=f"artefacts\n{at}",
            payload=json.dumps({"as_of": at, "sha256": digests}, sort_keys=True).encode(),
            subject=Subject("report", f"artefacts/{at}"),
            occurred_at=as_of,
        )
    )
    register.put(at, {"as_of": at, "sha256": digests})
    return digests


def artefact_file(services: Services, person: Person, file: str) -> tuple[bytes, str]:
    """(bytes, media type) of the newest artefact of this file name; NotFound for callers who see only some customers."""
    newest: JsonObject | None = None
    if person.customers is None and person.practices is None:
        for body in Register(services.rows, "artefacts").all():
            newest = body
    if newest is None or file not in newest["sha256"]:
        raise NotFound("There is no such artefact.", code="artefact_not_found")
    data = services.blobs.get(CONTAINER, f"artefacts/{newest['as_of']}/{file}")
    if data is None:
        raise NotFound("There is no such artefact.", code="artefact_not_found")
    return data, media_type(file.rpartition(".")[2])


def _input(services: Services, as_of: datetime, at: str, weekly: Document | None) -> ArtefactInput:
    policy = services.policy.policy
    return ArtefactInput(
        as_of=at,
        controls=tuple(
            {**one.to_json(), "effectiveness": canary_result(one, policy, as_of)} for one in controls().values()
        ),
        approvals={kind: tuple(role.value for role in roles) for kind, roles in policy.approvals.roles.items()},
        two_persons=policy.approvals.two_persons,
        schedules=tuple((name, services.settings.values.get(name, "not set here")) for name in _SCHEDULES),
        items=tuple(weekly.data.get("kpis", ())) if weekly is not None else (),
        findings=tuple(row for control in controls() for row in findings.of_control(services.rows, control)),
        weekly=weekly,
        ledger=ledger_state(services),
        keys=tuple(str(key["vkey"]) for key in services.ledger.keys()),  # noqa: SIM118 - a ledger is no dict
        unconfirmed=policy.unconfirmed(),
        policy_version=services.policy.version,
    )

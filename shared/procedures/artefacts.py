"""Make the four artefacts from what stands now, keep them and record them as evidence."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from shared.controls.catalogue import controls
from shared.controls.spec import canary_result
from shared.errors import NotFound, RowExists
from shared.model import JsonObject, NewEntry, Person, Subject, rfc3339
from shared.procedures.page import page
from shared.procedures.report_sources import ledger_state, sees_all, time_limit
from shared.procedures.services import Services
from shared.registers import baselines, findings
from shared.registers.reports import artefacts as sets_of
from shared.reports.artefacts import FILES, ArtefactInput, documents
from shared.reports.document import Document
from shared.reports.formats import media_type, render
from shared.settings import CATALOGUE

CONTAINER = "reports"
_SCHEDULES = tuple(one.name for one in CATALOGUE if one.name.startswith("ATTEST_SCHEDULE_"))


def make_artefacts(services: Services, as_of: datetime, weekly: Document | None = None) -> JsonObject:
    """Each artefact's digest by file name. The same week and ``as_of`` again answers what was made the first time."""
    at, period = rfc3339(as_of), weekly.period if weekly is not None else "none"
    key = f"{at}~{period}"
    held = sets_of(services.rows).get(key)
    if held is not None:
        return dict(held.body["sha256"])
    made = documents(_input(services, as_of, at, weekly))
    digests: JsonObject = {}
    sizes: JsonObject = {}
    for name, suffix in FILES.items():
        data = render(suffix, made[name])
        file = f"{name}.{suffix}"
        try:
            services.blobs.create(CONTAINER, blob_of(period, at, file), data, media_type(suffix))
        except RowExists:
            data = services.blobs.get(CONTAINER, blob_of(period, at, file)) or data
        digests[file], sizes[file] = hashlib.sha256(data).hexdigest(), len(data)
    receipt = services.ledger.record(
        NewEntry(
            type="artefacts.published",
            key=f"artefacts\n{key}",
            payload=json.dumps({"as_of": at, "period": period, "sha256": digests}, sort_keys=True).encode(),
            subject=Subject("report", f"artefacts/{period}/{at}"),
            occurred_at=as_of,
        )
    )
    row = {"as_of": at, "period": period, "sha256": digests, "bytes": sizes, "evidence_id": receipt.evidence_id}
    sets_of(services.rows).put(key, row)
    return digests


def blob_of(period: str, at: str, file: str) -> str:
    """Where a file's bytes lie."""
    return f"artefacts/{period}/{at}/{file}"


def artefact_file(services: Services, person: Person, file: str, as_of: object = None) -> tuple[bytes, str]:
    """(bytes, media type) of this file as made for the latest time not after ``as_of``.

    NotFound for callers who see only some customers or practices: artefacts are about all of them.
    """
    limit = time_limit(as_of)
    newest: JsonObject | None = None
    if sees_all(person):
        for body in sets_of(services.rows).all():
            if limit is None or body["as_of"] <= limit:
                newest = body
    data = None
    if newest is not None and file in newest["sha256"]:
        data = services.blobs.get(CONTAINER, blob_of(newest["period"], newest["as_of"], file))
    if data is None:
        raise NotFound("There is no such artefact for that time.", code="artefact_not_found")
    return data, media_type(file.rpartition(".")[2])


def list_artefacts(services: Services, person: Person, limit: int = 100, after: str | None = None) -> JsonObject:
    """Sets of artefacts by the time they judge by; none for callers who see only some customers or practices."""
    rows = sets_of(services.rows).all() if sees_all(person) else iter(())
    return page(rows, limit=limit, after=after, key=lambda row: f"{row['as_of']} {row['period']}", shown=_shown)


def _shown(row: JsonObject) -> JsonObject:
    links = {file: f"/api/artefacts/{file}?as_of={row['as_of']}" for file in row["sha256"]}
    return {**row, "id": f"{row['as_of']}/{row['period']}", "files": list(row["sha256"]), "links": links}


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
        baselines=tuple(baselines.register(services.rows).all()),
        findings=tuple(row for control in controls() for row in findings.of_control(services.rows, control)),
        weekly=weekly,
        ledger=ledger_state(services),
        keys=tuple(str(key["vkey"]) for key in services.ledger.keys()),  # noqa: SIM118 - a ledger is no dict
        unconfirmed=policy.unconfirmed(),
        policy_version=services.policy.version,
    )

"""Freeze what figures came to over a period, once: date and method stand with each, and nothing moves it afterwards."""

from __future__ import annotations

import json
from contextlib import suppress

from shared.errors import Forbidden, Malformed, RowExists, Unacceptable
from shared.measures.kpi_catalogue import CATALOGUE
from shared.model import JsonObject, NewEntry, Person, Subject, rfc3339
from shared.procedures.kpi_scope import period_of
from shared.procedures.kpis import WHOLE, items_of
from shared.procedures.report_sources import sees_all
from shared.procedures.services import Services
from shared.procedures.targets import MAY
from shared.registers import baselines


def freeze(services: Services, person: Person, body: JsonObject) -> JsonObject:
    """``{"frozen", "kept", "unknown"}``: ids now frozen, frozen before, and without a value in [from, to).

    Raises Forbidden for who may not, or sees only a part of what the figures count; Unacceptable for an unknown figure.
    """
    if not person.has(*MAY):
        raise Forbidden(
            "Baselines are set by practice managers, steering members and administrators.", code="role_missing"
        )
    if not sees_all(person):
        raise Forbidden("A baseline counts all customers and practices; you see some of them.", code="scope_too_narrow")
    try:
        period = period_of(body.get("from"), body.get("to"))
    except Malformed as fault:
        raise Unacceptable(fault.message, code=fault.code) from None
    wanted = body.get("kpis", list(CATALOGUE))
    if not isinstance(wanted, list) or any(not isinstance(one, str) or one not in CATALOGUE for one in wanted):
        raise Unacceptable("kpis is a list of ids of figures.", code="kpi_unknown")
    now, version = rfc3339(services.clock.now()), services.policy.version
    found = items_of(services, period, wants=lambda _practice, _customer: True, circle=WHOLE)
    values = {item["id"]: item for item in found if item["practice"] is None}
    out: JsonObject = {"frozen": [], "kept": [], "unknown": []}
    for kpi in wanted:
        item = values[kpi]
        if item["value"] is None:
            out["unknown"].append(kpi)
            continue
        method = (
            f"measured from {item['from']} to {item['to']} over {item['n']} {CATALOGUE[kpi].counts}, policy {version}"
        )
        row = {"kpi": kpi, "value": item["value"], "frozen_at": now, "method": method, "by": person.oid}
        out["kept"].append(kpi)
        with suppress(RowExists):  # a baseline stays what it was
            baselines.register(services.rows).insert(kpi, row)
            out["kept"].pop()
            out["frozen"].append(kpi)
    told = json.dumps({**out, "at": now, "from": rfc3339(period.start), "to": rfc3339(period.end)}, sort_keys=True)
    if out["frozen"]:
        services.ledger.record(
            NewEntry(
                type="baselines.frozen",
                key=f"baselines\n{now}\n{','.join(out['frozen'])}",
                payload=told.encode(),
                subject=Subject("kpi", "baselines"),
                actor=person.oid,
            )
        )
    return out


def list_baselines(services: Services, _person: Person) -> JsonObject:
    """Every baseline with the value it froze, when, and how it was come by."""
    return {"items": list(baselines.register(services.rows).all()), "next": None}

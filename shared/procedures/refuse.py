"""A refused request leaves one record and nothing else."""

from __future__ import annotations

import json

from shared.errors import AttestError
from shared.log import Event, log
from shared.model import JsonObject, NewEntry, rfc3339
from shared.procedures.services import Services


def record_refusal(
    services: Services, *, operation_id: str, method: str, code: str, oid: str | None, request_id: str
) -> None:
    """Record ``access.refused``. Anonymous refusals of one minute are one record, so that noise cannot fill the store."""
    log(Event.ACCESS_REFUSED, operation=operation_id, code=code, oid=oid or None, request_id=request_id)
    minute = rfc3339(services.clock.now())[:16]
    body: JsonObject = {"operation": operation_id, "method": method, "code": code, "oid": oid}
    if oid is None:
        body["minute"] = minute
        key = f"refused\n{operation_id}\n{code}\n{minute}"
    else:
        body["request_id"] = request_id
        key = f"refused\n{operation_id}\n{code}\n{oid}\n{request_id}\n{rfc3339(services.clock.now())}"
    try:
        services.ledger.record(
            NewEntry(
                type="access.refused",
                key=key,
                payload=json.dumps(body, sort_keys=True).encode(),
                actor=oid or "anonymous",
            )
        )
    except AttestError:
        # the caller is refused whether or not the record could be kept; storage being down has its own alarm
        return

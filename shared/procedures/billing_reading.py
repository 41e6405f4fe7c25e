"""Read what bills from HaloPSA once more before it is judged, so that an edit made a minute ago is not judged tomorrow."""

from __future__ import annotations

from collections.abc import Callable

from shared.errors import SourceError
from shared.model import JsonObject
from shared.procedures.lists import lists
from shared.procedures.services import Services
from shared.procedures.sync_details import read_details
from shared.procedures.sync_list import read_list

COMMERCIAL = ("ClientContract", "RecurringInvoice", "Invoice")
_BESIDE = ("Client", "SalesOrder", "Agent", "Tax")
"""What invoices are compared with: read here only when no sync ever did."""
_SHORT = 1000
"""Rows up to which a list is read anew: at most ten requests. A longer one is as old as the last sync, as its age says."""


def read_anew(services: Services, tell: Callable[[str], None]) -> JsonObject:
    """``{"read": [kinds], "held": [kinds], "failed": code or None}``: read now, taken as last synced, and why not read.

    A HaloPSA that does not answer stops nothing: what is held is judged, and when it is too old it is ``unknown``.
    """
    read: list[str] = []
    held: list[str] = []
    failed: str | None = None
    mirror = services.mirror
    wanted = {*COMMERCIAL, *(kind for kind in _BESIDE if mirror.read_at(kind) is None)}
    known = lists(services)
    for reading in (*(one for one in known.READINGS if one.kind in wanted), known.APPROVALS):
        long = reading is not known.APPROVALS and int(mirror.state(reading.kind).get("rows", 0)) > _SHORT
        if failed is not None or long:
            held.append(reading.kind)
            continue
        tell(f"Reading {reading.kind}.")
        try:
            read_list(services, reading, tell)
            if reading.detail is not None:
                read_details(services, reading, tell)
        except SourceError as fault:
            failed = fault.code
            held.append(reading.kind)
        else:
            read.append(reading.kind)
    return {"read": read, "held": held, "failed": failed}

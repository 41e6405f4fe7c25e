"""Packs as people ask for them: requested, built by a queue, watched, downloaded with custody."""

from __future__ import annotations

import json

from shared.errors import Conflict, Gone, NotFound
from shared.model import JsonObject, Person
from shared.procedures.export_pack import pack_blob, pack_downloaded, pack_status, request_pack
from shared.procedures.plan import QUEUE
from shared.procedures.services import Services

_LINK_MINUTES = 10


def ask_for_pack(services: Services, person: Person, body: JsonObject) -> JsonObject:
    """Register the request, then have it built in the background. A pack is a customer's log, whatever the practice."""
    if person.practices is not None:
        raise NotFound("A pack holds a customer's whole log, which is not all yours to see.", code="customer_not_found")
    status = request_pack(services, person, body)
    services.queues.send(QUEUE, json.dumps({"pack": status["id"]}))
    return status


def pack_view(services: Services, person: Person, pack_id: str) -> JsonObject:
    """How a pack stands; NotFound outside the caller's customers, and for whoever is narrowed to practices."""
    status = pack_status(services, pack_id)
    if person.practices is not None or not person.sees_customer(status["customer"]):
        raise NotFound("There is no such pack.", code="pack_not_found")
    return status


def pack_file(services: Services, person: Person, pack_id: str, *, beginning: bool) -> tuple[str | None, str, int]:
    """(short link or None, blob name, size in bytes) of a finished pack.

    ``beginning`` is true for a download's first bytes: custody is recorded then, and where somebody begins elsewhere.
    Raises Conflict (pack_not_ready) while it is being built, Gone (pack_withdrawn) after an erasure.
    """
    status = pack_view(services, person, pack_id)
    name = pack_blob(pack_id)
    if status["state"] == "withdrawn":
        raise Gone(status["error"]["text"], code="pack_withdrawn")
    info = services.blobs.info("packs", name) if status["state"] == "ready" else None
    if info is None:
        raise Conflict(f"The pack is {status['state']}; download it once it is ready.", code="pack_not_ready")
    pack_downloaded(services, person, pack_id, beginning=beginning)
    return services.blobs.link("packs", name, _LINK_MINUTES), name, info.size

"""The doorbell: who rings, are the bytes kept, is it queued. Nothing is judged here."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.errors import LengthRequired, Malformed, NotFound, TooLarge, Unauthenticated, UnsupportedMedia
from shared.model import JsonObject
from shared.procedures.deliveries import Delivery, Unread, read, split
from shared.procedures.keep import keep_all, quarantine
from shared.procedures.services import Services
from shared.settings import WebhookSource

MOST_BYTES = 1024 * 1024


def receive(
    services: Services,
    source: str,
    authorization: str | None,
    content_type: str | None,
    body: bytes | None,
    query: Mapping[str, str],
    now: datetime,
) -> tuple[int, JsonObject]:
    """Answer status and body. Raises for callers we do not know; from then on the bytes are kept whatever happens.

    ``body`` None: it never got here, so nothing may claim to be kept.
    """
    known = services.settings.webhook_sources().get(source)
    if known is None:
        raise NotFound("There is no such webhook source.", code="unknown_source")
    _authenticate(known, authorization, query)
    if body is None:
        raise LengthRequired("A delivery needs a Content-Length: what is sent in chunks does not get here.")
    if len(body) > MOST_BYTES:
        raise TooLarge("A delivery may be at most 1 MiB.", code="delivery_too_large")
    if not _is_json(content_type):
        raise UnsupportedMedia("A delivery must be application/json.")
    try:
        elements, is_array = split(body)
    except Malformed as fault:
        return _unreadable(services, source, Unread(body, fault.message), now)
    read_elements = [read(element, known.webhook_ids) for element in elements]
    if not is_array and isinstance(read_elements[0], Unread):
        return _unreadable(services, source, read_elements[0], now)
    return _answer(services, source, read_elements, now)


def _authenticate(known: WebhookSource, authorization: str | None, query: Mapping[str, str]) -> None:
    """Both are always compared, in constant time, so that an answer's time tells nothing."""
    scheme, _, encoded = (authorization or "").strip().partition(" ")
    try:
        given = base64.b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
    except (binascii.Error, ValueError):
        given = b""
    right = hmac.compare_digest(given, f"{known.user}:{known.password.value}".encode())
    if known.path_secret is not None:
        secret = query.get("secret", "").encode("utf-8", "surrogatepass")
        right &= hmac.compare_digest(secret, known.path_secret.value.encode())
    if not right:
        raise Unauthenticated(
            "The webhook's credentials are wrong.",
            code="webhook_credentials",
            www_authenticate='Basic realm="webhooks", charset="UTF-8"',
        )


def _is_json(content_type: str | None) -> bool:
    media = (content_type or "").partition(";")[0].strip().lower()
    return media in {"application/json", "text/json"} or (media.startswith("application/") and media.endswith("+json"))


def _unreadable(services: Services, source: str, unread: Unread, now: datetime) -> tuple[int, JsonObject]:
    receipt = quarantine(services, source, [unread], now)[0]
    return 400, {
        "title": "Unreadable delivery",
        "status": 400,
        "code": "delivery_unreadable",
        "detail": f"The bytes are kept. {unread.why}",
        "evidence_id": receipt.evidence_id,
    }


def _answer(
    services: Services, source: str, elements: Sequence[Delivery | Unread], now: datetime
) -> tuple[int, JsonObject]:
    unread = [each for each in elements if isinstance(each, Unread)]
    held = iter(quarantine(services, source, unread, now) if unread else ())
    kept = iter(keep_all(services, source, [each for each in elements if isinstance(each, Delivery)], now))
    receipts: list[JsonObject] = []
    conflicts: list[JsonObject] = []
    for each in elements:
        if isinstance(each, Unread):
            receipt = next(held)
            receipts.append(
                {
                    "delivery_id": None,
                    "evidence_id": receipt.evidence_id,
                    "duplicate": receipt.duplicate,
                    "quarantined": True,
                }
            )
            continue
        outcome = next(kept)
        line: JsonObject = {
            "delivery_id": each.id,
            "evidence_id": outcome.evidence_id,
            "duplicate": outcome.duplicate,
        }
        if outcome.conflict:
            line["conflict"] = True
            conflicts.append(line)
        receipts.append(line)
    if conflicts:
        return 409, {
            "title": "Conflicting delivery",
            "status": 409,
            "code": "intake_conflict",
            "detail": "A delivery with this id was received with other content; both are kept.",
            "delivery_id": conflicts[0]["delivery_id"],
            "evidence_id": conflicts[0]["evidence_id"],
            "receipts": receipts,
        }
    return 200, {"receipts": receipts}

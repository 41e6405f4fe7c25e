"""One entry of a log: the leaf that is hashed, and the record people are shown of it."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime

from shared.errors import Malformed, TooLarge
from shared.ledger import canonical
from shared.model import EvidenceRecord, JsonObject, NewEntry, Subject, parse_instant, rfc3339

MOST_LEAF = 32 * 1024
MOST_INLINE = 16 * 1024
ERASED = "evidence.erased"
"""Type of the entry that must stand in the log where content is gone."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(at: datetime) -> str:
    """A new ULID for this instant: 48 bits of milliseconds, 80 bits of chance."""
    number = (int(at.timestamp() * 1000) << 80) | secrets.randbits(80)
    return _base32(number, 26)


def ulid_floor(at: datetime) -> str:
    """The smallest ULID of this instant; sorts before every entry received then or later."""
    return _base32(max(0, int(at.timestamp() * 1000)) << 80, 26)


def _base32(number: int, letters: int) -> str:
    return "".join(_ALPHABET[(number >> (5 * at)) & 31] for at in reversed(range(letters)))


def digest(payload: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(payload).hexdigest()


def _subject(subject: Subject | None) -> JsonObject | None:
    if subject is None:
        return None
    shown: JsonObject = {"kind": canonical.fit(subject.kind), "id": canonical.fit(subject.id)}
    if shown["id"] != subject.id:
        shown["id_sha256"] = digest(subject.id.encode("utf-8", "surrogatepass"))
    return shown


def leaf_bytes(entry: NewEntry, *, log: str, identity: str, received_at: datetime, sha256: str, inline: bool) -> bytes:
    """The exact bytes that are hashed into the log. Raises TooLarge when the description is over 32 KiB."""
    if not entry.type or entry.type != canonical.fit(entry.type):
        raise Malformed("An entry needs a type such as delivery.received.", code="E_INPUT")
    payload: JsonObject = {"sha256": sha256, "size": len(entry.payload), "media_type": canonical.fit(entry.media_type)}
    if not inline:
        payload["blob"] = True
    leaf = canonical.dumps(
        {
            "v": 1,
            "log": log,
            "tenant": log,
            "id": identity,
            "type": entry.type,
            "key": digest(entry.key.encode("utf-8", "surrogatepass")),
            "actor": canonical.fit(entry.actor),
            "subject": _subject(entry.subject),
            "occurred_at": rfc3339(entry.occurred_at) if entry.occurred_at else None,
            "received_at": rfc3339(received_at),
            "source": canonical.fit(entry.source | ({"practice": entry.practice} if entry.practice else {})),
            "controls": sorted({str(canonical.fit(control)) for control in entry.controls}),
            "payload": payload,
            "salt": secrets.token_hex(16),
        }
    )
    if len(leaf) > MOST_LEAF:
        raise TooLarge(
            "The description of an entry is over 32 KiB; put large content into its payload.", code="entry_too_large"
        )
    return leaf


def record_of(leaf: bytes, *, index: int | None, customer: str | None) -> EvidenceRecord:
    """What ``/api/evidence`` shows of a leaf of ours."""
    body = json.loads(leaf)
    subject = body["subject"]
    return EvidenceRecord(
        id=f"{body['log']}.{body['id']}",
        type=body["type"],
        log=body["log"],
        index=index,
        customer=customer,
        received_at=parse_instant(body["received_at"]),
        sha256=body["payload"]["sha256"],
        size=body["payload"]["size"],
        media_type=body["payload"]["media_type"],
        subject=Subject(subject["kind"], subject["id"]) if subject else None,
        controls=tuple(body["controls"]),
        actor=body["actor"],
        occurred_at=parse_instant(body["occurred_at"]) if body["occurred_at"] else None,
        practice=body["source"].get("practice"),
    )

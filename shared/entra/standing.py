"""What speaks for or against an integration besides its rights: publisher, owners, credentials, age."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import datetime

from shared.entra.records import KeyCredential, Owner, Publisher
from shared.measures.access_facts import Credential, plain_name


def verified(publisher: Publisher | None) -> bool:
    """True when Microsoft vouches for the publisher."""
    return publisher is not None and bool(publisher.verified_publisher_id or publisher.display_name)


_NOBODY = ("#microsoft.graph.servicePrincipal", "#microsoft.graph.application")


def owners(programs: Container[str], *sides: Sequence[Owner] | None) -> dict[str, str] | None:
    """People who own it and are still there, by id with their names, over all sides that tell; None when none tells.

    ``programs`` are ids of principals: one that owns another, or itself, answers for nothing.
    """
    read = [side for side in sides if side is not None]
    if not read:
        return None
    here: dict[str, str] = {}
    for one in (one for side in read for one in side):
        gone = one.account_enabled is False or one.deleted_date_time
        if one.id and not gone and one.kind not in _NOBODY and one.id not in programs:
            here[one.id] = here.get(one.id) or plain_name(one.display_name, "")
    return here


def credentials(secrets: Iterable[KeyCredential], keys: Iterable[KeyCredential]) -> tuple[Credential, ...]:
    """Each once: registration and principal may both show it, and a SAML certificate shows as two keys and a secret."""
    found: dict[str, Credential] = {}
    marks: set[str] = set()
    for number, (one, key) in enumerate([*((one, True) for one in keys), *((one, False) for one in secrets)]):
        name = one.key_id or f"#{number}"
        mark = one.custom_key_identifier or ""
        if name in found or (mark and mark in marks):
            continue
        if key and mark:
            marks.add(mark)
        found[name] = Credential(name, one.start_date_time, one.end_date_time)
    return tuple(found.values())


def since(created: datetime | None, granted: Sequence[datetime]) -> datetime | None:
    """When it came into being, as far as anything says."""
    return created or min(granted, default=None)

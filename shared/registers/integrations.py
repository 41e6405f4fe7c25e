"""The register of integrations people keep: who owns each, what it is for, of which kind, how far it is planned."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from shared.model import JsonObject
from shared.ports import Rows
from shared.registers.store import Register

KINDS = ("email", "identity", "accounting", "rmm", "documentation", "csp_licensing", "portal")
"""The seven kinds every implementation plans for; others may be named."""


def register(rows: Rows) -> Register:
    """Entries by integration id (appId or HaloPSA client id), as people wrote it."""
    return Register(rows, "integrations")


def by_id(rows: Rows) -> dict[str, JsonObject]:
    """All entries, by id in lower case: sources do not agree on the case of GUIDs."""
    return {str(body["id"]).lower(): body for body in register(rows).all()}


def keep(rows: Rows, entries: Sequence[JsonObject]) -> None:
    """Write entries. Ids hold any characters and differ in case between sources, so rows are keyed by their hash."""
    register(rows).put_many(
        [(hashlib.sha256(str(entry["id"]).lower().encode()).hexdigest()[:40], entry) for entry in entries]
    )

"""The register of integrations people keep: who owns each, what it is for, of which kind, how far it is planned."""

from __future__ import annotations

import hashlib

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


def keep(rows: Rows, entry: JsonObject) -> None:
    """Write an entry. Ids hold any characters and differ in case between sources, so the row is keyed by their hash."""
    key = hashlib.sha256(str(entry["id"]).lower().encode()).hexdigest()[:40]
    register(rows).put(key, entry)

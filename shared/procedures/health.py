"""Can this app do its work: settings loaded (or we would not be here), storage answers, the ledger's head verifies."""

from __future__ import annotations

from shared.errors import AttestError
from shared.model import JsonObject
from shared.procedures.services import Services


def health(services: Services) -> JsonObject:
    """``{"status": "healthy"|"unhealthy", "group", "checks": {name: "ok" or a stable code}}``."""
    checks: dict[str, str] = {"settings": "ok"}
    try:
        services.rows.get("ledger", "logs", "probe")
        checks["storage"] = "ok"
    except AttestError as fault:
        checks["storage"] = fault.code
    if checks["storage"] == "ok":
        try:
            services.ledger.checkpoint(services.ledger.names.meta)
            checks["ledger"] = "ok"
        except AttestError as fault:
            checks["ledger"] = fault.code
    healthy = all(word == "ok" for word in checks.values())
    return {"status": "healthy" if healthy else "unhealthy", "group": services.settings.group.value, "checks": checks}

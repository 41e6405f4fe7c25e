"""The Webhook and Notification rows by which HaloPSA rings this service, as an administrator would set them up."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local.processes import StartFailed

WEBHOOK_ID = "7e57be11-0000-4000-8000-000000000001"
_FIRST = 9001
_EVENTS: tuple[tuple[str, int | None], ...] = (
    ("New Ticket Logged", 3),
    ("Ticket Updated", 19),
    ("Ticket Closed", 39),
    ("Ticket Status Changed", 76),
    ("Action Added", 1004),
    ("Ticket Deleted", 1072),
    *(
        (name, None)
        for noun in ("Opportunity",)
        for name in (f"New {noun} Logged", f"{noun} Updated", f"{noun} Closed", f"{noun} Status Changed")
    ),
    *(
        (name, None)
        for noun in ("Recurring Invoice", "Invoice")
        for name in (f"New {noun} Created", f"{noun} Updated", f"{noun} Deleted", f"{noun} Posted")
    ),
    *(
        (name, None)
        for noun in ("Quotation", "Sales Order", "Contract", "Appointment", "Client")
        for name in (f"New {noun}", f"{noun} Updated", f"{noun} Deleted")
    ),
    ("Quotation Approval Changed", None),
)


def bells(host_url: str, user: str = "halopsa", password: str = "local-only") -> dict[str, list[dict[str, Any]]]:  # noqa: S107  # the local stack's own
    """Rows by table."""
    hook = {
        "id": WEBHOOK_ID,
        "name": "Halo Attest",
        "url": f"{host_url}/api/webhooks/halopsa/main",
        "active": True,
        "type": 0,
        "method": 0,
        "content_type": "application/json",
        "authentication_type": 1,
        "basic_username": user,
        "basic_password": password,
    }
    notifications = [
        {"id": number, "webhook_id": WEBHOOK_ID, "name": name, **({"eventno": event} if event else {})}
        for number, (name, event) in enumerate(_EVENTS, _FIRST)
    ]
    return {"Webhook": [hook], "Notification": notifications}


def read_seed(path: Path) -> dict[str, Any]:
    """Rows by table from a file, plain or gzipped; StartFailed says what is wrong with it."""
    try:
        raw = path.read_bytes()
        seed = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    except OSError as fault:
        raise StartFailed(f"The seed file {path} cannot be read: {fault.strerror or fault}.") from None
    except (ValueError, EOFError, RecursionError):
        raise StartFailed(f"The seed file {path} is not JSON.") from None
    if not isinstance(seed, dict) or not all(isinstance(rows, list) for rows in seed.values()):
        raise StartFailed(f'The seed file {path} must be an object of lists, like {{"Client":[…],"Tickets":[…]}}.')
    return seed


def with_bells(seed: dict[str, Any], rows: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The seed with our rows added; a seed's own rows stay, and stay first."""
    merged = dict(seed)
    for table, ours in rows.items():
        theirs = merged.get(table, [])
        taken = _ids(theirs)
        merged[table] = [*theirs, *(row for row in ours if row["id"] not in taken)]
    return merged


def _ids(rows: Iterable[Any]) -> set[Any]:
    return {row.get("id") for row in rows if isinstance(row, dict)}

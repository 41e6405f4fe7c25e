"""The webhook and notification rows a tenant needs, made through the API, once; and a check that deliveries arrive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shared.halopsa.records.wire import halo_date
from shared.model import JsonObject
from shared.ports import Halo

NAME = "Halo Attest"

EVENTS: Mapping[int, str] = {
    3: "New Ticket Logged",
    19: "Ticket Updated by User",
    39: "Ticket Closed",
    76: "Ticket Status Changed",
    1004: "Action Added",
    1072: "Ticket Deleted",
}
"""Event numbers that are known; others are chosen by name in HaloPSA's own pages."""

_STANDARD, _POST, _BASIC = 0, 0, 1
_NO_TEMPLATE, _DELIVER_TO_WEBHOOK, _EVERYBODY = -2, 6, 2


def ensure_webhook(
    halo: Halo, url: str, user: str, password: str, events: Mapping[int, str] | None = None
) -> JsonObject:
    """Create or correct the webhook and add the notification rows that are missing. Repeating it changes nothing."""
    wanted = {
        "name": NAME,
        "url": url,
        "type": _STANDARD,
        "method": _POST,
        "active": True,
        "content_type": "application/json",
        "authentication_type": _BASIC,
        "basic_username": user,
    }
    held = _held(halo, url)
    if held is None:
        webhook_id = str(halo.write("Webhook", {**wanted, "basic_password": password}).get("id"))
        state = "created"
    else:
        webhook_id = str(held["id"])
        differs = any(held.get(name) != value for name, value in wanted.items() if name != "name")
        if differs:
            halo.write("Webhook", {"id": held["id"], **wanted, "basic_password": password})
        state = "corrected" if differs else "unchanged"
    notifications = _ensure_notifications(halo, webhook_id, EVENTS if events is None else events)
    return {
        "webhook_id": webhook_id,
        "webhook": state,
        "notifications": notifications,
        "by_hand": by_hand(url, user),
    }


def _held(halo: Halo, url: str) -> JsonObject | None:
    """Ours by its address; by its name only where no other has the address."""
    rows = [row for page in halo.pages("Webhook", {"type": str(_STANDARD)}) for row in page.rows]
    ours = [row for row in rows if row.get("url") == url] or [row for row in rows if row.get("name") == NAME]
    return ours[0] if ours else None


def _ensure_notifications(halo: Halo, webhook_id: str, events: Mapping[int, str]) -> list[JsonObject]:
    rows = [row for page in halo.pages("Notification", {"webhook_id": webhook_id}) for row in page.rows]
    held = {row.get("eventno"): row for row in rows if str(row.get("webhook_id", webhook_id)) == webhook_id}
    out: list[JsonObject] = []
    for number, name in events.items():
        row = held.get(number)
        created = row is None
        if row is None:
            row = halo.write(
                "Notification",
                {
                    "webhook_id": webhook_id,
                    "eventno": number,
                    "name": f"{NAME}: {name}",
                    "type": _NO_TEMPLATE,
                    "delivery_method": _DELIVER_TO_WEBHOOK,
                    "agent_id": 0,
                    "filter_type": _EVERYBODY,
                    "restriction_type": 0,
                    "interval": 0,
                    "useworkinghours": 0,
                    "conditions": [],
                },
            )
        out.append({"eventno": number, "name": name, "id": row.get("id"), "created": created})
    return out


def by_hand(url: str, user: str) -> list[str]:
    """The same steps for an administrator in HaloPSA's pages."""
    return [
        "Open Configuration, Integrations, Webhooks and choose New.",
        f'Name it "{NAME}", choose Standard webhook, and enter the Payload URL {url}.',
        "Method POST, content type application/json, Authentication Basic.",
        f"User name {user}; the password is the one in ATTEST_WEBHOOK_SOURCES.",
        "Leave batching and lightweight logs off.",
        "Under Events add: " + ", ".join(EVENTS.values()) + ".",
        "Save, change a test ticket, and look under Deliveries: the answer must be 200.",
    ]


def arrived(halo: Halo, webhook_id: str, since: datetime) -> JsonObject:
    """What HaloPSA's own log says of deliveries since then: how many, and how the newest was answered."""
    newest: JsonObject | None = None
    latest, count = since, 0
    for page in halo.pages("WebhookEvent", {"webhook_id": webhook_id}):
        for row in page.rows:
            at = _instant(row.get("timestamp"))
            if at is None or at < since:
                continue
            count += 1
            if newest is None or at >= latest:
                newest, latest = row, at
    status = newest.get("responsestatus") if newest else None
    return {"deliveries": count, "last_status": status, "arrived": status == 200}


def _instant(value: object) -> datetime | None:
    try:
        return halo_date(value)
    except ValueError:
        return None

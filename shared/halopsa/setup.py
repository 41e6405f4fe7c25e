"""The webhook and notification rows a tenant needs, made through the API, once; and a check that a delivery arrived."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from itertools import islice

from shared.errors import SourceRejected
from shared.halopsa.records.wire import halo_guid
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
"""Event numbers that are known."""

BY_NAME: tuple[str, ...] = (
    "Opportunity events (new, updated, closed, status changed)",
    "Recurring Invoice and Invoice events (new, updated, posted, deleted)",
    "Quotation events (updated, approval changed)",
    "Appointment events (new, updated, deleted)",
    "Contract events (new, updated)",
)
"""Events whose numbers HaloPSA publishes nowhere: a person chooses them by name in HaloPSA's own pages."""

_STANDARD, _POST, _BASIC = 0, 0, 1
_NO_TEMPLATE, _DELIVER_TO_WEBHOOK, _EVERYBODY = -2, 6, 2
_LEFT_OUT: Mapping[type, object] = {int: 0, bool: False, str: ""}
"""What it means that HaloPSA leaves a property out."""

_NEWEST = {"order": "timestamp", "orderdesc": "true", "page_size": "100"}


def ensure_webhook(
    halo: Halo, url: str, user: str, password: str, events: Mapping[int, str] | None = None
) -> JsonObject:
    """Create or correct the webhook and add the notification rows that are missing. Repeating it changes nothing.

    ``url`` carries the path secret where one is set. HaloPSA never shows a password again, so one that differs there
    is found out by the test delivery only. ``twins`` are further active webhooks that ring the same address, ``others``
    names of events that a person added.
    """
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
    held, twins = _held(halo, url)
    if held is None:
        webhook_id = _id(halo.write("Webhook", {**wanted, "basic_password": password}))
        state = "created"
    else:
        webhook_id = _id(held)
        differs = any(
            held.get(name, _LEFT_OUT[type(value)]) != value for name, value in wanted.items() if name != "name"
        )
        if differs:
            halo.write("Webhook", {"id": held["id"], **wanted, "basic_password": password})
        state = "corrected" if differs else "unchanged"
    notifications, others = _ensure_notifications(halo, webhook_id, EVENTS if events is None else events)
    return {
        "webhook_id": webhook_id,
        "webhook": state,
        "twins": twins,
        "notifications": notifications,
        "others": others,
    }


def _id(row: JsonObject) -> str:
    return halo_guid(str(row.get("id")))


def _held(halo: Halo, url: str) -> tuple[JsonObject | None, list[str]]:
    """Ours by its address, whatever its path secret; by its name only where no other has the address."""
    rows = [row for page in halo.pages("Webhook", {"type": str(_STANDARD)}) for row in page.rows]
    place = url.partition("?")[0]
    ours = [row for row in rows if str(row.get("url", "")).partition("?")[0] == place]
    ours.sort(key=lambda row: (row.get("name") != NAME, row.get("active") is not True, str(row.get("id"))))
    twins = [_id(row) for row in ours[1:] if row.get("active") is True]
    named = ours or [row for row in rows if row.get("name") == NAME]
    return (named[0] if named else None), twins


def _ensure_notifications(halo: Halo, webhook_id: str, events: Mapping[int, str]) -> tuple[list[JsonObject], list[str]]:
    rows = [row for page in halo.pages("Notification", {"webhook_id": webhook_id}) for row in page.rows]
    rows = [row for row in rows if halo_guid(str(row.get("webhook_id") or webhook_id)) == webhook_id]
    held = {row.get("eventno"): row for row in rows}
    others = sorted({str(row.get("name") or row.get("eventno")) for row in rows if row.get("eventno") not in events})
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
    return out, others


def by_hand(place: str, user: str, *, path_secret: bool, source: str) -> list[str]:
    """The same for an administrator in HaloPSA's pages, click by click. No secret is printed: its name is."""
    secret = (
        f'Put "?secret=" and the path_secret of {source} in ATTEST_WEBHOOK_SOURCES behind the address.'
        if path_secret
        else ""
    )
    steps = [
        "Open Configuration, Integrations, Webhooks, and choose New.",
        f'Name: "{NAME}". Type: Standard webhook. Active: on.',
        f"Payload URL: {place}. {secret}".rstrip(),
        "Method: POST. Content type: application/json.",
        f"Authentication: Basic. User name: {user}. Password: that of {source} in ATTEST_WEBHOOK_SOURCES.",
        "Batching: off. Lightweight logs: off. Payload: small object.",
        f"Events, Add, one by one: {', '.join(EVENTS.values())}; without conditions.",
        *(f"Events, Add, as your tenant names them: {name}." for name in BY_NAME),
        f"Save. Put the id at the end of the page's address into webhook_ids of {source}, and restart the intake.",
        "Change a test ticket, open the webhook's Deliveries: the newest must show 200.",
    ]
    return [f"{number}. {step}" for number, step in enumerate(steps, 1)]


def logged(halo: Halo, webhook_id: str) -> frozenset[str]:
    """Ids of the newest rows of HaloPSA's delivery log: what was there before a test."""
    return frozenset(str(row.get("id")) for row in _newest(halo, webhook_id))


def arrived(halo: Halo, webhook_id: str, before: Collection[str]) -> JsonObject:
    """What HaloPSA's log says of deliveries that were not there ``before``; a receipt in our answer is the proof.

    Answers ``{"deliveries", "arrived", "last_status", "evidence_id"}``; no clock is compared with HaloPSA's.
    """
    fresh = [row for row in _newest(halo, webhook_id) if str(row.get("id")) not in before]
    kept = [receipt for row in fresh if row.get("responsestatus") == 200 for receipt in _receipts(row)]
    answered = any(row.get("responsestatus") == 200 and row.get("error") is not True for row in fresh)
    return {
        "deliveries": len(fresh),
        "arrived": answered,
        "last_status": fresh[0].get("responsestatus") if fresh else None,
        "evidence_id": kept[0] if kept else None,
    }


def _newest(halo: Halo, webhook_id: str) -> tuple[JsonObject, ...]:
    """Newest first where HaloPSA takes the order; else the whole log, which is short when a webhook is set up."""
    query = {"webhook_id": webhook_id}
    try:
        pages = list(islice(halo.pages("WebhookEvent", {**query, **_NEWEST}), 1))
    except SourceRejected:
        pages = list(halo.pages("WebhookEvent", query))
    rows = (row for page in pages for row in page.rows)
    return tuple(row for row in rows if halo_guid(str(row.get("webhook_id") or webhook_id)) == webhook_id)


def _receipts(row: JsonObject) -> list[str]:
    """Evidence ids from what our intake answered; none where the log keeps no bodies."""
    try:
        told = json.loads(str(row.get("responsebody") or ""))
        return [str(one["evidence_id"]) for one in told["receipts"]]
    except (ValueError, TypeError, KeyError):
        return []

"""Power Automate subscriptions: made, taken back, and only to addresses that lead out of our own network."""

from __future__ import annotations

import ipaddress
import json
import socket
from secrets import token_hex
from urllib.parse import urlsplit

from shared.errors import NotFound, Unacceptable
from shared.model import JsonObject, NewEntry, Person, Subject, rfc3339
from shared.procedures.services import Services
from shared.registers.subscriptions import EVENTS, register


def subscribe(services: Services, person: Person, event: str, url: object) -> JsonObject:
    """Keep a callback address for an event, narrowed as its owner is."""
    if event not in EVENTS:
        raise Unacceptable(f"The event must be one of {', '.join(EVENTS)}.", code="event_unknown")
    address = checked_address(url, local=_is_local(services))
    row: JsonObject = {
        "id": f"u-{token_hex(10)}",
        "event": event,
        "url": address,
        "by": person.oid,
        "customers": sorted(person.customers) if person.customers is not None else None,
        "practices": sorted(person.practices) if person.practices is not None else None,
        "created": rfc3339(services.clock.now()),
        "delivered": [],
    }
    services.ledger.record(
        NewEntry(
            type="subscription.made",
            key=row["id"],
            # the address is a bearer secret; its host is enough to know where events go
            payload=json.dumps(
                {"id": row["id"], "event": event, "host": urlsplit(address).hostname, "by": person.oid}, sort_keys=True
            ).encode(),
            subject=Subject("subscription", row["id"]),
            actor=person.oid,
        )
    )
    register(services.rows).insert(row["id"], row)
    return {"id": row["id"], "event": event, "created": row["created"]}


def unsubscribe(services: Services, person: Person, identity: str) -> None:
    """Take a subscription back; NotFound the second time, or when it is somebody else's."""
    held = register(services.rows).get(identity)
    if held is None or held.body["by"] != person.oid:
        raise NotFound("There is no such subscription.", code="subscription_not_found")
    register(services.rows).delete(identity)
    services.ledger.record(
        NewEntry(
            type="subscription.taken_back",
            key=f"taken-back\n{identity}",
            payload=json.dumps({"id": identity, "by": person.oid}, sort_keys=True).encode(),
            subject=Subject("subscription", identity),
            actor=person.oid,
        )
    )


def _is_local(services: Services) -> bool:
    return bool(services.settings.values.get("ATTEST_STORAGE"))


def checked_address(url: object, *, local: bool) -> str:
    """An https address that does not lead into a private network; loopback http on one machine only."""
    refusal = Unacceptable(
        "The callback address must be https and reachable from the internet.", code="callback_invalid"
    )
    if not isinstance(url, str) or len(url) > 4000 or any(ord(letter) <= 32 for letter in url):
        raise refusal
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise refusal from None
    if not host or parts.username is not None or parts.password is not None:
        raise refusal
    loopback = host in ("localhost", "127.0.0.1", "::1")
    if loopback:
        if local and parts.scheme in ("http", "https"):
            return url
        raise refusal
    if parts.scheme != "https":
        raise refusal
    for address in _addresses(host, resolve=not local):
        if not address.is_global or address.is_multicast:
            raise refusal
    return url


def _addresses(host: str, *, resolve: bool) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        pass
    try:
        # 0x7f000001, 2130706433 and 127.1 are addresses too, to the libraries that will connect
        return [ipaddress.ip_address(socket.inet_ntoa(socket.inet_aton(host)))]
    except OSError:
        pass
    if not resolve:
        return []
    try:
        found = socket.getaddrinfo(host, 443, proto=socket.IPPROTO_TCP)
    except OSError:
        raise Unacceptable("The callback address's host is not known.", code="callback_invalid") from None
    return [ipaddress.ip_address(one[4][0]) for one in found]

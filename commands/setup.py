"""Make the webhook and its events in a tenant, say what is left to a person, and see a delivery arrive."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from shared import bootstrap
from shared.errors import Misconfigured, SourceDenied
from shared.halopsa.echo import marker
from shared.halopsa.setup import BY_NAME, EVENTS, arrived, ensure_webhook, logged
from shared.halopsa.setup import by_hand as clicks
from shared.model import JsonObject
from shared.ports import Halo
from shared.settings import Settings, WebhookSource

_ASK_EVERY = 5.0
_SOURCES = "ATTEST_WEBHOOK_SOURCES"
_WHY: Mapping[object, str] = {
    400: "Our intake could not read it, or this webhook's id is not in webhook_ids of ATTEST_WEBHOOK_SOURCES.",
    401: "Our intake refuses the user name, the password or the path secret. Where ATTEST_WEBHOOK_SOURCES was "
    "changed, enter the password in HaloPSA again: it cannot be compared from outside.",
    404: "Our intake does not know this source, or the address is not the intake's.",
    503: "Our intake cannot reach its storage. HaloPSA may try again by itself.",
}


def by_hand(chosen: argparse.Namespace, under: dict[str, str]) -> int:
    """Print every click; HaloPSA is asked nothing."""
    settings = bootstrap.given(under, (_SOURCES,))
    _clicks(chosen, _source(settings, chosen.source))
    return 0


def setup(chosen: argparse.Namespace, under: dict[str, str]) -> int:
    """Safe to run again at any time: what stands as it should is left alone."""
    events = {**EVENTS, **_events(chosen.event)}
    place = _place(chosen.intake, chosen.source)
    with bootstrap.tenant(under, _SOURCES) as (settings, halo):
        source = _source(settings, chosen.source)
        url = place + (f"?{urlencode({'secret': source.path_secret.value})}" if source.path_secret else "")
        try:
            made = ensure_webhook(halo, url, source.user, source.password.value, events)
        except SourceDenied as fault:
            if fault.code == "halo_denied":
                print("The API application may not make webhooks (scope admin:webhooks). By hand:\n")
                _clicks(chosen, source)
            raise
        webhook_id = made["webhook_id"]
        _tell(made, place, source, chosen.source)
        if chosen.wait <= 0:
            print("Not waiting for a delivery. Run the command again without --wait 0 to see one arrive.")
            return 0
        return _see_one_arrive(halo, webhook_id, chosen.wait, chosen.note_on)


def _tell(made: JsonObject, place: str, source: WebhookSource, name: str) -> None:
    webhook_id = made["webhook_id"]
    print(f"Webhook {webhook_id}: {made['webhook']}. It rings {place} as {source.user}.")
    for one in made["notifications"]:
        print(f"  event {one['eventno']} {one['name']}: {'created' if one['created'] else 'stands already'}")
    if made["others"]:
        print(f"  further events that a person added: {', '.join(made['others'])}")
    for twin in made["twins"]:
        print(f"  Webhook {twin} rings the same address: every event arrives twice. Switch it off in HaloPSA.")
    print("\nLeft to a person, because HaloPSA publishes no numbers for these events. In HaloPSA:")
    print("  Configuration, Integrations, Webhooks, Halo Attest, Events, Add, as your tenant names them:")
    for event in BY_NAME:
        print(f"  - {event}")
    if webhook_id not in {one.lower() for one in source.webhook_ids}:
        print(f'\nPut "webhook_ids":["{webhook_id}"] into {name} of ATTEST_WEBHOOK_SOURCES, and restart the intake:')
        print("  then no other webhook with the same password is heard.")
    print()


def _see_one_arrive(halo: Halo, webhook_id: str, wait: float, ticket: int | None) -> int:
    before = logged(halo, webhook_id)
    if ticket is None:
        print(f"Now change a test ticket in HaloPSA. Waiting up to {wait:.0f} s for the delivery.", flush=True)
    else:
        note = f"Connection test of Halo Attest. {marker('connection-test')}"
        halo.write("Actions", {"ticket_id": ticket, "outcome_id": 7, "note": note, "hiddenfromuser": True})
        print(f"An internal note was written on ticket {ticket}. Waiting up to {wait:.0f} s.", flush=True)
    until = time.monotonic() + wait
    told: JsonObject = {"deliveries": 0, "last_status": None}
    while True:
        told = arrived(halo, webhook_id, before)
        if told["arrived"]:
            kept = f" Our intake kept it as evidence {told['evidence_id']}." if told["evidence_id"] else ""
            print(f"A delivery arrived and was answered 200.{kept}")
            return 0
        left = until - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(_ASK_EVERY, left))
    if not told["deliveries"]:
        print(
            "No delivery stands in HaloPSA's log. Whether changes made through the API ring is up to the tenant: "
            "change a ticket in HaloPSA's own pages, and look whether the webhook is active and has events.",
            file=sys.stderr,
        )
    else:
        status = told["last_status"]
        why = _WHY.get(status, "HaloPSA got no answer it understands: look at network, TLS and the address.")
        text = f"HaloPSA sent {told['deliveries']}, and the newest was answered {status or 'not at all'}. {why}"
        print(text, file=sys.stderr)
    return 1


def _clicks(chosen: argparse.Namespace, source: WebhookSource) -> None:
    place = _place(chosen.intake, chosen.source)
    steps = clicks(place, source.user, path_secret=source.path_secret is not None, source=chosen.source)
    print("\n".join(steps))


def _source(settings: Settings, name: str) -> WebhookSource:
    sources = settings.webhook_sources()
    if name not in sources:
        known = ", ".join(sorted(sources)) or "none"
        raise Misconfigured(f"ATTEST_WEBHOOK_SOURCES has no source {name!r}, but {known}.", code="settings_invalid")
    return sources[name]


def _place(intake: str, source: str) -> str:
    parts = urlsplit(intake)
    near = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if (
        not parts.hostname
        or parts.query
        or parts.fragment
        or parts.scheme not in ({"http", "https"} if near else {"https"})
    ):
        raise Misconfigured(
            "--intake is the intake's address, such as https://intake.example.", code="settings_invalid"
        )
    if not source.replace("-", "").replace("_", "").isalnum():
        raise Misconfigured("A source's name has letters, digits, - and _.", code="settings_invalid")
    return f"{intake.rstrip('/')}/api/webhooks/halopsa/{source}"


def _events(given: list[str]) -> dict[int, str]:
    out: dict[int, str] = {}
    for one in given:
        number, _, name = one.partition("=")
        if not number.strip().isdigit() or not name.strip():
            raise Misconfigured("--event takes NUMBER=NAME, such as 42=First SLA warning.", code="settings_invalid")
        out[int(number)] = name.strip()
    return out

"""One at a time: a claim on a key that ends by itself when whoever holds it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from secrets import token_hex
from threading import Event, Thread

from shared.errors import AttestError
from shared.model import JsonObject, parse_instant, rfc3339
from shared.procedures.services import Services
from shared.registers.store import Register

SECONDS = 60
"""After so long without a sign of life a claim is free again; a living holder renews it three times as often."""


@contextmanager
def claimed(services: Services, key: str) -> Iterator[bool]:
    """True while the key is ours; False when somebody else holds it."""
    token = token_hex(8)
    if not _take(services, key, token):
        yield False
        return
    done = Event()
    renewing = Thread(target=_renew, args=(services, key, token, done), name="claim", daemon=True)
    renewing.start()
    try:
        yield True
    finally:
        done.set()
        renewing.join()
        _register(services).change(key, lambda body: {"token": None, "until": ""} if _ours(body, token) else None)


def _register(services: Services) -> Register:
    return Register(services.rows, "claims")


def _take(services: Services, key: str, token: str) -> bool:
    now = services.clock.now()

    def step(body: JsonObject | None) -> JsonObject | None:
        if body is not None and body["token"] not in (None, token) and parse_instant(body["until"]) > now:
            return None
        return {"token": token, "until": rfc3339(now + timedelta(seconds=SECONDS))}

    return _ours(_register(services).change(key, step), token)


def _ours(body: JsonObject | None, token: str) -> bool:
    return body is not None and body["token"] == token


def _renew(services: Services, key: str, token: str, done: Event) -> None:
    """Storage that fails now may answer next time; should the claim be lost meanwhile, HaloPSA's marks still tell."""
    while not done.wait(SECONDS / 3):
        try:
            _take(services, key, token)
        except AttestError:
            continue

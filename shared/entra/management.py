"""Azure Resource Manager, the part that says how a storage container is protected."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from shared.entra.client import ARM
from shared.entra.credentials import Tokens, open_tokens
from shared.entra.transport import Transport
from shared.errors import SourceRejected
from shared.model import JsonObject
from shared.ports import Clock
from shared.settings import Settings

_VERSION = "2023-05-01"


class ManagementClient:
    """``ports.Management``, read-only."""

    def __init__(
        self, base: str, tokens: Tokens, clock: Clock, http: httpx.Client, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._base = base.rstrip("/")
        self._transport = Transport(http, tokens, clock, sleep)

    def container(self, resource: str) -> JsonObject | None:
        """What ARM says of a container, its immutability policy within; None when there is none."""
        query = {"api-version": _VERSION}
        try:
            answer = self._transport.read(
                self._base + resource, tenant="", resource=ARM, query=query, check=lambda body: "properties" in body
            )
        except SourceRejected as fault:
            if fault.details.get("status") == 404:
                return None
            raise
        return answer.json


def open_management(settings: Settings, clock: Clock) -> ManagementClient:
    """The client the settings describe, with this app's own identity."""
    http = httpx.Client(timeout=httpx.Timeout(30, connect=10), follow_redirects=False)
    return ManagementClient(settings.text("ARM_URL"), open_tokens(settings, "", http), clock, http)

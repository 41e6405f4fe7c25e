"""Everything one running simulator holds together."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from local.halopsa.access import Access
from local.halopsa.builtin import API_AGENT_ID
from local.halopsa.clock import Clock
from local.halopsa.events import events_of
from local.halopsa.faults import Calls, Faults, RateLimit
from local.halopsa.invoice_run import InvoiceRun
from local.halopsa.query import Lists
from local.halopsa.sender import Sender
from local.halopsa.store import Change, Store
from local.halopsa.writes import Writes


@dataclass(slots=True)
class Quirks:
    """Where builds of HaloPSA differ."""

    strict_arrays: bool = True
    array_answers: bool = False
    naive_dates: bool = False


class World:
    """Rows, tokens, faults and the webhook sender of one simulator."""

    def __init__(self, seed: Mapping[str, Any] | None = None, transport: httpx.BaseTransport | None = None) -> None:
        self.clock = Clock()
        self.lock = threading.RLock()
        self.store = Store(self.clock, seed)
        self.lists = Lists(self.store)
        self.writes, self.invoice_run = Writes(self.store), InvoiceRun(self.store)
        self.access = Access(self.clock, self.store)
        self.faults, self.rate_limit, self.calls = Faults(), RateLimit(), Calls()
        self.quirks = Quirks()
        self.sender = Sender(self.store, self.clock, self.lock, transport)

    def changed(self, changes: Iterable[Change], *, through_api: bool) -> None:
        """Ring the webhooks for what has changed."""
        agent = API_AGENT_ID if through_api else 3
        self.sender.ring(events_of(list(changes), self.store, agent), through_api=through_api)

    def reset(self) -> None:
        """Back to the rows it started with, and well-behaved."""
        self.sender.clear()
        self.store.reset()
        self.faults.clear()
        self.calls.clear()
        self.rate_limit.set(None)
        self.access.levels.clear()
        self.access.expires_in = 3600
        self.quirks = Quirks()
        self.clock.move(None)

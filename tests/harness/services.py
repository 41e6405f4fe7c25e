"""Services on memory: give what a test needs, everything else is an empty stand-in."""

from __future__ import annotations

import importlib
from functools import partial
from typing import TYPE_CHECKING, Any

from shared.policy.document import policy_digest, read_policy
from shared.procedures.services import PolicyInForce
from shared.registers.subscriptions import EVENTS
from shared.registers.subscriptions import register as subscriptions
from shared.settings import CATALOGUE, Settings
from tests.harness.clock import StillClock
from tests.harness.interleave import Turns
from tests.harness.ledger import MemoryLedger
from tests.harness.memory import MemoryBlobs, MemoryQueues, MemoryRows
from tests.harness.mirror import MemoryMirror

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.actions import Action
    from shared.model import JsonObject


class RememberingWriter:
    """A HaloWriter that only remembers; ``outcomes[kind]`` is what it answers."""

    def __init__(self) -> None:
        self.actions: list[Action] = []
        self.outcomes: dict[str, JsonObject] = {}

    def carry_out(self, action: Action, meaning: Any) -> JsonObject:
        self.actions.append(action)
        return self.outcomes.get(action.kind.value, {"prior": {}})


class RememberingNotifier:
    """Remembers what was sent to which channel, and what was posted to which address."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, JsonObject]] = []
        self.posted: list[tuple[str, JsonObject]] = []

    def send(self, channel: str, card: JsonObject) -> None:
        self.sent.append((channel, card))

    def post(self, url: str, body: JsonObject) -> int:
        self.posted.append((url, body))
        return 202


class FakeServices:
    """Every port of shared.procedures.services.Services, in memory. Attributes may be replaced freely."""

    def __init__(self, policy: str = "", clock: StillClock | None = None) -> None:
        self.clock = clock or StillClock()
        self.settings = Settings.from_environ({one.name: one.sample for one in CATALOGUE})
        self.rows: Any = MemoryRows()
        for event in EVENTS:  # somebody listens who may see nothing: notifications are planned, and reach nobody
            deaf = {
                "id": f"u-{event}",
                "event": event,
                "url": "",
                "by": "",
                "customers": [],
                "practices": [],
                "delivered": [],
            }
            subscriptions(self.rows).insert(f"u-{event}", deaf)
        self.rows.faults.writes.clear()
        self.blobs: Any = MemoryBlobs(worm=frozenset({"checkpoints"}))
        self.queues: Any = MemoryQueues()
        self.ledger: Any = MemoryLedger(self.clock)
        self.mirror: Any = MemoryMirror()
        self.writer: Any = RememberingWriter()
        self.notifier: Any = RememberingNotifier()
        self.caller: Any = self.notifier
        self.shelf: Any = None
        self.halo: Any = None
        self.graph: Any = None
        self.management: Any = None
        self.signer: Any = None
        self.set_policy(policy)

    def beside(self) -> tuple[Turns, FakeServices]:
        """Another instance on the same store, and the turns by which every call of either to it is a step."""
        turns, other = Turns(), FakeServices(clock=self.clock)
        for name in ("rows", "blobs", "queues", "ledger"):
            setattr(self, name, turns.port(getattr(self, name)))
            setattr(other, name, getattr(self, name))
        other.mirror, other.writer, other.halo, other.policy = self.mirror, self.writer, self.halo, self.policy
        return turns, other

    def set_policy(self, text: str) -> None:
        """Put another policy in force."""
        policy = read_policy(text)
        self.policy = PolicyInForce(f"p-{policy_digest(policy)[:12]}", policy, text, None)

    def facts(self, family: str) -> Any:
        return importlib.import_module(f"shared.halopsa.facts_{family}")


def crossings(
    make: Callable[[], FakeServices],
    first: Callable[[FakeServices], object],
    second: Callable[[FakeServices], object],
    every: int = 2,
) -> Iterator[tuple[tuple[int, int], FakeServices]]:
    """Every way to cut the first piece of work, and each ``every``-th cut of the second, on two instances of one store."""
    at = 0
    while True:
        inner = 0
        while True:
            services = make()
            turns, other = services.beside()
            cut = turns.play(partial(first, services), partial(second, other), (at, inner))
            yield (at, inner), services
            if not cut[1]:
                break
            inner += every
        if not cut[0]:
            return
        at += 1

"""A whole ledger in memory: what procedures are handed, with a still clock and a signer made on the spot."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import cast

from shared.ledger.ledger import Ledger
from shared.ledger.names import Namespace
from shared.model import NewEntry
from shared.policy.document import shipped_policy
from shared.ports import Blobs, Rows
from shared.procedures.services import PolicyInForce, Services
from shared.settings import CATALOGUE, Settings
from shared.signing import FileSigner
from tests.harness.clock import StillClock
from tests.harness.memory import MemoryBlobs, MemoryQueues, MemoryRows

ORIGIN = "evidence.example/attest"
NAMES = Namespace(ORIGIN, "1", "a salt for tests")
SAMPLE = {one.name: one.sample for one in CATALOGUE}
_SIGNERS: list[FileSigner] = []


def signer() -> FileSigner:
    """One signer for a whole test process; making a key is slow enough to share."""
    if not _SIGNERS:
        _SIGNERS.append(FileSigner(Path(mkdtemp()) / "key.pem", ORIGIN))
    return _SIGNERS[0]


@dataclass
class Stand:
    """The part of Services that the ledger's procedures use."""

    rows: Rows = field(default_factory=MemoryRows)
    blobs: Blobs = field(default_factory=lambda: MemoryBlobs(worm=frozenset({"checkpoints"})))
    queues: MemoryQueues = field(default_factory=MemoryQueues)
    clock: StillClock = field(default_factory=StillClock)
    names: Namespace = NAMES
    signer: FileSigner = field(default_factory=signer)
    settings: Settings = field(default_factory=lambda: Settings.from_environ(SAMPLE | {"ATTEST_ANCHOR": ""}))
    management: object = None
    policy: PolicyInForce = field(default_factory=lambda: PolicyInForce("p-shipped", shipped_policy(), "", None))

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.rows, self.blobs, self.clock, self.names)

    @property
    def services(self) -> Services:
        """Ourselves, where somebody looks at types."""
        return cast("Services", self)

    def record(self, number: int, customer: str | None = "12", **parts):
        """Record a small entry."""
        body = {"type": "delivery.received", "payload": f'{{"number":{number}}}'.encode(), **parts}
        return self.ledger.record(NewEntry(key=f"key-{number}", customer=customer, **body))

"""What a procedure is handed: every port, the policy in force, the settings. Built by ``shared.bootstrap``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.actions import Action
from shared.ledger.ledger import Ledger
from shared.model import JsonObject
from shared.policy.document import Policy
from shared.ports import Blobs, Caller, Clock, Graph, Halo, Management, Mirror, Notifier, Queues, Rows, Shelf, Signer
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """The policy with the version findings are judged under."""

    version: str
    policy: Policy
    text: str
    decision_id: str | None


class HaloWriter(Protocol):
    """Carries out actions in HaloPSA, idempotently; answers the outcome with the prior state."""

    def carry_out(self, action: Action, meaning: Mapping[str, object]) -> JsonObject:
        """Raises from the SourceError subtree."""


class Services(Protocol):
    """Ports by name; each is made when first asked for."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def rows(self) -> Rows: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def queues(self) -> Queues: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def signer(self) -> Signer: ...
    @property
    def mirror(self) -> Mirror: ...
    @property
    def halo(self) -> Halo: ...
    @property
    def writer(self) -> HaloWriter: ...
    @property
    def graph(self) -> Graph: ...
    @property
    def management(self) -> Management: ...
    @property
    def notifier(self) -> Notifier: ...
    @property
    def caller(self) -> Caller: ...
    @property
    def shelf(self) -> Shelf: ...

    @property
    def policy(self) -> PolicyInForce: ...

    """The policy in force now (read from storage, cached for a few seconds)."""

    def facts(self, family: str) -> object:
        """The module that turns HaloPSA's records into facts for a family: billing, delivery, desk, access."""

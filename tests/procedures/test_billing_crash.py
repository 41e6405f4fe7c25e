"""Wherever storage fails while a hold is placed or released, the next check completes it: one hold, one write, one request."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from shared.errors import StorageUnavailable
from shared.procedures.runs import Run
from shared.registers import approvals, holds
from tests.harness.billing import FirstOffice, Office
from tests.harness.faults import Faults
from tests.harness.ledger import MemoryLedger
from tests.harness.memory import MemoryQueues, MemoryRows

if TYPE_CHECKING:
    from shared.model import NewEntry, Receipt
    from tests.harness.clock import StillClock

SORTS = {Office: ("invoice", "disabled"), FirstOffice: ("first_invoice", "reviewrequired")}
"""Kind of hold, and the field that holds it in HaloPSA."""


class FailingLedger(MemoryLedger):
    """Evidence that may fail to be written, or to be known to be."""

    def __init__(self, clock: StillClock, faults: Faults) -> None:
        super().__init__(clock)
        self.faults = faults

    def record(self, entry: NewEntry) -> Receipt:
        with self.faults.write(f"record {entry.type}"):
            return super().record(entry)


class Crash:
    """Fails at one write of rows, messages or evidence: the one with this number from now on."""

    def __init__(self, office: Office, number: int, how: str) -> None:
        self.at = 0
        self.faults = Faults(lambda _name, at: how if at == self.at else None)
        services = office.services
        rows, services.rows = services.rows, MemoryRows(self.faults)
        services.rows._tables, services.rows._order = rows._tables, rows._order
        services.queues = MemoryQueues(self.faults)
        services.ledger = FailingLedger(office.clock, self.faults)
        self.arm(number)

    def arm(self, number: int) -> None:
        """``number`` from now on; 0: no more."""
        self.at = number and len(self.faults.writes) + number


def settle(office: Office) -> None:
    """The queue tries again until it is empty; what was lost is resumed by the next check."""
    for _ in range(2):
        office.later(minutes=1)
        with suppress(StorageUnavailable):
            office.check()


def writes_of(make: type[Office], *, release: bool) -> int:
    """How many writes a check takes when nothing fails; or the release after it."""
    office = make()
    crash = Crash(office, 0, "before")
    office.check()
    before = len(crash.faults.writes)
    if release:
        office.decide()
    return len(crash.faults.writes) - before if release else before


def told(office: Office, kind: str) -> list[str]:
    """Ids of what the evidence says was placed, asked for or released."""
    return [json.loads(entry.payload)["id"] for entry in office.services.ledger.of_type(kind)]


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize(
    ("make", "number"), [(make, at) for make in SORTS for at in range(1, writes_of(make, release=False) + 1)]
)
def test_a_failure_at_any_write_is_resumed(make: type[Office], number: int, how: str) -> None:
    """Held once, applied once, asked once and recorded once, whichever sort of invoice; and released to what it was."""
    kind, field = SORTS[make]
    office = make()
    Crash(office, number, how)
    settle(office)
    every = list(holds.of_kind(office.services.rows, kind))
    assert [(one["state"], one["applied"]) for one in every] == [("held", True)]
    assert [kind for kind, _ in office.halo.writes] == ["hold_invoice"]
    assert every[0]["prior"][field] is False
    requests = list(approvals.register(office.services.rows).all())
    assert [one["state"] for one in requests] == ["open"]
    assert every[0]["approval_id"] == requests[0]["id"]
    assert told(office, "hold.placed") == [every[0]["id"]]
    asked = [one for one in office.services.ledger.entries if one[1].type == "approval.requested"]
    assert [{**json.loads(entry.payload), "evidence": [number]} for number, entry in asked] == requests
    office.decide()
    settle(office)
    assert office.hold()["state"] == "released"
    assert office.row()[field] is False


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("number", range(1, writes_of(Office, release=True) + 1))
def test_a_failure_at_any_write_of_a_release_is_resumed(number: int, how: str) -> None:
    """The decision counts once, is recorded once, and what finance signed goes out."""
    office = Office()
    crash = Crash(office, 0, how)
    office.check()
    crash.arm(number)
    request = office.approval()["id"]
    with suppress(StorageUnavailable):
        office.decide()
    if approvals.register(office.services.rows).get(request).body["state"] == "open":
        office.decide()
    settle(office)
    assert office.hold()["state"] == "released"
    assert office.row()["disabled"] is False
    assert [kind for kind, _ in office.halo.writes] == ["hold_invoice", "release_invoice"]
    evidence = office.services.ledger.of_type
    assert [len(evidence(kind)) for kind in ("approval.decided", "approval.approved", "signoff.recorded")] == [1, 1, 1]
    assert told(office, "hold.released") == [office.hold()["id"]]


def test_the_same_run_carried_out_twice_changes_nothing() -> None:
    """The queue may deliver a run again."""
    from shared.procedures import billing

    office = Office()
    for _ in range(2):
        billing.billing_check_run(office.services, Run("r-same", "billing_check", None, office.clock.now(), "timer"))
        office.work()
    assert len(list(holds.of_kind(office.services.rows))) == 1
    assert len(office.halo.writes) == 1

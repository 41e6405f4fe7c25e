"""Wherever storage fails while a hold is placed or released, the next check completes it: one hold, one write, one request."""

from __future__ import annotations

import pytest

from shared.errors import StorageUnavailable
from shared.procedures.runs import Run
from shared.registers import approvals, holds
from tests.harness.billing import FirstOffice, Office
from tests.harness.faults import Faults
from tests.harness.memory import MemoryRows

SORTS = {Office: ("invoice", "disabled"), FirstOffice: ("first_invoice", "reviewrequired")}
"""Kind of hold, and the field that holds it in HaloPSA."""


def office_failing_at(number: int, how: str, make: type[Office] = Office) -> tuple[Office, Faults]:
    office = make()
    faults = Faults(lambda _name, at: how if at == number else None)
    office.services.rows = MemoryRows(faults)
    return office, faults


def settle(office: Office) -> None:
    """The queue tries again until it is empty; what was lost is resumed by the next check."""
    for _ in range(3):
        try:
            office.check()
        except StorageUnavailable:
            continue


def writes_of_a_clean_check(make: type[Office]) -> int:
    office, faults = office_failing_at(0, "before", make)
    office.check()
    return len(faults.writes)


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize(
    ("make", "number"), [(make, at) for make in SORTS for at in range(1, writes_of_a_clean_check(make) + 1)]
)
def test_a_failure_at_any_write_is_resumed(make: type[Office], number: int, how: str) -> None:
    """Held once, applied once, asked once, whichever sort of invoice; and released to what it was."""
    kind, field = SORTS[make]
    office, _ = office_failing_at(number, how, make)
    settle(office)
    every = list(holds.of_kind(office.services.rows, kind))
    assert [(one["state"], one["applied"]) for one in every] == [("held", True)]
    assert [kind for kind, _ in office.halo.writes] == ["hold_invoice"]
    assert every[0]["prior"][field] is False
    requests = list(approvals.register(office.services.rows).all())
    assert [one["state"] for one in requests] == ["open"]
    assert every[0]["approval_id"] == requests[0]["id"]
    office.decide()
    settle(office)
    assert office.hold()["state"] == "released"
    assert office.row()[field] is False


def test_the_same_run_carried_out_twice_changes_nothing() -> None:
    """The queue may deliver a run again."""
    from shared.procedures import billing

    office = Office()
    for _ in range(2):
        billing.billing_check_run(office.services, Run("r-same", "billing_check", None, office.clock.now(), "timer"))
        office.work()
    assert len(list(holds.of_kind(office.services.rows))) == 1
    assert len(office.halo.writes) == 1

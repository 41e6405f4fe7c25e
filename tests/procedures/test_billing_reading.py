"""What bills is read from HaloPSA once more before it is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.errors import SourceDown
from shared.halopsa.mirror import BlobMirror
from shared.procedures import billing
from shared.procedures.billing_reading import read_anew
from shared.procedures.runs import Run
from shared.registers import findings
from tests.harness.billing import NOW, tables
from tests.harness.clock import StillClock
from tests.harness.halo import FakeHalo
from tests.harness.services import FakeServices

if TYPE_CHECKING:
    from shared.model import JsonObject


def office() -> tuple[FakeServices, FakeHalo]:
    services = FakeServices("", StillClock(NOW))
    services.mirror = BlobMirror(services.blobs)
    halo = FakeHalo(services.clock, tables())
    services.halo = halo
    return services, halo


def check(services: FakeServices, name: str) -> JsonObject:
    return billing.billing_check_run(services, Run(name, "billing_check", None, services.clock.now(), "timer"))


def test_an_edit_nobody_rang_for_is_judged_at_once() -> None:
    """No sync ran and no webhook came: the check reads contracts, recurring and issued invoices itself."""
    services, halo = office()
    assert check(services, "r-1")["reading"] == {
        "read": [
            "Agent",
            "Tax",
            "Client",
            "ClientContract",
            "RecurringInvoice",
            "Invoice",
            "SalesOrder",
            "TicketApproval",
        ],
        "held": [],
        "failed": None,
    }
    halo.tables["RecurringInvoice"][0]["lines"][0]["nominal_code"] = ""
    services.clock.advance(minutes=1)
    check(services, "r-2")
    row = next(findings.of_control(services.rows, "recurring_invoice_hold"))
    assert "account_missing" in {reason["code"] for reason in row["reasons"]}


def test_a_halopsa_that_does_not_answer_leaves_what_was_read_before() -> None:
    """The check goes on with what is held, and says so."""
    services, halo = office()
    check(services, "r-1")
    halo.faults["RecurringInvoice"] = SourceDown("HaloPSA does not answer.")
    services.clock.advance(hours=1)
    result = check(services, "r-2")
    assert result["reading"] == {
        "read": ["ClientContract"],
        "held": ["RecurringInvoice", "Invoice", "TicketApproval"],
        "failed": "source_down",
    }
    assert result["population"] == 1


def test_long_lists_are_left_to_the_sync() -> None:
    """More than a thousand rows are not read on top of what the sync reads: the budget of requests is shared."""
    services, halo = office()
    services.mirror.change_state("Invoice", lambda _: {"rows": 1001, "read_at": "2026-11-16T07:00:00Z"})
    assert read_anew(services, lambda _text: None)["held"] == ["Invoice"]
    asked = {kind for _, kind, _ in halo.calls if "/" not in kind}
    assert {"ClientContract", "RecurringInvoice", "TicketApproval"} <= asked
    assert "Invoice" not in asked

"""A HaloPSA that bills, in memory: rows of clean invoices, reads and writes; and what it takes to run the billing check."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from shared.errors import AttestError, SourceDown
from shared.halopsa.writes import HaloWrites
from shared.model import Person, Role, rfc3339
from shared.ports import ReadPage
from shared.procedures import act, billing, decide
from shared.procedures.runs import Run
from shared.registers import approvals, holds
from tests.harness.clock import StillClock
from tests.harness.services import FakeServices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.actions import Action
    from shared.model import JsonObject
    from shared.ports import Halo

NOW = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
FINANCE = Person("oid-nora", "Nora Fictive", frozenset({Role.FINANCE}))
SECOND = Person("oid-omar", "Omar Fictive", frozenset({Role.FINANCE}))


def line(number: int = 1, **changes: Any) -> JsonObject:
    """Ten licences, in order in every respect."""
    row = {
        "id": number,
        "item_code": f"LIC-{number}",
        "item_shortdescription": "Licence",
        "qty_order": 10.0,
        "unit_price": 20.0,
        "unit_cost": 12.0,
        "net_amount": 200.0,
        "discount_perc": 0.0,
        "tax_code": "HST",
        "tax_rate": 13.0,
        "tax_amount": 26.0,
        "nominal_code": "4000",
    }
    return row | changes


def invoice(number: int = 101, **changes: Any) -> JsonObject:
    """A recurring invoice of December, due at the end of November."""
    row: JsonObject = {
        "id": -number,
        "client_id": 12,
        "client_name": "Maple Harbour Dental",
        "contract_id": 501,
        "nextcreationdate": "2026-11-20T00:00:00",
        "period_start_date": "2026-12-01T00:00:00",
        "period_end_date": "2026-12-31T00:00:00",
        "periodname": "Monthly",
        "currency_code_name": "CAD",
        "total": 226.0,
        "tax_total": 26.0,
        "disabled": False,
        "requires_approval": True,
        "approval_status": 2,
        "approvalagentid": 7,
        "lines": [line()],
    }
    return row | changes


def first(number: int = 9001, **changes: Any) -> JsonObject:
    """A new customer's invoice that no recurring one made, still in the house."""
    row: JsonObject = {
        "id": number,
        "client_id": 12,
        "invoice_date": "2026-11-18T00:00:00",
        "currency_code_name": "CAD",
        "total": 226.0,
        "tax_total": 26.0,
        "posted": False,
        "reviewrequired": False,
        "requires_approval": True,
        "approval_status": 2,
        "approvalagentid": 7,
        "lines": [line()],
    }
    return row | changes


def issued(number: int, of: int = 101, **changes: Any) -> JsonObject:
    """The invoice of November."""
    row: JsonObject = {
        "id": number,
        "recurring_invoice_id": -of,
        "client_id": 12,
        "invoice_date": "2026-10-20T00:00:00",
        "period_start_date": "2026-11-01T00:00:00",
        "period_end_date": "2026-11-30T00:00:00",
        "currency_code_name": "CAD",
        "total": 226.0,
        "posted": True,
        "last_synced": "2026-10-21T02:00:00",
        "thirdpartyinvoicenumber": f"A-{number}",
        "lines": [line(9001, item_code="LIC-1", recurring_invoice_line_id=1)],
    }
    return row | changes


def tables(**changes: list[JsonObject]) -> dict[str, list[JsonObject]]:
    """One clean recurring invoice with everything around it."""
    rows: dict[str, list[JsonObject]] = {
        "RecurringInvoice": [invoice()],
        "Invoice": [issued(8001)],
        "ClientContract": [
            {
                "id": 501,
                "client_id": 12,
                "ref": "C-501",
                "start_date": "2024-01-01T00:00:00",
                "end_date": "2027-12-31T00:00:00",
                "active": True,
                "started": True,
                "expired": False,
            }
        ],
        "Client": [{"id": 12, "name": "Maple Harbour Dental", "default_currency_code_name": "CAD"}],
        "SalesOrder": [{"id": 31, "po_number": "PO-77", "total": 5000.0, "outstanding_total": 900.0}],
        "Agent": [
            {"id": 7, "name": "Ada Fictive", "isapiagent": False},
            {"id": 8, "name": "Robot", "isapiagent": True},
        ],
        "Tax": [{"id": 1, "name": "HST", "code": "HST", "value": 13.0}],
        "Tickets": [],
        "Actions": [],
    }
    return rows | changes


class BillingHalo:
    """Rows HaloPSA has; reads answer from them and actions change them. ``down`` makes it stop answering."""

    def __init__(self, services: FakeServices, rows: dict[str, list[JsonObject]]) -> None:
        self.services = services
        self.rows = rows
        self.down = False
        self.writes: list[tuple[str, JsonObject]] = []

    def _find(self, name: str, kind: str = "RecurringInvoice") -> JsonObject | None:
        return next((row for row in self.rows[kind] if str(row["id"]) == name), None)

    def one(self, kind: str, record_id: str, query: Any = None) -> ReadPage | None:
        if self.down:
            raise SourceDown("HaloPSA does not answer.")
        row = self._find(record_id, kind)
        if row is None:
            return None
        return ReadPage(
            f"/api/{kind}/{record_id}",
            dict(query or {}),
            200,
            json.dumps(row).encode(),
            (copy.deepcopy(row),),
            None,
            self.services.clock.now(),
        )

    def pages(self, kind: str, query: Any = None) -> Iterator[ReadPage]:
        """Lists are loaded by ``Office.sync``; reading them over the wire is tested elsewhere."""
        raise SourceDown(f"The list {kind} does not answer.")

    def write(self, kind: str, row: JsonObject) -> JsonObject:
        held = self._find(str(row["id"]), kind)
        assert held is not None
        held.update(row)
        return dict(held)

    def carry_out(self, action: Action, meaning: Any) -> JsonObject:
        """As in production: through the writer that reads before it writes."""
        outcome = HaloWrites(cast("Halo", self)).carry_out(action, meaning)
        if not outcome["already"]:
            self.writes.append((action.kind.value, outcome))
        return outcome


class Office:
    """A finance office's days: sync, check, work off the queue, decide."""

    def __init__(self, rows: dict[str, list[JsonObject]] | None = None, policy: str = "", now: datetime = NOW) -> None:
        self.clock = StillClock(now)
        self.services = FakeServices(policy, self.clock)
        self.halo = BillingHalo(self.services, rows if rows is not None else tables())
        self.services.halo = self.halo
        self.services.writer = self.halo
        self.runs = 0
        self.sync()

    def sync(self) -> None:
        self.services.mirror.load(copy.deepcopy(self.halo.rows), self.clock.now())

    def check(self, as_of: datetime | None = None, *, sync: bool = True, work: bool = True) -> JsonObject:
        if sync:
            self.sync()
        self.runs += 1
        run = Run(f"r-{self.runs}", "billing_check", None, as_of or self.clock.now(), "timer")
        result = billing.billing_check_run(self.services, run)
        if work:
            self.work()
        return result

    def work(self) -> None:
        """Work the queue off; a message that fails stays in it."""
        while (message := self.services.queues.take("actions")) is not None:
            body = json.loads(message)
            try:
                if "settle" in body:
                    decide.settle(self.services, body["settle"])
                else:
                    act.carry_out(self.services, body["part"], body["key"])
            except AttestError:
                self.services.queues.messages["actions"].insert(0, message)
                raise

    def finding(
        self, number: int = 101, control: str = "recurring_invoice_hold", kind: str = "recurring_invoice"
    ) -> JsonObject | None:
        from shared.registers import findings

        name = str(-number) if kind == "recurring_invoice" else str(number)
        rows = findings.of_control(self.services.rows, control)
        return next((row for row in rows if row["subject"]["id"] == name), None)

    def codes(self, number: int = 101) -> set[str]:
        row = self.finding(number)
        assert row is not None
        return {reason["code"] for reason in row["reasons"]}

    def hold(self, number: int = 101) -> JsonObject | None:
        from shared.model import Subject

        return holds.current(self.services.rows, "invoice", Subject("recurring_invoice", str(-number)))

    def approval(self, number: int = 101) -> JsonObject:
        hold = self.hold(number)
        assert hold is not None
        held = approvals.register(self.services.rows).get(hold["approval_id"])
        assert held is not None
        return held.body

    def decide(self, number: int = 101, person: Person = FINANCE, decision: str = "approve") -> JsonObject:
        request = self.approval(number)
        body = {"decision": decision, "rationale": "Checked against the contract.", "digest": request["digest"]}
        after = decide.decide_approval(self.services, person, request["id"], body)
        self.work()
        return after

    def sign_all(self) -> None:
        """Check, approve whatever is held, read HaloPSA again."""
        self.check()
        for row in list(self.halo.rows["RecurringInvoice"]):
            if self.hold(-row["id"]) is not None:
                for person in (FINANCE, SECOND):
                    if self.approval(-row["id"])["state"] == "open":
                        self.decide(-row["id"], person)
        self.sync()

    def row(self, number: int = 101) -> JsonObject:
        row = self.halo._find(str(-number))
        assert row is not None
        return row

    def later(self, **span: float) -> str:
        return rfc3339(self.clock.advance(**span))


class FirstOffice(Office):
    """The same, of a customer who has no recurring invoice yet: numbers are those of invoices."""

    def __init__(self, rows: dict[str, list[JsonObject]] | None = None, policy: str = "", now: datetime = NOW) -> None:
        super().__init__(rows if rows is not None else tables(RecurringInvoice=[], Invoice=[first()]), policy, now)

    def finding(
        self, number: int = 9001, control: str = "first_invoice_hold", kind: str = "invoice"
    ) -> JsonObject | None:
        return super().finding(number, control, kind)

    def codes(self, number: int = 9001) -> set[str]:
        return super().codes(number)

    def hold(self, number: int = 9001) -> JsonObject | None:
        from shared.model import Subject

        return holds.current(self.services.rows, "first_invoice", Subject("invoice", str(number)))

    def approval(self, number: int = 9001) -> JsonObject:
        return super().approval(number)

    def decide(self, number: int = 9001, person: Person = FINANCE, decision: str = "approve") -> JsonObject:
        return super().decide(number, person, decision)

    def row(self, number: int = 9001) -> JsonObject:
        row = self.halo._find(str(number), "Invoice")
        assert row is not None
        return row

    def left(self, number: int = 9001) -> set[str]:
        """Codes of the finding on how it left; "not judged" where there is none."""
        row = self.finding(number, "invoice_left_unsigned")
        return {"not judged"} if row is None else {reason["code"] for reason in row["reasons"]}

"""Every billing error, planted on an otherwise clean invoice, is told by its own code and by nothing else."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.billing import Office, invoice, issued, line, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.model import JsonObject

Rows = dict[str, list["JsonObject"]]


def entry(**changes: Any) -> JsonObject:
    row = {
        "id": 1,
        "ticket_id": 44,
        "datetime": "2026-11-10T10:00:00",
        "timetaken": 2.0,
        "chargerate": 3,
        "actreviewed": True,
        "actisbillable": True,
        "actioninvoicenumber": "",
    }
    return row | changes


TICKET = {"id": 44, "client_id": 12, "contract_id": 501}


def contract(**changes: Any) -> Callable[[Rows], None]:
    return lambda rows: rows["ClientContract"][0].update(changes)


def head(**changes: Any) -> Callable[[Rows], None]:
    return lambda rows: rows["RecurringInvoice"][0].update(changes)


def first(**changes: Any) -> Callable[[Rows], None]:
    return lambda rows: rows["RecurringInvoice"][0]["lines"][0].update(changes)


def last(**changes: Any) -> Callable[[Rows], None]:
    return lambda rows: rows["Invoice"][0].update(changes)


def more(*lines: JsonObject) -> Callable[[Rows], None]:
    return lambda rows: rows["RecurringInvoice"][0]["lines"].extend(lines)


def time(**changes: Any) -> Callable[[Rows], None]:
    return lambda rows: rows.update(Actions=[entry(**changes)], Tickets=[TICKET])


def approvals(*rows_: JsonObject) -> Callable[[Rows], None]:
    return lambda rows: rows.update(TicketApproval=[{"id": at, **row} for at, row in enumerate(rows_, start=1)])


def without(kind: str, *names: str) -> Callable[[Rows], None]:
    def cut(rows: Rows) -> None:
        row = (
            rows["RecurringInvoice"][0]
            if kind == "head"
            else rows["RecurringInvoice"][0]["lines"][0]
            if kind == "line"
            else rows[kind][0]
        )
        for name in names:
            row.pop(name)

    return cut


PLANTED: list[tuple[str, Callable[[Rows], None]]] = [
    ("contract_missing", head(contract_id=999)),
    ("contract_missing", head(contract_id=-1)),
    ("contract_missing", without("head", "contract_id")),
    ("contract_inactive", contract(active=False)),
    ("contract_not_started", contract(start_date="2026-12-02T00:00:00")),
    ("contract_expired", contract(end_date="2026-12-30T00:00:00")),
    ("contract_expired", contract(expired=True)),
    ("client_mismatch", contract(client_id=13)),
    ("period_gap", head(period_start_date="2026-12-05T00:00:00")),
    ("period_overlap", head(period_start_date="2026-11-30T00:00:00")),
    ("missed_cycle", head(period_start_date="2027-01-01T00:00:00", period_end_date="2027-01-31T00:00:00")),
    ("zero_line", more(line(2, net_amount=0.0, tax_amount=0.0))),
    ("zero_line", more(line(2, qty_order=0.0, net_amount=0.0, tax_amount=0.0))),
    ("negative_line", more(line(2, qty_order=-1.0, net_amount=-20.0, tax_amount=-2.6))),
    ("negative_line", more(line(2, qty_order=-1.0, net_amount=-20.0, tax_amount=-2.6, creditlinkedidid=12345))),
    ("duplicate_line", more(line(2, item_code="LIC-1"))),
    ("tax_missing", without("line", "tax_code")),
    ("tax_missing", first(tax_code="")),
    ("tax_missing", without("line", "tax_rate", "tax_amount")),
    ("tax_mismatch", first(tax_rate=5.0, tax_amount=10.0)),
    ("tax_mismatch", first(tax_amount=25.0)),
    ("account_missing", first(nominal_code="")),
    ("currency_mismatch", head(currency_code_name="USD")),
    ("below_cost", first(unit_cost=20.01)),
    ("below_margin", first(unit_cost=16.01)),
    ("increase_due", contract(percentageincrease=5.0, nextincrementdate="2026-12-01T00:00:00")),
    (
        "increase_twice",
        lambda rows: (
            contract(percentageincrease=5.0, nextincrementdate="2026-12-01T00:00:00")(rows),
            first(unit_price=22.05, net_amount=220.5, tax_amount=28.67)(rows),
        ),
    ),
    (
        "increase_twice",
        lambda rows: (
            contract(percentageincrease=5.0, nextincrementdate="2027-12-01T00:00:00")(rows),
            first(unit_price=22.05, net_amount=220.5, tax_amount=28.67)(rows),
        ),
    ),
    ("po_exhausted", head(salesorder_id=31, total=900.01)),
    ("sync_error", last(last_synced="1900-01-01T00:00:00")),
    ("sync_error", last(thirdpartyinvoicenumber="")),
    ("halo_approval_missing", head(approval_status=1)),
    ("halo_approval_missing", without("head", "approval_status")),
    ("halo_approval_bypassed", head(requires_approval=False)),
    ("halo_approval_bypassed", head(approvalagentid=0)),
    ("halo_approval_not_a_person", head(approvalagentid=8)),
    ("halo_approval_bypassed", approvals({"invoice_id": -101, "seq": 1, "admin_overridden": True})),
    ("halo_approval_not_a_person", approvals({"invoice_id": 101, "seq": 1, "delegated_by_uid": 55})),
    ("unreviewed_time", time(actreviewed=False)),
    ("no_charge_type", time(chargerate=-1)),
    ("unbilled_time", time(datetime="2026-09-30T10:00:00")),
    ("proration_wrong", first(startdate="2026-12-16T00:00:00")),
    ("proration_wrong", first(enddate="2026-11-30T00:00:00")),
    ("facts_missing", without("head", "nextcreationdate")),
    ("facts_missing", head(nextcreationdate="1900-01-01T00:00:00")),
    ("facts_missing", without("head", "period_end_date")),
    ("facts_missing", without("head", "lines")),
    ("facts_missing", without("head", "total")),
    ("facts_missing", without("head", "requires_approval")),
    ("facts_missing", without("line", "unit_cost")),
    ("facts_missing", without("line", "qty_order")),
    ("facts_missing", without("ClientContract", "start_date")),
    ("facts_missing", without("ClientContract", "active")),
    ("facts_missing", head(salesorder_id=32)),
    ("facts_missing", head(approvalagentid=99)),
]

CLEAN: list[Callable[[Rows], None]] = [
    lambda rows: None,
    contract(start_date="2026-12-01T00:00:00", end_date="2026-12-31T00:00:00", started=False),
    lambda rows: rows.update(Invoice=[]),
    last(voided=True, period_end_date="2026-12-31T00:00:00"),
    more(line(2, item_code="LIC-1", site=4)),
    more(line(2, item_code="CR", qty_order=-1.0, net_amount=-20.0, tax_amount=-2.6, creditlinkedidid=9001)),
    head(salesorder_id=31, total=900.0),
    first(unit_cost=16.0),
    first(startdate="2026-12-16T00:00:00", net_amount=103.23, tax_amount=13.42),
    first(startdate="2026-12-01T00:00:00"),
    contract(percentageincrease=5.0, nextincrementdate="2026-12-02T00:00:00"),
    first(tax_rate=0.13),
    first(net_amount=62.5, qty_order=3.125, tax_amount=8.13),
    lambda rows: (
        contract(percentageincrease=5.0, nextincrementdate="2026-12-01T00:00:00")(rows),
        first(unit_price=21.0, net_amount=210.0, tax_amount=27.3)(rows),
    ),
    time(),
    time(chargerate=0, actreviewed=False),
    time(actreviewed=False, actioninvoicenumber="A-1"),
    time(actreviewed=False, action_contract_id=777),
    last(posted=False, thirdpartyinvoicenumber=""),
    approvals(
        {"invoice_id": -101, "seq": 1, "admin_overridden": True, "dateapproved": "2026-10-10T10:00:00"},
        {"invoice_id": -101, "seq": 1, "admin_overridden": False, "dateapproved": "2026-11-10T10:00:00"},
        {"invoice_id": -102, "seq": 1, "admin_overridden": True},
        {"ticket_id": 9, "seq": 2, "admin_overridden": True},
    ),
    more(line(2, isgroupdesc=True, qty_order=0.0, net_amount=0.0), line(3, isinactive=True, tax_code="")),
    head(contract_id=-1, lines=[line(contract_id=501)]),
]


def judged(plant: Callable[[Rows], None]) -> Office:
    rows = copy.deepcopy(tables())
    plant(rows)
    office = Office(rows)
    office.check()
    return office


@pytest.mark.parametrize(("code", "plant"), PLANTED, ids=[f"{at}-{code}" for at, (code, _) in enumerate(PLANTED)])
def test_each_error_is_caught_and_nothing_beside_it(code: str, plant: Callable[[Rows], None]) -> None:
    """One planted error, one code; the invoice is held."""
    office = judged(plant)
    assert office.codes() == {"no_signoff", code}
    hold = office.hold()
    assert hold is not None
    assert hold["applied"]
    assert office.row()["disabled"]


@pytest.mark.parametrize("plant", CLEAN, ids=map(str, range(len(CLEAN))))
def test_nothing_is_invented_on_clean_rows(plant: Callable[[Rows], None]) -> None:
    """What is unusual but right gives no reason beside the missing sign-off."""
    assert judged(plant).codes() == {"no_signoff"}


def test_many_planted_among_many_clean_are_told_apart() -> None:
    """A whole practice: each planted error at its own invoice, the clean ones stay clean."""
    rows = tables(RecurringInvoice=[], Invoice=[], ClientContract=[])
    expected = {}
    for at, (code, plant) in enumerate(PLANTED, start=1):
        one = copy.deepcopy(tables())
        plant(one)
        if one["Actions"] or "TicketApproval" in one or any(row["id"] != 501 for row in one["ClientContract"]):
            continue
        number, contract_id = 1000 + at, 600 + at
        recurring = one["RecurringInvoice"][0]
        if recurring.get("contract_id") == 501:
            recurring["contract_id"] = contract_id
        rows["RecurringInvoice"].append({**recurring, "id": -number})
        rows["Invoice"].append({**one["Invoice"][0], "id": 20000 + at, "recurring_invoice_id": -number})
        rows["ClientContract"].append({**one["ClientContract"][0], "id": contract_id})
        expected[number] = {"no_signoff", code}
    for number in range(5000, 5020):
        rows["RecurringInvoice"].append(invoice(number))
        rows["Invoice"].append(issued(30000 + number, number))
        expected[number] = {"no_signoff"}
    rows["ClientContract"].append(tables()["ClientContract"][0])
    office = Office(rows)
    office.check()
    assert {number: office.codes(number) for number in expected} == expected


def next_month(office: Office) -> None:
    """HaloPSA creates the invoice and moves the recurring one on by a month."""
    for row in office.halo.rows["RecurringInvoice"]:
        office.halo.rows["Invoice"].append(
            {
                **issued(8002, -row["id"]),
                "invoice_date": row["nextcreationdate"],
                "period_start_date": row["period_start_date"],
                "period_end_date": row["period_end_date"],
                "lines": copy.deepcopy(row["lines"]),
                "total": row["total"],
            }
        )
        row.update(
            nextcreationdate="2026-12-20T00:00:00",
            period_start_date="2027-01-01T00:00:00",
            period_end_date="2027-01-31T00:00:00",
        )
    office.clock.at = datetime.fromisoformat("2026-12-16T08:00:00+00:00")


MOVED: list[tuple[set[str], JsonObject, JsonObject]] = [
    (set(), {}, {}),
    (set(), {"qty_order": 11.0, "net_amount": 220.0, "tax_amount": 28.6}, {"total": 248.6}),
    ({"quantity_moved"}, {"qty_order": 12.0}, {}),
    ({"quantity_moved", "total_moved"}, {"qty_order": 20.0, "net_amount": 400.0, "tax_amount": 52.0}, {"total": 452.0}),
    ({"price_moved"}, {"unit_price": 25.0}, {}),
    ({"discount_moved"}, {"discount_perc": 6.0}, {}),
    (set(), {"discount_perc": 5.0}, {}),
    ({"total_moved"}, {}, {"total": 260.0}),
    ({"changed_after_signoff"}, {"nominal_code": "4100"}, {}),
    ({"currency_mismatch", "changed_after_signoff"}, {}, {"currency_code_name": "USD"}),
]


@pytest.mark.parametrize(("codes", "of_line", "of_head"), MOVED, ids=map(str, range(len(MOVED))))
def test_a_signoff_carries_while_nothing_moves_beyond_tolerance(
    codes: set[str], of_line: JsonObject, of_head: JsonObject
) -> None:
    """The next period needs finance again only for what moved, relative to what was signed last."""
    office = Office()
    office.sign_all()
    assert office.finding() is not None
    next_month(office)
    office.row()["lines"][0].update(of_line)
    office.row().update(of_head)
    office.check()
    assert office.codes() == codes
    assert office.row()["disabled"] == bool(codes)


def test_each_period_means_that_period_only() -> None:
    """Where policy says so, an unchanged later period is not signed."""
    office = Office(policy='[billing]\nsignoff = "each_period"')
    office.sign_all()
    next_month(office)
    office.check()
    assert office.codes() == {"no_signoff"}


def test_a_first_period_signed_does_not_make_the_full_one_move() -> None:
    """Half a month was signed by the calendar rule; the whole month after it is the same service."""
    rows = copy.deepcopy(tables(Invoice=[]))
    first(startdate="2026-12-16T00:00:00", net_amount=103.23, tax_amount=13.42)(rows)
    head(total=116.65)(rows)
    office = Office(rows)
    office.sign_all()
    next_month(office)
    office.row()["lines"][0].update(net_amount=200.0, tax_amount=26.0)
    office.row()["total"] = 226.0
    office.check()
    assert office.codes() == set()


def test_an_agreed_increase_is_no_movement_and_twice_is_told() -> None:
    """12 % agreed and applied passes although tolerance is 10 %; 12 % of 12 % does not."""
    for price, codes in ((22.4, set()), (25.09, {"increase_twice"}), (20.0, {"increase_due"})):
        rows = copy.deepcopy(tables())
        contract(percentageincrease=12.0, nextincrementdate="2027-01-01T00:00:00")(rows)
        office = Office(rows)
        office.sign_all()
        next_month(office)
        net = round(price * 10, 2)
        office.row()["lines"][0].update(unit_price=price, net_amount=net, tax_amount=round(net * 0.13 + 1e-9, 2))
        office.row()["total"] = 226.0 if price == 20.0 else 253.12
        office.check()
        assert office.codes() == codes, price

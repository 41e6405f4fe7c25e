"""Invoices that no recurring one made, end to end: held until finance has signed for the customer; and time before the first of them."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Conflict, SourceDown
from shared.procedures import billing
from shared.procedures.hear import judge_record
from shared.procedures.runs import Run
from shared.registers import approvals, holds
from tests.harness.billing import FINANCE, SECOND, FirstOffice, first, invoice, tables
from tests.harness.services import FakeServices, crossings


def office(*invoices: dict[str, Any], **changes: Any) -> FirstOffice:
    return FirstOffice(tables(RecurringInvoice=[], Invoice=list(invoices), **changes))


def entry(**changes: Any) -> dict[str, Any]:
    row = {"id": 1, "ticket_id": 5, "datetime": "2026-11-10T10:00:00", "timetaken": 1.5, "actreviewed": False}
    return row | {"chargerate": 2, "actionchargeamount": 180.0} | changes


def time_of(customer: int, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"Actions": list(entries), "Tickets": [{"id": 5, "client_id": customer}]}


def time_hold(at: FirstOffice) -> dict[str, Any] | None:
    from shared.model import Subject

    return holds.current(at.services.rows, "charge_entries", Subject("customer", "12"))


def test_it_is_held_once_by_flagging_it_and_its_owner_told() -> None:
    """One hold, one write, one request, however often the check runs; the shape is that of every hold."""
    at = FirstOffice()
    one, two = at.check(), at.check()
    assert (one["first_invoices"]["holds_placed"], two["first_invoices"]["holds_placed"]) == (1, 0)
    assert two["first_invoices"]["holds_open"] == 1
    assert (one["holds_placed"], one["holds_open"], one["population"]) == (0, 0, 0)
    assert [kind for kind, _ in at.halo.writes] == ["hold_invoice"]
    assert (at.row()["reviewrequired"], at.row().get("disabled")) == (True, None)
    hold = billing.hold_view(at.services, FINANCE, at.hold()["id"], at.clock.now())
    assert (hold["kind"], hold["state"], hold["applied"], hold["customer"]) == ("first_invoice", "held", True, "12")
    assert hold["subject"] == {"kind": "invoice", "id": "9001"}
    assert hold["amount"] == {"amount": "226.00", "currency": "CAD"}
    assert hold["may_release"] == ["Finance"]
    assert hold["prior"]["reviewrequired"] is False
    content = at.approval()["content"]
    assert (content["invoice_id"], content["invoice_date"], content["total"]) == ("9001", "2026-11-18", "226")
    assert at.codes() == {"no_signoff"}
    listed = billing.list_holds(at.services, FINANCE, {"kind": "first_invoice"}, 10, None)["items"]
    assert [row["id"] for row in listed] == [hold["id"]]


def test_an_approval_releases_it_and_counts_for_the_customer() -> None:
    """The flag is taken back; another invoice of the customer goes out unheld, its leaving is no exception."""
    at = FirstOffice()
    at.check()
    at.decide()
    assert (at.hold()["state"], at.hold()["released_by"]) == ("released", ["oid-nora"])
    assert at.row()["reviewrequired"] is False
    assert "internal_note" not in at.row() or "attest" not in str(at.row()["internal_note"])
    at.clock.advance(days=1)
    at.halo.rows["Invoice"].append(first(9002))
    at.check()
    assert (at.finding()["verdict"], at.hold(9002)) == ("pass", None)
    at.row(9002).update(posted=True, dateposted="2026-11-18T00:00:00")
    at.row().update(posted=True, dateposted="2026-11-18T00:00:00")
    at.clock.advance(days=1)
    result = at.check()
    assert (at.left(), at.left(9002), at.finding()["verdict"]) == (set(), set(), "pass")
    assert (result["left"]["population"], result["left"]["fail"], len(at.halo.writes)) == (2, 0, 2)


def test_a_signed_recurring_invoice_counts_for_the_customer_too() -> None:
    """What finance signed of either sort is its sign-off; an invoice already held waits for a person all the same."""
    at = FirstOffice(tables(RecurringInvoice=[invoice()], Invoice=[first()]))
    at.check()
    requests = approvals.register(at.services.rows).all()
    request = next(one for one in requests if one["subject"]["kind"] == "recurring_invoice")
    from shared.procedures import decide

    body = {"decision": "approve", "rationale": "Checked.", "digest": request["digest"]}
    decide.decide_approval(at.services, FINANCE, request["id"], body)
    at.work()
    at.halo.rows["Invoice"].append(first(9002))
    at.check()
    assert (at.hold()["state"], at.hold(9002)) == ("held", None)


def test_edited_after_its_release_it_is_held_again() -> None:
    """With a new hold and a new request, although finance has signed for the customer by now."""
    at = FirstOffice()
    at.check()
    at.decide()
    at.row()["lines"][0]["nominal_code"] = "4999"
    at.check()
    assert at.codes() == {"changed_after_signoff"}
    assert at.hold()["id"].endswith("-0002")
    assert at.row()["reviewrequired"] is True
    at.decide()
    assert (at.hold()["state"], at.row()["reviewrequired"]) == ("released", False)


def test_edited_while_held_the_request_is_void() -> None:
    """Deciding meets the change at once; the next check asks for what stands then."""
    at = FirstOffice()
    at.check()
    asked = at.approval()["id"]
    at.row()["total"] = 300.0
    with pytest.raises(Conflict):
        at.decide()
    at.check()
    assert at.approval()["id"] != asked
    assert at.approval()["content"]["total"] == "300"


def test_above_materiality_two_persons_release_it() -> None:
    """As every invoice."""
    at = office(first(total=90000.0))
    at.check()
    at.decide()
    assert at.hold()["state"] == "held"
    at.decide(person=SECOND)
    assert at.hold()["state"] == "released"


def test_one_a_person_flagged_stays_flagged_after_the_release() -> None:
    """Only what our hold changed is changed back."""
    at = office(first(reviewrequired=True))
    at.check()
    assert (at.hold()["applied"], at.halo.writes) == (True, [])
    at.decide()
    assert (at.hold()["state"], at.row()["reviewrequired"]) == ("released", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"posted": True},
        {"dateposted": "2026-11-10T00:00:00"},
        {"datesent": "2026-11-10T09:12:00"},
        {"datepaid": "2026-11-10T00:00:00"},
        {"last_synced": "2026-11-10T00:00:00"},
        {"voided": True},
        {"recurring_invoice_id": -55, "posted": True},
    ],
)
def test_what_has_left_before_we_began_is_neither_held_nor_a_violation(changes: dict[str, Any]) -> None:
    """Nor is what is void, whatever its date; a sentinel of 1900 is no date."""
    at = office(first(**changes), first(9002, datesent="1900-01-01T00:00:00"))
    at.check()
    at.clock.advance(days=1)
    result = at.check()
    assert (at.hold(), at.finding(), at.left()) == (None, None, {"not judged"})
    assert at.hold(9002)["state"] == "held"
    assert result["left"]["exceptions"] == []


@pytest.mark.parametrize("date", ["2026-11-18T00:00:00", "2026-02-01T00:00:00", None])
def test_leaving_while_held_is_found_and_ends_the_hold(date: str | None) -> None:
    """Whatever its date; the request is withdrawn, nothing more is written, and what is found stays found."""
    at = office(first(invoice_date=date))
    at.check()
    asked = at.approval()["id"]
    at.row().update(posted=True, dateposted="2026-11-17T00:00:00")
    with pytest.raises(Conflict):
        at.decide()
    at.clock.advance(days=1)
    for _ in range(2):
        result = at.check()
        assert at.left() == {"left_while_held"}
        assert result["left"]["exceptions"] == ["9001"]
    assert (at.hold()["state"], at.hold()["release_reason"]) == ("released", "It left HaloPSA while it was held.")
    assert approvals.register(at.services.rows).get(asked).body["state"] != "open"
    assert at.finding()["verdict"] == "notapplicable"
    assert len(at.halo.writes) == 1


def test_leaving_between_two_checks_unsigned_is_found() -> None:
    """It was never seen in the house."""
    at = office()
    at.check()
    at.clock.advance(days=1)
    at.halo.rows["Invoice"] += [
        first(9003, invoice_date="2026-11-17T00:00:00", posted=True),
        first(9004, invoice_date="2026-11-17T00:00:00", posted=True, voided=True),
        first(9005, invoice_date="2026-10-01T00:00:00", posted=True),
    ]
    result = at.check()
    assert (at.left(9003), at.left(9004), at.left(9005)) == ({"no_signoff"}, {"not judged"}, {"not judged"})
    assert result["left"]["exceptions"] == ["9003"]


def test_leaving_other_than_signed_is_found() -> None:
    """Edited and sent before anybody looked."""
    at = FirstOffice()
    at.check()
    at.decide()
    at.row().update(total=999.0, datesent="2026-11-16T12:00:00")
    at.check()
    assert at.left() == {"changed_after_signoff"}


def test_an_approved_one_that_leaves_before_its_flag_is_taken_back_is_no_exception() -> None:
    """Finance had agreed; the hold ends as released by whoever approved it."""
    from shared.procedures import decide

    at = FirstOffice()
    at.check()
    request = at.approval()
    body = {"decision": "approve", "rationale": "Checked.", "digest": request["digest"]}
    decide.decide_approval(at.services, FINANCE, request["id"], body)
    at.row().update(posted=True)
    at.check(work=False)
    assert (at.hold()["state"], at.hold()["released_by"], at.left()) == ("released", ["oid-nora"], set())
    at.work()
    assert at.row()["reviewrequired"] is False


@pytest.mark.parametrize("gone", [True, False])
def test_a_void_or_deleted_one_ends_its_hold_and_finding(gone: bool) -> None:
    """Nothing is left to release."""
    at = FirstOffice()
    at.check()
    if gone:
        at.halo.rows["Invoice"].clear()
    else:
        at.row()["voided"] = True
    result = at.check()
    assert (at.hold()["state"], at.finding()["verdict"]) == ("released", "notapplicable")
    assert result["first_invoices"]["holds_closed"] == 1
    assert at.left() == {"not judged"}


def test_one_that_left_before_the_write_is_not_written_to() -> None:
    """Posted between the check and the queue: nothing is flagged, and it is found as unsigned, not as held."""
    at = FirstOffice()
    at.check(work=False)
    at.row().update(posted=True)
    at.work()
    assert (at.halo.writes, at.hold()["error"]["code"]) == ([], "invoice_left")
    at.check()
    assert (at.hold()["state"], at.left()) == ("released", {"no_signoff"})


def test_a_row_that_cannot_be_read_is_held_without_a_request() -> None:
    """Missing data lets nothing out."""
    at = office(first(total="plenty"))
    at.check()
    assert (at.hold()["state"], at.hold()["approval_id"], at.finding()["verdict"]) == ("held", None, "unknown")


def test_strange_rows_do_not_stop_the_check() -> None:
    """Ids that are none, nobody's invoices, names of recurring ones that cannot be read."""
    at = office({"id": 9}, {"id": -3}, {"id": "x"}, {"id": 10, "recurring_invoice_id": "x"}, {"id": 11, "lines": 7})
    result = at.check()
    assert result["first_invoices"]["population"] == 2
    assert (at.hold(9)["customer"], at.hold(10), result["first_invoices"]["error"]) == (None, None, 0)


def test_halopsa_that_fails_is_tried_again_by_the_next_check() -> None:
    """The row says that it is not applied yet."""
    at = FirstOffice()
    at.halo.down = True
    at.check(work=False)
    with pytest.raises(SourceDown):
        at.work()
    assert (at.hold()["applied"], at.row()["reviewrequired"]) == (False, False)
    at.halo.down = False
    at.check()
    assert (at.hold()["applied"], at.row()["reviewrequired"], len(at.halo.writes)) == (True, True, 1)


def test_a_ring_about_it_holds_it_at_once() -> None:
    """And one about an invoice that a recurring one made does nothing."""
    at = office()
    at.check()
    at.halo.rows["Invoice"] += [first(9003), first(9004, recurring_invoice_id=-5)]
    at.sync()
    billing.judge_first(at.services, {"9003": "delivery\nd-1", "9004": "delivery\nd-2"}, at.clock.now())
    at.work()
    assert (at.hold(9003)["state"], at.row(9003)["reviewrequired"], at.hold(9004)) == ("held", True, None)
    at.row(9003).update(posted=True)
    at.sync()
    judge_record(at.services, "Invoice", "9003", at.clock.now(), "delivery\nd-3")
    assert at.hold(9003)["state"] == "released"
    at.check()
    assert at.left(9003) == {"left_while_held"}


def test_a_ring_asks_about_its_own_customer_only_and_knows_what_finance_signed() -> None:
    """Whatever was signed for others is not read; an invoice of a customer finance has signed for waits for nobody."""
    at = office(first())
    at.check()
    at.decide()
    at.halo.rows["Invoice"] += [first(9003), first(9004, client_id=13)]
    at.sync()
    scan, whole = at.services.rows.scan, []

    def watched(table: str, **more: Any) -> Any:
        if more.get("partition") == "signoffs" and more.get("first") is None:
            whole.append(more)
        return scan(table, **more)

    at.services.rows.scan = watched
    billing.judge_first(at.services, {"9003": "delivery\nd-1", "9004": "delivery\nd-2"}, at.clock.now())
    assert whole == []
    assert at.finding(9003) is None
    assert "no_signoff" in at.codes(9004)


def test_time_of_the_customer_stands_on_the_hold() -> None:
    """Whichever contract it is of; finance accepts it with the content, or it is reviewed."""
    at = office(first(), **time_of(12, entry(action_contract_id=77), entry(id=2, chargerate=-1, actreviewed=True)))
    at.check()
    assert at.codes() == {"no_signoff", "unreviewed_time", "no_charge_type"}
    assert {one["code"] for one in at.hold()["reasons"]} == at.codes()
    assert time_hold(at) is None
    at.decide()
    at.check()
    assert (at.finding()["verdict"], at.hold()["state"], time_hold(at)) == ("pass", "released", None)


def test_time_without_an_invoice_is_held_visibly_until_it_is_reviewed() -> None:
    """Nothing is written into HaloPSA; the hold tells reasons and money, once, and ends by itself."""
    at = office(**time_of(12, entry()))
    at.check()
    at.check()
    hold = billing.hold_view(at.services, FINANCE, time_hold(at)["id"], at.clock.now())
    assert (hold["kind"], hold["subject"]) == ("charge_entries", {"kind": "customer", "id": "12"})
    assert (hold["amount"], hold["applied"]) == ({"amount": "180.00", "currency": "CAD"}, True)
    assert [one["code"] for one in hold["reasons"]] == ["unreviewed_time"]
    assert (at.halo.writes, len(list(holds.of_kind(at.services.rows)))) == ([], 1)
    at.halo.rows["Actions"][0]["actreviewed"] = True
    at.check()
    assert (time_hold(at)["state"], time_hold(at)["released_by"]) == ("released", ["service"])


def test_time_moves_to_the_hold_of_the_first_invoice() -> None:
    """The reasons are told in one place."""
    at = office(**time_of(12, entry()))
    at.check()
    at.halo.rows["Invoice"].append(first())
    at.check()
    assert (time_hold(at)["state"], at.hold()["state"]) == ("released", "held")
    assert "unreviewed_time" in at.codes()


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({"actreviewed": True, "datetime": "2026-01-10T10:00:00"}, False),
        ({"chargerate": -1, "actreviewed": True}, True),
        ({"chargerate": 0}, False),
        ({"actioninvoicenumber": 44}, False),
        ({"actreviewed": None, "actionchargehours": 1.0}, True),
        ({"actionchargeamount": None}, True),
    ],
)
def test_which_time_is_held(changes: dict[str, Any], held: bool) -> None:
    """Unreviewed, untyped, or not known to be reviewed; not for being old, free or billed."""
    at = office(**time_of(12, entry(**changes)))
    at.check()
    hold = time_hold(at)
    assert (hold is not None) is held
    if hold is not None and changes.get("actionchargeamount", 0) is None:
        assert hold["amount"] is None


def test_time_of_a_customer_finance_has_signed_for_is_not_held() -> None:
    """Finance signs an invoice, and the hold on the time ends with it."""
    at = office(first(), **time_of(12, entry()))
    at.check()
    at.decide()
    at.row().update(posted=True)
    at.check()
    assert time_hold(at) is None


def test_holds_and_releases_are_evidence() -> None:
    """Each under the control that asked for it."""
    at = office(first(), first(9002, client_id=13), **time_of(14, entry()))
    at.check()
    at.decide()
    told = [
        (one.type, one.controls) for _, one in at.services.ledger.entries if one.type.startswith(("hold.", "signoff."))
    ]
    assert sorted(told) == [
        ("hold.placed", ("charge_entries_reviewed",)),
        ("hold.placed", ("first_invoice_hold",)),
        ("hold.placed", ("first_invoice_hold",)),
        ("hold.released", ("first_invoice_hold",)),
        ("signoff.recorded", ("first_invoice_hold",)),
    ]


def test_what_else_becomes_known_of_a_hold_stays_when_its_invoice_has_left() -> None:
    """The check notes that it left on the hold as it stands, not as it was when the books were opened."""
    offices: list[FirstOffice] = []
    noted: list[bool] = []

    def make() -> FakeServices:
        offices.append(FirstOffice())
        offices[-1].check()
        offices[-1].row()["posted"] = True
        offices[-1].sync()
        return offices[-1].services

    def check(services: FakeServices) -> None:
        run = Run("r-left", "billing_check", None, services.clock.now(), "timer")
        billing.billing_check_run(services, run)

    def note(services: FakeServices) -> None:
        hold = offices[-1].hold()
        assert hold is not None
        after = holds.amend_held(services.rows, hold["id"], lambda body: {"detail": {**body["detail"], "noted": 1}})
        noted.append(after is not None)

    for cut, services in crossings(make, check, note, 10):
        (hold,) = (one for one in holds.of_kind(services.rows, "first_invoice"))
        assert hold["detail"].get("left") is True, cut
        assert ("noted" in hold["detail"]) == noted[-1], cut
    assert set(noted) == {True, False}

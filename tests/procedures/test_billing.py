"""The hold, end to end: placed once, asked for, released with the prior state restored, held again when anything changes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from shared.actions import ActionKind
from shared.errors import Conflict, Forbidden, NotFound, SourceDown, SourceRejected
from shared.model import Person, Role
from shared.procedures import billing, decide
from shared.procedures.billing_book import RECURRING
from shared.procedures.billing_cases import open_books
from shared.procedures.hear import judge_record
from shared.procedures.judged_invoices import close_gone
from shared.procedures.plan import part_of
from shared.procedures.plan import register as actions_of
from shared.registers import approvals
from tests.harness.billing import FINANCE, NOW, SECOND, FirstOffice, Office, invoice, issued, line, tables


def open_requests(office: Office) -> list[dict[str, Any]]:
    return [body for body in approvals.register(office.services.rows).all() if body["state"] == "open"]


def test_an_unsigned_invoice_is_held_once_and_its_owner_told() -> None:
    """One hold, one write, one request, one message, however often the check runs."""
    office = Office()
    first = office.check()
    second = office.check()
    assert (first["holds_placed"], second["holds_placed"], second["holds_open"]) == (1, 0, 1)
    assert [kind for kind, _ in office.halo.writes] == ["hold_invoice"]
    assert office.row()["disabled"] is True
    assert len(open_requests(office)) == 1
    hold = billing.hold_view(office.services, FINANCE, office.hold()["id"], office.clock.now())
    assert (hold["kind"], hold["state"], hold["applied"], hold["customer"]) == ("invoice", "held", True, "12")
    assert hold["may_release"] == ["Finance"]
    assert hold["amount"] == {"amount": "226.00", "currency": "CAD"}
    assert hold["subject"] == {"kind": "recurring_invoice", "id": "-101"}
    assert hold["approval_id"] == office.approval()["id"]


def test_holding_is_not_free() -> None:
    """The cost is money times days, and stops when it is released."""
    office = Office()
    office.check()
    office.clock.advance(days=2, hours=12)
    hold_id = office.hold()["id"]
    assert billing.hold_view(office.services, FINANCE, hold_id, office.clock.now())["cost"]["money_days"] == "565.00"
    office.decide()
    office.clock.advance(days=9)
    assert billing.hold_view(office.services, FINANCE, hold_id, office.clock.now())["cost"]["money_days"] == "565.00"


def test_an_approval_of_exactly_this_content_releases_it() -> None:
    """The content is the lines, amounts and dates; the prior state comes back; the sign-off keeps it out of the next check."""
    office = Office()
    office.check()
    content = office.approval()["content"]
    assert content["total"] == "226"
    assert content["period"] == {
        "name": "Monthly",
        "start": "2026-12-01",
        "end": "2026-12-31",
    }
    assert content["lines"][0]["quantity"] == "10"
    assert content["lines"][0]["unit_price"] == "20"
    assert "disabled" not in str(content)
    assert "approval" not in str(content)
    assert office.decide()["state"] == "approved"
    assert office.hold()["state"] == "released"
    assert office.hold()["released_by"] == ["oid-nora"]
    assert office.row()["disabled"] is False
    office.check(sync=False)
    assert office.finding()["verdict"] == "pass"
    again = office.check()
    assert (office.finding()["verdict"], again["holds_open"], len(office.halo.writes)) == ("pass", 0, 2)


def test_any_change_after_the_signoff_holds_it_again() -> None:
    """A released and then edited invoice is held anew, with a new hold and a new request."""
    office = Office()
    office.check()
    office.decide()
    office.row()["lines"][0]["nominal_code"] = "4999"
    office.check()
    assert office.codes() == {"changed_after_signoff"}
    assert office.hold()["id"].endswith("-0002")
    assert office.row()["disabled"] is True
    assert office.approval()["content"]["lines"][0]["account"] == "4999"


def test_what_finance_accepted_with_the_content_is_not_held_again() -> None:
    """Finance saw a line under its cost and released it all the same."""
    rows = tables(RecurringInvoice=[invoice(lines=[line(unit_cost=25.0)])])
    office = Office(rows)
    office.check()
    assert office.codes() == {"no_signoff", "below_cost"}
    assert "costs 25.00 CAD" in office.approval()["text"]
    office.decide()
    office.check()
    assert (office.finding()["verdict"], office.finding()["detail"]["accepted"]) == ("pass", ["below_cost"])
    assert office.hold()["state"] == "released"


def test_a_new_reason_on_signed_content_holds_it_again() -> None:
    """The content is signed, but its contract has ended since."""
    office = Office()
    office.check()
    office.decide()
    office.halo.rows["ClientContract"][0]["active"] = False
    office.check()
    assert office.codes() == {"contract_inactive"}
    assert office.hold()["state"] == "held"
    office.decide()
    assert office.hold()["state"] == "released"


def test_an_invoice_changed_while_held_voids_the_request() -> None:
    """Deciding meets the change at once; the next check asks for the new content."""
    office = Office()
    office.check()
    asked = office.approval()
    office.row()["total"] = 300.0
    with pytest.raises(Conflict):
        office.decide()
    assert approvals.register(office.services.rows).get(asked["id"]).body["state"] == "void"
    office.check()
    assert office.approval()["id"] != asked["id"]
    assert office.approval()["content"]["total"] == "300"
    office.decide()
    assert office.hold()["state"] == "released"


def test_a_change_found_by_the_check_voids_the_request_too() -> None:
    """Only one request is ever open, and it is for what stands now."""
    office = Office()
    office.check()
    asked = office.approval()["id"]
    office.row()["lines"][0]["unit_price"] = 21.0
    office.check()
    assert [one["id"] for one in open_requests(office)] == [office.approval()["id"]] != [asked]


def test_above_materiality_two_persons_decide() -> None:
    """In the invoice's own currency; one alone releases nothing, and not the same person twice."""
    big = invoice(total=5000.01, currency_code_name="CAD")
    office = Office(tables(RecurringInvoice=[big]))
    office.check()
    assert office.approval()["needed"] == {"persons": 2, "roles": ["Finance"]}
    office.decide()
    assert office.hold()["state"] == "held"
    assert office.row()["disabled"]
    with pytest.raises(Forbidden):
        office.decide()
    office.decide(person=SECOND)
    assert office.hold()["state"] == "released"
    assert not office.row()["disabled"]


def test_exactly_at_materiality_one_person_decides() -> None:
    """Above means above."""
    office = Office(tables(RecurringInvoice=[invoice(total=5000.0)]))
    office.check()
    assert office.approval()["needed"]["persons"] == 1


def test_an_expired_request_stays_held_and_is_asked_again() -> None:
    """Silence is never consent."""
    office = Office()
    office.check()
    first = office.approval()["id"]
    office.clock.advance(hours=73)
    office.check()
    assert office.hold()["state"] == "held"
    assert office.row()["disabled"]
    assert office.approval()["id"] != first
    assert office.approval()["state"] == "open"
    office.decide()
    assert office.hold()["state"] == "released"


def test_a_rejected_request_stays_held_and_is_not_nagged_about() -> None:
    """Asked again only when the content or what is wrong with it changes."""
    office = Office()
    office.check()
    office.decide(decision="reject")
    office.check()
    assert office.hold()["state"] == "held"
    assert open_requests(office) == []
    assert office.hold()["rejected"]["by"] == "oid-nora"
    office.row()["total"] = 227.0
    office.check()
    assert len(open_requests(office)) == 1


def test_review_mode_flags_and_unflags() -> None:
    """Policy may flag for review instead of disabling; what was flagged before stays flagged."""
    office = Office(
        tables(RecurringInvoice=[invoice(reviewrequired=True), invoice(102)], Invoice=[issued(1), issued(2, 102)]),
        policy='[billing]\nhold = "review"',
    )
    office.check()
    assert office.row()["reviewrequired"]
    assert office.row(102)["reviewrequired"]
    assert not office.row()["disabled"]
    office.decide()
    office.decide(102)
    assert office.row()["reviewrequired"] is True
    assert office.row(102)["reviewrequired"] is False


def test_halopsa_failing_while_holds_are_placed_leaves_a_record_and_is_resumed() -> None:
    """The row is there first and says that it is not applied; the queue, or else the next check, finishes it."""
    office = Office()
    office.halo.down = True
    office.check(work=False)
    assert (office.hold()["state"], office.hold()["applied"]) == ("held", False)
    with pytest.raises(SourceDown):
        office.work()
    office.halo.down = False
    office.check()
    assert office.hold()["applied"]
    assert office.row()["disabled"]
    assert office.hold()["prior"]["disabled"] is False
    assert [kind for kind, _ in office.halo.writes] == ["hold_invoice"]


def test_a_hold_that_halopsa_refused_is_tried_again_by_the_next_check() -> None:
    """The hold says what failed; a new attempt follows."""
    office = Office()
    carry_out = office.halo.carry_out

    def refuse(action: Any, meaning: Any) -> Any:
        raise SourceRejected("Record locked.")

    office.halo.carry_out = refuse  # type: ignore[method-assign]
    office.check()
    assert office.hold()["error"]["code"] == "source_rejected"
    assert not office.hold()["applied"]
    office.halo.carry_out = carry_out  # type: ignore[method-assign]
    office.check()
    assert office.hold()["applied"]
    assert office.hold()["error"] is None
    assert office.row()["disabled"]


@pytest.mark.parametrize(("mode", "field"), [("disable", "disabled"), ("review", "reviewrequired")])
def test_a_held_invoice_that_somebody_switches_on_in_halopsa_is_held_again(mode: str, field: str) -> None:
    """Only people release, on a digest: HaloPSA's own switch ends no hold, even where nothing is wrong any more."""
    office = Office(policy=f'[billing]\nhold = "{mode}"\n')
    office.check()
    office.clock.advance(hours=1)
    office.row()[field] = False
    office.check()
    assert office.row()[field] is True
    hold = office.hold()
    assert (hold["state"], hold["applied"], hold["lifted_at"], hold["prior"][field]) == (
        "held", True, "2026-11-16T09:00:00.000Z", False,
    )  # fmt: skip
    assert len(office.services.ledger.of_type("hold.lifted")) == 1
    office.clock.advance(hours=1)
    office.check()
    assert len(office.services.ledger.of_type("hold.lifted")) == 1
    office.decide()
    assert (office.hold()["state"], office.row()[field]) == ("released", False)


def test_a_ring_about_a_held_invoice_that_was_switched_on_holds_it_at_once() -> None:
    """Not only the next check: the record that was read back says it."""
    office = Office()
    office.check()
    office.row()["disabled"] = False
    office.sync()
    billing.judge_invoices(office.services, {"-101": "delivery-1"}, office.clock.now())
    office.work()
    assert (office.row()["disabled"], len(office.services.ledger.of_type("hold.lifted"))) == (True, 1)


def test_what_was_read_before_a_hold_was_carried_out_or_after_its_approval_lifts_nothing() -> None:
    """An older reading still says that it is switched on, and so does HaloPSA while a release is under way."""
    office = Office()
    office.check()
    office.check(sync=False)
    hold = office.hold()
    assert (hold["applied"], hold["lifted_at"], hold["prior"]["disabled"]) == (True, None, False)
    assert [kind for kind, _ in office.halo.writes] == ["hold_invoice"]
    office.clock.advance(hours=1)
    request = office.approval()
    body = {"decision": "approve", "rationale": "Checked.", "digest": request["digest"]}
    decide.decide_approval(office.services, FINANCE, request["id"], body)
    office.row()["disabled"] = False
    office.check(work=False)
    assert (office.hold()["lifted_at"], office.services.ledger.of_type("hold.lifted")) == (None, [])


def test_a_release_that_failed_is_tried_again() -> None:
    """An approved release is not forgotten, and not asked for twice."""
    office = Office()
    office.check()
    carry_out = office.halo.carry_out

    def refuse(action: Any, meaning: Any) -> Any:
        raise SourceRejected("Record locked.")

    office.halo.carry_out = refuse  # type: ignore[method-assign]
    office.decide()
    assert office.hold()["state"] == "held"
    assert office.hold()["error"]["action"] == ActionKind.RELEASE_INVOICE.value
    office.halo.carry_out = carry_out  # type: ignore[method-assign]
    office.check()
    assert office.hold()["state"] == "released"
    assert office.row()["disabled"] is False
    assert open_requests(office) == []


def test_nobody_decides_while_halopsa_does_not_answer() -> None:
    """What may have changed is not decided on."""
    office = Office()
    office.check()
    office.halo.down = True
    with pytest.raises(SourceDown):
        office.decide()
    assert office.approval()["state"] == "open"
    assert office.hold()["state"] == "held"


def test_an_approval_of_an_invoice_that_is_gone_is_void() -> None:
    """And the next check ends the hold of what no longer exists."""
    office = Office()
    office.check()
    office.halo.rows["RecurringInvoice"].clear()
    with pytest.raises(Conflict):
        office.decide()
    result = office.check()
    assert (office.hold()["state"], result["holds_open"], office.finding()["verdict"]) == (
        "released",
        0,
        "notapplicable",
    )


def test_the_window_and_what_is_overdue() -> None:
    """Due within the policy's days, counted inclusively; overdue counts as due; what is not due is left alone."""
    rows = tables(
        RecurringInvoice=[
            invoice(1, nextcreationdate="2026-11-26T00:00:00"),
            invoice(2, nextcreationdate="2026-11-27T00:00:00"),
            invoice(3, nextcreationdate="2026-11-01T00:00:00"),
            invoice(4, disabled=True),
        ],
        Invoice=[issued(n, n) for n in (1, 2, 3, 4)],
    )
    office = Office(rows)
    result = office.check()
    assert (result["population"], result["not_due"], result["switched_off"]) == (2, 1, 1)
    assert office.finding(1)
    assert office.finding(3)
    assert not office.finding(2)
    assert not office.finding(4)


def test_rows_that_cannot_be_read_are_named_and_held_while_the_rest_is_judged() -> None:
    """Wrong types give unknown with the field's name, never a pass and never a crash."""
    rows = tables(
        RecurringInvoice=[
            invoice(1, total="plenty"),
            invoice(2, nextcreationdate="soon"),
            invoice(3),
            invoice(4, lines=[line(qty_order="ten")]),
            invoice(5, lines={"id": 1}),
        ],
        Invoice=[issued(n, n) for n in range(1, 6)],
    )
    office = Office(rows)
    result = office.check()
    assert (result["unknown"], result["fail"], result["unreadable"], result["complete"]) == (4, 1, 4, False)
    assert "total" in office.finding(1)["reasons"][0]["text"]
    assert office.hold(1)["applied"]
    assert office.row(1)["disabled"]
    assert office.hold(1)["approval_id"] is None
    office.row(1)["total"] = 226.0
    office.check()
    office.decide(1)
    assert office.hold(1)["state"] == "released"


def test_strange_rows_do_not_stop_the_check() -> None:
    """Empty rows, ids that are none, a contract of nobody, an invoice of nobody."""
    rows = tables(
        RecurringInvoice=[
            invoice(1),
            {"id": -2},
            invoice(3, client_id=None),
            invoice(4, client_id=-1, lines=[]),
            invoice(5, contract_id=0),
        ],
        Invoice=[
            {"id": 9},
            {"id": 10, "recurring_invoice_id": "x"},
            {"id": 11, "recurring_invoice_id": -1, "lines": "none"},
        ],
        ClientContract=[{"id": 501}, {"id": "x"}],
        Tax=[{"id": 2}],
        Actions=[{"id": 1, "ticket_id": 5, "timetaken": "x", "actreviewed": False}],
    )
    office = Office(rows)
    result = office.check()
    assert result["population"] == 5
    assert result["error"] == 0
    assert result["pass"] == 0


def test_stale_facts_are_unknown_and_hold_nothing_new() -> None:
    """Acting on what may have changed is what freshness forbids."""
    office = Office()
    office.clock.advance(hours=40)
    result = office.check(sync=False)
    assert (result["unknown"], result["holds_placed"]) == (1, 0)


def test_nothing_read_yet_is_no_pass() -> None:
    """Without contracts and invoices the check says that it is incomplete."""
    office = Office({"RecurringInvoice": [invoice()]})
    result = office.check()
    assert (result["complete"], result["not_read"], result["pass"]) == (False, ["ClientContract", "Invoice"], 0)


def test_holds_are_seen_by_those_who_may() -> None:
    """Filters, narrowing, and 404 for what lies outside."""
    rows = tables(RecurringInvoice=[invoice(1), invoice(2, client_id=13)], Invoice=[issued(1, 1), issued(2, 2)])
    office = Office(rows)
    office.check()
    narrowed = Person("oid-b", "Bea Fictive", frozenset({Role.FINANCE}), customers=frozenset({"13"}))
    everything = billing.list_holds(office.services, FINANCE, {}, 500, None)["items"]
    assert len(everything) == 2
    mine = billing.list_holds(office.services, narrowed, {"kind": "invoice", "state": "held"}, 500, None)["items"]
    assert [one["customer"] for one in mine] == ["13"]
    assert (
        billing.list_holds(office.services, FINANCE, {"customer": "12"}, 1, None)["items"][0]["subject"]["id"] == "-1"
    )
    assert billing.list_holds(office.services, FINANCE, {"state": "released"}, 5, None)["items"] == []
    with pytest.raises(NotFound):
        billing.hold_view(office.services, narrowed, office.hold(1)["id"], NOW)


def test_settling_twice_changes_nothing() -> None:
    """A crash after the decision is made good by settling again."""
    office = Office()
    office.check()
    office.decide()
    request = office.approval()
    before = copy.deepcopy((office.hold(), office.row()))
    approvals.register(office.services.rows).change(
        request["id"], lambda body: {**body, "settled": None} if body else None
    )
    decide.settle(office.services, request["id"])
    office.work()
    assert (office.hold(), office.row()) == before


def left(office: Office, number: int) -> set[str]:
    row = office.finding(number, "invoice_left_unsigned", "invoice")
    return {reason["code"] for reason in row["reasons"]} if row else {"not judged"}


def test_what_left_around_the_hold_is_found() -> None:
    """Held, never signed, changed after the sign-off: each by id. What finance signed, and what was there before us, is not."""
    rows = tables(RecurringInvoice=[invoice(n) for n in (1, 2, 3)], Invoice=[issued(n, n) for n in (1, 2, 3)])
    office = Office(rows)
    office.check()
    office.decide(2)
    office.decide(3)
    office.clock.advance(days=4)
    period = {
        "period_start_date": "2026-12-01T00:00:00",
        "period_end_date": "2026-12-31T00:00:00",
        "invoice_date": "2026-11-20T00:00:00",
        "lines": [line(700, item_code="LIC-1", recurring_invoice_line_id=1)],
    }
    office.halo.rows["Invoice"] += [
        issued(11, 1, **period),
        issued(12, 2, **period),
        issued(13, 3, **{**period, "total": 999.0}),
        issued(14, 77, **period),
        issued(9015, 1, **{**period, "invoice_date": "2026-11-10T00:00:00"}),
        issued(9016, 2, **{**period, "invoice_date": "2026-11-10T00:00:00"}),
    ]
    result = office.check()
    assert left(office, 11) == {"left_while_held"}
    assert left(office, 12) == set()
    assert left(office, 13) == {"changed_after_signoff"}
    assert left(office, 14) == {"no_signoff"}
    assert left(office, 1) == {"not judged"}
    assert left(office, 9015) == {"left_while_held"}
    assert left(office, 9016) == {"not judged"}
    assert result["left"]["population"] == 5
    assert sorted(result["left"]["exceptions"]) == ["11", "13", "14", "9015"]


def test_time_of_customers_without_due_invoices_is_looked_at_until_finance_signs() -> None:
    """Charge entries before the first production invoice."""
    rows = tables(
        Actions=[
            {
                "id": 1,
                "ticket_id": 5,
                "datetime": "2026-11-10T10:00:00",
                "timetaken": 1.5,
                "actreviewed": False,
                "chargerate": 2,
            }
        ],
        Tickets=[{"id": 5, "client_id": 99}],
    )
    office = Office(rows)
    result = office.check()
    found = office.finding(99, "charge_entries_reviewed", "customer")
    assert {reason["code"] for reason in found["reasons"]} == {"unreviewed_time"}
    assert result["charge_entries"] == {"population": 1, "fail": 1}
    office.halo.rows["Actions"][0]["actreviewed"] = True
    office.check()
    assert office.finding(99, "charge_entries_reviewed", "customer")["verdict"] == "pass"


def test_an_event_judges_one_invoice_at_once() -> None:
    """A changed invoice is judged and held as its delivery arrives."""
    office = Office(tables(RecurringInvoice=[invoice(1), invoice(2)], Invoice=[issued(1, 1), issued(2, 2)]))
    billing.judge_invoices(office.services, {"-1": "delivery-1"}, office.clock.now())
    office.work()
    assert office.hold(1)["applied"]
    assert office.hold(2) is None


def opened(office: Office, run_id: str | None) -> list[str]:
    return [
        one["action"]["parameters"]["kind"]
        for one in actions_of(office.services, part_of(run_id)).all()
        if one["action"]["parameters"].get("event") == "finding_opened"
    ]


def test_a_finding_that_a_ring_opened_is_told_like_one_of_the_check() -> None:
    """Flows that wait for findings hear of it once, whoever judged the invoice first."""
    office = Office()
    for _ in range(2):
        billing.judge_invoices(office.services, {"-101": "delivery-1"}, office.clock.now())
    assert opened(office, None) == ["recurring_invoice_hold"]
    office.check()
    assert opened(office, "r-1") == []
    flagged = FirstOffice()
    judge_record(flagged.services, "Invoice", "9001", flagged.clock.now(), "delivery-2")
    assert opened(flagged, None) == ["first_invoice_hold"]


@pytest.mark.parametrize(
    "changes",
    [
        {"total": 1e300},
        {"total": -5.0},
        {"lines": [line(qty_order=1e200, unit_price=1e200, net_amount=1e300)]},
        {"period_end_date": "9999-12-31T00:00:00", "nextcreationdate": "2026-11-20T00:00:00"},
        {"period_start_date": "2026-12-31T00:00:00", "period_end_date": "2026-12-01T00:00:00"},
        {"client_name": "x" * 20_000, "lines": [line(item_shortdescription="y" * 20_000)]},
        {"lines": []},
        {"periodname": "Every blue moon"},
        {"currency_code_name": "", "currency": "$"},
    ],
    ids=str,
)
def test_extreme_rows_are_held_and_told_not_fatal(changes: Any) -> None:
    """Numbers no invoice has, days at the end of the calendar, long texts: one hold, one request, no crash."""
    office = Office(tables(RecurringInvoice=[invoice(**changes), invoice(102)], Invoice=[issued(1), issued(2, 102)]))
    result = office.check()
    assert result["holds_placed"] == 2
    assert office.codes(102) == {"no_signoff"}
    billing.list_holds(office.services, FINANCE, {}, 10, None)
    for person in (FINANCE, SECOND):
        if office.approval()["state"] == "open":
            office.decide(person=person)
    assert office.hold()["state"] == "released"


def test_a_release_between_opening_the_books_and_holding_is_not_undone() -> None:
    """An invoice that passes is never held anew because its hold was still standing a moment ago."""
    from shared.model import Subject
    from shared.procedures.billing_book import KIND, RECURRING, SUBJECT
    from shared.procedures.invoice_holds import Wanted, hold_all
    from shared.registers import holds
    from tests.harness.services import FakeServices

    services = FakeServices()
    assert hold_all(services, RECURRING, [Wanted("-7", "12", None, None, (), None, "r", "")]) == 0
    assert holds.current(services.rows, KIND, Subject(SUBJECT, "-7")) is None


def test_a_hold_carried_out_again_after_its_release_is_undone() -> None:
    """A worker died before it closed the action; the queue brings it again when finance has released already."""
    from shared.procedures import act
    from shared.procedures.plan import register

    office = Office()
    office.check()
    reference = office.hold()["detail"]["action"]
    register(office.services, reference["part"]).change(
        reference["key"], lambda body: {**body, "state": "queued"} if body else None
    )
    office.decide()
    assert (office.hold()["state"], office.row()["disabled"]) == ("released", False)
    act.carry_out(office.services, reference["part"], reference["key"])
    assert office.row()["disabled"] is True
    office.work()
    assert office.row()["disabled"] is False
    office.check()
    assert (office.hold()["state"], office.finding()["verdict"]) == ("released", "pass")


@pytest.mark.parametrize(("total", "persons"), [(5000.0, 1), (5000.01, 2)])
def test_an_exception_above_materiality_takes_two_persons(total: float, persons: int) -> None:
    """Accepting a finding for a time is a policy exception like a release."""
    from shared.procedures.overrides import request_override

    office = Office(tables(RecurringInvoice=[invoice(total=total)]))
    office.check()
    asked = request_override(office.services, FINANCE, office.finding()["id"], {"rationale": "The customer knows."})
    assert asked["needed"]["persons"] == persons


def test_a_burst_of_holds_is_written_together() -> None:
    """Four times as many invoices of one customer take no more writes of rows; each is held, and has its request."""

    def writes(count: int) -> int:
        numbers = range(101, 101 + count)
        office = Office(tables(RecurringInvoice=[invoice(number) for number in numbers]))
        before = len(office.services.rows.faults.writes)
        assert office.check(work=False)["holds_placed"] == count
        assert all(office.approval(number)["state"] == "open" for number in numbers)
        after = len(office.services.rows.faults.writes)
        office.work()
        assert all(office.row(number)["disabled"] for number in numbers)
        return after - before

    assert writes(20) == writes(5)


def test_whoever_finds_a_hold_before_its_request_is_there_makes_no_second_one() -> None:
    """Two judgements place the same hold at once: the later one takes up what the earlier has not come to yet."""
    from shared.ports import Row
    from shared.procedures.runs import Run
    from tests.harness.memory import MemoryRows

    office = Office()
    other = Run("r-other", "billing_check", None, office.clock.now(), "timer")

    class Slow(MemoryRows):
        """Whoever places a hold is held up right after it, until the other check is through."""

        met = False

        def insert(self, table: str, row: Row) -> None:
            super().insert(table, row)
            if row.partition == "holds" and not self.met:
                self.met = True
                office.later(seconds=5)
                billing.billing_check_run(office.services, other)

    office.services.rows = Slow()
    office.check()
    assert [one["state"] for one in approvals.register(office.services.rows).all()] == ["open"]
    assert office.approval()["state"] == "open"
    assert [kind for kind, _ in office.halo.writes] == ["hold_invoice"]
    office.decide()
    assert office.hold()["state"] == "released"
    assert office.row()["disabled"] is False


MSSP = "[practices.mssp]\ncontract_types = [6]\n[practices.msp]\ncontract_types = [2]\n"


def narrowed(practice: str) -> Person:
    return Person(f"oid-{practice}", "Nell Narrow", frozenset({Role.FINANCE}), practices=frozenset({practice}))


def of_contract(kind: int, **more: Any) -> dict[str, Any]:
    rows = tables(**more)
    return {**rows, "ClientContract": [{**rows["ClientContract"][0], "contracttype": kind}]}


def test_a_hold_is_of_the_practice_whose_agreement_it_is_under() -> None:
    """Its people see the hold, the finding and the request, and decide on it; another practice's do not."""
    office = Office(of_contract(6), MSSP)
    office.check()
    hold = office.hold()
    assert (hold["practice"], office.finding()["practice"], office.approval()["practice"]) == ("mssp", "mssp", "mssp")
    assert [one["id"] for one in billing.list_holds(office.services, narrowed("mssp"), {}, 10, None)["items"]] == [
        hold["id"]
    ]
    assert billing.list_holds(office.services, narrowed("msp"), {}, 10, None)["items"] == []
    with pytest.raises(NotFound):
        office.decide(person=narrowed("msp"))
    office.decide(person=narrowed("mssp"))
    assert office.hold()["state"] == "released"


def test_a_hold_that_may_be_of_several_practices_names_none() -> None:
    """An agreement policy says nothing of, and time of no agreement on the invoice."""
    unmapped = Office(of_contract(9), MSSP)
    mixed = Office(of_contract(6, Tickets=[{"id": 5, "client_id": 12}], Actions=[_time()]), MSSP)
    for office in (unmapped, mixed):
        office.check()
        assert office.hold()["practice"] is None
        assert billing.list_holds(office.services, narrowed("mssp"), {}, 10, None)["items"] == []


def test_a_hold_follows_its_invoice_to_another_practices_agreement() -> None:
    """Whoever the agreement is of now sees it, and whoever it was of does not."""
    office = Office(of_contract(6), MSSP)
    office.check()
    office.halo.rows["ClientContract"][0]["contracttype"] = 2
    office.sync()
    office.check()
    assert (office.hold()["practice"], office.finding()["practice"]) == ("msp", "msp")


def _time() -> dict[str, Any]:
    row = {"id": 1, "ticket_id": 5, "datetime": "2026-11-10T10:00:00", "timetaken": 1.5, "actreviewed": False}
    return row | {"chargerate": 2, "actionchargeamount": 180.0}


def test_a_check_that_looked_before_the_invoice_was_back_ends_no_hold() -> None:
    """It was gone when the check began, and a ring found it again before the check came to its end."""
    office = Office()
    office.check()
    rows = office.halo.rows["RecurringInvoice"]
    office.halo.rows["RecurringInvoice"] = []
    office.sync()
    books, _, gone = open_books(office.services, office.clock.now(), None)
    assert gone
    office.halo.rows["RecurringInvoice"] = rows
    office.clock.advance(seconds=5)
    office.sync()
    billing.judge_invoices(office.services, {"-101": "ring"}, office.clock.now())
    now = office.clock.now()
    assert close_gone(office.services, RECURRING, books, books.holds, gone, as_of=now, run_id="r-late") == 0
    assert office.hold()["state"] == "held"
    assert office.finding()["verdict"] == "fail"

"""Financial health as the API answers it: from HaloPSA's rows to figures, narrowed to who asks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.errors import Malformed, NotFound
from shared.model import Person, Role
from shared.procedures.billing_figures import billing_view
from shared.procedures.kpis import kpis_view
from tests.harness.billing import FINANCE, Office, invoice, issued, line, tables

FROM, TO = "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"


def rows() -> dict[str, list[Any]]:
    """Two customers' agreements, time on and off invoices, and what is owed."""
    return tables(
        Invoice=[
            issued(
                8001,
                contract_id=501,
                invoice_date="2026-11-02T00:00:00",
                amountdue=226.0,
                duedate="2026-10-31T00:00:00",
            ),
            issued(
                8002,
                102,
                client_id=13,
                contract_id=502,
                invoice_date="2026-11-03T00:00:00",
                lines=[line(1, net_amount=400.0)],
                amountdue=0.0,
            ),
            issued(
                8003,
                103,
                client_id=13,
                contract_id=502,
                invoice_date="2026-12-01T00:00:00",
                currency_code_name="USD",
                amountdue=50.5,
                duedate="2026-12-15T00:00:00",
            ),
        ],
        Tickets=[{"id": 44, "client_id": 12, "contract_id": 501}, {"id": 45, "client_id": 13, "contract_id": 502}],
        Actions=[
            entry(1, 44, "2026-11-10", 2.0, actioninvoicenumber="INV-1"),
            entry(2, 44, "2026-11-12", 1.0),
            entry(3, 45, "2026-11-12", 1.0, actioninvoicenumber="INV-2"),
            entry(4, 45, "2026-08-12", 3.0, actionchargeamount=300.0),
            entry(5, 45, "2026-11-13", 9.0, chargerate=0),
        ],
        Agent=[{"id": 7, "name": "Ada Fictive", "isapiagent": False, "costprice": 40.0}],
    )


def entry(number: int, ticket: int, day: str, hours: float, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "ticket_id": ticket,
        "datetime": f"{day}T10:00:00",
        "timetaken": hours,
        "chargerate": 2,
        "actreviewed": True,
        "who_agentid": 7,
        **more,
    }


def kpi(office: Office, name: str, customer: str | None = None) -> dict[str, Any]:
    items = kpis_view(office.services, FINANCE, FROM, TO, None, customer)["items"]
    return next(one for one in items if one["id"] == name and one["practice"] is None)


def test_agreement_profitability_is_a_figure_like_any_other() -> None:
    """Revenue against the cost of time: 200 with 3 hours at 40, and 400 with 10."""
    office = Office(rows())
    found = kpi(office, "agreement_profitability")
    assert (found["n"], found["unit"]) == (2, "ratio")
    assert found["value"] == found["mean"] == pytest.approx((80 / 200 + 0 / 400) / 2)
    one = kpi(office, "agreement_profitability", "12")
    assert (one["n"], one["value"]) == (1, pytest.approx(0.4))
    nothing = kpi(Office(tables(Invoice=[])), "agreement_profitability")
    assert (nothing["n"], nothing["value"]) == (0, None)


def test_realisation_is_the_share_of_chargeable_hours_that_an_invoice_carries() -> None:
    """3 of 4 hours; time at no charge is not chargeable, and time of another month does not count."""
    found = kpi(Office(rows()), "realisation")
    assert (found["n"], found["value"]) == (3, 0.75)


def test_realisation_begins_and_ends_with_the_period_to_the_instant() -> None:
    """A day the period only touches counts as far as it lies in it."""
    found = Office(rows()).services
    told = {
        item["n"]: item["value"]
        for start, end in (
            ("2026-11-10T10:00:01Z", "2026-11-12T10:00:00Z"),
            ("2026-11-10T10:00:00Z", "2026-11-12T10:00:01Z"),
        )
        for item in kpis_view(found, FINANCE, start, end)["items"]
        if item["id"] == "realisation" and item["practice"] is None
    }

    assert told == {0: None, 3: 0.75}


def test_an_agreement_invoiced_in_another_currency_is_told_and_has_no_margin() -> None:
    """Costs are in the MSP's own money: of one invoiced in US dollars the margin is unknown, not left unsaid."""
    office = Office(rows())
    told = billing_view(office.services, FINANCE, "2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z", None)["agreements"]
    seen = [(one["contract"], one["revenue"]["currency"], one["margin"] is None) for one in told]

    assert seen == [("501", "CAD", False), ("502", "CAD", True), ("502", "USD", True)]


def sheet(agents: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "id": place,
            "agent_id": place,
            "date": "2026-11-10T00:00:00",
            "target_hours": 8.0,
            "actual_hours": 8.0,
            **more,
        }
        for place in range(1, agents + 1)
    ]


def test_utilisation_is_chargeable_hours_over_the_hours_people_were_to_work() -> None:
    """4 chargeable hours of November over ten days of 8; who sees one customer sees no share of everybody's time."""
    office = Office(rows() | {"Timesheet": sheet(10)})
    found = kpi(office, "utilisation")
    assert (found["n"], found["value"]) == (10, 0.05)
    assert kpi(office, "billable_hours")["value"] == 4
    assert kpi(office, "billable_hours", "13")["value"] == 1
    assert (kpi(office, "utilisation", "13")["n"], kpi(office, "utilisation", "13")["value"]) == (0, None)


def test_days_without_a_target_or_without_any_sheet_leave_utilisation_unknown() -> None:
    """Nothing is divided by zero and nothing unknown is zero."""
    for held in ([], sheet(10, target_hours=0.0), sheet(10, date="2026-12-01T00:00:00")):
        found = kpi(Office(rows() | {"Timesheet": held}), "utilisation")
        assert (found["n"], found["value"]) == (0, None)


def test_time_that_was_never_read_is_not_idle_time() -> None:
    """With sheets and no actions nobody can say how much of the time was chargeable."""
    office = Office(rows() | {"Timesheet": sheet(10)})
    for kind in ("kinds", "read"):
        getattr(office.services.mirror, kind).pop("Actions")
    assert (kpi(office, "utilisation")["n"], kpi(office, "utilisation")["value"]) == (0, None)


def test_hours_per_engineer_are_not_told_of_a_handful_of_people() -> None:
    """Under five people a mean says what one of them did; a person with two days is one person."""
    assert kpi(Office(rows() | {"Timesheet": sheet(4) * 2}), "billable_hours_per_engineer")["value"] is None
    found = kpi(Office(rows() | {"Timesheet": sheet(8)}), "billable_hours_per_engineer")
    assert (found["n"], found["value"]) == (8, 0.5)


def test_exceptions_are_told_by_cause_and_money() -> None:
    """Each open cause with its count, the money at stake by currency, and since when."""
    made = rows() | {
        "RecurringInvoice": [
            invoice(),
            invoice(102, client_id=13, currency_code_name="USD", lines=[line(nominal_code="")]),
        ]
    }
    office = Office(made)
    office.check()
    told = billing_view(office.services, FINANCE, FROM, TO, None)
    causes = {one["code"]: one for one in told["exceptions"]}
    assert causes["no_signoff"]["count"] == 2
    assert causes["no_signoff"]["at_stake"] == [
        {"amount": "226.00", "currency": "CAD"},
        {"amount": "226.00", "currency": "USD"},
    ]
    assert causes["account_missing"]["count"] == 1
    assert causes["no_signoff"]["oldest"] == "2026-11-16T08:00:00.000Z"
    assert told["exceptions"][0]["code"] == "no_signoff"


def test_what_is_owed_and_what_is_not_invoiced_by_age() -> None:
    """Receivables by the day they were due, time by the day it was worked, as at the end of the period."""
    told = billing_view(Office(rows()).services, FINANCE, FROM, TO, None)
    owed = {one["band"]: one for one in told["receivables"]["bands"]}
    assert owed["31-60"] == {
        "band": "31-60",
        "count": 1,
        "amounts": [{"amount": "226.00", "currency": "CAD"}],
        "hours": "0",
    }
    assert owed["not_due"]["amounts"] == [{"amount": "50.50", "currency": "USD"}]
    assert told["receivables"]["invoices_untold"] == 0
    time = {one["band"]: one for one in told["unbilled"]}
    assert (time["0-30"]["hours"], time["over_90"]["hours"]) == ("1.0", "3.0")
    assert time["over_90"]["amounts"] == [{"amount": "300.00", "currency": "CAD"}]


def test_an_invoice_that_does_not_tell_what_is_owed_is_counted_not_taken_for_paid() -> None:
    """Missing data is unknown, never zero."""
    told = billing_view(Office().services, FINANCE, FROM, TO, None)
    assert told["receivables"]["invoices_untold"] == 1
    assert all(one["count"] == 0 for one in told["receivables"]["bands"])


def test_figures_are_narrowed_to_who_asks() -> None:
    """Another customer's agreements, time and exceptions are not there; asking for one is 404."""
    office = Office(rows())
    narrowed = Person("oid-b", "Bea Fictive", frozenset({Role.FINANCE}), customers=frozenset({"13"}))
    told = billing_view(office.services, narrowed, FROM, TO, None)
    assert [one["contract"] for one in told["agreements"]] == ["502"]
    assert told["agreements"][0]["margin"] == 0.0
    assert told["realisation"] == {"n": 1, "value": 1.0}
    with pytest.raises(NotFound):
        billing_view(office.services, narrowed, FROM, TO, "12")


@pytest.mark.parametrize(
    ("start", "end"), [(TO, FROM), (FROM, FROM), ("soon", TO), (None, TO), ("0001-01-01T00:00:00Z", TO)]
)
def test_what_is_no_period_is_refused(start: Any, end: Any) -> None:
    """Malformed, with a sentence."""
    with pytest.raises(Malformed):
        billing_view(Office().services, FINANCE, start, end, None)


def test_figures_follow_the_mirror() -> None:
    """What is remembered between two questions is forgotten when a row changes."""
    office = Office(rows())
    before = kpi(office, "agreement_profitability")["value"]
    office.halo.rows["Agent"][0]["costprice"] = 20.0
    office.clock.advance(minutes=1)
    office.sync()
    assert kpi(office, "agreement_profitability")["value"] > before
    assert datetime(2026, 11, 1, tzinfo=UTC) < office.clock.now()

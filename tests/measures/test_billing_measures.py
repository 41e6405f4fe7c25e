"""Money, proration and agreements: the arithmetic billing stands on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from shared.controls.billing_canaries import clean_line
from shared.halopsa.agreements import agreements
from shared.measures.billing_figures import Agreement, agreement_profitability
from shared.measures.invoice_checks.movement import moved
from shared.measures.money import by_currency, half_up, text_of
from shared.measures.proration import share_of_period
from shared.model import Money
from shared.policy.document import read_policy
from tests.harness.mirror import MemoryMirror


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("0.005", "CAD", "0.01"),
        ("-0.005", "CAD", "-0.01"),
        ("2.675", "USD", "2.68"),
        ("0.5", "JPY", "1"),
        ("0.0005", "KWD", "0.001"),
    ],
)
def test_rounding_is_half_up_to_the_minor_unit(amount: str, currency: str, expected: str) -> None:
    """Away from zero, in the currency's own unit."""
    assert half_up(Decimal(amount), currency) == Decimal(expected)


def test_equal_amounts_have_one_text() -> None:
    """10, 10.0 and 1E+1 hash alike."""
    assert {text_of(Decimal(one)) for one in ("10", "10.0", "1E+1", "10.00")} == {"10"}
    assert text_of(Decimal("-0.0")) == "0"


def test_currencies_are_never_added_up() -> None:
    """One sum each."""
    sums = by_currency([Money(Decimal(1), "CAD"), Money(Decimal(2), "USD"), Money(Decimal(3), "CAD")])
    assert sums == (Money(Decimal(4), "CAD"), Money(Decimal(2), "USD"))


@pytest.mark.parametrize(
    ("start", "days"),
    [(date(2026, 12, 1), 31), (date(2026, 12, 16), 16), (date(2026, 12, 31), 1), (date(2026, 11, 30), None)],
)
def test_both_ends_of_a_period_belong_to_it(start: date, days: int | None) -> None:
    """The first day gives the whole, the last a single day, the day before none."""
    share = share_of_period(clean_line(start=start), date(2026, 12, 1), date(2026, 12, 31))
    assert (share and share.numerator) == days


def test_exactly_at_the_tolerance_has_not_moved() -> None:
    """Beyond means beyond; from nothing anything has moved."""
    assert not moved(Decimal(10), Decimal(11), Decimal("0.10"))
    assert moved(Decimal(10), Decimal("11.01"), Decimal("0.10"))
    assert moved(Decimal(0), Decimal(1), Decimal("0.10"))
    assert not moved(Decimal(0), Decimal(0), Decimal("0.10"))


def test_agreements_are_counted_only_where_their_cost_is_known() -> None:
    """Nothing invoiced, or unknown cost: not in the figure, and no figure of nothing."""
    known = Agreement(1, "12", "CAD", Fraction(1000), Fraction(4), Fraction(250))
    unknown = Agreement(2, "12", "CAD", Fraction(1000), Fraction(4), None)
    figure = agreement_profitability([known, unknown]).whole
    assert (figure.n, figure.value) == (1, 0.75)
    assert agreement_profitability([unknown]).whole.value is None
    assert known.per_hour == 250


def test_agreements_from_invoices_and_time() -> None:
    """Net revenue dated in the half-open period against time at cost, by contract."""
    mirror = MemoryMirror()
    mirror.load(
        {
            "Invoice": [
                {
                    "id": 1,
                    "client_id": 12,
                    "contract_id": 501,
                    "invoice_date": "2026-11-01T00:00:00",
                    "total": 1130.0,
                    "tax_total": 130.0,
                },
                {
                    "id": 2,
                    "client_id": 12,
                    "contract_id": 501,
                    "invoice_date": "2026-12-01T00:00:00",
                    "total": 1130.0,
                    "tax_total": 130.0,
                },
                {
                    "id": 3,
                    "client_id": 12,
                    "contract_id": 502,
                    "invoice_date": "2026-11-02T00:00:00",
                    "voided": True,
                    "total": 5.0,
                },
            ],
            "Tickets": [{"id": 44, "client_id": 12, "contract_id": 501}],
            "Actions": [
                {"id": 1, "ticket_id": 44, "datetime": "2026-11-10T10:00:00", "timetaken": 2.0, "who_agentid": 7},
                {"id": 2, "ticket_id": 44, "datetime": "2026-12-10T10:00:00", "timetaken": 9.0, "who_agentid": 7},
            ],
            "Agent": [{"id": 7, "costprice": 50.0}],
        },
        datetime(2026, 12, 20, tzinfo=UTC),
    )
    found = agreements(mirror, read_policy(""), datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    assert found == [Agreement(501, "12", "CAD", Fraction(1000), Fraction(2), Fraction(100))]

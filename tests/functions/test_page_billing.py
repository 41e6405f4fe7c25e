"""The page on billing as a whole, for who sees everything and for who sees one customer."""

from __future__ import annotations

from functions.page_billing import billing
from shared.model import Person, Role
from tests.harness.billing import FINANCE, Office
from tests.procedures.test_billing_validation import prepared, run, sign

NARROW = Person("oid-b", "Bea <b>Fictive</b>", frozenset({Role.FINANCE}), customers=frozenset({"13"}))


def test_before_anything_it_says_what_is_missing() -> None:
    """No validation, no map, no look back: said, and nothing invented."""
    page = billing(Office().services, FINANCE, {}).decode()
    for sentence in (
        "no: Finance has not signed a validation of billing.",
        "No exception is open.",
        "Nobody has drawn up a validation yet.",
        "No contract map has been drawn up.",
        "Nobody has looked back over past months yet.",
    ):
        assert sentence in page


def test_it_shows_scenarios_map_causes_and_ages() -> None:
    """After a signed test cycle and a check."""
    office = prepared()
    office.check()
    run(office, "billing_validation")
    sign(office)
    page = billing(office.services, FINANCE, {}).decode()
    for words in ("below cost", "7 as expected, 0 not, 0 unknown", "signed", "Flat", "180.00 CAD", "226.00 CAD"):
        assert words in page
    assert "no: " not in page


def test_who_sees_one_customer_sees_no_other() -> None:
    """Neither invoices nor agreements, and names are escaped."""
    office = prepared()
    office.check()
    page = billing(office.services, NARROW, {}).decode()
    assert "Maple Harbour" not in page
    assert "No exception is open." in page
    assert "&lt;b&gt;Fictive" in page

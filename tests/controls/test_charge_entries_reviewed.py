"""Charge entries before a customer's first invoice: reviewed, typed, not forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from shared.controls.charge_entries_reviewed import CONTROL
from shared.measures.invoice_facts import ChargeEntry
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)


def entry(**more):
    held = {"reviewed": True, "rate": 1, "billable": True, "contract": None, "client": "1"}
    return ChargeEntry("1-1", 1, more.pop("on", NOW.date()), Decimal(1), None, **{**held, **more})


def codes(*entries):
    return [reason.code for reason in CONTROL.judge(entries, shipped_policy(), NOW).reasons]


def test_reviewed_typed_and_fresh_time_passes():
    """Also when there is none."""
    assert codes(entry()) == []
    assert codes() == []


def test_each_fault_has_its_code():
    """Unreviewed, without charge type (rate -1 is none given), older than policy allows."""
    old = NOW.date() - timedelta(days=shipped_policy().billing.unbilled_days + 1)
    assert codes(entry(reviewed=False)) == ["unreviewed_time"]
    assert codes(entry(rate=-1)) == ["no_charge_type"]
    assert codes(entry(on=old)) == ["unbilled_time"]


def test_time_after_the_clock_of_the_run_is_not_judged():
    """A run for last month does not complain of this week's entries."""
    assert codes(entry(reviewed=False, on=NOW.date() + timedelta(days=1))) == []

"""An invoice that no recurring one made: signed, or waiting; its lines, its customer's time and HaloPSA's approval looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from shared.controls.billing_canaries import clean_invoice, clean_line
from shared.controls.first_invoice_hold import CONTROL
from shared.measures.invoice_content import content_of
from shared.measures.invoice_facts import ChargeEntry, NotBilled, Signed
from shared.model import Verdict
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
ENTRY = ChargeEntry(
    "1-1", 1, NOW.date(), Decimal(1), None, reviewed=False, rate=1, billable=True, contract=None, client="1"
)


def signed(**changes):
    """Signed as it stood before the changes."""
    facts = replace(clean_invoice(shipped_policy(), NOW), id=9001, one_off=True, contract=None, contract_id=None)
    return replace(replace(facts, signed=Signed(content_of(facts), "", frozenset(), NOW, ("oid",))), **changes)


def codes(facts):
    return {reason.code for reason in CONTROL.judge(facts, shipped_policy(), NOW).reasons}


def test_what_finance_signed_passes_without_contract_or_cycle():
    """It comes once: neither contract nor period is asked for."""
    assert CONTROL.judge(signed(), shipped_policy(), NOW).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"signed": None}, {"no_signoff"}),
        ({"total": Decimal(227)}, {"changed_after_signoff"}),
        ({"next_date": NOW.date() + timedelta(days=3)}, {"changed_after_signoff"}),
        (
            {"start": NOW.date() + timedelta(days=90), "end": NOW.date() + timedelta(days=119)},
            {"changed_after_signoff"},
        ),
        ({"entries": (ENTRY,)}, {"unreviewed_time"}),
        ({"entries": (replace(ENTRY, reviewed=True, rate=-1),)}, {"no_charge_type"}),
        ({"lines": (clean_line(cost=Decimal(25)),), "signed": None}, {"no_signoff", "below_cost"}),
        ({"requires_approval": False}, {"halo_approval_bypassed"}),
        ({"lines": None, "signed": None}, {"no_signoff", "facts_missing"}),
    ],
)
def test_each_fault_has_its_code(changes, expected):
    """No sign-off carries to another period: it comes once."""
    assert codes(signed(**changes)) == expected


def test_what_finance_accepted_with_the_content_is_not_held_again():
    """Finance saw the unreviewed time and signed all the same."""
    facts = signed(entries=(ENTRY,))
    accepted = replace(facts, signed=replace(facts.signed, accepted=frozenset({"unreviewed_time"})))
    assert CONTROL.judge(accepted, shipped_policy(), NOW).verdict is Verdict.PASS


def test_one_that_will_not_be_billed_is_not_judged():
    """Void, gone, or it has left."""
    assert CONTROL.judge(NotBilled("It was voided."), shipped_policy(), NOW).verdict is Verdict.NOT_APPLICABLE

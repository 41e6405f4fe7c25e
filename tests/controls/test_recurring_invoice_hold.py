"""The billing controls: their canaries, a clean invoice, and what they say of missing facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.controls import charge_entries_reviewed, first_invoice_hold, invoice_left_unsigned, recurring_invoice_hold
from shared.controls.billing_canaries import clean_invoice
from shared.controls.spec import Control, canary_result
from shared.measures.invoice_facts import NotBilled
from shared.model import Verdict
from shared.policy.document import read_policy

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
CONTROLS = (
    recurring_invoice_hold.CONTROL,
    first_invoice_hold.CONTROL,
    invoice_left_unsigned.CONTROL,
    charge_entries_reviewed.CONTROL,
)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda one: one.id)
@pytest.mark.parametrize("text", ["", '[billing]\nhalo_approval = "none"\nsignoff = "each_period"\nunbilled_days = 0'])
def test_every_canary_is_caught(control: Control, text: str) -> None:
    """Under the shipped policy and under another."""
    result = canary_result(control, read_policy(text), NOW)
    assert result["total"] > 0
    assert result["missed"] == []


def test_a_clean_invoice_passes_on_any_day() -> None:
    """Also on the last day of February and of the year."""
    policy = read_policy("")
    for now in (NOW, datetime(2028, 2, 29, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, tzinfo=UTC)):
        judgement = recurring_invoice_hold.judge(clean_invoice(policy, now), policy, now)
        assert judgement.verdict is Verdict.PASS, judgement.reasons


def test_facts_that_were_never_read_give_unknown() -> None:
    """Contracts, invoices and time not read: unknown, with a sentence for each."""
    policy = read_policy("")
    judgement = recurring_invoice_hold.judge(replace(clean_invoice(policy, NOW), read=frozenset()), policy, NOW)
    assert judgement.verdict is Verdict.UNKNOWN
    assert {reason.code for reason in judgement.reasons} == {"facts_missing"}
    assert len(judgement.reasons) == 3


def test_what_will_not_be_billed_does_not_apply() -> None:
    """Gone or switched off by somebody."""
    judgement = recurring_invoice_hold.judge(NotBilled("HaloPSA no longer has it."), read_policy(""), NOW)
    assert judgement.verdict is Verdict.NOT_APPLICABLE


def test_every_reason_has_its_meaning_in_the_finance_page() -> None:
    """A code nobody can look up helps nobody."""
    from pathlib import Path

    page = (Path(__file__).resolve().parents[2] / "docs" / "finance.md").read_text(encoding="utf-8")
    for control in CONTROLS:
        for code in control.codes:
            assert f"`{code}`" in page, code

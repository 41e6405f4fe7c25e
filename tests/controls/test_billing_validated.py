"""Billing is trusted only under a signed validation that is in force."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.controls.billing_validated import CONTROL, SENTENCES, ValidationFacts, judge
from shared.controls.spec import canary_result
from shared.model import Verdict
from shared.policy.document import read_policy

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
ADVISE, REQUIRE = read_policy(""), read_policy('[billing]\nvalidation = "require"')


@pytest.mark.parametrize("policy", [ADVISE, REQUIRE], ids=["advise", "require"])
@pytest.mark.parametrize("code", SENTENCES)
def test_what_was_begun_and_is_not_in_force_fails_with_its_code(code, policy):
    """Under either policy, with a sentence."""
    judgement = judge(ValidationFacts(code, begun=True), policy, NOW)
    assert judgement.verdict is Verdict.FAIL
    assert [reason.code for reason in judgement.reasons] == ["readiness_blocked", code]


def test_a_signed_one_in_force_passes():
    """Nothing else does."""
    assert judge(ValidationFacts(None, begun=True), REQUIRE, NOW).verdict is Verdict.PASS


def test_never_begun_is_not_checked_unless_policy_requires_it():
    """Silence is not a failure nobody asked for, and never a pass."""
    never = ValidationFacts("validation_missing", begun=False)
    assert judge(never, ADVISE, NOW).verdict is Verdict.NOT_CHECKED
    assert judge(never, REQUIRE, NOW).verdict is Verdict.FAIL


def test_its_canary_is_caught():
    """Under both policies."""
    for policy in (ADVISE, REQUIRE):
        assert canary_result(CONTROL, policy, NOW) == {"caught": 1, "total": 1, "missed": []}

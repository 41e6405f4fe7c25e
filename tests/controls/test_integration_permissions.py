"""Judgement of one integration: each risk by its code, and the stated limits to the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.controls.integration_permissions import CONTROL, judge, risks
from shared.controls.spec import canary_result
from shared.measures.access_facts import Credential, Integration, Permission, ReviewFacts
from shared.model import Verdict
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
FINE = ReviewFacts(Integration("entra", "t", "a", "o", "A"), registered=True, registered_owner="p-1")


def codes(facts: ReviewFacts) -> set[str]:
    return {one.code for one in risks(facts, shipped_policy().access, NOW)}


def given(**more: Any) -> ReviewFacts:
    return replace(FINE, integration=replace(FINE.integration, **more))


def lasting(start: float, end: float) -> Credential:
    return Credential("c", NOW + timedelta(days=start), NOW + timedelta(days=end))


def test_nothing_against_it_passes() -> None:
    """An owned, registered integration without rights is in order."""
    assert judge(FINE, shipped_policy(), NOW).verdict is Verdict.PASS


def test_every_canary_is_caught() -> None:
    """The control answers each planted violation with its code."""
    assert canary_result(CONTROL, shipped_policy(), NOW)["missed"] == []


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        ((lasting(-10, 29.9),), {"credential_expiring"}),
        ((lasting(-10, 30.1),), set()),
        ((lasting(-10, -0.01),), {"credential_expired"}),
        ((lasting(-10, 0),), {"credential_expired"}),
        ((lasting(-10, 355),), set()),
        ((lasting(-10, 356),), {"credential_too_long"}),
        ((Credential("c", None, None),), {"stale_facts"}),
        ((lasting(100, 50),), {"stale_facts"}),
        ((lasting(-1, 100), lasting(-1, 100)), set()),
        ((lasting(-1, 100), lasting(-1, 100), lasting(-1, 100)), {"credentials_many"}),
    ],
)
def test_credentials_have_limits_to_the_day(credentials: tuple[Credential, ...], expected: set[str]) -> None:
    """Expiring within 30 days, longer than 365, more than two; without an end, or ending before it begins, unknown."""
    assert codes(given(credentials=credentials)) == expected


def test_a_newcomer_is_not_unused() -> None:
    """What exists for less than the limit had no time to be used; what is unknown is not accused."""
    assert codes(given(use_known=True, since=NOW - timedelta(days=89))) == set()
    assert codes(given(use_known=True, since=NOW - timedelta(days=91))) == {"unused_integration"}
    assert codes(given(use_known=False, last_used=NOW - timedelta(days=999))) == set()
    assert codes(given(use_known=True, last_used=NOW - timedelta(days=89.9))) == set()


def test_only_what_nobody_knows_is_unknown_not_failed() -> None:
    """Unknown permissions and unread parts give unknown; a known risk beside them fails."""
    strange = Permission("Strange", "application")
    assert judge(given(permissions=(strange,)), shipped_policy(), NOW).verdict is Verdict.UNKNOWN
    assert judge(given(unknowns=("Its consents could not be read.",)), shipped_policy(), NOW).verdict is Verdict.UNKNOWN
    both = given(permissions=(strange, Permission("Top", "application", 0)))
    assert judge(both, shipped_policy(), NOW).verdict is Verdict.FAIL


def test_an_answer_covers_the_risks_it_saw() -> None:
    """A keep answers the frozen risks and nothing that came later."""
    facts = replace(given(permissions=(Permission("Top", "application", 0),)), accepted=frozenset({"tier0"}))
    assert judge(facts, shipped_policy(), NOW).verdict is Verdict.PASS
    assert judge(replace(facts, added=("Top",)), shipped_policy(), NOW).verdict is Verdict.FAIL

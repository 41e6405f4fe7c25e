from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Forbidden, Unacceptable
from shared.model import Person, Role
from shared.procedures.targets import post_target
from shared.registers.decisions import decisions
from tests.harness.services import FakeServices

MANAGER = Person("oid-1", "Nora Fictive", frozenset({Role.PRACTICE_MANAGER}))
GOOD = {
    "kpi": "sla_attainment",
    "direction": "increase",
    "low": 5,
    "high": 10,
    "unit": "relative",
    "baseline": 80,
    "horizon_days": 60,
    "source": "steering meeting",
}

PUBLISHED: list[tuple[str, dict[str, Any], set[str]]] = [
    (
        "on_time_milestone_rate",
        {"direction": "decrease", "low": 20, "high": 40, "horizon_days": 60},
        {"direction", "unit"},
    ),
    (
        "on_time_milestone_rate",
        {"direction": "increase", "low": 20, "high": 40, "horizon_days": 56, "baseline": 83.4},
        {"ceiling", "unit"},
    ),
    ("budget_variance", {"direction": "decrease", "low": 10, "high": 10, "horizon_days": 90, "baseline": 0}, {"unit"}),
    ("budget_variance", {"direction": "decrease", "low": 10, "high": 15, "horizon_days": 90}, {"unit"}),
    ("gross_margin_accuracy", {"direction": "increase", "low": 10, "high": 25, "horizon_days": 60}, {"unit"}),
    ("gross_margin_accuracy", {"direction": "increase", "low": 10, "high": 25, "horizon_days": 56}, {"unit"}),
    ("handoff_completeness", {"direction": "increase", "low": 10, "high": 10, "horizon_days": 90}, {"unit"}),
    (
        "handoff_completeness",
        {"direction": "increase", "low": 10, "high": 25, "horizon_days": 56, "baseline": 95},
        {"ceiling", "unit"},
    ),
    ("kickoff_delay_rate", {"direction": "increase", "low": 10, "high": 25, "horizon_days": 60}, {"direction", "unit"}),
    ("kickoff_delay_rate", {"direction": "decrease", "low": 10, "high": 25, "horizon_days": 56}, {"unit"}),
    ("scope_change_frequency", {"direction": "decrease", "low": 10, "high": 10, "horizon_days": 90}, {"unit"}),
    ("scope_change_frequency", {"direction": "decrease", "low": 10, "high": 15, "horizon_days": 90}, {"unit"}),
]


@pytest.mark.parametrize(("kpi", "body", "expected"), PUBLISHED)
def test_the_six_published_targets_are_refused_and_say_why(kpi: str, body: dict[str, Any], expected: set[str]) -> None:
    """Both wordings of each: every one lacks its unit, some point the wrong way or leave what the figure can be."""
    services = FakeServices()

    status, answer = post_target(services, MANAGER, {"kpi": kpi, "source": "published", **body})

    assert status == 422
    assert set(answer["codes"]) == expected
    assert all(one["text"].endswith(".") for one in answer["reasons"])
    assert decisions(services.rows).get(answer["decision_id"]) is not None


def test_a_sound_target_is_accepted_once_and_freezes_its_baseline() -> None:
    """The same again changes nothing; the baseline is in the figure's own unit."""
    services = FakeServices()

    status, answer = post_target(services, MANAGER, GOOD)
    again = post_target(services, MANAGER, dict(GOOD))

    assert (status, answer["id"]) == (201, "t-sla_attainment")
    assert again == (201, answer)
    assert answer["reach"] == pytest.approx(0.84)
    assert len(services.ledger.of_type("target.set")) == 1


def test_another_unit_or_range_than_in_force_is_refused() -> None:
    """A promise is not moved by making another."""
    services = FakeServices()
    post_target(services, MANAGER, GOOD)

    _, answer = post_target(services, MANAGER, {**GOOD, "unit": "points", "high": 12, "horizon_days": 30})

    assert answer["codes"] == ["range", "horizon", "conflict"]


def test_asking_twice_for_the_same_nonsense_opens_one_decision() -> None:
    """A flow that repeats itself does not fill the decision log."""
    services = FakeServices()
    bad = {**GOOD, "direction": "decrease"}

    ids = {post_target(services, MANAGER, bad)[1]["decision_id"] for _ in range(2)}

    assert len(ids) == 1


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {**GOOD, "kpi": "no_such"},
        {**GOOD, "kpi": 3},
        {**GOOD, "low": "ten"},
        {**GOOD, "low": True},
        {**GOOD, "high": 1e300},
        {**GOOD, "horizon_days": 1.5},
        {**GOOD, "horizon_days": 10**9},
        {**GOOD, "direction": "up"},
        {**GOOD, "surprise": 1},
        {**GOOD, "source": 5},
        {**GOOD, "unit": 7},
    ],
)
def test_bodies_that_are_no_targets_are_refused(body: Any) -> None:
    """Wrong types, unknown figures and numbers no figure can have."""
    with pytest.raises(Unacceptable):
        post_target(FakeServices(), MANAGER, body)


def test_a_reader_sets_no_target() -> None:
    """Role before body."""
    with pytest.raises(Forbidden):
        post_target(FakeServices(), Person("oid-2", "Sam Fictive", frozenset({Role.READER})), None)

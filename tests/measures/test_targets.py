from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from shared.measures.kpi_catalogue import CATALOGUE
from shared.measures.targets import Target, faults_of


def target(**more: Any) -> Target:
    held: dict[str, Any] = {
        "direction": "increase",
        "low": Decimal(5),
        "high": Decimal(10),
        "unit": "relative",
        "baseline": Decimal(80),
        "horizon_days": 60,
    }
    return Target(**{**held, **more})


def codes(kpi: str, one: Target, in_force: Target | None = None) -> list[str]:
    return [fault.code for fault in faults_of(CATALOGUE[kpi], one, in_force)]


def test_a_sound_target_has_no_fault() -> None:
    """Right way, reachable, whole."""
    assert codes("sla_attainment", target()) == []


def test_a_ceiling_names_the_result_that_cannot_be() -> None:
    """The end of the range that lies outside, not the larger of two."""
    [fault] = faults_of(
        CATALOGUE["mttr_hours"], target(direction="decrease", baseline=Decimal(40), high=Decimal(150)), None
    )
    assert fault.text == "The result would be -20, which “Time to resolve” cannot be."


@pytest.mark.parametrize(
    ("kpi", "more", "expected"),
    [
        ("sla_attainment", {"direction": "decrease"}, ["direction"]),
        ("kickoff_delay_rate", {}, ["direction"]),
        ("on_time_milestone_rate", {"low": Decimal(20), "high": Decimal(40), "baseline": Decimal("73.8")}, ["ceiling"]),
        ("on_time_milestone_rate", {"low": Decimal(20), "high": Decimal(40), "baseline": Decimal("71.42")}, []),
        ("sla_attainment", {"unit": "points", "low": Decimal(21), "high": Decimal(22)}, ["ceiling"]),
        ("mttr_hours", {"direction": "decrease", "high": Decimal(101)}, ["ceiling"]),
        ("sla_attainment", {"low": Decimal(10), "high": Decimal(5)}, ["range"]),
        ("sla_attainment", {"low": None}, ["range"]),
        ("sla_attainment", {"horizon_days": 0}, ["horizon"]),
        ("sla_attainment", {"horizon_days": None}, ["horizon"]),
        ("sla_attainment", {"unit": None}, ["unit"]),
        ("sla_attainment", {"baseline": Decimal(0)}, ["unit"]),
        ("budget_variance", {"direction": "decrease", "baseline": Decimal(-5)}, ["unit"]),
        ("sla_attainment", {"unit": None, "low": Decimal(30), "high": Decimal(40)}, ["ceiling", "unit"]),
        (
            "sla_attainment",
            {"direction": "decrease", "horizon_days": -1, "unit": None},
            ["direction", "horizon", "unit"],
        ),
    ],
)
def test_every_fault_is_named(kpi: str, more: dict[str, Any], expected: list[str]) -> None:
    """All that apply, and no other."""
    assert codes(kpi, target(**more)) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, []),
        ({"high": Decimal(11)}, ["range"]),
        ({"horizon_days": 56}, ["horizon"]),
        ({"baseline": Decimal(81)}, ["conflict"]),
        ({"unit": "points"}, ["conflict"]),
        ({"unit": None}, ["unit"]),
        ({"unit": "furlongs"}, ["unit", "conflict"]),
        ({"unit": None, "baseline": Decimal(81)}, ["unit", "conflict"]),
        ({"high": Decimal(25), "horizon_days": 56}, ["range", "horizon"]),
    ],
)
def test_a_target_in_force_is_not_contradicted(more: dict[str, Any], expected: list[str]) -> None:
    """Repeating it is no contradiction."""
    assert codes("sla_attainment", target(**more), target()) == expected

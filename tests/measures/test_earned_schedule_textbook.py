"""Earned schedule against Lipke's definitions, and its edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.measures.baseline import Baseline, Period
from shared.measures.earned_schedule import (
    EarnedSchedule,
    duration_cone,
    earned_schedule,
    instant_of,
    periods_earned,
    periods_passed,
    planned_value,
)
from shared.measures.earned_value import EarnedValue, cone

START = datetime(2026, 1, 5, tzinfo=UTC)
MONTH = timedelta(days=28)


def plan(*pvs: str) -> Baseline:
    periods = tuple(Period(START + MONTH * number, Decimal(pv)) for number, pv in enumerate(pvs, 1))
    return Baseline("CAD", Decimal(pvs[-1]), START, periods)


def test_seven_months_gone_and_the_schedule_earned_to_month_five():
    """Lipke, Earned Schedule (International Metrics Congress 2007), slide 7: AT 7, ES 5, two months behind."""
    ten = plan(*(str(100 * number) for number in range(1, 11)))
    figures = earned_schedule(ten, Decimal(500), START + MONTH * 7)
    assert (figures.es, figures.at, figures.sv_t) == (Decimal(5), Decimal(7), Decimal(-2))
    assert round(figures.spi_t, 4) == Decimal("0.7143")
    assert figures.eac_t == Decimal(14)


def test_es_is_whole_periods_plus_the_share_of_the_next():
    """Lipke 2003: ES = C + I with I = (EV − PV_C) / (PV_C+1 − PV_C)."""
    uneven = plan("10", "30", "60", "80")
    assert periods_earned(uneven, Decimal(45)) == Decimal("2.5")
    assert periods_earned(uneven, Decimal(5)) == Decimal("0.5")
    assert periods_earned(uneven, Decimal(80)) == Decimal(4)
    assert periods_earned(uneven, Decimal(0)) == 0


def test_a_project_that_finishes_late_stays_late():
    """Lipke 2003, the late-finish project: planned 12, finished after 15; SPI ends at 1.0, SPI(t) at 12/15."""
    year = plan(*(str(100 * number) for number in range(1, 13)))
    figures = earned_schedule(year, Decimal(1200), START + MONTH * 15)
    assert planned_value(year, START + MONTH * 15) == Decimal(1200)
    assert figures.spi_t == Decimal("0.8")
    assert figures.sv_t == Decimal(-3)
    assert figures.eac_t == Decimal(15)


def test_planned_value_is_a_straight_line_within_a_period():
    """Zero before the start, half way half the step, the last figure ever after."""
    two = plan("100", "300")
    assert planned_value(two, START - MONTH) == 0
    assert planned_value(two, START) == 0
    assert planned_value(two, START + MONTH / 2) == Decimal(50)
    assert planned_value(two, START + MONTH * 1.5) == Decimal(200)
    assert planned_value(two, START + MONTH * 9) == Decimal(300)


def test_time_after_the_plan_counts_in_periods_of_the_mean_length():
    """Periods of 10 and 30 days mean 20: twenty days after the end is one period more."""
    uneven = Baseline(
        "CAD",
        Decimal(2),
        START,
        (Period(START + timedelta(days=10), Decimal(1)), Period(START + timedelta(days=40), Decimal(2))),
    )
    assert periods_passed(uneven, START + timedelta(days=60)) == Decimal(3)
    assert periods_passed(uneven, START + timedelta(days=25)) == Decimal("1.5")
    assert instant_of(uneven, Decimal(3)) == START + timedelta(days=60)


def test_flat_stretches_of_the_plan_are_passed_without_dividing_by_zero():
    """Periods in which nothing is planned are earned with what came before."""
    flat = plan("0", "100", "100", "200")
    assert periods_earned(flat, Decimal(0)) == Decimal(1)
    assert periods_earned(flat, Decimal(100)) == Decimal(3)
    assert periods_earned(flat, Decimal(99)) == Decimal("1.99")


def test_before_the_start_there_is_no_index():
    """Zero time gives no quotient."""
    figures = earned_schedule(plan("10", "20"), Decimal(5), START - MONTH)
    assert figures.at == 0
    assert figures.spi_t is None
    assert figures.eac_t is None


@pytest.mark.parametrize("ev", [None])
def test_without_earned_value_there_is_no_earned_schedule(ev):
    """Unknown stays unknown."""
    figures = earned_schedule(plan("10", "20"), ev, START + MONTH)
    assert (figures.es, figures.sv_t, figures.spi_t, figures.eac_t) == (None, None, None, None)


@given(
    steps=st.lists(st.integers(1, 10_000), min_size=1, max_size=30),
    share=st.decimals("0", "1", places=4),
)
def test_planned_value_and_earned_schedule_are_inverse(steps, share):
    """Earning exactly what is planned by an instant puts ES at that instant."""
    total, pvs = 0, []
    for step in steps:
        total += step
        pvs.append(str(total))
    baseline = plan(*pvs)
    at = START + (baseline.finish - START) * float(share)
    es = periods_earned(baseline, planned_value(baseline, at))
    assert abs(es - periods_passed(baseline, at)) < Decimal("0.0001")


def test_the_duration_cone_spans_the_performance_factors():
    """Five of ten periods earned in seven at CPI 0.8: as planned 12, as it went 14, with cost pressure 15.75."""
    found = duration_cone(EarnedSchedule(Decimal(5), Decimal(7), Decimal(10)), Decimal("0.8"))
    assert [round(amount, 6) for _, amount in found.methods if amount] == [12, 14, Decimal("15.75")]
    assert (found.optimistic, round(found.pessimistic or 0, 6)) == (12, Decimal("15.75"))
    assert duration_cone(EarnedSchedule(Decimal(0), Decimal(7), Decimal(10)), None).likely is None


def test_the_cone_of_a_project_that_is_ahead_is_not_upside_down():
    """Then the rest at budgeted cost is the dearest way to finish."""
    ahead = cone(EarnedValue(Decimal(1000), Decimal(400), Decimal(500), Decimal(400)))
    assert dict(ahead.methods) == {"at_budget": 900, "cpi": 800, "cpi_spi": 720}
    assert (ahead.optimistic, ahead.likely, ahead.pessimistic) == (720, 800, 900)

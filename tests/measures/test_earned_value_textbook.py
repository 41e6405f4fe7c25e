"""Earned value against published examples, and where a quotient does not exist."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shared.measures.earned_value import EarnedValue, cone


def of(bac, pv, ev, ac):
    return EarnedValue(*(None if one is None else Decimal(one) for one in (bac, pv, ev, ac)))


def test_the_worked_example_of_the_pra_handbook():
    """Govan, PRA documentation (after Damnjanovic and Reinschmidt, Springer 2020): BAC 100,000, 40 % planned, 35 % done.

    Costs by period 9, 18 and 36 thousand: AC 63,000 at the third period.
    """
    figures = of("100000", "40000", "35000", "63000")
    assert figures.sv == Decimal(-5000)
    assert figures.cv == Decimal(-28000)
    assert figures.spi == Decimal("0.875")
    assert round(figures.cpi, 4) == Decimal("0.5556")
    assert figures.eac == Decimal(180000)
    assert figures.etc == Decimal(117000)
    assert figures.vac == Decimal(-80000)
    assert round(figures.tcpi, 4) == Decimal("1.7568")
    assert cone(figures).optimistic == Decimal(128000)


def test_the_worked_example_of_the_earned_value_standard_posters():
    """PMI Visual Wall, posters 14 and 15, after The Standard for Earned Value Management: PV 50k, AC 45k, EV 40k."""
    figures = of("100000", "50000", "40000", "45000")
    assert (figures.sv, figures.cv) == (Decimal(-10000), Decimal(-5000))
    assert figures.spi == Decimal("0.8")
    assert round(figures.cpi, 4) == Decimal("0.8889")
    assert figures.eac == Decimal(112500)


def test_signs_follow_eia_748():
    """Behind and over budget are negative; ahead and under budget are positive."""
    assert of("100", "50", "60", "40").sv > 0 < of("100", "50", "60", "40").cv
    assert of("100", "50", "40", "60").sv < 0 > of("100", "50", "40", "60").cv


@pytest.mark.parametrize(
    ("figures", "nulls"),
    [
        (of("100", "0", "0", "0"), ("spi", "cpi", "eac", "etc", "vac")),
        (of("100", "50", "0", "10"), ("eac", "etc", "vac")),
        (of("100", "50", "50", "100"), ("tcpi",)),
        (of("100", "50", None, "10"), ("sv", "cv", "spi", "cpi", "eac", "etc", "vac", "tcpi")),
        (of("100", "50", "50", None), ("cv", "cpi", "eac", "etc", "vac", "tcpi")),
        (of(None, None, None, None), ("sv", "cv", "spi", "cpi", "eac", "etc", "vac", "tcpi")),
    ],
)
def test_what_cannot_be_divided_or_is_not_known_is_none(figures, nulls):
    """Never zero and never an exception."""
    for name in ("sv", "cv", "spi", "cpi", "eac", "etc", "vac", "tcpi"):
        assert (getattr(figures, name) is None) == (name in nulls), name


def test_a_third_is_not_rounded_on_the_way():
    """EAC of a CPI of one third is exact."""
    assert of("300", "100", "100", "300").eac == Decimal(900)

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from shared.measures.percentiles import HALF, NINE_TENTHS, mean, percentile


def test_ninety_of_ten_values_lies_between_the_last_two() -> None:
    """Rank 0.9 × 9 = 8.1: a tenth of the way from the ninth to the tenth value."""
    values = list(range(1, 11))

    assert percentile(values, NINE_TENTHS) == Fraction(91, 10)


def test_the_median_of_two_is_their_middle_and_of_one_itself() -> None:
    """Interpolation also holds for the smallest lists."""
    assert percentile([1, 2], HALF) == Fraction(3, 2)
    assert percentile([7], NINE_TENTHS) == 7


def test_nothing_has_neither_mean_nor_percentile() -> None:
    """No data is None, never zero."""
    assert mean([]) is None
    assert percentile([], HALF) is None


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=50), st.fractions(0, 1))
def test_a_percentile_lies_between_smallest_and_largest(values: list[int], share: Fraction) -> None:
    """For any values and any share."""
    ordered = sorted(values)
    found = percentile(ordered, share)

    assert found is not None
    assert ordered[0] <= found <= ordered[-1]

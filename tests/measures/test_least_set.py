"""The least set of permissions is exact."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.measures.least_set import Cover, least_set, removable

NAMES = ("A", "B", "C", "D", "E", "F")


def brute(calls: list[list[Cover]], opens: dict[str, int]) -> tuple[str, ...] | None:
    if any(not ways for ways in calls):
        return None
    ranked = []
    for choice in product(*calls):
        chosen = frozenset().union(*choice)
        bits = 0
        for value in chosen:
            bits |= opens[value]
        ranked.append((bits.bit_count(), len(chosen), tuple(sorted(chosen))))
    return min(ranked)[2]


ways = st.lists(st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=2), min_size=0, max_size=4)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(st.lists(ways, max_size=5), st.lists(st.integers(0, 255), min_size=6, max_size=6))
def test_it_equals_trying_everything(calls: list[list[Cover]], bits: list[int]) -> None:
    """Fewest calls opened, then fewest permissions, then by name, as exhaustive search finds it."""
    opens = dict(zip(NAMES, bits, strict=True))
    assert least_set(calls, opens) == brute(calls, opens)


def test_no_calls_need_nothing() -> None:
    """An integration that was seen to do nothing needs no right."""
    assert least_set([], {}) == ()


def test_a_narrow_pair_beats_a_wide_one() -> None:
    """Two narrow permissions open less than one wide one."""
    opens = {"Wide": 0b111111, "Read": 0b1, "Write": 0b10}
    calls = [[frozenset({"Wide"}), frozenset({"Read"})], [frozenset({"Wide"}), frozenset({"Write"})]]
    assert least_set(calls, opens) == ("Read", "Write")


def test_what_can_go_is_ranked_by_reach() -> None:
    """Widest first, then by name; what the least set needs stays."""
    opens = {"Wide": 0b1111, "Read": 0b1, "Also": 0b10}
    assert removable(["Read", "Also", "Wide", "Strange"], ["Read"], opens) == [("Wide", 4), ("Also", 1), ("Strange", 0)]

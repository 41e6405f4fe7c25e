"""The request budget is one for all, never more than allowed in any window, and stops for everybody after a 429."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SourceBusy
from shared.halopsa.budget import Budget
from tests.harness.clock import StillClock
from tests.harness.memory import MemoryRows


def budgets(count: int, requests: int, seconds: int, **how: float) -> tuple[StillClock, list[Budget], list[float]]:
    """Several instances over one table and one clock; sleeping moves the clock."""
    clock, rows, slept = StillClock(), MemoryRows(), []

    def sleep(wait: float) -> None:
        slept.append(wait)
        clock.advance(seconds=wait)

    made = [Budget(rows, clock, requests=requests, seconds=seconds, sleep=sleep, **how) for _ in range(count)]
    return clock, made, slept


@given(st.integers(1, 400), st.integers(1, 600), st.lists(st.floats(0, 30), max_size=80))
def test_no_window_holds_more_than_allowed(requests: int, seconds: int, pauses: list[float]) -> None:
    """Three instances taking in turn, with pauses: every rolling window stays within the limit."""
    clock, instances, _ = budgets(3, requests, seconds, longest_wait=10_000)
    window: deque[float] = deque()
    for number, pause in enumerate([*pauses, *[0.0] * min(2 * requests, 200)]):
        clock.advance(seconds=pause)
        instances[number % 3].take()
        now = clock.now().timestamp()
        window.append(now)
        while window[0] <= now - seconds:
            window.popleft()
        assert len(window) <= requests


def test_four_fifths_of_the_limit_are_kept_up() -> None:
    """A long read is slowed down, not starved."""
    clock, [budget], _ = budgets(1, 300, 300)
    begun = clock.now()
    for _ in range(2400):
        budget.take()
    assert 2400 / (clock.now() - begun).total_seconds() >= 0.8


def test_no_limit_writes_nothing() -> None:
    """Zero requests means no limit of ours."""
    rows = MemoryRows()
    budget = Budget(rows, StillClock(), requests=0, seconds=300, sleep=lambda _: None)
    for _ in range(1000):
        budget.take()
    budget.pause(60)
    assert rows.faults.writes == []


def test_a_pause_holds_for_every_instance() -> None:
    """After a 429 nobody asks before the time told."""
    clock, [one, other], slept = budgets(2, 100, 100)
    one.pause(40)
    begun = clock.now()
    other.take()
    assert (clock.now() - begun).total_seconds() >= 40
    assert sum(slept) < 45


def test_a_clock_moved_back_does_not_lock_out() -> None:
    """The bucket starts again from where it stood."""
    clock, [budget], slept = budgets(1, 100, 100)
    budget.take()
    clock.advance(days=-10)
    budget.take()
    budget.pause(30)
    clock.advance(days=-10)
    budget.take()
    assert sum(slept) < 40


def test_waiting_too_long_is_said() -> None:
    """Busy rather than asleep for ever."""
    _, [budget], _ = budgets(1, 1, 3600, longest_wait=60)
    budget.take()
    with pytest.raises(SourceBusy):
        budget.take()

"""Rings that come while a judgement is under way are judged together in the next one."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from shared.errors import StorageUnavailable
from shared.procedures.together import Together

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)


class Slow:
    """A judge whose first judgement waits for ``go``; remembers what it was asked each time."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.at: list[datetime] = []
        self.begun, self.go = Event(), Event()
        self.faults: list[Exception | None] = []

    def judge(self, _services: Any, causes: Mapping[str, str], as_of: datetime) -> None:
        self.asked.append(dict(causes))
        self.at.append(as_of)
        self.begun.set()
        assert self.go.wait(10)
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault


def until_waiting(together: Together, many: int) -> None:
    """So many wait."""
    while len(together._waiting) < many:
        pass


def test_a_burst_is_judged_in_two_judgements_each_ring_under_its_own_cause() -> None:
    """The first alone; all that came meanwhile together, by the latest clock."""
    judge, services = Slow(), object()
    together = Together(judge.judge)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(together.judge, services, "1", NOW, "delivery 1")
        assert judge.begun.wait(10)
        others = [
            pool.submit(together.judge, services, str(number), NOW + timedelta(seconds=number), f"delivery {number}")
            for number in range(2, 7)
        ]
        until_waiting(together, 5)
        judge.go.set()
        for called in (first, *others):
            called.result(10)
    assert judge.asked == [{"1": "delivery 1"}, {str(number): f"delivery {number}" for number in range(2, 7)}]
    assert judge.at[1] == NOW + timedelta(seconds=6)


def test_after_a_common_judgement_that_failed_each_judges_for_itself() -> None:
    """One record that cannot be judged does not stop the others; whoever judged for all is told."""
    judge, services = Slow(), object()
    judge.faults = [None, StorageUnavailable("Storage did not answer."), None]
    together = Together(judge.judge)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(together.judge, services, "1", NOW, "delivery 1")
        assert judge.begun.wait(10)
        others = [pool.submit(together.judge, services, str(number), NOW, f"delivery {number}") for number in (2, 3)]
        until_waiting(together, 2)
        judge.go.set()
        first.result(10)
        failed = [called for called in others if called.exception(10) is not None]
    assert len(failed) == 1
    assert isinstance(failed[0].exception(), StorageUnavailable)
    assert judge.asked[1] == {"2": "delivery 2", "3": "delivery 3"}
    assert judge.asked[2] in ({"2": "delivery 2"}, {"3": "delivery 3"})
    assert len(judge.asked) == 3


def test_what_belongs_to_other_services_is_not_judged_with_them() -> None:
    """Each process has one; tests have many."""
    judge = Slow()
    judge.go.set()
    together = Together(judge.judge)
    together._waiting.append(type("Turn", (), {"services": object()})())
    together.judge(object(), "1", NOW, "delivery")
    assert judge.asked == [{"1": "delivery"}]
    assert len(together._waiting) == 1

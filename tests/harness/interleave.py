"""Two pieces of work run step by step: each waits before every call to a port until it is told to go on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_LONG = 30.0


class Turns:
    """Ports wrapped by ``port`` make their caller wait for its turn; whoever is no task of ours goes straight through."""

    def __init__(self) -> None:
        self._mine = threading.local()

    def port(self, real: Any) -> Any:
        """The port with every call a step."""
        return _Port(real, self)

    def step(self) -> None:
        """Called before each call."""
        task: _Task | None = getattr(self._mine, "task", None)
        if task is not None:
            task.pause()

    def play(self, first: Callable[[], Any], second: Callable[[], Any], steps: tuple[int, int]) -> tuple[bool, bool]:
        """``first`` for so many steps, ``second`` for so many, then ``first`` to its end, then ``second``.

        Answers whether each was stopped on its way at all: an interleaving beyond the end of a task is none.
        """
        one, other = _Task(first, self._mine), _Task(second, self._mine)
        cut = one.go(steps[0]), other.go(steps[1])
        one.go(None)
        other.go(None)
        for task in (one, other):
            if task.fault is not None:
                raise task.fault
        return cut


class _Task:
    def __init__(self, work: Callable[[], Any], mine: threading.local) -> None:
        self._work = work
        self._mine = mine
        self._turn = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        self.fault: BaseException | None = None
        self.ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._wait()

    def _run(self) -> None:
        self._mine.task = self
        self.pause()
        try:
            self._work()
        except BaseException as fault:  # noqa: BLE001 - handed to the test
            self.fault = fault
        self.ended = True
        self._back.release()

    def pause(self) -> None:
        self._back.release()
        assert self._turn.acquire(timeout=_LONG)

    def _wait(self) -> None:
        assert self._back.acquire(timeout=_LONG)

    def go(self, steps: int | None) -> bool:
        """Go on for so many steps, or to the end; True when it still has some way to go."""
        done = 0
        while not self.ended and (steps is None or done <= steps):
            self._turn.release()
            self._wait()
            done += 1
        return not self.ended


class _Port:
    def __init__(self, real: Any, turns: Turns) -> None:
        self._real = real
        self._turns = turns

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        if not callable(value):
            return value

        def call(*args: Any, **more: Any) -> Any:
            self._turns.step()
            return value(*args, **more)

        return call

"""What rings while a judgement is under way is judged together in the next one: a burst opens the books a few times, not each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from shared.procedures.services import Services

Judge = Callable[[Services, Mapping[str, str], datetime], object]
"""Judges the records of the mapping, each under the run that caused it."""


@dataclass(eq=False, slots=True)
class _Turn:
    services: Services
    name: str
    run_id: str
    as_of: datetime
    judged: bool = False


class Together:
    """Callers take turns; whose turn it is judges for all that wait."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._judging = Lock()
        self._lock = Lock()
        self._waiting: list[_Turn] = []

    def judge(self, services: Services, name: str, as_of: datetime, run_id: str) -> None:
        """Returns when the record was judged as it stood at this call or later; raises what judging it raises.

        After a common judgement that failed each judges for itself, so that one record does not stop the others.
        """
        mine = _Turn(services, name, run_id, as_of)
        with self._lock:
            self._waiting.append(mine)
        with self._judging:
            if mine in self._waiting:
                self._take(services)
            elif not mine.judged:
                self._judge(services, {name: run_id}, as_of)

    def _take(self, services: Services) -> None:
        with self._lock:
            turns = [turn for turn in self._waiting if turn.services is services]
            self._waiting = [turn for turn in self._waiting if turn.services is not services]
        self._judge(services, {turn.name: turn.run_id for turn in turns}, max(turn.as_of for turn in turns))
        for turn in turns:
            turn.judged = True

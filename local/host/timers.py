"""Timer triggers: one thread, a monitor file that survives a restart, missed occurrences as one late call."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from local.host.functions import Function, resolved
from local.host.ncrontab import Schedule

_LONGEST_WAIT = 60.0


def request(*, past_due: bool, status: Mapping[str, str] | None = None) -> Any:
    """What the worker gives a handler for a timer."""
    from azure.functions.timer import TimerRequest

    return TimerRequest(past_due=past_due, schedule_status=dict(status or {}), schedule={"AdjustForDST": True})


class Timer:
    """One timer function and when it is due."""

    def __init__(self, function: Function, environ: Mapping[str, str], folder: Path, now: datetime) -> None:
        self.function = function
        self.text = resolved(str(function.trigger["schedule"]), environ)
        self.schedule = Schedule.parse(self.text)
        self._file = folder / f"{function.name}.json"
        following = self.schedule.following(now)
        # The host keeps no monitor for schedules that recur within a minute.
        then = self.schedule.following(following) if following else None
        often = bool(following and then and then - following < timedelta(minutes=1))
        self._monitored = bool(function.trigger.get("useMonitor", True)) and not often
        self.next = following
        self.late = False
        kept = self._kept()
        if kept and kept.get("Schedule") == self.text and datetime.fromisoformat(kept["Next"]) < now:
            self.next, self.late = now, True
        elif function.trigger.get("runOnStartup"):
            self.next = now

    def _kept(self) -> dict[str, str]:
        if not self._monitored or not self._file.is_file():
            return {}
        try:
            kept = json.loads(self._file.read_text("utf-8"))
            datetime.fromisoformat(kept["Next"])
        except (ValueError, KeyError, TypeError):
            return {}
        return dict(kept)

    def advance(self, now: datetime) -> Any:
        """Note that it ran now and when it will next; answers what the handler is given."""
        late, self.late = self.late, False
        self.next = self.schedule.following(now)
        status = {
            "Last": now.isoformat(),
            "Next": self.next.isoformat() if self.next else "",
            "LastUpdated": now.isoformat(),
            "Schedule": self.text,
        }
        if self._monitored:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(status), "utf-8")
        return request(past_due=late, status={name: status[name] for name in ("Last", "Next", "LastUpdated")})


class Timers:
    """All timers of an app."""

    def __init__(
        self,
        functions: tuple[Function, ...],
        environ: Mapping[str, str],
        folder: Path,
        pool: Executor,
        after: Callable[[], None],
    ) -> None:
        now = _real_now()
        self._timers = [Timer(function, environ, folder, now) for function in functions]
        self._pool = pool
        self._after = after
        self._stop = Event()
        self._thread = Thread(target=self._tick, name="timers", daemon=True)

    def start(self) -> None:
        """Begin to keep time."""
        if self._timers:
            self._thread.start()

    def stop(self) -> None:
        """Start nothing any more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _tick(self) -> None:
        while not self._stop.is_set():
            now = _real_now()
            for timer in self._timers:
                if timer.next and timer.next <= now:
                    self._pool.submit(self._run, timer.function, timer.advance(now))
            due = [timer.next for timer in self._timers if timer.next]
            wait = min((due and (min(due) - _real_now()).total_seconds()) or _LONGEST_WAIT, _LONGEST_WAIT)
            self._stop.wait(max(wait, 0.01))

    def _run(self, function: Function, handed: object) -> None:
        try:
            function.call(handed)
        except Exception:  # noqa: BLE001  # a failed timer waits for its next time, as on the host
            print(f"{function.name} failed:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
        finally:
            self._after()


def _real_now() -> datetime:
    return datetime.now(UTC)

"""Bring the mirror up to date: every list, every page an observation, and what was refused or denied told by name.

What is read is durable page by page: observations first, then the mirror, then the state that says where to go on.
A run that is killed leaves at most work to be repeated, and repeating it changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from shared.errors import SourceBusy, SourceDenied, SourceError, SourceRejected
from shared.model import JsonObject, rfc3339
from shared.ports import Reading
from shared.procedures.lists import lists
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.procedures.sync_actions import read_actions
from shared.procedures.sync_checks import judge_faults
from shared.procedures.sync_details import read_details
from shared.procedures.sync_list import ListRead, read_list

_WIDTH = 2
_MOST_TOLD = 100
_HOPELESS = frozenset({"halo_too_large"})
"""Asking again gives the same: a matter of one list."""

_NOBODY = frozenset({"halo_credentials_refused", "halo_scope_refused"})
"""Without a token nothing can be read: that is no matter of one list."""

_MOST_DOWN = 2
"""Lists that may fail to answer before the source as a whole counts as down."""


@dataclass(slots=True)
class Report:
    """What the run says at its end."""

    kinds: dict[str, JsonObject] = field(default_factory=dict)
    unreadable: list[JsonObject] = field(default_factory=list)
    refused: list[JsonObject] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    down: list[SourceError] = field(default_factory=list)
    faults: int = 0

    def add(self, kind: str, read: ListRead) -> None:
        """Note one list."""
        self.kinds[kind] = {
            "rows": read.rows,
            "pages": read.pages,
            "changed": read.changed,
            "removed": read.removed,
            "restated": read.restated[:_MOST_TOLD],
            "mode": read.mode,
            "unknown_fields": len(read.checked.unknown),
        }
        self.refused += [{"kind": kind, "id": row_id, "text": why} for row_id, why in read.refused[:_MOST_TOLD]]
        if read.incomplete:
            self.incomplete.append(kind)

    def to_json(self) -> JsonObject:
        """As the run's result."""
        return {
            "kinds": self.kinds,
            "unreadable": self.unreadable,
            "refused": self.refused,
            "incomplete": self.incomplete,
            "faults": self.faults,
            "restated": sum(len(told["restated"]) for told in self.kinds.values()),
        }


def sync_run(services: Services, run: Run) -> JsonObject:
    """Read everything the service needs. Denied lists are told and skipped; an outage, or nothing readable, fails the run."""
    report = Report()
    readings = lists(services).READINGS
    steps = len(readings) + 1

    def one(number: int, reading: Reading) -> _Outcome:
        return _read(services, run, reading, lambda text: run.progress(number / steps, text))

    ahead: deque[tuple[Reading, Future[_Outcome]]] = deque()
    with ThreadPoolExecutor(_WIDTH, thread_name_prefix="sync") as pool:
        for number, reading in enumerate(readings):
            ahead.append((reading, pool.submit(one, number, reading)))
            # One is folded while another is read; each alone while it is not known, or in doubt, that HaloPSA answers.
            while ahead and (number == 0 or report.down or len(ahead) == _WIDTH):
                _note(services, report, *_next(ahead))
        while ahead:
            _note(services, report, *_next(ahead))
    last = (steps - 1) / steps
    run.progress(last, "Reading Actions.")
    try:
        read = read_actions(services, lambda text: run.progress(last, text))
        report.add("Actions", read)
        if read.checked.matters:
            report.faults += judge_faults(services, "Actions", run.as_of, run.run_id)
    except SourceError as fault:
        _failed(services, report, "Actions", fault)
    if report.down:
        raise report.down[0]
    if report.unreadable and not any(told["pages"] for told in report.kinds.values()):
        first = report.unreadable[0]
        raise SourceDenied(f"HaloPSA gave nothing at all: {first['text']}", code=first["code"])
    return report.to_json()


@dataclass(slots=True)
class _Outcome:
    """What became of one list: what was read of it, and what ended it early."""

    read: ListRead | None = None
    faults: int = 0
    failed: SourceError | None = None


def _read(services: Services, run: Run, reading: Reading, tell: Callable[[str], None]) -> _Outcome:
    out = _Outcome()
    tell(f"Reading {reading.kind}.")
    try:
        out.read = read_list(services, reading, tell)
        completed = read_details(services, reading, tell)
        if completed or out.read.checked.matters:
            out.faults = judge_faults(services, reading.kind, run.as_of, run.run_id)
    except SourceError as fault:
        out.failed = fault
    return out


def _next(ahead: deque[tuple[Reading, Future[_Outcome]]]) -> tuple[str, _Outcome]:
    reading, found = ahead.popleft()
    return reading.kind, found.result()


def _note(services: Services, report: Report, kind: str, found: _Outcome) -> None:
    if found.read is not None:
        report.add(kind, found.read)
    report.faults += found.faults
    if found.failed is not None:
        _failed(services, report, kind, found.failed)


def _failed(services: Services, report: Report, kind: str, fault: SourceError) -> None:
    """A refusal makes one kind unknown; an outage is tried with the next list once more, then it is one."""
    if fault.code in _NOBODY:
        raise fault
    told = {"code": fault.code, "text": fault.message, "at": rfc3339(services.clock.now())}
    if isinstance(fault, SourceDenied | SourceRejected) or fault.code in _HOPELESS:
        services.mirror.change_state(kind, lambda state: state | {"unreadable": told})
        report.unreadable.append({"kind": kind, "code": fault.code, "text": fault.message})
        return
    report.down.append(fault)
    report.incomplete.append(kind)
    if isinstance(fault, SourceBusy) or len(report.down) > _MOST_DOWN:
        raise fault

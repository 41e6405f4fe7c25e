"""Bring the mirror up to date: every list, every page an observation, and what was refused or denied told by name.

What is read is durable page by page: observations first, then the mirror, then the state that says where to go on.
A run that is killed leaves at most work to be repeated, and repeating it changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.errors import SourceBusy, SourceDenied, SourceError, SourceRejected
from shared.model import JsonObject, rfc3339
from shared.procedures.lists import lists
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.procedures.sync_actions import read_actions
from shared.procedures.sync_checks import judge_faults
from shared.procedures.sync_details import read_details
from shared.procedures.sync_list import ListRead, read_list

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
    """Read everything the service needs. Denied lists are told and skipped; an outage fails the run."""
    report = Report()
    readings = lists(services).READINGS
    steps = len(readings) + 1
    for number, reading in enumerate(readings):

        def tell(text: str, at: float = number / steps) -> None:
            run.progress(at, text)

        tell(f"Reading {reading.kind}.")
        try:
            read = read_list(services, reading, tell)
            report.add(reading.kind, read)
            completed = read_details(services, reading, tell)
            if completed or read.checked.matters:
                report.faults += judge_faults(services, reading.kind, run.as_of, run.run_id)
        except SourceError as fault:
            _failed(services, report, reading.kind, fault)
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
    return report.to_json()


def _failed(services: Services, report: Report, kind: str, fault: SourceError) -> None:
    """A refusal makes one kind unknown; an outage is tried with the next list once more, then it is one."""
    if fault.code in _NOBODY:
        raise fault
    told = {"code": fault.code, "text": fault.message, "at": rfc3339(services.clock.now())}
    if isinstance(fault, SourceDenied | SourceRejected) or fault.code in _HOPELESS:
        services.mirror.save_state(kind, services.mirror.state(kind) | {"unreadable": told})
        report.unreadable.append({"kind": kind, "code": fault.code, "text": fault.message})
        return
    report.down.append(fault)
    report.incomplete.append(kind)
    if isinstance(fault, SourceBusy) or len(report.down) > _MOST_DOWN:
        raise fault

"""Appointments as the meetings that policy promises."""

from __future__ import annotations

from collections.abc import Iterator

from shared.controls.meetings_held import SeriesFacts
from shared.controls.spec import Case
from shared.halopsa.records.delivery import Meeting
from shared.halopsa.records.wire import parse_rows
from shared.model import Subject
from shared.policy.document import Policy
from shared.ports import Records

_KIND = "Appointment"


def series(mirror: Records, policy: Policy) -> Iterator[Case]:
    """One case for each promised meeting; no read of anything where nothing is promised."""
    promises = policy.governance.meetings
    if not promises:
        return
    read_at, seen = mirror.read_at(_KIND), mirror.observations(_KIND)[:5]
    rows, _ = parse_rows(Meeting, mirror.rows(_KIND))
    done = policy.halopsa.meaning.appointment_complete
    for promise in promises:
        begins = promise.subject.strip().casefold()
        found = tuple(
            (at, None if row.complete_status is None else row.complete_status in done)
            for row in rows
            if row.subject.strip().casefold().startswith(begins) and (at := row.end_date or row.start_date) is not None
        )
        facts = SeriesFacts(promise, found) if read_at is not None else None
        yield Case(
            Subject("meeting", promise.name), None, promise.practice, facts, read_at, seen,
            missing="HaloPSA's appointments were never read.",
        )  # fmt: skip

"""Promised meetings, from appointments to findings."""

from __future__ import annotations

from shared.procedures.meetings import watch_meetings
from shared.procedures.runs import Run
from shared.registers import findings
from tests.harness.services import FakeServices

POLICY = """
[[governance.meetings]]
name = "Steering"
subject = "steering"
every_days = 7
begins = "2020-01-01"
"""


def watch(services, number=1):
    run = Run(f"r-{number}", "handoff_review", None, services.clock.now(), "omar")
    return watch_meetings(services, services.mirror, run)


def row(services):
    [found] = findings.of_control(services.rows, "meetings_held")
    return found


def meeting(services, **more):
    at = services.clock.now().isoformat()
    held = {"id": 1, "subject": "Steering team, week 47", "start_date": at, "end_date": at, **more}
    services.mirror.load({"Appointment": [held]}, services.clock.now())


def test_a_meeting_nobody_completed_is_missed_until_somebody_does():
    """By the number that policy says means completed."""
    services = FakeServices(POLICY)
    meeting(services, complete_status=1)
    assert watch(services) == {"promised": 1, "missed": 1}
    assert row(services)["reasons"][0]["code"] == "meeting_missed"
    meeting(services, complete_status=0)
    assert watch(services, 2) == {"promised": 1, "missed": 0}
    assert row(services)["status"] == "closed"


def test_a_calendar_that_was_never_read_is_unknown():
    """Not missed, and not held."""
    services = FakeServices(POLICY)
    watch(services)
    assert row(services)["verdict"] == "unknown"


def test_without_a_promise_nothing_is_judged_or_recorded():
    """Policy ships none."""
    services = FakeServices()
    assert watch(services) == {"promised": 0, "missed": 0}
    assert services.ledger.entries == []

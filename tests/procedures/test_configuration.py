"""The configuration check tells of what has begun to fail, once."""

from __future__ import annotations

import pytest

from shared.procedures.configuration import configuration_check_run
from shared.procedures.plan import register as actions_of
from shared.procedures.runs import Run
from shared.registers import findings
from tests.harness.services import FakeServices


def told(services: FakeServices, run_id: str) -> list[str]:
    return [one["action"]["parameters"]["event"] for one in actions_of(services, run_id).all()]


@pytest.fixture
def services() -> FakeServices:
    services = FakeServices()
    types = [{"id": 1, "name": "Incident"}, {"id": 2, "name": "incident-s"}]
    tickets = [{"id": 10, "tickettype_id": 1, "status_id": 1}]
    services.mirror.load({"TicketType": types, "Tickets": tickets}, services.clock.now())
    return services


def test_findings_that_begin_to_fail_are_told_once(services: FakeServices) -> None:
    """The same check again says nothing new."""
    first = configuration_check_run(services, Run("r1", "configuration_check", None, services.clock.now(), "omar"))
    assert told(services, "r1") == ["finding_opened"] * first["failed"] != []
    configuration_check_run(services, Run("r2", "configuration_check", None, services.clock.now(), "omar"))
    assert told(services, "r2") == []


def test_a_ticket_whose_type_is_no_number_counts_for_none(services: FakeServices) -> None:
    """A list, an object, text or nothing where a number belongs neither stops the check nor uses a type."""
    odd = [
        {"id": 20 + at, "tickettype_id": kind, "status_id": kind} for at, kind in enumerate(([], {}, "1", None, 1.5))
    ]
    tickets = [*odd, {"id": 30, "tickettype_id": 1.0, "status_id": 1}]
    services.mirror.load({"Tickets": tickets}, services.clock.now())
    configuration_check_run(services, Run("r1", "configuration_check", None, services.clock.now(), "omar"))
    rows = list(findings.of_control(services.rows, "configuration_governed"))
    unused = {row["subject"]["id"] for row in rows if "unused" in {reason["code"] for reason in row["reasons"]}}
    assert unused == {"2"}


def test_a_commit_that_cannot_be_read_is_unknown_not_well(services: FakeServices) -> None:
    """A field of the wrong type is never taken for "not rolled back"."""
    services.mirror.load({"ConfigCommit": [{"id": 5, "rolled_back": "yes"}, {"id": 6}]}, services.clock.now())
    configuration_check_run(services, Run("r1", "configuration_check", None, services.clock.now(), "omar"))
    found = {
        row["subject"]["id"]: row
        for row in findings.of_control(services.rows, "configuration_governed")
        if row["subject"]["kind"] == "config_commit"
    }
    assert found["5"]["verdict"] == "unknown"
    assert "rolled_back" in found["5"]["reasons"][0]["text"]

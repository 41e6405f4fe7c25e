"""The configuration check tells of what has begun to fail, once."""

from __future__ import annotations

import pytest

from shared.procedures.configuration import configuration_check_run
from shared.procedures.plan import register as actions_of
from shared.procedures.runs import Run
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

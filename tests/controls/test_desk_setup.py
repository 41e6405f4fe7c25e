"""The desk's set-up: from HaloPSA's lists to what is missing or means two things."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shared.controls.desk_setup import CONTROL
from shared.halopsa.facts_desk_setup import cases
from shared.policy.document import read_policy
from tests.harness.mirror import MemoryMirror

NOW = datetime(2026, 11, 16, tzinfo=UTC)
POLICY = read_policy(
    "[practices.msp]\nticket_types = [1]\n[practices.mssp]\nticket_types = [25]\n[practices.ps]\nticket_types = [5]\n"
)
STATUSES = ("New", "In Triage", "In Progress", "Waiting for Customer", "Waiting on Vendor", "Resolved", "Closed")


def level(number: int, slaid: int, name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"p-{slaid}-{number}",
        "priorityid": number,
        "slaid": slaid,
        "name": name,
        "fixtime": 4.0,
        "responsetime": 1.0,
        **more,
    }


CLEAN: dict[str, list[dict[str, Any]]] = {
    "Agent": [{"id": 7, "name": "Nora Fictive", "team": "Desk", "lastlogindate": "2026-11-13T09:00:00"}],
    "TicketType": [
        {"id": 1, "name": "Incident"},
        {"id": 3, "name": "Service Request"},
        {"id": 5, "name": "Project"},
        {"id": 25, "name": "Alert"},
    ],
    "Status": [{"id": place, "name": name} for place, name in enumerate(STATUSES)],
    "Priority": [level(1, 1, "Critical"), level(1, 2, "critical")],
    "SLA": [{"id": 1, "name": "Standard"}, {"id": 2, "name": "Managed security"}],
    "Team": [{"id": 1, "name": "Desk"}],
    "Category": [{"id": 1, "value": "Network"}],
    "Workflow": [{"id": 1, "name": "Incident", "active": True}],
    "ChargeRate": [{"id": 1, "charge_id": 1, "rate": 140.0}],
}


def told(**tables: list[dict[str, Any]]) -> dict[str, tuple[str, list[str]]]:
    """Verdict and codes by subject, of what does not pass."""
    mirror = MemoryMirror()
    mirror.load({**CLEAN, **tables}, NOW)
    found = {}
    for case in cases(mirror, POLICY, NOW):
        assert not case.missing
        judgement = CONTROL.judge(case.facts, POLICY, NOW)
        if judgement.verdict.value != "pass":
            found[case.subject.id] = (judgement.verdict.value, [reason.code for reason in judgement.reasons])
    return found


def test_a_desk_that_is_set_up_passes() -> None:
    """“Waiting for” is “waiting on”, and one priority may be written in any case of letters."""
    assert told() == {}


def test_people_who_never_signed_in_or_have_no_team_are_told_by_id() -> None:
    """Machines and disabled agents are nobody here; what HaloPSA does not say is unknown, not well."""
    never = {"id": 8, "team": "", "lastlogindate": "1900-01-01T00:00:00"}
    machine = {"id": 9, "isapiagent": True, "lastlogindate": None, "team": ""}
    disabled = {"id": 10, "isdisabled": True, "lastlogindate": None, "team": ""}
    agents = [*CLEAN["Agent"], never, machine, disabled]
    assert told(Agent=agents) == {"people": ("fail", ["never_signed_in", "agent_teamless"])}
    assert told(Agent=[{"id": 8}])["people"][0] == "unknown"
    assert told(Agent=[machine])["people"] == ("fail", ["setup_missing"])


def test_types_and_statuses_that_policy_wants_are_there() -> None:
    """An MSP that calls them otherwise says so in policy; an empty list asks for none."""
    assert told(Status=CLEAN["Status"][:-1]) == {"statuses": ("fail", ["setup_missing"])}
    assert told(TicketType=CLEAN["TicketType"][:1])["types"] == ("fail", ["setup_missing"])
    free = read_policy("[configuration]\nlifecycle = []\n")
    (case,) = [one for one in cases(_loaded(), free, NOW) if one.subject.id == "statuses"]
    assert CONTROL.judge(case.facts, free, NOW).verdict.value == "notapplicable"


def _loaded() -> MemoryMirror:
    mirror = MemoryMirror()
    mirror.load(CLEAN, NOW)
    return mirror


def test_one_priority_means_the_same_under_every_service_level() -> None:
    """Another name, a priority the other level lacks, and one without a time are three different gaps."""
    assert told(Priority=[level(1, 1, "Critical"), level(1, 2, "Major")]) == {
        "priority 1": ("fail", ["priority_differs"])
    }
    assert told(Priority=[*CLEAN["Priority"], level(2, 1, "High")]) == {
        "service level 2": ("fail", ["level_incomplete"])
    }
    assert told(Priority=[level(1, 1, "Critical", fixtime=0.0), level(1, 2, "Critical")]) == {
        "service level 1": ("fail", ["level_incomplete"])
    }
    assert told(Priority=[*CLEAN["Priority"], level(2, 1, "Old", ishidden=True)]) == {}


def test_each_practice_has_ticket_types_of_its_own_that_halopsa_knows() -> None:
    """Security work on generic tickets cannot be told apart."""
    assert told(TicketType=CLEAN["TicketType"][:3]) == {"practice mssp": ("fail", ["practice_types"])}
    shared = read_policy("[practices.msp]\nticket_types = [1, 25]\n[practices.mssp]\nticket_types = [25]\n")
    found = {
        case.subject.id: [reason.code for reason in CONTROL.judge(case.facts, shared, NOW).reasons]
        for case in cases(_loaded(), shared, NOW)
        if case.practice in ("msp", "mssp")
    }
    assert found == {"practice msp": ["practice_types"], "practice mssp": ["practice_types"]}


def test_a_list_without_a_usable_row_is_missing_and_one_never_read_is_unknown() -> None:
    """An inactive team is none."""
    gone = [{"id": 1, "name": "Desk", "inactive": True}]
    assert told(Team=gone, Workflow=[]) == {"lists": ("fail", ["setup_missing"])}
    unread = {case.subject.id: case.missing for case in cases(MemoryMirror(), POLICY, NOW)}
    assert set(unread) >= {"people", "types", "statuses", "lists", "practice mssp"}
    assert all(unread.values())

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.controls.catalogue import controls
from shared.procedures.desk import desk_check_run
from shared.procedures.runs import Run
from shared.registers import findings
from tests.reports import weeks
from tests.reports.weeks import NOW, START, ticket, z


def check(services: Any, *rows: dict[str, Any], number: int = 1, actions: Any = ()) -> dict[str, Any]:
    services.mirror.load({"Tickets": list(rows), "Actions": list(actions)}, services.clock.now())
    return desk_check_run(services, Run(f"r-{number}", "desk_check", None, services.clock.now(), "oid-1"))


def found(services: Any, number: int, control: str = "desk_discipline") -> dict[str, Any]:
    (row,) = [one for one in findings.of_control(services.rows, control) if one["subject"]["id"] == str(number)]
    return row


def codes(row: dict[str, Any]) -> set[str]:
    return {reason["code"] for reason in row["reasons"]}


def test_one_finding_per_ticket_names_every_reason() -> None:
    """Unassigned, untouched, unplanned and past due at once."""
    services = weeks.services()
    check(services, ticket(1, START, agent_id=1))

    row = found(services, 1)
    assert row["verdict"] == "fail"
    assert codes(row) == {"unassigned", "stale", "no_next_action", "sla_missed"}
    assert row["practice"] == "msp"
    assert row["customer"] == "12"


def test_a_ticket_in_order_passes() -> None:
    """With an agent, a plan, recent action and time left."""
    services = weeks.services()
    check(services, ticket(1, NOW - timedelta(hours=1), nextactivitydate=z(NOW + timedelta(days=1))))

    assert found(services, 1)["verdict"] == "pass"


def test_sla_is_told_from_timestamps_and_not_from_flags() -> None:
    """On hold or not, flagged or not: past due is past due; most of the time used up is at risk."""
    services = weeks.services()
    plan = {"nextactivitydate": z(NOW + timedelta(days=1))}
    check(
        services,
        ticket(1, NOW - timedelta(hours=2), fixbydate=z(NOW - timedelta(seconds=1)), onhold=True, slastate="I", **plan),
        ticket(2, NOW - timedelta(hours=8), fixbydate=z(NOW + timedelta(hours=1)), **plan),
        ticket(3, NOW - timedelta(hours=1), fixbydate=z(NOW + timedelta(hours=8)), slastate="O", **plan),
    )

    assert codes(found(services, 1)) == {"sla_missed"}
    assert codes(found(services, 2)) == {"sla_at_risk"}
    assert found(services, 3)["verdict"] == "pass"


def test_tickets_closed_long_ago_are_no_subjects_but_standing_findings_end() -> None:
    """Closed in the last seven days are checked; older ones only while a finding about them still asks."""
    services = weeks.services()
    check(services, ticket(1, START), ticket(2, START - timedelta(days=30), dateclosed=z(NOW - timedelta(days=8))))
    assert [row["subject"]["id"] for row in findings.of_control(services.rows, "desk_discipline")] == ["1"]

    services.clock.advance(days=20)
    closed = ticket(1, START, dateclosed=z(NOW), status_id=9)
    action = {"ticket_id": 1, "id": 1, "datetime": z(NOW), "timetaken": 0.5}
    check(services, closed, number=2, actions=[action])
    assert found(services, 1)["status"] == "closed"


def test_a_ticket_that_disappears_takes_its_finding_along() -> None:
    """Removed in HaloPSA: the finding no longer asks."""
    services = weeks.services()
    check(services, ticket(1, START))
    check(services, ticket(2, NOW), number=2)

    assert (found(services, 1)["verdict"], found(services, 1)["status"]) == ("notapplicable", "closed")


def test_a_row_that_cannot_be_read_is_unknown_and_says_which_field() -> None:
    """Never a pass, never a crash."""
    services = weeks.services()
    check(services, ticket(1, START, reassigncount="many"), ticket(2, NOW))

    row = found(services, 1)
    assert row["verdict"] == "unknown"
    assert "reassigncount" in row["reasons"][0]["text"]


def test_duplicates_pingpong_and_misrouting_are_told() -> None:
    """Same contact, same words; passed on too often; with another practice's team."""
    services = weeks.services(policy='[practices.mssp]\nteams = ["SOC"]\n')
    plan = {"nextactivitydate": z(NOW + timedelta(days=1)), "fixbydate": z(NOW + timedelta(days=9))}
    now = NOW - timedelta(hours=2)
    check(
        services,
        ticket(1, now, summary="Mail is down", user_id=5, **plan),
        ticket(2, now, summary="mail  IS down", user_id=5, **plan),
        ticket(3, now, reassigncount=4, **plan),
        ticket(4, now, team="SOC", **plan),
    )

    assert codes(found(services, 1)) == codes(found(services, 2)) == {"duplicate"}
    assert codes(found(services, 3)) == {"pingpong"}
    assert codes(found(services, 4)) == {"misrouted"}


def test_an_incident_carries_the_incident_discipline() -> None:
    """Late to be escalated, client not told, closed without evidence."""
    services = weeks.services()
    check(
        services,
        ticket(1, START, tickettype_id=25, priority_id=1, dateclosed=z(NOW - timedelta(days=1)), status_id=9),
        ticket(2, START),
    )

    assert codes(found(services, 1, "incident_discipline")) == {
        "escalation_late",
        "client_not_notified",
        "evidence_incomplete",
    }
    assert {row["subject"]["id"] for row in findings.of_control(services.rows, "incident_discipline")} == {"1"}


def test_every_canary_of_the_desk_is_caught_under_any_policy() -> None:
    """Made-up violations are found, with shipped numbers and with the loosest ones."""
    from shared.controls.spec import canary_result
    from shared.policy.document import read_policy

    loose = read_policy(
        "[desk]\nstale_days = 3660\nno_next_action_days = 3660\nat_risk_share = '1'\nunassigned_hours = 80000\n"
    )
    for name in ("desk_discipline", "incident_discipline"):
        assert canary_result(controls()[name], read_policy(""), NOW)["missed"] == []
    assert set(canary_result(controls()["desk_discipline"], loose, NOW)["missed"]) <= {
        "a ticket a minute before it is due"
    }


def test_a_desk_never_read_judges_nothing_and_says_so() -> None:
    """No silence that looks like success."""
    services = weeks.services()
    answer = desk_check_run(services, Run("r-1", "desk_check", None, NOW, "oid-1"))

    assert "never been read" in answer["note"]


def test_an_alert_is_judged_by_what_it_hangs_below_whether_it_counts_as_a_ticket_or_not() -> None:
    """Below an incident it passes; below a request, or nothing, it does not; once linked, its finding closes."""
    services = weeks.services(policy="[desk]\nalert_types = [26]\nnot_tickets = [26]\n")
    old = NOW - timedelta(days=3)
    incident, request = ticket(1, old), ticket(2, old, tickettype_id=3)
    alerts = [ticket(10 + parent, old, tickettype_id=26, parent_id=parent) for parent in (0, 1, 2)]
    check(services, incident, request, *alerts)

    stands = {row["subject"]["id"]: row["verdict"] for row in findings.of_control(services.rows, "alert_linked")}
    assert stands == {"10": "fail", "11": "pass", "12": "fail"}
    assert codes(found(services, 10, "alert_linked")) == {"not_linked"}

    check(services, incident, request, ticket(10, old, tickettype_id=26, parent_id=1), number=2)
    assert found(services, 10, "alert_linked")["status"] == "closed"

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from shared.measures.desk_facts import Desk, TicketFacts, Trail
from shared.measures.kpis import Period, desk_figures
from shared.policy.document import read_policy

START = datetime(2026, 11, 16, tzinfo=UTC)
END = START + timedelta(days=7)
POLICY = read_policy("")
HOUR = timedelta(hours=1)


def ticket(**more: Any) -> TicketFacts:
    held: dict[str, Any] = {
        "id": "1",
        "type_id": 1,
        "customer": "12",
        "agent": 7,
        "priority": 3,
        "sla": 1,
        "status": 2,
        "occurred": START + HOUR,
        "fix_by": START + 9 * HOUR,
        "category": "Hardware",
    }
    return TicketFacts(**{**held, **more})


def figures(*tickets: TicketFacts, trails: dict[str, Trail] | None = None, policy: Any = POLICY) -> Any:
    desk = Desk(tickets, trails or {}, tickets_read_at=END, actions_read_at=None if trails is None else END)
    return desk_figures(desk, policy, Period(START, END))


def value(found: Any, name: str, practice: str | None = None) -> tuple[int, float | None]:
    return found[practice][name].whole.n, found[practice][name].whole.value


def test_time_to_resolve_leaves_out_hold_time_and_is_exact() -> None:
    """Five hours less 1.5 on hold; a third of an hour stays a third until the one rounding at the end."""
    found = figures(
        ticket(closed=START + 6 * HOUR, hold_hours=Fraction(3, 2)),
        ticket(id="2", closed=START + HOUR + timedelta(minutes=20)),
    )

    assert found[None]["mttr_hours"].whole.mean == float((Fraction(7, 2) + Fraction(1, 3)) / 2)
    assert found[None]["cycle_time_hours"].whole.mean == float((5 + Fraction(1, 3)) / 2)


def test_a_time_before_the_occurrence_counts_as_the_occurrence() -> None:
    """Neither a negative duration nor a lost ticket."""
    found = figures(ticket(closed=START, first_response=START))

    assert value(found, "mttr_hours") == (1, 0.0)
    assert value(found, "first_response_hours") == (1, 0.0)


def test_the_period_is_half_open() -> None:
    """Its first instant belongs to it, its last does not."""
    found = figures(ticket(occurred=START - HOUR, closed=START), ticket(id="2", closed=END))

    assert value(found, "mttr_hours") == (1, 1.0)


def test_attainment_counts_only_tickets_subject_to_an_sla() -> None:
    """In time up to and including the due instant; excluded, without level or due time: not in the denominator."""
    due = START + 9 * HOUR
    found = figures(
        ticket(closed=due),
        ticket(id="2", closed=due + timedelta(seconds=1)),
        ticket(id="3", closed=due, excluded_from_sla=True),
        ticket(id="4", closed=due, sla=None),
        ticket(id="5", closed=due, fix_by=None),
    )

    assert value(found, "sla_attainment") == (2, 0.5)


def test_volume_is_what_came_and_what_went_in_the_period() -> None:
    """By priority; a ticket of before that is closed in it only went, and no ticket at all is unknown."""
    found = figures(
        ticket(),
        ticket(id="2", priority=1, closed=START + 2 * HOUR),
        ticket(id="3", occurred=START - HOUR, closed=START + HOUR),
    )

    assert value(found, "tickets_opened") == (2, 2.0)
    assert value(found, "tickets_closed") == (2, 2.0)
    assert {key: one.value for key, one in found[None]["tickets_opened"].by_priority.items()} == {"1": 1.0, "3": 1.0}
    assert value(figures(), "tickets_opened") == (0, None)


def test_status_nine_is_closed_whatever_else_policy_names() -> None:
    """A tenant with a closed status of its own has the built-in one beside it."""
    policy = read_policy("[desk]\nclosed_statuses = [20]\n")
    found = figures(ticket(status=9), ticket(id="2", status=20), ticket(id="3"), policy=policy)

    assert value(found, "unassigned")[0] == 1


def test_open_work_is_told_as_at_the_end_of_the_period() -> None:
    """Closed later is open then; occurred later does not exist yet; past due and on course to miss both count."""
    found = figures(
        ticket(closed=END + HOUR),
        ticket(id="2", occurred=END),
        ticket(id="3", occurred=END - 9 * HOUR, fix_by=END + HOUR),
        ticket(id="4", occurred=END - HOUR, fix_by=END + 9 * HOUR),
        ticket(id="5", status=9),
    )

    assert value(found, "sla_at_risk") == (3, 2.0)


def test_reopened_needs_an_action_out_of_a_closed_status() -> None:
    """Policy may name more closed statuses; without actions read nobody can tell."""
    closed = ticket(closed=START + 2 * HOUR)
    trails = {"1": Trail(moves=frozenset({(22, 2)}))}
    more = read_policy("[desk]\nclosed_statuses = [9, 22]\n")

    assert value(figures(closed, trails=trails), "reopen_rate") == (1, 0.0)
    assert value(figures(closed, trails=trails, policy=more), "reopen_rate") == (1, 1.0)
    assert value(figures(closed), "reopen_rate") == (0, None)


def test_projects_and_opportunities_are_not_tickets() -> None:
    """By flag and by the ticket types of policy."""
    done = {"closed": START + 2 * HOUR}
    found = figures(
        ticket(project=True, **done),
        ticket(opportunity=True, **done),
        ticket(type_id=40, **done),
        ticket(type_id=30, **done),
        ticket(type_id=5, **done),
        ticket(type_id=41, **done),
    )

    assert value(found, "mttr_hours") == (0, None)


def test_nothing_measured_is_null_and_not_zero() -> None:
    """An empty desk, and a desk that was never read."""
    assert value(figures(), "unassigned") == (0, None)
    never = desk_figures(Desk((ticket(),)), POLICY, Period(START, END))
    assert value(never, "unassigned") == (0, None)


def test_practices_add_up_to_the_whole() -> None:
    """Also a ticket that belongs to no practice is in the whole."""
    done = START + 2 * HOUR
    found = figures(
        ticket(closed=done), ticket(id="2", type_id=25, closed=done), ticket(id="3", type_id=77, closed=done)
    )

    assert [found[key]["mttr_hours"].whole.n for key in (None, "msp", "mssp", "ps")] == [3, 1, 1, 0]


def test_priorities_are_broken_down_with_their_own_spread() -> None:
    """Keyed by the id as text."""
    found = figures(ticket(closed=START + 2 * HOUR), ticket(id="2", priority=1, closed=START + 4 * HOUR))

    assert {key: one.value for key, one in found[None]["mttr_hours"].by_priority.items()} == {"1": 3.0, "3": 1.0}


@pytest.mark.parametrize(
    ("more", "name", "counted"),
    [
        ({"agent": None, "occurred": END - timedelta(hours=4)}, "unassigned", 0.0),
        ({"agent": None, "occurred": END - timedelta(hours=4, seconds=1)}, "unassigned", 1.0),
        ({"last_action": END - timedelta(days=5)}, "stale", 0.0),
        ({"last_action": END - timedelta(days=5, seconds=1)}, "stale", 1.0),
        ({"next_activity": END + HOUR}, "no_next_action", 0.0),
        ({}, "no_next_action", 1.0),
        ({"closed": START + 2 * HOUR, "category": None}, "incomplete_closure", 1.0),
        ({"closed": START + 2 * HOUR}, "incomplete_closure", 0.0),
    ],
)
def test_counts_keep_to_the_days_of_policy(more: dict[str, Any], name: str, counted: float) -> None:
    """Exactly at the limit is still allowed."""
    assert value(figures(ticket(**more)), name) == (1, counted)


def test_a_closure_says_how_it_was_resolved_where_policy_asks_and_rows_tell() -> None:
    """A closing action without a note is a gap; one whose note HaloPSA does not tell is none."""
    policy = read_policy('[desk]\nclosure_needs = ["resolution"]\n')
    closed = {"closed": START + 2 * HOUR}
    tickets = (ticket(**closed), ticket(id="2", **closed), ticket(id="3", **closed))
    trails = {"1": Trail(resolved=True), "2": Trail(resolved=False), "3": Trail()}

    assert value(figures(*tickets, trails=trails, policy=policy), "incomplete_closure") == (3, 1.0)
    assert (
        value(
            figures(*tickets, trails=trails, policy=read_policy("[desk]\nclosure_needs = []\n")), "incomplete_closure"
        )[1]
        == 0
    )


def test_an_incident_is_escalated_when_it_is_in_time_and_with_a_team_that_policy_names() -> None:
    """Without teams in policy whoever has it is right; a ticket of no team is with none of them."""
    held = {"type_id": 25, "priority": 1, "assigned": START + 2 * HOUR}
    tickets = (ticket(**held, team="Security Operations"), ticket(**held, id="2", team="Desk"), ticket(**held, id="3"))
    named = read_policy('[desk]\nescalation_teams = ["Security Operations"]\n')

    assert value(figures(*tickets), "escalation_compliance") == (3, 1.0)
    assert value(figures(*tickets, policy=named), "escalation_compliance") == (3, pytest.approx(1 / 3))


def test_time_to_assignment_is_told_of_tickets_that_were_passed_on_to_nobody() -> None:
    """HaloPSA keeps the last assignment only: of one passed on, or of a row that does not say, the first is unknown."""
    first = {"assigned": START + 3 * HOUR}
    found = figures(
        ticket(**first, reassigned=0),
        ticket(id="2", **first, reassigned=1),
        ticket(id="3", **first),
        ticket(id="4", assigned=END, reassigned=0),
        ticket(id="5", **first, reassigned=0, agent=None),
    )

    assert value(found, "assignment_hours") == (1, 2.0)


def test_a_past_week_asks_the_actions_when_the_last_one_came_later() -> None:
    """The list row knows only the very last action; what came before it decides about a past instant."""
    later = ticket(last_action=END + HOUR)
    trail = Trail()
    trail.times.extend([int((END - timedelta(days=6)).timestamp()), int((END + HOUR).timestamp())])

    assert value(figures(later, trails={"1": trail}), "stale") == (1, 1.0)
    assert value(figures(later, trails={}), "stale") == (0, None)


def test_hold_longer_than_the_ticket_lived_is_not_negative_time() -> None:
    """Never less than nothing."""
    assert value(figures(ticket(closed=START + 2 * HOUR, hold_hours=Fraction(9))), "mttr_hours") == (1, 0.0)


def test_overrides_of_a_customer_move_its_own_limits_only() -> None:
    """Policy by customer wins over policy for all."""
    policy = read_policy("[override.customer.12.desk]\nstale_days = 1\n")
    one = ticket(last_action=END - timedelta(days=2))
    found = figures(one, replace(one, id="2", customer="13"), policy=policy)

    assert value(found, "stale") == (2, 1.0)

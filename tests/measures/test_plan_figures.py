"""A project by workstream and by period: the parts are told where they are known, and add up to the whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.measures.baseline import Baseline, Period, Stretch, Workstream
from shared.measures.plan_figures import REST
from shared.measures.project_facts import MilestoneFacts, PeriodTime, TimeTotals
from shared.measures.project_health import health
from shared.measures.project_status import measure
from shared.measures.variance_causes import cents
from shared.measures.workstreams import streams_of
from shared.measures.worktime import calendar
from shared.policy.document import shipped_policy
from tests.measures.test_project_measures import BASE, NOW, project, task

OFFICE = calendar("mon-fri 09:00-17:00", "America/Toronto")
START = NOW - timedelta(days=14)
PLAN = Baseline(
    "CAD",
    Decimal(2000),
    START,
    (Period(NOW, Decimal(1000), Decimal(20)), Period(NOW + timedelta(days=14), Decimal(2000), Decimal(40))),
    workstreams=(
        Workstream(
            "Network",
            tasks=("1",),
            accountable="Nora Fictive",
            periods=(
                Stretch(NOW - timedelta(days=7), Decimal(8), Decimal(400)),
                Stretch(NOW + timedelta(days=7), Decimal(16), Decimal(1200)),
            ),
        ),
        Workstream("Cloud", Decimal(20), Decimal(700), ("2",)),
    ),
)


def booked(*periods: tuple[int, str, str]) -> TimeTotals:
    parts = tuple(PeriodTime(number, Decimal(hours), Decimal(cost), Decimal(0)) for number, hours, cost in periods)
    return TimeTotals(
        entries=len(parts),
        hours=sum((one.hours for one in parts), Decimal(0)),
        cost=sum((one.cost for one in parts), Decimal(0)),
        by_period=parts,
    )


FACTS = project(
    task(1, done="1", spent=booked((0, "10", "450"), (1, "2", "90"))),
    task(2, done="0.25", spent=booked((0, "6", "300"))),
    own=booked((2, "1", "60")),
)


def measured(facts, plan=PLAN, at=NOW):
    return measure(facts, plan, at, OFFICE)


def test_a_workstream_is_told_with_its_plan_and_its_own_earned_value():
    """Planned hours and cost as said or as its periods end; plan by now on a straight line; cost variance with its sign."""
    network, cloud, rest = measured(FACTS).streams
    assert (network.name, network.accountable, network.tasks) == ("Network", "Nora Fictive", ("1",))
    assert (network.planned_hours, network.planned_cost, network.pv) == (Decimal(16), Decimal(1200), Decimal(800))
    assert (network.value, network.ev, network.ac, network.cv) == (1000, 1000, 540, 460)
    assert (cloud.planned_hours, cloud.planned_cost, cloud.pv) == (Decimal(20), Decimal(700), None)
    assert (cloud.ev, cloud.ac, cloud.cpi) == (250, 300, Decimal(250) / 300)
    assert (rest.name, rest.planned_cost, rest.ev, rest.ac, rest.hours) == (REST, Decimal(100), 0, 60, 1)


def test_periods_compare_what_was_planned_with_what_was_booked_in_them():
    """Increments by period, cumulative plan and cost, and what came after the plan's end as a row of its own."""
    now, later, after = measured(FACTS, at=NOW + timedelta(days=20)).periods
    assert (now.booked.planned_hours, now.booked.planned_cost) == (20, 1000)
    assert (now.booked.hours, now.booked.cost, now.pv, now.ac) == (16, 750, 1000, 750)
    assert (later.booked.hours, later.booked.cost, later.pv, later.ac) == (2, 90, 2000, 840)
    assert (after.booked.end, after.booked.hours, after.pv, after.ac) == (None, 1, 2000, 900)


def test_a_workstreams_plan_is_cut_at_the_projects_periods():
    """Its own periods may lie across them."""
    network = measured(FACTS).streams[0]
    assert [(one.planned_hours, one.planned_cost) for one in network.periods] == [(12, 800), (4, 400)]
    assert [one.hours for one in network.periods] == [10, 2]


def test_a_period_that_has_not_begun_is_unknown_and_not_zero():
    """Nothing can have been booked in it yet."""
    facts = project(task(1, spent=booked((0, "10", "450"))))
    first, second = measured(facts).periods
    assert first.booked.hours == 10
    assert (second.booked.hours, second.booked.cost, second.ac) == (None, None, None)


def test_a_workstream_without_tasks_is_unknown_and_not_zero():
    """What it earned and cost is in nobody's books."""
    plan = replace(PLAN, workstreams=(Workstream("Network", Decimal(10), Decimal(500)),))
    network, rest = measured(FACTS, plan).streams
    assert (network.ev, network.ac, network.cv, network.value) == (None, None, None, None)
    assert (network.hours, network.estimated, network.periods[0].hours) == (None, None, None)
    assert (rest.ev, rest.ac) == (Decimal(1250), Decimal(900))


def test_hours_nobody_can_price_leave_their_workstream_unknown_only():
    """The other workstream's cost is told all the same."""
    bare = TimeTotals(
        entries=1, hours=Decimal(5), uncosted=Decimal(5), by_period=(PeriodTime(0, Decimal(5), Decimal(0), Decimal(5)),)
    )
    facts = project(task(1, spent=bare), task(2, spent=booked((0, "6", "300"))))
    status = measured(facts)
    network, cloud, _ = status.streams
    assert (network.ac, network.hours) == (None, 5)
    assert cloud.ac == 300
    assert (status.periods[0].booked.hours, status.periods[0].booked.cost) == (11, None)


def test_without_time_entries_nothing_is_told_of_when_it_was_spent():
    """One actual cost on the project has neither period nor workstream."""
    status = measured(project(task(1), task(2), money_actual=Decimal(700)))
    assert [(one.ac, one.cv) for one in status.streams] == [(None, None)] * 3
    assert [one.booked.cost for one in status.periods] == [None, None]


def test_a_task_belongs_to_the_workstream_of_its_parent_or_of_the_milestone_of_that_name():
    """Unless it is named itself; a ring of parents belongs to none."""
    milestone = MilestoneFacts(7, " cloud ", 1, None, None, complete=False, depends_on=(), tickets=())
    plan = replace(PLAN, workstreams=(Workstream("Network", tasks=("1", "4")), Workstream("Cloud")))
    facts = project(
        task(1, summary=True),
        task(2, parent="1"),
        task(3, milestone=7),
        task(4, milestone=7),
        task(5, parent="6"),
        task(6, parent="5"),
        milestones=(milestone,),
    )
    assert streams_of(facts, plan) == {"1": "Network", "2": "Network", "3": "Cloud", "4": "Network"}


def test_workstreams_that_plan_more_than_the_budget_are_told():
    """The parts cannot be more than the whole."""
    plan = replace(PLAN, workstreams=(Workstream("A", cost=Decimal(1500)), Workstream("B", cost=Decimal(900))))
    reasons = health(measured(FACTS, plan), shipped_policy()).reasons
    (found,) = [one for one in reasons if one.code == "workstreams_over"]
    assert found.amount is not None
    assert found.amount.to_json() == {"amount": "400.00", "currency": "CAD"}


def test_an_absurd_plan_is_told_without_its_cells():
    """Two hundred workstreams over five hundred periods would be a hundred thousand cells of one project."""
    streams = tuple(Workstream(f"S{number}", tasks=(str(number),)) for number in range(200))
    periods = tuple(Period(START + timedelta(days=day), Decimal(2000)) for day in range(1, 501))
    status = measured(FACTS, replace(PLAN, workstreams=streams, periods=periods))
    assert len(status.periods) == 500
    assert {one.periods for one in status.streams} == {()}
    assert sum((one.ev for one in status.streams if one.ev is not None), Decimal(0)) == status.figures.ev


TIMES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4000), st.integers(0, 10**6)), max_size=3)
TASKS = st.lists(
    st.tuples(
        st.integers(1, 3000),
        st.integers(0, 100),
        st.sampled_from(["A", "B", ""]),
        TIMES,
    ),
    min_size=1,
    max_size=8,
)


@given(TASKS, TIMES, st.integers(1, 10**7))
def test_the_parts_add_up_to_the_project_to_the_cent(rows, own, bac):
    """EV, AC and CV over workstreams; hours and cost over periods: whatever the numbers are."""

    def times(parts):
        unique = {number: (number, f"{hours / 100}", f"{cost / 1000}") for number, hours, cost in parts}
        return booked(*(unique[number] for number in sorted(unique)))

    tasks = [
        task(number, hours=f"{hours / 100}", done=f"{done / 100}", spent=times(spent))
        for number, (hours, done, _, spent) in enumerate(rows, 1)
    ]
    streams = tuple(
        Workstream(name, tasks=tuple(str(at) for at, row in enumerate(rows, 1) if row[2] == name))
        for name in ("A", "B")
    )
    plan = replace(BASE, bac=Decimal(bac) / 100, workstreams=streams)
    plan = replace(plan, periods=tuple(replace(one, pv=plan.bac) for one in plan.periods))
    facts = project(*tasks, own=times(own), money_actual=None)
    status = measured(facts, plan, datetime(2027, 6, 1, tzinfo=UTC))
    if status.figures.ac is None:
        return
    known = [one for one in status.streams if one.ev is not None]
    assert sum((one.ev for one in known), Decimal(0)) == status.figures.ev
    assert sum((one.ac for one in known), Decimal(0)) == status.figures.ac
    assert sum((one.cv for one in known), Decimal(0)) == status.figures.cv
    total = [one.time for one in facts.tasks] + [facts.own]
    assert sum((one.booked.hours for one in status.periods), Decimal(0)) == sum(
        (one.hours for one in total), Decimal(0)
    )
    assert status.periods[-1].ac is not None
    assert cents(status.periods[-1].ac) == status.figures.ac

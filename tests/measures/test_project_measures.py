"""What a project is measured as: value, cost, causes, slips, blockages, gates and its colour."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.measures.baseline import Baseline, Gate, Period, Workstream
from shared.measures.project_facts import MilestoneFacts, ProjectFacts, TaskFacts, TimeTotals
from shared.measures.project_health import health
from shared.measures.project_status import GateRecord, measure
from shared.measures.variance_causes import cents
from shared.measures.worktime import calendar
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 17, 0, tzinfo=UTC)
POLICY = shipped_policy()
OFFICE = calendar("mon-fri 09:00-17:00", "America/Toronto")
BASE = Baseline(
    "CAD",
    Decimal(2000),
    NOW - timedelta(days=14),
    (Period(NOW, Decimal(1000)), Period(NOW + timedelta(days=14), Decimal(2000))),
    accountable=(("owner", "Nora Fictive"),),
)


def time(hours="10", cost="500", **more) -> TimeTotals:
    return TimeTotals(entries=1, hours=Decimal(hours), cost=Decimal(cost), last_at=NOW - timedelta(hours=1), **more)


def task(number, hours="20", done="0.5", spent=None, **more) -> TaskFacts:
    values = {
        "id": str(number),
        "name": f"Part {number}",
        "hours": None if hours is None else Decimal(hours),
        "money": None,
        "completion": None if done is None else Decimal(done),
        "closed": False,
        "closed_at": None,
        "milestone": None,
        "summary": False,
        "time": spent or TimeTotals(),
    }
    return TaskFacts(**(values | more))


def project(*tasks, **more) -> ProjectFacts:
    values = {
        "id": "1",
        "name": "Server move",
        "customer": "12",
        "practice": "ps",
        "created_from": None,
        "start": None,
        "closed": False,
        "closed_at": None,
        "completion": None,
        "money_actual": None,
        "money_budget": None,
        "hours_budget": None,
        "hours_actual": None,
        "currency": None,
        "tasks": tasks,
        "milestones": (),
        "own": TimeTotals(),
        "updated": NOW,
    }
    return ProjectFacts(**(values | more))


def measured(facts, baseline=BASE, **more):
    return measure(facts, baseline, NOW, OFFICE, **more)


def rating(facts, baseline=BASE, **more):
    return health(measured(facts, baseline, **more), POLICY)


GOOD = project(task(1, spent=time("10", "450")), task(2, spent=time("10", "450")))


def test_tasks_share_the_budget_by_their_hours():
    """Twenty of forty hours half done earn a quarter of the budget."""
    status = measured(project(task(1, done="0.5", spent=time()), task(2, done="0")))
    assert status.figures.ev == Decimal(500)
    assert status.done.source == "tasks"
    assert status.cost.source == "time"


def test_task_budgets_count_before_hours():
    """Where every task has its own money, that is its planned value."""
    status = measured(project(task(1, money=Decimal(1500), done="1"), task(2, money=Decimal(500), done="0")))
    assert status.figures.ev == Decimal(1500)


def test_tasks_added_later_do_not_raise_the_budget():
    """Budgets of tasks beyond the baseline share it, so that everything done earns exactly the budget."""
    status = measured(project(task(1, money=Decimal(3000), done="1"), task(2, money=Decimal(1000), done="1")))
    assert status.figures.ev == Decimal(2000)


def test_without_tasks_the_percentage_counts():
    """And the project's own cost figure, both named as sources."""
    status = measured(project(completion=Decimal("0.4"), money_actual=Decimal(900)))
    assert (status.figures.ev, status.figures.ac) == (Decimal(800), Decimal(900))
    assert (status.done.source, status.cost.source) == ("projectcompletionpercentage", "projectmoneyactual")
    assert [cause.code for cause in status.causes] == ["not_broken_down"]


def test_a_project_on_plan_is_green():
    """On plan, under budget, everything known."""
    score = rating(GOOD)
    assert (score.rating, score.tags, score.confidence) == ("green", (), Decimal("1.00"))


def test_without_a_baseline_nothing_is_green():
    """However good it looks."""
    score = rating(GOOD, None)
    assert score.rating == "unknown"
    assert score.tags == ("no_baseline",)


@pytest.mark.parametrize(("cost", "expected"), [("499", "green"), ("510", "amber"), ("530", "red")])
def test_burn_thresholds_colour_the_cost(cost, expected):
    """EAC over BAC above 1.00 is amber, above 1.05 red."""
    score = rating(project(task(1, spent=time("10", cost)), task(2, spent=time("10", cost))))
    assert score.rating == expected
    assert ("cost_over" in score.tags) == (expected != "green")


@pytest.mark.parametrize(("done", "expected"), [("0.5", "green"), ("0.2", "amber"), ("0.0", "amber")])
def test_slip_is_told_in_working_days(done, expected):
    """More than five working days behind is amber, and so are ten: red begins after them."""
    score = rating(project(task(1, done=done, spent=time("1", "1"))))
    assert score.rating == expected


def test_slip_over_ten_working_days_is_red():
    """The same with a longer past."""
    long = replace(BASE, start=NOW - timedelta(days=60))
    assert rating(project(task(1, done="0.1", spent=time("1", "1"))), long).rating == "red"


def test_a_late_milestone_slips():
    """Days past its target date count when it is not complete."""
    late = MilestoneFacts(1, "Design", 1, None, NOW - timedelta(days=20), complete=False, depends_on=(), tickets=())
    score = rating(replace(GOOD, milestones=(late,)))
    assert (score.rating, score.tags) == ("red", ("schedule_slip",))
    assert rating(replace(GOOD, milestones=(replace(late, complete=True),))).rating == "green"


def test_a_milestone_without_a_date_is_never_green():
    """Nobody can say whether it is late."""
    score = rating(
        replace(GOOD, milestones=(MilestoneFacts(1, "", 1, None, None, complete=False, depends_on=(), tickets=()),))
    )
    assert (score.rating, score.tags) == ("unknown", ("milestone_undated",))


def test_a_blocked_dependency_is_told_by_its_age():
    """Six days of waiting is over the limit of five, four are not."""
    first = MilestoneFacts(1, "Design", 1, None, NOW + timedelta(days=3), complete=False, depends_on=(), tickets=())
    for days, expected in ((6, "amber"), (4, "green")):
        second = MilestoneFacts(
            2,
            "Build",
            2,
            NOW - timedelta(days=days),
            NOW + timedelta(days=9),
            complete=False,
            depends_on=(1,),
            tickets=(),
        )
        assert rating(replace(GOOD, milestones=(first, second))).rating == expected


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (project(task(1, hours=None, spent=time())), "estimate_missing"),
        (project(task(1, hours="-5", spent=time())), "estimate_missing"),
        (project(task(1, spent=time("10", "450")), task(2, hours=None, spent=time("10", "450"))), "estimate_missing"),
        (project(task(1, done=None, spent=time())), "completion_invalid"),
        (project(task(1, spent=time("10", "900", negative=1))), "hours_negative"),
        (project(task(1, spent=time("10", "900", early=2))), "time_before_start"),
        (project(task(1, spent=time("10", "900", undated=1))), "time_undated"),
        (project(task(1, spent=time("10", "0", uncosted=Decimal(10)))), "cost_rate_missing"),
        (project(task(1)), "cost_missing"),
        (project(), "progress_missing"),
        (replace(GOOD, currency="EUR"), "currency_mix"),
    ],
)
def test_bad_input_is_unknown_with_a_sentence_and_never_green(facts, code):
    """Each kind of bad input is named by its code in words a project manager understands."""
    score = rating(facts)
    assert score.rating == "unknown"
    assert code in score.tags
    assert all(reason.text.endswith(".") and len(reason.text) > 20 for reason in score.reasons)


def test_a_baseline_in_another_currency_than_our_costs_is_never_green():
    """Costs have no currency in HaloPSA; policy says which it is."""
    score = rating(GOOD, replace(BASE, currency="USD"))
    assert (score.rating, score.tags) == ("unknown", ("currency_mix",))


def test_nobody_accountable_is_told_but_does_not_colour():
    """Cost and schedule are judged on their own."""
    score = rating(GOOD, replace(BASE, accountable=()))
    assert (score.rating, score.tags) == ("green", ("no_accountable",))
    half = replace(
        BASE, workstreams=(Workstream("Network"), Workstream("Cloud")), accountable=(("Network", "Nora Fictive"),)
    )
    assert rating(GOOD, half).tags == ("no_accountable",)


def test_a_late_finish_stays_late():
    """At completion SPI is 1.0, SPI(t) is not, however long ago it ended."""
    ended = NOW + timedelta(days=28)
    facts = project(
        task(1, done="1", closed=True, closed_at=ended, spent=time("40", "1900")), closed=True, closed_at=ended
    )
    for later in (ended, ended + timedelta(days=365)):
        status = measure(facts, BASE, later, OFFICE)
        assert status.figures.spi == 1
        assert status.schedule.spi_t == Decimal(2) / 3
        assert status.slip_days == 10


def test_causes_name_hours_rate_and_unplanned_work():
    """Hours at the planned rate, the difference in rate, and time nobody planned."""
    facts = project(task(1, spent=time("14", "840")), task(2, done="0"), own=time("2", "120"))
    status = measured(facts)
    amounts = {cause.code: cause.amount for cause in status.causes}
    assert amounts == {"task_hours": Decimal(-200), "rate_difference": Decimal(-140), "unplanned_work": Decimal(-120)}
    assert sum(amounts.values()) == status.figures.cv == Decimal(-460)


def test_tasks_of_a_workstream_are_one_cause():
    """The baseline's workstreams group their tasks."""
    plan = replace(BASE, workstreams=(Workstream("Network", tasks=("1", "2")),))
    status = measured(project(task(1, spent=time("14", "700")), task(2, spent=time("10", "500"))), plan)
    assert status.causes[0].cause.startswith("Workstream Network took")
    assert status.causes[0].amount == Decimal(-200)


@given(
    tasks=st.lists(
        st.tuples(
            st.integers(0, 80), st.integers(0, 100), st.decimals("0", "90", places=2), st.decimals("0", "200", places=3)
        ),
        min_size=0,
        max_size=25,
    ),
    own=st.decimals("0", "999", places=2),
    bac=st.decimals("0.01", "99999", places=2),
)
def test_causes_add_up_to_the_cost_variance_to_the_cent(tasks, own, bac):
    """Whatever the tasks, hours and rates, with its sign."""
    parts = tuple(
        task(number, hours=str(hours), done=str(Decimal(done) / 100), spent=time(str(spent), str(spent * rate)))
        for number, (hours, done, spent, rate) in enumerate(tasks, 2)
    )
    facts = project(*parts, own=time("3", str(own)), completion=Decimal("0.37"), hours_budget=Decimal(40))
    plan = replace(BASE, bac=bac, periods=(Period(NOW, bac),))
    status = measured(facts, plan)
    if status.figures.cv is None:
        assert status.causes == ()
        return
    total = sum((cause.amount for cause in status.causes), Decimal(0))
    assert total == status.figures.cv
    assert all(cause.amount == cents(cause.amount) for cause in status.causes)


def gated(**more):
    design = MilestoneFacts(1, "Design", 1, None, NOW - timedelta(days=2), complete=True, depends_on=(), tickets=())
    build = MilestoneFacts(2, "Build", 2, None, NOW + timedelta(days=20), complete=False, depends_on=(1,), tickets=())
    facts = replace(
        GOOD,
        milestones=(design, build),
        tasks=(task(1, milestone=1, spent=time("10", "450")), task(2, milestone=2, spent=time("10", "450"))),
    )
    return rating(facts, replace(BASE, gates=(Gate("Design"),)), **more)


@pytest.mark.parametrize(
    ("record", "tags"),
    [
        (None, ("gate_skipped", "gate_incomplete")),
        (GateRecord("submitted", "a-1"), ("gate_skipped",)),
        (GateRecord("rejected", "a-1", "hold"), ("gate_skipped", "gate_incomplete")),
        (GateRecord("approved", "a-1"), ()),
    ],
)
def test_work_behind_a_gate_needs_its_approval(record, tags):
    """Begun work behind it is a skipped gate until two persons have approved it."""
    score = gated(gates={"Design": record} if record else {})
    assert score.tags == tags


def test_a_gate_without_a_milestone_goes_by_its_date():
    """Time after its due date is work behind it."""
    plan = replace(BASE, gates=(Gate("Go live", due=NOW - timedelta(days=1)),))
    assert "gate_skipped" in rating(GOOD, plan).tags


def test_a_closed_project_needs_its_review():
    """Until it is recorded."""
    tasks = tuple(replace(one, closed=True, closed_at=NOW) for one in GOOD.tasks)
    closed = replace(GOOD, closed=True, closed_at=NOW, tasks=tasks)
    assert rating(closed).tags == ("closeout_missing",)
    assert rating(closed, reviewed=True).tags == ()


@pytest.mark.parametrize(
    ("counted", "told"), [("20", False), ("20.2", False), ("20.3", True), ("19", False), (None, False)]
)
def test_hours_that_halopsa_counts_and_nobody_read_are_missed(counted, told):
    """A cost that is too low is never green; a difference within one per cent is rounding."""
    spent = time("10", "450"), time("9", "450", later=Decimal(1))
    facts = project(task(1, spent=spent[0]), task(2, spent=spent[1]), hours_actual=counted and Decimal(counted))
    score = rating(facts)
    assert ("hours_missing" in score.tags, score.rating) == (told, "unknown" if told else "green")

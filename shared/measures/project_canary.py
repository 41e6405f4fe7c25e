"""Synthetic projects that break a rule on purpose: a control that does not catch them is broken itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from shared.measures.baseline import Baseline, Gate, Period
from shared.measures.project_facts import MilestoneFacts, ProjectFacts, TaskFacts, TimeTotals
from shared.measures.project_status import ProjectStatus, measure
from shared.measures.worktime import calendar
from shared.policy.document import Policy


def unplanned(policy: Policy, now: datetime) -> ProjectStatus:
    """No baseline."""
    return _measured(_facts(now), None, policy, now)


def overspent(policy: Policy, now: datetime) -> ProjectStatus:
    """Half done at twice the planned cost."""
    return _measured(_facts(now), _baseline(policy, now), policy, now)


def skipped(policy: Policy, now: datetime) -> ProjectStatus:
    """Work behind a gate that nobody approved."""
    gate = Gate("Design", "1", now - timedelta(days=1))
    return _measured(_facts(now), _baseline(policy, now, gate), policy, now)


def unreviewed(policy: Policy, now: datetime) -> ProjectStatus:
    """Closed without its review."""
    return _measured(_facts(now, closed=True), _baseline(policy, now), policy, now)


def _measured(facts: ProjectFacts, baseline: Baseline | None, policy: Policy, now: datetime) -> ProjectStatus:
    service = policy.service
    return measure(facts, baseline, now, calendar(service.calendar, service.time_zone, service.holidays))


def _baseline(policy: Policy, now: datetime, *gates: Gate) -> Baseline:
    return Baseline(
        currency=policy.service.currency,
        bac=Decimal(1000),
        start=now - timedelta(days=10),
        periods=(Period(now, Decimal(500)), Period(now + timedelta(days=10), Decimal(1000))),
        gates=gates,
        accountable=(("owner", "Nora Fictive"),),
    )


def _facts(now: datetime, *, closed: bool = False) -> ProjectFacts:
    time = TimeTotals(entries=1, hours=Decimal(20), cost=Decimal(2000), last_at=now - timedelta(hours=1))
    task = TaskFacts(
        "2",
        "Build",
        Decimal(10),
        None,
        Decimal("0.5"),
        closed=False,
        closed_at=None,
        milestone=2,
        summary=False,
        time=time,
    )
    first = MilestoneFacts(1, "Design", 1, None, now - timedelta(days=1), complete=False, depends_on=(), tickets=())
    second = MilestoneFacts(
        2, "Build", 2, None, now + timedelta(days=9), complete=False, depends_on=(1,), tickets=("2",)
    )
    return ProjectFacts(
        id="1",
        name="Canary",
        customer=None,
        practice=None,
        created_from=None,
        start=now - timedelta(days=10),
        closed=closed,
        closed_at=now if closed else None,
        completion=None,
        money_actual=None,
        money_budget=None,
        hours_budget=None,
        hours_actual=None,
        currency=None,
        tasks=(task,),
        milestones=(first, second),
        own=TimeTotals(),
        updated=now,
    )

"""Figures of projects over a period, from what the status runs recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.measures.kpis import Period
from shared.procedures import projects
from shared.procedures.project_figures import project_figures
from tests.harness.delivery import BASELINE, NORA, project_rows, run_of
from tests.harness.services import FakeServices

START = datetime(2026, 11, 9, tzinfo=UTC)


def figures(services, days):
    period = Period(START, START + timedelta(days=days))
    return project_figures(services, period, wants=lambda _practice, _customer: True)[None]


def measured(services, *, spent, complete):
    rows = project_rows(
        milestones=[{"id": 1, "name": "Design", "target_date": "2026-11-13T00:00:00Z", "_complete": complete}]
    )
    rows["Actions"][1]["timetaken"] = spent
    services.mirror.load(rows, services.clock.now())
    projects.project_status_run(services, run_of("project_status", services))


def test_figures_are_those_known_at_the_end_of_the_period():
    """A later measurement does not change what an earlier period says."""
    services = FakeServices()
    services.mirror.load(project_rows(), services.clock.now())
    projects.put_baseline(services, NORA, "100", BASELINE)
    measured(services, spent=12.5, complete=False)
    services.clock.advance(days=3)
    measured(services, spent=60.0, complete=True)
    early, late = figures(services, 8), figures(services, 14)
    assert round(early["budget_variance"].whole.value or 0, 4) == -0.1
    assert round(late["budget_variance"].whole.value or 0, 4) == 1.8
    assert (early["on_time_milestone_rate"].whole.n, early["on_time_milestone_rate"].whole.value) == (1, 0.0)
    assert late["on_time_milestone_rate"].whole.n == 1


def test_a_project_measured_only_later_counts_as_known_now():
    """Better than nothing, and told as restated once it changes."""
    services = FakeServices()
    services.mirror.load(project_rows(), services.clock.now())
    projects.put_baseline(services, NORA, "100", BASELINE)
    assert figures(services, 2)["budget_variance"].whole.n == 0
    measured(services, spent=12.5, complete=False)
    assert figures(services, 2)["budget_variance"].whole.n == 1


def test_no_register_row_is_read_twice_for_the_newest_figures():
    """The list's own row holds what they need: two thousand projects are not two thousand reads."""
    services = FakeServices()
    services.mirror.load(project_rows(), services.clock.now())
    projects.put_baseline(services, NORA, "100", BASELINE)
    measured(services, spent=12.5, complete=False)
    scans = []
    scan = services.rows.scan
    services.rows.scan = lambda *args, **more: scans.append(more.get("partition")) or scan(*args, **more)
    figures(services, 14)
    assert "project_status" not in scans

"""Which parts of what was read each figure of a project is computed from."""

from __future__ import annotations

from functools import lru_cache

from shared.measures.project_status import ProjectStatus
from shared.measures.task_value import PERCENTAGE, TIME

PARTS = {
    "project": "the project's own row, its milestones among it",
    "tasks": "the tickets below the project",
    "time": "the time entries that count",
    "time_left_out": "time entries that do not count: negative, undated, later, or not readable",
    "rates": "cost rates of who booked the time",
    "customer": "the customer's currency",
    "baseline": "the baseline in force",
    "gates": "requests and decisions of stage gates",
    "reads": "the newest observation of each list: how fresh it is",
}
"""Every part, and what it is."""


def figure_parts(status: ProjectStatus) -> dict[str, list[str]]:
    """Names of parts by figure, in the order of ``PARTS``. A part that is named has rows only where there are any.

    The answer is shared, so not to be changed.
    """
    by_percentage = status.done is not None and status.done.source == PERCENTAGE
    return _figure_parts(by_percentage, status.cost.source == TIME)


@lru_cache
def _figure_parts(by_percentage: bool, by_time: bool) -> dict[str, list[str]]:
    plan = frozenset({"baseline"})
    ev = plan | ({"project"} if by_percentage else {"tasks"})
    ac = frozenset({"time", "rates"} if by_time else {"project", "time"})
    ended = frozenset({"project", "tasks"})
    schedule, cost = ev | ended, ev | ac
    work = plan | ac | {"tasks", "time", "rates"}
    found = (
        (plan, ("bac", "pv", "planned_duration")),
        (ev, ("ev", "sv", "spi")),
        (ac, ("ac",)),
        (cost, ("cv", "cpi", "eac", "etc", "vac", "tcpi", "burn", "cone")),
        (schedule, ("es", "at", "sv_t", "spi_t", "eac_t", "finish_forecast", "finished_at", "slip_days")),
        (schedule | ac, ("duration_cone",)),
        (cost | work, ("causes", "workstreams", "periods", "tasks")),
        (ended, ("milestones", "blockages", "resources")),
        (ended | plan | {"time", "gates"}, ("gates",)),
        (frozenset({"tasks", "time"}), ("hours",)),
        (frozenset({"project"}), ("closed", "closed_at")),
        (frozenset(PARTS), tuple(f"health.{name}" for name in ("rating", "confidence", "doubts", "tags", "reasons"))),
    )
    return {figure: [part for part in PARTS if part in parts] for parts, named in found for figure in named}

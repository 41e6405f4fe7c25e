"""When a project needs a change order or somebody's word that the cost is absorbed: over its budget, or outside its plan."""

from __future__ import annotations

from decimal import Decimal

from shared.measures.money import shown
from shared.measures.project_facts import ZERO
from shared.measures.project_signals import burn_limits
from shared.measures.project_status import ProjectStatus
from shared.measures.task_value import TIME
from shared.measures.variance_causes import cents
from shared.policy.document import Policy


def change_due(status: ProjectStatus, policy: Policy) -> str | None:
    """What asks for it, in a sentence; None where nothing does, or nothing is known."""
    baseline = status.baseline
    if baseline is None or status.facts.closed:
        return None
    found = []
    eac, outside = status.figures.eac, unplanned(status)
    if eac is not None and eac / baseline.bac > burn_limits(status, policy).red:
        found.append(f"the forecast is {shown(cents(eac - baseline.bac), baseline.currency)} over the budget")
    if outside is not None and outside / baseline.bac > policy.project.unplanned_share:
        found.append(f"work outside the plan has cost {shown(cents(outside), baseline.currency)}")
    if not found:
        return None
    return f"Change order or absorb it: {' and '.join(found)}."


def unplanned(status: ProjectStatus) -> Decimal | None:
    """Cost of time on tasks without a planned value and on the project itself; None where the plan is not in tasks."""
    if status.cost.source != TIME or status.done is None or not status.done.planned:
        return None
    facts, planned = status.facts, status.done.planned
    tasks = sum((task.time.cost for task in facts.tasks if not task.summary and task.id not in planned), ZERO)
    return tasks + facts.own.cost

"""Red, amber, green or unknown, with a confidence that says what it rests on, and risk tags."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from shared.measures.project_signals import AMBER, OPEN, RED, UNKNOWN, signals
from shared.measures.project_status import ProjectStatus
from shared.measures.task_value import TASKS, TIME
from shared.model import Reason
from shared.policy.document import Policy


@dataclass(frozen=True, slots=True)
class Health:
    """The score people see."""

    rating: str
    confidence: Decimal
    """Share of the inputs that are fresh and complete."""
    doubts: tuple[str, ...]
    """What lowers the confidence, in sentences."""
    tags: tuple[str, ...]
    reasons: tuple[Reason, ...]


def health(status: ProjectStatus, policy: Policy) -> Health:
    """The rating. Without a baseline, and without both a cost and a schedule figure, it is never green."""
    found = signals(status, policy)
    levels = {one.level for one in found}
    measured = status.figures.cpi is not None and status.schedule is not None and status.schedule.spi_t is not None
    if RED in levels:
        rating = RED
    elif AMBER in levels:
        rating = AMBER
    elif status.baseline is None or not measured or levels & {OPEN, UNKNOWN}:
        rating = UNKNOWN
    else:
        rating = "green"
    sure, doubts = confidence(status, policy)
    tags = tuple(dict.fromkeys(one.reason.code for one in found))
    return Health(rating, sure, doubts, tags, tuple(one.reason for one in found))


def confidence(status: ProjectStatus, policy: Policy) -> tuple[Decimal, tuple[str, ...]]:
    """The share of inputs that are there, complete and fresh, and a sentence for each that is not."""
    faults = {
        fault.code
        for fault in (*status.facts.faults, *status.cost.faults, *(status.done.faults if status.done else ()))
    }
    newest = max(
        (
            at
            for at in (
                status.facts.updated,
                status.facts.own.last_at,
                *(task.time.last_at for task in status.facts.tasks),
            )
            if at is not None
        ),
        default=None,
    )
    checks = (
        (status.baseline is not None, "There is no baseline."),
        (status.done is not None and status.done.source == TASKS, "Progress does not come from tasks."),
        (
            not faults & {"estimate_missing", "completion_invalid", "progress_missing"},
            "Progress or estimates have gaps.",
        ),
        (status.cost.source == TIME, "Cost does not come from time entries."),
        (
            not faults & {"cost_rate_missing", "hours_negative", "time_before_start", "time_undated", "hours_missing"},
            "Some time entries are missing or cannot be trusted.",
        ),
        (not status.undated, "Some milestones have no date."),
        (not faults & {"record_unreadable"}, "Some records could not be read."),
        (
            status.finished_at is not None or _fresh(newest, status.as_of, policy),
            f"Nothing was updated for more than {policy.project.stale_days} days.",
        ),
    )
    met = sum(1 for good, _ in checks if good)
    share = (Decimal(met) / len(checks)).quantize(Decimal("0.01"))
    return share, tuple(text for good, text in checks if not good)


def _fresh(newest: datetime | None, as_of: datetime, policy: Policy) -> bool:
    return newest is not None and as_of - newest <= timedelta(days=policy.project.stale_days)

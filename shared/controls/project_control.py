"""Control: every open project runs against a frozen baseline, within cost, schedule and dependency limits."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.project_canary import overspent, unplanned
from shared.measures.project_signals import AMBER, NOTE, OPEN, RED, Signal, control_signals
from shared.measures.project_status import ProjectStatus
from shared.model import Role, Severity, Verdict
from shared.policy.document import Policy

FRAMEWORKS = ("psf@1.1:D4", "psf@1.1:D6", "pai8@2026:C4/002", "pai8@2026:C6/002")


def judgement(found: tuple[Signal, ...], **more: Any) -> Judgement:
    """Fail on what must be put right, unknown on what cannot be told, pass when there is neither."""
    if not found:
        return Judgement(Verdict.PASS, **more)
    levels = {one.level for one in found}
    fails = levels & {RED, AMBER, OPEN, NOTE}
    severity = Severity.HIGH if RED in levels else Severity.MEDIUM
    reasons = tuple(one.reason for one in found)
    return Judgement(Verdict.FAIL if fails else Verdict.UNKNOWN, reasons, severity, **more)


def _judge(facts: ProjectStatus, policy: Policy, now: datetime) -> Judgement:
    figures = facts.figures
    detail = {
        name: f"{value:.4f}" if isinstance(value, Decimal) else None
        for name, value in (("spi", figures.spi), ("cpi", figures.cpi), ("slip_days", facts.slip_days))
    }
    found = control_signals(facts, policy)
    owner = next((who for _, who in (facts.baseline.accountable if facts.baseline else ()) if who), None)
    due = now + timedelta(days=policy.project.escalate_after_days[1]) if found else None
    return judgement(found, owner=owner, due=due, detail=detail)


CONTROL = Control(
    id="project_control",
    title="The project runs against a frozen baseline within its cost, schedule and dependency limits.",
    objective="Projects that drift are seen and answered while there is still time to correct them.",
    owner=Role.DELIVERY_MANAGER,
    subject_kind="project",
    cadence=Cadence.DAILY,
    needs=("Projects", "Tickets", "Actions", "Agent", "Client"),
    codes=(
        "no_baseline",
        "no_accountable",
        "workstreams_over",
        "cost_over",
        "schedule_slip",
        "dependency_blocked",
        "estimate_missing",
        "completion_invalid",
        "progress_missing",
        "cost_missing",
        "cost_rate_missing",
        "hours_negative",
        "hours_missing",
        "time_before_start",
        "time_undated",
        "milestone_undated",
        "currency_mix",
        "not_started",
        "record_unreadable",
        "stale_facts",
        "control_error",
    ),
    judge=_judge,
    frameworks=FRAMEWORKS,
    canaries=(
        Canary("project without a baseline", "no_baseline", unplanned),
        Canary("project at half its planned efficiency", "cost_over", overspent),
    ),
)

"""The figures by name: unit, which way is better, what they can be, what they count."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Unit(StrEnum):
    """What a value is counted in. Money figures are in the MSP's reporting currency."""

    HOURS = "hours"
    RATIO = "ratio"
    COUNT = "count"
    MONEY = "money"


class Better(StrEnum):
    """The direction in which a figure improves."""

    HIGHER = "increase"
    LOWER = "decrease"


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure. ``least`` and ``most`` are what it can be; None where there is no bound."""

    id: str
    label: str
    unit: Unit
    better: Better
    category: str
    counts: str
    """What ``n`` counts."""
    least: Decimal | None = Decimal(0)
    most: Decimal | None = None
    practices: tuple[str, ...] = ()
    """Practices it belongs to; empty means common to all."""

    def of(self, practice: str | None) -> bool:
        """Whether it is told of a practice (None: of all together)."""
        return practice is None or (self.id not in TOGETHER and practice in (self.practices or (practice,)))


def _kpi(
    kpi_id: str,
    label: str,
    unit: Unit,
    better: Better,
    category: str,
    counts: str,
    *,
    signed: bool = False,
    practices: tuple[str, ...] = (),
) -> Kpi:
    most = Decimal(1) if unit is Unit.RATIO else None
    return Kpi(
        kpi_id,
        label,
        unit,
        better,
        category,
        counts,
        least=None if signed else Decimal(0),
        most=most,
        practices=practices,
    )


SERVICE, FLOW, MONEY, SECURITY, DELIVERY, HANDOFF, VALUE, TRUST = (
    "Service performance",
    "Operational hygiene",
    "Financial health",
    "MSSP discipline",
    "Project delivery",
    "Handoff",
    "Automation value",
    "Adoption and trust",
)
_H, _R, _C = Unit.HOURS, Unit.RATIO, Unit.COUNT
_UP, _DOWN = Better.HIGHER, Better.LOWER

TOGETHER: tuple[str, ...] = (
    "time_entry_compliance",
    "utilisation",
    "billable_hours",
    "billable_hours_per_engineer",
    "realisation",
    "agreement_profitability",
    "canary_effectiveness",
)
"""Told for all practices together only: agents' days would rank people, contracts and canaries belong to no practice."""

CATALOGUE: dict[str, Kpi] = {
    kpi.id: kpi
    for kpi in (
        _kpi(
            "first_response_hours", "Time to first response", _H, _DOWN, SERVICE, "tickets first answered in the period"
        ),
        _kpi(
            "assignment_hours",
            "Time to assignment",
            _H,
            _DOWN,
            FLOW,
            "tickets assigned in the period, passed on to nobody",
        ),
        _kpi("mttr_hours", "Time to resolve", _H, _DOWN, SERVICE, "tickets closed in the period"),
        _kpi(
            "sla_attainment", "Closed in time", _R, _UP, SERVICE, "tickets closed in the period and subject to an SLA"
        ),
        _kpi("sla_at_risk", "Past due or on course to miss", _C, _DOWN, SERVICE, "open tickets subject to an SLA"),
        _kpi("tickets_opened", "Tickets opened", _C, _DOWN, SERVICE, "tickets that occurred in the period"),
        _kpi("tickets_closed", "Tickets closed", _C, _UP, SERVICE, "tickets closed in the period"),
        _kpi("reopen_rate", "Reopened", _R, _DOWN, SERVICE, "tickets closed in the period"),
        _kpi("reassignments", "Reassignments per ticket", _C, _DOWN, SERVICE, "tickets closed in the period"),
        _kpi("unassigned", "Unassigned", _C, _DOWN, FLOW, "open tickets"),
        _kpi("stale", "Without action for days", _C, _DOWN, FLOW, "open tickets"),
        _kpi("no_next_action", "Without a next action", _C, _DOWN, FLOW, "open tickets"),
        _kpi("incomplete_closure", "Closed incompletely", _C, _DOWN, FLOW, "tickets closed in the period"),
        _kpi("time_entry_compliance", "Working time recorded", _R, _UP, MONEY, "agent days with a target"),
        Kpi("utilisation", "Working time that is chargeable", _R, _UP, MONEY, "agent days with a target"),
        _kpi("billable_hours", "Chargeable hours worked", _H, _UP, MONEY, "chargeable time entries of the period"),
        _kpi(
            "billable_hours_per_engineer",
            "Chargeable hours per engineer",
            _H,
            _UP,
            MONEY,
            "people with working time in the period",
        ),
        _kpi("unbilled_hours", "Chargeable hours not invoiced", _H, _DOWN, MONEY, "chargeable time entries"),
        _kpi("billing_exceptions", "Billing exceptions open", _C, _DOWN, MONEY, "invoices checked"),
        _kpi("realisation", "Chargeable hours invoiced", _R, _UP, MONEY, "chargeable time entries of the period"),
        _kpi("agreement_profitability", "Margin on agreements", _R, _UP, MONEY, "agreements invoiced", signed=True),
        _kpi(
            "project_margin",
            "Margin on projects",
            _R,
            _UP,
            MONEY,
            "projects with revenue and cost",
            signed=True,
            practices=("ps",),
        ),
        _kpi(
            "severity_accuracy",
            "Severity right at first",
            _R,
            _UP,
            SECURITY,
            "security incidents closed in the period",
            practices=("mssp",),
        ),
        _kpi(
            "escalation_compliance",
            "Escalated in time",
            _R,
            _UP,
            SECURITY,
            "incidents of an escalation priority",
            practices=("mssp",),
        ),
        _kpi(
            "evidence_completion",
            "Evidence complete",
            _R,
            _UP,
            SECURITY,
            "security incidents closed in the period",
            practices=("mssp",),
        ),
        _kpi(
            "incident_age_hours",
            "Age of open incidents",
            _H,
            _DOWN,
            SECURITY,
            "open security incidents",
            practices=("mssp",),
        ),
        _kpi(
            "client_notification_compliance",
            "Client told by the deadline",
            _R,
            _UP,
            SECURITY,
            "security incidents whose deadline lies in the period",
            practices=("mssp",),
        ),
        _kpi(
            "on_time_milestone_rate",
            "Milestones on time",
            _R,
            _UP,
            DELIVERY,
            "milestones due in the period",
            practices=("ps",),
        ),
        Kpi(
            "budget_variance",
            "Forecast over budget",
            _R,
            _DOWN,
            DELIVERY,
            "projects with a baseline",
            least=Decimal(-1),
            most=None,
            practices=("ps",),
        ),
        _kpi(
            "gross_margin_accuracy",
            "Gross margin as planned",
            _R,
            _UP,
            DELIVERY,
            "projects with a planned margin",
            practices=("ps",),
        ),
        _kpi(
            "handoff_completeness",
            "Handoffs complete at first submission",
            _R,
            _UP,
            HANDOFF,
            "handoffs submitted in the period",
            practices=("ps",),
        ),
        _kpi(
            "kickoff_delay_rate",
            "Kickoffs delayed",
            _R,
            _DOWN,
            HANDOFF,
            "projects handed over in the period",
            practices=("ps",),
        ),
        _kpi(
            "scope_change_frequency",
            "Scope changes per project",
            _C,
            _DOWN,
            HANDOFF,
            "projects in delivery",
            practices=("ps",),
        ),
        _kpi("automated_updates", "Updates sent by automation", _C, _UP, VALUE, "actions in the period"),
        _kpi("manual_steps_removed", "Manual steps removed", _C, _UP, VALUE, "automations delivered"),
        _kpi("hours_saved", "Hours saved, as estimated", _H, _UP, VALUE, "automations delivered"),
        _kpi("cycle_time_hours", "Cycle time", _H, _DOWN, VALUE, "tickets closed in the period"),
        _kpi("workflow_usage", "Under a workflow", _R, _UP, TRUST, "tickets that occurred in the period"),
        _kpi("override_rate", "Findings overridden", _R, _DOWN, TRUST, "failing findings"),
        _kpi("false_positive_rate", "False positives", _R, _DOWN, TRUST, "findings people gave feedback on"),
        _kpi("canary_effectiveness", "Canaries caught", _R, _UP, TRUST, "canaries run"),
    )
}
"""All figures in the order of the contract."""

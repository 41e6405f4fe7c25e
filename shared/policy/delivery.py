"""Policy of delivery: project thresholds, and what a closed-won handoff must hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from shared.policy.section import Days, Number, Section, Share


class ProjectPolicy(Section):
    """When a project is amber or red, and who hears of it."""

    burn_amber: Number = Decimal("1.00")
    """EAC / BAC above which cost is amber."""
    burn_red: Number = Decimal("1.05")
    slip_amber_days: Days = 5
    """Working days behind the earned schedule or a milestone's target."""
    slip_red_days: Days = 10
    blockage_days: Days = 5
    stale_days: Days = 7
    """Without a task or time update for longer, confidence falls."""
    change_materiality: Number = Decimal("5000.00")
    """A change order that moves the budget by more takes two persons; in the baseline's currency."""
    unplanned_share: Share = Decimal("0.10")
    """Cost of work outside the plan, over the budget, above which a change order is to be decided."""
    escalate_after_days: tuple[int, int, int] = (0, 2, 5)
    """Age of a red finding at which owner, approver and director are told."""
    response_hours: Annotated[int, Field(ge=1, le=8760)] = 24
    """Within so many hours of being told, somebody has a plan; measured, not enforced."""


class Won(Section):
    """What 'closed won' means in this tenant."""

    status_id: tuple[int, ...] = (9,)
    converted: bool = True
    """oppconverteddate must be set."""


class HandoffFields(Section):
    """Labels of the opportunity's custom fields."""

    assumptions: str = "Delivery assumptions"
    dependencies: str = "Dependencies"
    acceptance: str = "Acceptance criteria"
    source_scope: str = "Scope link"
    source_margin: str = "Margin link"
    source_assumptions: str = "Assumptions link"
    source_dependencies: str = "Dependencies link"
    source_acceptance: str = "Acceptance link"


class HandoffTemplate(Section):
    """Which HaloPSA template a project is created from; ``*`` matches anything."""

    service: str = "*"
    deal: str = "*"
    template_id: Annotated[int, Field()] = 501


class HandoffPolicy(Section):
    """See the contract's section 8 for the meaning of each key."""

    margin_floor: Share = Decimal("0.25")
    opportunity_types: tuple[int, ...] = (30,)
    won: Won = Won()
    project_type: int = 40
    task_type: int = 41
    kickoff_subject: str = "Kickoff"
    fields: HandoffFields = HandoffFields()
    templates: tuple[HandoffTemplate, ...] = (HandoffTemplate(),)

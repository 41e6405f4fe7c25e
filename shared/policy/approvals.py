"""Policy of approvals: who may say yes to what, and for how long a request stands."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.model import Role
from shared.policy.section import Section


class ApprovalPolicy(Section):
    """Deciding roles per kind of approval; every kind the service opens is listed here."""

    expiry_hours: Annotated[int, Field(ge=1)] = 72
    roles: dict[str, tuple[Role, ...]] = {
        "invoice_release": (Role.FINANCE,),
        "billing_validation": (Role.FINANCE,),
        "handoff_signoff": (Role.DELIVERY_MANAGER,),
        "handoff_exception": (Role.DELIVERY_MANAGER, Role.SALES_MANAGER, Role.PRACTICE_MANAGER),
        "stage_gate": (Role.DELIVERY_MANAGER, Role.PRACTICE_MANAGER),
        "change_order": (Role.DELIVERY_MANAGER, Role.PRACTICE_MANAGER),
        "override": (Role.PRACTICE_MANAGER, Role.STEERING_MEMBER),
        "customer_communication": (Role.INCIDENT_COMMANDER,),
    }
    two_persons: tuple[str, ...] = ("handoff_exception", "stage_gate")
    """Kinds that always take two persons; money kinds take two above materiality."""

    def deciding(self, kind: str) -> tuple[Role, ...]:
        """Roles that may decide this kind; empty when policy names none (then nobody can)."""
        return self.roles.get(kind, ())

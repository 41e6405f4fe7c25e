"""Policy of HaloPSA's configuration: where changes must come from, and how much of it is too much."""

from __future__ import annotations

from datetime import date

from shared.policy.section import Days, Section


class ConfigurationPolicy(Section):
    """Limits of sprawl are unconfirmed defaults."""

    uat_instances: tuple[int, ...] = ()
    """source_instance_id of the UAT tenants changes must be pushed from; empty until somebody says."""
    most_ticket_types: int = 12
    most_statuses: int = 20
    essential_types: tuple[str, ...] = ("Incident", "Service Request")
    """Ticket types a desk begins with; empty: none is asked for."""
    lifecycle: tuple[str, ...] = (
        "New",
        "In Triage",
        "In Progress",
        "Waiting on Customer",
        "Waiting on Vendor",
        "Resolved",
        "Closed",
    )
    """Statuses a ticket's life is told by, as this MSP calls them; empty: none is asked for."""
    uat_ends: date | None = None
    """Last day of the UAT tenant's licence, which is time-limited; None until somebody says."""
    uat_notice_days: Days = 30
    """So many days before, somebody has to decide what follows it."""

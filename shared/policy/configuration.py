"""Policy of HaloPSA's configuration: where changes must come from, and how much of it is too much."""

from __future__ import annotations

from shared.policy.section import Section


class ConfigurationPolicy(Section):
    """Limits of sprawl are unconfirmed defaults."""

    uat_instances: tuple[int, ...] = ()
    """source_instance_id of the UAT tenants changes must be pushed from; empty until somebody says."""
    most_ticket_types: int = 12
    most_statuses: int = 20

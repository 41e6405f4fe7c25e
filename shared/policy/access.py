"""Policy of permission reviews."""

from __future__ import annotations

from shared.policy.section import Days, Section


class AccessPolicy(Section):
    """Thresholds of credentials and use, and how long a campaign runs."""

    expiring_days: Days = 30
    too_long_days: Days = 365
    many_credentials: int = 2
    """More than this many at once is a risk."""
    unused_days: Days = 90
    campaign_days: Days = 30
    """Days from opening until the answers are due."""
    remind_days: Days = 7
    admin_roles: tuple[str, ...] = ("Administrator",)
    """Names of HaloPSA roles that count as administrator."""
    default_owner: str = ""
    """Entra oid of who answers for integrations without an owner."""

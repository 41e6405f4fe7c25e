"""Pages of Microsoft folded as they come: rows by collection and tenant, and what could not be read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from shared.model import JsonObject
from shared.ports import ReadPage

RESOURCES = (
    "servicePrincipals",
    "applications",
    "appRoleAssignments",
    "oauth2PermissionGrants",
    "servicePrincipalSignInActivities",
    "microsoftGraphActivityLogs",
    "roleAssignments",
)
"""In the order they should be read: principals first, so that their rights are asked of the fewest."""


@dataclass(slots=True)
class Reading:
    """Pages folded as they come: rows by collection and tenant, and what could not be read."""

    rows: defaultdict[tuple[str, str], list[JsonObject]] = field(default_factory=lambda: defaultdict(list))
    read: set[tuple[str, str]] = field(default_factory=set)
    failed: dict[tuple[str, str], int] = field(default_factory=dict)
    gone: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Principals that answered 404 when asked for their rights, by tenant."""

    def take(self, resource: str, page: ReadPage) -> None:
        """Fold one page in."""
        key = (resource, page.query.get("tenant", ""))
        if page.status < 400:
            self.rows[key].extend(page.rows)
            self.read.add(key)
        elif "resource" in page.query and page.status == 404:
            self.gone[key[1]].append(page.query["resource"])
        else:
            self.failed[key] = page.status

    def tenants(self) -> list[str]:
        """Every tenant that was asked, in the order of asking."""
        return list(dict.fromkeys(tenant for _, tenant in (*self.read, *self.failed)))

    def whole(self, resource: str, tenant: str) -> bool:
        """True when the collection was read to its end."""
        return (resource, tenant) not in self.failed

    def gaps(self) -> tuple[str, ...]:
        """What could not be read, in sentences."""
        return tuple(
            f"{resource} of tenant {tenant or '?'} could not be read (status {status})."
            for (resource, tenant), status in sorted(self.failed.items())
        )


def new_reading() -> Reading:
    """An empty one."""
    return Reading()

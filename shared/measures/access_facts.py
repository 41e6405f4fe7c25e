"""What a permission review stands on: integrations as read from Entra, Azure and HaloPSA, in one shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.model import JsonObject

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_LONGEST_NAME = 256
"""Microsoft's own limit."""


def plain_name(told: str | None, otherwise: str) -> str:
    """What somebody called it, on one line that every page and file can hold; ``otherwise`` where that is nothing."""
    name = _CONTROLS.sub(" ", told or "").strip() or otherwise
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


@dataclass(frozen=True, slots=True)
class Permission:
    """One right an integration holds. ``used`` None: no log says; ``tier`` None: nobody we trust has judged it."""

    value: str
    kind: str
    """application, delegated, halopsa or azure."""
    tier: int | None = None
    opinions: tuple[tuple[str, str], ...] = ()
    used: bool | None = None
    logged: bool = True
    """False where no call is known that it opens: that a log shows none says nothing against it."""
    resource: str = ""
    """The API it is a right on, or the scope it holds at."""
    commands: tuple[str, ...] = ()
    """What a person would run to take it away."""

    def to_json(self) -> JsonObject:
        """The contract's shape."""
        return {
            "value": self.value,
            "kind": self.kind,
            "tier": self.tier,
            "opinions": dict(self.opinions),
            "used": self.used,
            "resource": self.resource,
        }


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret, certificate or key by which an integration proves who it is."""

    id: str
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Integration:
    """One program that may act on our data, with what is known of it."""

    source: str
    tenant: str
    id: str
    object_id: str
    name: str
    permissions: tuple[Permission, ...] = ()
    credentials: tuple[Credential, ...] = ()
    owners: Mapping[str, str] | None = None
    """Names by id; None where the source knows no owners, empty when it knows them and there are none."""
    multi_tenant: bool = False
    unverified: bool = False
    consent_all: bool = False
    admin_agent: bool = False
    interactive: bool = False
    enabled: bool = True
    use_known: bool = False
    """True when activity was readable; only then can it be unused."""
    last_used: datetime | None = None
    since: datetime | None = None
    """Known to exist since; a newcomer is not unused."""
    least: tuple[str, ...] | None = None
    removable: tuple[tuple[str, int], ...] = ()
    commands: tuple[str, ...] = ()
    rights_known: bool = True
    """False when its rights were not told: then none being there proves nothing."""
    unknowns: tuple[str, ...] = ()
    """What could not be read of it, in sentences."""
    ours: bool = False

    @property
    def key(self) -> str:
        """Identity across readings."""
        return f"{self.source}\n{self.tenant}\n{self.object_id}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something one reading shows and another does not, or that has no readable form."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """One source read once. ``complete`` tenants are those where absence means it is gone."""

    source: str
    integrations: tuple[Integration, ...] = ()
    microsoft: int = 0
    unreadable: tuple[Unreadable, ...] = ()
    complete: frozenset[str] = frozenset()
    gaps: tuple[str, ...] = ()
    """What could not be read at all, in sentences."""

    def population(self) -> JsonObject:
        """Counts that add up: read = reviewed + microsoft + unreadable."""
        reviewed, unreadable = len(self.integrations), len(self.unreadable)
        return {
            "read": reviewed + self.microsoft + unreadable,
            "reviewed": reviewed,
            "microsoft": self.microsoft,
            "unreadable": unreadable,
        }


@dataclass(frozen=True, slots=True)
class TenantRead:
    """A customer's tenant that was read to its end: nothing in it is hidden from the review."""


@dataclass(frozen=True, slots=True)
class Gone:
    """An integration that was asked about and is there no longer, as a whole reading shows."""


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """An integration beside what people keep of it and what the last review saw."""

    integration: Integration
    registered: bool = False
    registered_owner: str = ""
    added: tuple[str, ...] = ()
    """Rights that the previous quarter's review did not see; empty in the first."""
    new: bool = False
    """The integration itself was not in the previous quarter's review."""
    not_revoked: tuple[str, ...] = ()
    """What was to be taken away and is still there."""
    accepted: frozenset[str] = field(default_factory=frozenset)
    """Reason codes that this quarter's decision to keep answers."""

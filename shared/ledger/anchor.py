"""Whether the container that holds the anchor is the one it must be, and nobody can change what lies in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.ledger.publish import CHECKPOINTS
from shared.model import JsonObject

_CONTAINER = re.compile(
    r"/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.storage/storageaccounts/([^/]+)"
    r"/blobservices/default/containers/([^/]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the deployment says the anchor must be."""

    resource: str
    """Azure resource id of the container; '' when nothing says which."""
    account: str
    """Name of the account that checkpoints are written to."""
    days: int
    """A checkpoint must be protected for at least so long."""
    locked: bool
    """False only outside production, where an unlocked policy never counts as proof."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the audit says of the container. ``faults`` are E_ANCHOR_CONFIG; ``proven`` only when locked and faultless."""

    state: str
    """locked, unlocked, absent or unknown."""
    days: int | None
    faults: tuple[str, ...]
    text: str

    @property
    def proven(self) -> bool:
        """True when what lies in the container cannot be changed by anybody."""
        return self.state == "locked" and not self.faults

    def to_json(self, expected: Expected) -> JsonObject:
        """As the audit's result shows it."""
        return {
            "resource": expected.resource,
            "state": self.state,
            "days": self.days,
            "proven": self.proven,
            "text": self.text,
        }


def unknown(why: str) -> Anchor:
    """The management plane did not say: neither a pass nor a fault."""
    return Anchor("unknown", None, (), f"Whether the anchor is write-once is not known: {why}")


def misplaced(expected: Expected) -> str:
    """Why the container asked about cannot be the anchor's; '' when it can."""
    if not expected.resource:
        return "Nothing says which container the anchor must be."
    named = _CONTAINER.fullmatch(expected.resource)
    if named is None:
        return "What the settings name as the anchor is no storage container."
    if named[1].lower() != expected.account.lower():
        return f"Checkpoints are written to account {expected.account}, the anchor must be in {named[1]}."
    if named[2] != CHECKPOINTS:
        return f"Checkpoints are written to container {CHECKPOINTS}, the anchor must be {named[2]}."
    return ""


def judge(expected: Expected, seen: JsonObject | None) -> Anchor:
    """Compare what the management plane says of the container (None: it is not there) with what it must be.

    A version-level policy does not count: under it an overwrite succeeds as a new current version.
    """
    wrong = misplaced(expected)
    if not expected.resource and not expected.locked:
        return unknown(wrong)
    if wrong:
        return _faulty("unknown", None, [wrong])
    if seen is None:
        return _faulty("absent", None, ["The write-once container does not exist."])
    if str(seen.get("id", "")).lower() != expected.resource.lower():
        return _faulty("unknown", None, ["The management plane answered about another container."])
    properties = _object(seen.get("properties"))
    policy = _object(_object(properties.get("immutabilityPolicy")).get("properties"))
    days = policy.get("immutabilityPeriodSinceCreationInDays")
    days = days if isinstance(days, int) and not isinstance(days, bool) else None
    state = str(policy.get("state", "")).lower()
    if properties.get("deleted") is True or state not in ("locked", "unlocked"):
        return _faulty("absent", days, ["The container has no write-once policy."])
    faults = []
    if state == "unlocked" and expected.locked:
        faults.append("The write-once policy is not locked: whoever administers the account can remove it.")
    if days is None or days < expected.days:
        faults.append(f"The policy protects a checkpoint for {days} days; it must be {expected.days}.")
    if policy.get("allowProtectedAppendWrites") or policy.get("allowProtectedAppendWritesAll"):
        faults.append("The policy allows appending to what is protected.")
    if faults:
        return _faulty(state, days, faults)
    if state == "unlocked":
        text = (
            f"The write-once policy ({days} days) is not locked, as expected outside production: whoever administers "
            "the account can remove it, so the anchor proves nothing against them."
        )
        return Anchor(state, days, (), text)
    return Anchor(state, days, (), f"The write-once policy is locked and protects each checkpoint for {days} days.")


def _faulty(state: str, days: int | None, faults: list[str]) -> Anchor:
    return Anchor(state, days, tuple(faults), " ".join(faults))


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}

"""Nouns that two or more rooms use: closed sets and frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

JsonObject = dict[str, Any]


class Verdict(StrEnum):
    """XCCDF 1.2 result words. Missing data is never PASS."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    ERROR = "error"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "notapplicable"
    NOT_CHECKED = "notchecked"


class FindingStatus(StrEnum):
    """Where a finding stands. Only OPEN and MITIGATING ask for action."""

    OPEN = "open"
    MITIGATING = "mitigating"
    OVERRIDDEN = "overridden"
    CLOSED = "closed"


class Severity(StrEnum):
    """How much it matters, for ordering and colours."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Role(StrEnum):
    """Entra app roles, exact strings of the ``roles`` claim."""

    READER = "Reader"
    OPERATOR = "Operator"
    ADMINISTRATOR = "Administrator"
    AUDITOR = "Auditor"
    STEERING_MEMBER = "SteeringMember"
    PRACTICE_MANAGER = "PracticeManager"
    DELIVERY_MANAGER = "DeliveryManager"
    SALES_MANAGER = "SalesManager"
    FINANCE = "Finance"
    INCIDENT_COMMANDER = "IncidentCommander"
    INTEGRATION_OWNER = "IntegrationOwner"
    AUTOMATION = "Automation"


class Practice(StrEnum):
    """The practices' policy keys; which ticket types belong to which is policy."""

    MSP = "msp"
    MSSP = "mssp"
    PS = "ps"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217). Never a float."""

    amount: Decimal
    currency: str

    def to_json(self) -> JsonObject:
        """``{"amount": "1234.50", "currency": "CAD"}``, two decimals at least."""
        exponent = self.amount.as_tuple().exponent
        places = -exponent if isinstance(exponent, int) and exponent < -2 else 2
        return {"amount": f"{self.amount:.{places}f}", "currency": self.currency}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is assessed. ``id`` may hold any characters."""

    kind: str
    id: str

    def to_json(self) -> JsonObject:
        """The contract's shape."""
        return {"kind": self.kind, "id": self.id}


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause, for the person who must act: a stable code and a full sentence with a full stop."""

    code: str
    text: str
    amount: Money | None = None

    def to_json(self) -> JsonObject:
        """The contract's shape, with the money at stake where there is any."""
        out: JsonObject = {"code": self.code, "text": self.text}
        if self.amount is not None:
            out["amount"] = self.amount.to_json()
        return out


@dataclass(frozen=True, slots=True)
class Person:
    """Who is calling. ``customers``/``practices`` of None mean all; an empty set means none."""

    oid: str
    name: str
    roles: frozenset[Role]
    customers: frozenset[str] | None = None
    practices: frozenset[str] | None = None
    is_application: bool = False

    def has(self, *roles: Role) -> bool:
        """True when the caller holds one of the roles."""
        return not self.roles.isdisjoint(roles)

    def sees_customer(self, customer: str | None) -> bool:
        """Rows of no customer are seen by callers who are not narrowed."""
        return self.customers is None or (customer is not None and customer in self.customers)

    def sees_practice(self, practice: str | None) -> bool:
        """Rows of no practice are seen by callers who are not narrowed."""
        return self.practices is None or (practice is not None and practice in self.practices)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """Something to be recorded as evidence.

    ``customer`` None means the service's own log. ``key`` makes the write idempotent within the
    customer's log: the same key with the same payload is a duplicate, with another payload a Conflict.
    ``type`` is ``noun.verb`` (``delivery.received``, ``finding.recorded``). ``practice`` is named where the whole
    payload is about one: whoever is narrowed to practices reads those entries and no others.
    """

    type: str
    key: str
    payload: bytes
    customer: str | None = None
    media_type: str = "application/json"
    subject: Subject | None = None
    actor: str = "service"
    occurred_at: datetime | None = None
    controls: tuple[str, ...] = ()
    source: JsonObject = field(default_factory=dict)
    practice: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Durable promise: the bytes are kept. ``duplicate`` when the same key and bytes were there already."""

    evidence_id: str
    sha256: str
    duplicate: bool


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """One record as ``/api/evidence`` shows it; ``index`` is None until sealed."""

    id: str
    type: str
    log: str
    index: int | None
    customer: str | None
    received_at: datetime
    sha256: str
    size: int
    media_type: str
    subject: Subject | None
    controls: tuple[str, ...]
    actor: str
    occurred_at: datetime | None
    practice: str | None = None

    def to_json(self) -> JsonObject:
        """The contract's shape (section 3)."""
        return {
            "id": self.id,
            "type": self.type,
            "log": self.log,
            "index": self.index,
            "customer": self.customer,
            "received_at": rfc3339(self.received_at),
            "sha256": self.sha256,
            "size": self.size,
            "media_type": self.media_type,
            "subject": self.subject.to_json() if self.subject else None,
            "controls": list(self.controls),
            "actor": self.actor,
            "occurred_at": rfc3339(self.occurred_at) if self.occurred_at else None,
            "practice": self.practice,
        }


def rfc3339(at: datetime) -> str:
    """UTC, milliseconds, ``Z``: the one way we write an instant. Raises ValueError on a naive one."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def parse_instant(text: str) -> datetime:
    """Read RFC 3339 (any offset, 0 to 7 fraction digits). Raises ValueError without an offset or outside the calendar."""
    value = text.strip()
    head, dot, tail = value.partition(".")
    if dot:
        digits = 0
        while digits < len(tail) and tail[digits].isdigit():
            digits += 1
        value = f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}"
    at = datetime.fromisoformat(value.replace("z", "Z"))
    if at.tzinfo is None:
        raise ValueError("an instant needs an offset such as Z")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant must lie within the calendar in UTC, too") from None

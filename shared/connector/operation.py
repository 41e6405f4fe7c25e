"""What an HTTP operation is, who may call which kind, and the parameters that many share."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from shared.model import Role

R = Role
EVERY_ROLE = frozenset(Role)
DECIDERS = frozenset(
    {R.PRACTICE_MANAGER, R.DELIVERY_MANAGER, R.SALES_MANAGER, R.FINANCE, R.INCIDENT_COMMANDER, R.STEERING_MEMBER}
)
EVIDENCE = frozenset({R.AUDITOR, R.STEERING_MEMBER, R.ADMINISTRATOR})
RUNNERS = frozenset({R.OPERATOR, R.ADMINISTRATOR})
WRITERS = EVERY_ROLE - {R.READER, R.AUDITOR}
REQUESTERS = EVERY_ROLE - {R.READER}
BILLERS = frozenset({R.FINANCE, R.PRACTICE_MANAGER, R.ADMINISTRATOR})
PEOPLE = WRITERS - {R.AUTOMATION}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter. ``kind``: text, instant, integer, or one of ``values``."""

    name: str
    about: str
    kind: str = "text"
    values: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path."""

    id: str
    method: str
    path: str
    summary: str
    roles: frozenset[Role] | None
    """Who may call; None means anybody (public or with credentials of its own)."""
    query: tuple[Parameter, ...] = ()
    body: type[BaseModel] | None = None
    answers: tuple[int, ...] = (200,)
    media: str = "application/json"
    connector: bool = False
    """Offered to Power Automate as an action."""
    tag: str = "General"


LIMIT = Parameter("limit", "At most so many items, 1 to 500; 100 when left out.", "integer")
NEXT = Parameter("next", "The token of the page before.")
CUSTOMER = Parameter("customer", "HaloPSA client id.")
PRACTICE = Parameter("practice", "Policy key of a practice.")
FROM = Parameter("from", "Beginning, included.", "instant")
TO = Parameter("to", "End, not included.", "instant")
AS_OF = Parameter("as_of", "As it was recorded for the latest time not after this.", "instant")
VERDICT = Parameter("verdict", "Verdict.", "text", ("pass", "fail", "error", "unknown", "notapplicable", "notchecked"))
STATUS = Parameter("status", "Status.", "text", ("open", "mitigating", "overridden", "closed"))
PAGED = (LIMIT, NEXT)
FORMATS = ("json", "html", "pdf", "xlsx", "docx", "pptx", "csv")

"""What is known of a won opportunity on its way to delivery, whoever it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from shared.measures.inputs import Inputs
from shared.model import Reason

ITEMS = ("scope", "margin", "assumptions", "dependencies", "acceptance")
"""The closed-won checklist, in the order people read it."""

PARTS = {
    "opportunity": "the opportunity's own row",
    "quotations": "its quotations",
    "meetings": "kickoffs on it or its project",
    "projects": "projects created from it",
    "customer": "the customer's currency",
    "template": "the template its project is made from",
    "first_submission": "the record of its first review",
}
"""Every part of what is read of a handoff, and what it is."""

_DEAL = ["opportunity"]
_CHECKED = ["opportunity", "quotations", "customer"]
FIGURE_PARTS = {
    **dict.fromkeys(("value", "profit", "margin", "won_at", "unresolved"), _DEAL),
    **dict.fromkeys(("checklist", "completeness", "completeness_now", "reasons"), _CHECKED),
    "completeness_first": ["first_submission"],
    "currency": ["customer"],
    "quotations": ["quotations"],
    "projects": ["projects"],
    "kickoffs": ["meetings", "projects"],
    "signoff": ["opportunity", "quotations", "template"],
}
"""Which parts of what was read each figure comes from."""


@dataclass(frozen=True, slots=True)
class QuoteFacts:
    """A quotation of the opportunity."""

    id: str
    title: str
    accepted: bool
    signed: bool
    name: str
    at: datetime | None
    total: Decimal | None
    currency: str | None
    scope: str
    risk: str
    observations: tuple[str, ...] = field(default=(), compare=False)
    """Evidence ids of what it was read in."""


@dataclass(frozen=True, slots=True)
class MeetingFacts:
    """A kickoff appointment on the opportunity or its project."""

    id: str
    ticket: str
    subject: str
    start: datetime | None
    observations: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class HandoffFacts:
    """One won opportunity."""

    id: str
    title: str
    customer: str | None
    practice: str | None
    site: str | None
    contact: str | None
    service: str
    deal: str
    value: Decimal | None
    profit: Decimal | None
    currency: str | None
    """The customer's, where it says one."""
    won_at: datetime | None
    texts: tuple[tuple[str, str], ...]
    """Checklist item to what was written down for it."""
    sources: tuple[tuple[str, str], ...]
    """Checklist item to the link of its source document."""
    quotes: tuple[QuoteFacts, ...]
    unresolved: tuple[str, ...]
    """Assumptions nobody has confirmed yet."""
    kickoffs: tuple[MeetingFacts, ...]
    projects: tuple[str, ...]
    """Projects created from it."""
    faults: tuple[Reason, ...] = ()
    won: bool = True
    """False once it is open or lost again: then nothing is asked of it."""
    inputs: Inputs = field(default_factory=dict, compare=False)
    """The rows all this was read from."""

    @property
    def margin(self) -> Decimal | None:
        """Profit over value; None when either is missing or the value is not positive."""
        if self.value is None or self.profit is None or self.value <= 0:
            return None
        return self.profit / self.value

    def text(self, item: str) -> str:
        """What was written down for a checklist item."""
        return dict(self.texts).get(item, "")

    def source(self, item: str) -> str:
        """The link of a checklist item's source document."""
        return dict(self.sources).get(item, "")

    @property
    def signed_quote(self) -> QuoteFacts | None:
        """The newest accepted quotation with signature and name."""
        signed = [one for one in self.quotes if one.accepted and one.signed and one.name]
        return max(signed, key=lambda one: (one.at.timestamp() if one.at else 0.0, one.id), default=None)

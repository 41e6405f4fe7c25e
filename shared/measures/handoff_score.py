"""The closed-won checklist: which items are met, what is missing, and the share that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared.measures.handoff_facts import ITEMS, HandoffFacts, MeetingFacts
from shared.model import Money, Reason
from shared.policy.document import Policy

_LABELS = {
    "scope": "signed scope",
    "margin": "margin floor",
    "assumptions": "delivery assumptions",
    "dependencies": "dependencies",
    "acceptance": "acceptance criteria",
}
_LINKS = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist. It is met when nothing is missing, its source document's link included."""

    item: str
    label: str
    reasons: tuple[Reason, ...]
    source: str

    @property
    def met(self) -> bool:
        """Nothing is missing."""
        return not self.reasons


def checklist(facts: HandoffFacts, policy: Policy) -> tuple[Item, ...]:
    """All items in order."""
    return tuple(
        Item(item, _LABELS[item], (*_missing(item, facts, policy), *_link(item, facts)), facts.source(item))
        for item in ITEMS
    )


def completeness(items: tuple[Item, ...]) -> Decimal:
    """The share of items that are met, 0 to 1."""
    return Decimal(sum(1 for one in items if one.met)) / len(items)


def _missing(item: str, facts: HandoffFacts, policy: Policy) -> list[Reason]:
    if item == "scope":
        return _scope(facts)
    if item == "margin":
        return _margin(facts, policy)
    found = []
    if not facts.text(item):
        field = getattr(policy.handoff.fields, item)
        found.append(Reason(f"{item}_missing", f"The field {field!r} of the opportunity is empty."))
    if item == "assumptions":
        found += [
            Reason("assumption_unresolved", f"An assumption is not settled yet: {_short(text)}.")
            for text in facts.unresolved
        ]
    return found


def _scope(facts: HandoffFacts) -> list[Reason]:
    if facts.signed_quote is not None:
        return []
    accepted = [one for one in facts.quotes if one.accepted]
    if accepted:
        text = "The quotation is accepted, but it lacks the customer's signature or name."
    elif facts.quotes:
        text = "No quotation of the opportunity has been accepted by the customer."
    else:
        text = "The opportunity has no quotation, so no scope has been signed."
    return [Reason("scope_unsigned", text)]


def _margin(facts: HandoffFacts, policy: Policy) -> list[Reason]:
    floor = policy.handoff.margin_floor
    margin = facts.margin
    if margin is None:
        return [
            Reason(
                "margin_unknown",
                "The margin cannot be worked out, because the opportunity carries no value or no profit.",
            )
        ]
    if margin >= floor or facts.value is None or facts.profit is None:
        return []
    short = None
    if facts.currency:
        short = Money((facts.value * floor - facts.profit).quantize(Decimal("0.01")), facts.currency)
    text = f"The margin is {_percent(margin)}; the floor is {_percent(floor)}."
    return [Reason("margin_below_floor", text, short)]


def _link(item: str, facts: HandoffFacts) -> list[Reason]:
    if facts.source(item).lower().startswith(_LINKS):
        return []
    return [Reason("source_link_missing", f"There is no link to the source document of the {_LABELS[item]}.")]


def _percent(share: Decimal) -> str:
    return f"{(share * 100).quantize(Decimal('0.1'))} per cent"


def _short(text: str) -> str:
    words = " ".join(text.split()).rstrip(".") or "without words"
    return words if len(words) <= 120 else words[:117] + "…"


@dataclass(frozen=True, slots=True)
class HandoffStatus:
    """A won opportunity with its checklist and what people decided, as the controls judge it."""

    facts: HandoffFacts
    items: tuple[Item, ...]
    waived: frozenset[str]
    """Codes an approved exception covers."""
    signed_at: datetime | None
    signoff: str | None
    """State of the sign-off request; None before there is one."""

    @property
    def missing(self) -> tuple[Reason, ...]:
        """What keeps the handoff from being complete."""
        open_ones = (reason for item in self.items for reason in item.reasons if reason.code not in self.waived)
        standing = (reason for reason in conflicts(self.facts) if reason.code not in self.waived)
        return (*self.facts.faults, *standing, *open_ones)


def kickoffs_too_early(status: HandoffStatus) -> tuple[MeetingFacts, ...]:
    """Kickoffs that stand although nobody has signed off, or that begin before the sign-off."""
    if status.signed_at is None:
        return status.facts.kickoffs
    signed = status.signed_at
    return tuple(one for one in status.facts.kickoffs if one.start is not None and one.start < signed)


def conflicts(facts: HandoffFacts) -> tuple[Reason, ...]:
    """Accepted quotations that contradict each other: another total or another currency."""
    accepted = [one for one in facts.quotes if one.accepted]
    found = []
    currencies = sorted(
        {one.currency for one in accepted if one.currency} | ({facts.currency} if facts.currency else set())
    )
    if accepted and len(currencies) > 1:
        found.append(
            Reason(
                "currency_mix",
                f"The accepted quotations and the customer are in different currencies "
                f"({', '.join(currencies)}), so value and margin cannot be trusted.",
            )
        )
    if len({one.total for one in accepted if one.total is not None}) > 1:
        found.append(
            Reason(
                "scope_conflict",
                "More than one quotation is accepted, with different totals; somebody must say which one is the scope.",
            )
        )
    return tuple(found)

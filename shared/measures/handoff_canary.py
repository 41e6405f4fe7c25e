"""Synthetic handoffs that break a rule on purpose."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from shared.measures.handoff_facts import HandoffFacts, MeetingFacts
from shared.measures.handoff_score import HandoffStatus, checklist
from shared.policy.document import Policy


def empty(policy: Policy, now: datetime) -> HandoffStatus:
    """Won with nothing behind it, and a kickoff already in the calendar."""
    facts = HandoffFacts(
        id="1",
        title="Canary",
        customer=None,
        practice=None,
        site=None,
        contact=None,
        service="",
        deal="",
        value=Decimal(1000),
        profit=Decimal(0),
        currency=None,
        won_at=now,
        texts=(),
        sources=(),
        quotes=(),
        unresolved=("Power is there",),
        kickoffs=(MeetingFacts("1", "1", "Kickoff", now + timedelta(days=1)),),
        projects=("2", "3"),
    )
    return HandoffStatus(facts, checklist(facts, policy), frozenset(), None, None)

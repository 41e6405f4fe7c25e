"""Open assumptions and contradicting quotations of a handoff become decisions that somebody must take."""

from __future__ import annotations

from datetime import timedelta

from shared.actions import Action, ActionKind
from shared.errors import RowExists
from shared.measures.handoff_facts import HandoffFacts
from shared.measures.handoff_score import conflicts
from shared.model import Subject
from shared.procedures.governance import open_decision
from shared.procedures.plan import queue_actions
from shared.procedures.services import Services
from shared.registers import handoffs as register

_DECISION_DAYS = 5


def open_decisions(services: Services, facts: HandoffFacts, plan_under: str | None) -> None:
    """Open assumptions and scope conflicts are for somebody to decide, with an owner and a date."""
    manager = services.policy.policy.practices[facts.practice].manager if facts.practice else ""
    points = [(f"assumption\n{facts.id}\n{text}", f"Settle the assumption: {text}") for text in facts.unresolved]
    points += [(f"conflict\n{facts.id}\n{one.code}", one.text) for one in conflicts(facts)]
    for key, text in points:
        identity = open_decision(
            services,
            title=text[:200],
            context=f"Handoff of opportunity {facts.id}.",
            requester="service",
            key=key,
            customer=facts.customer,
            practices=(facts.practice,) if facts.practice else (),
            owner=manager or None,
            due=services.clock.now() + timedelta(days=_DECISION_DAYS),
            links=tuple(link for _, link in facts.sources if link),
        )
        queue_actions(
            services,
            [
                Action(
                    ActionKind.NOTIFY,
                    f"decision-opened\n{identity}",
                    Subject("decision", identity),
                    facts.customer,
                    {
                        "event": "decision_opened",
                        "practice": facts.practice,
                        "id": identity,
                        "kind": "decision",
                        "title": "A decision is needed",
                        "text": text[:500],
                    },
                )
            ]
            if _first(services, identity)
            else [],
            plan_under,
        )


def _first(services: Services, identity: str) -> bool:
    """True once per decision: its message is not repeated by every run."""
    try:
        register.told(services.rows).insert(identity, {"id": identity})
    except RowExists:
        return False
    return True

"""Open assumptions and contradicting quotations of a handoff become decisions that somebody must take."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from shared.actions import Action, ActionKind
from shared.errors import RowExists
from shared.measures.handoff_facts import HandoffFacts
from shared.measures.handoff_score import conflicts
from shared.model import JsonObject, Subject
from shared.procedures.governance import open_decision, settle_decision
from shared.procedures.plan import queue_actions
from shared.procedures.services import Services
from shared.registers import handoffs as register

_DECISION_DAYS = 5


def open_decisions(services: Services, facts: HandoffFacts, plan_under: str | None) -> None:
    """Open assumptions and scope conflicts are for somebody to decide, with an owner and a date."""
    manager = services.policy.policy.practices[facts.practice].manager if facts.practice else ""
    points = [(_assumption(facts.id, text), f"Settle the assumption: {text}") for text in facts.unresolved]
    points += [(_conflict(facts.id, one.code), one.text) for one in conflicts(facts)]
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
        if register.told(services.rows).get(identity) is not None:
            continue
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
            ],
            plan_under,
        )
        with suppress(RowExists):  # afterwards: told twice is better than never
            register.told(services.rows).insert(identity, {"id": identity})


def settle_decisions(services: Services, facts: HandoffFacts, old: JsonObject | None) -> None:
    """What was open at the last review and no longer is needs nobody's decision: it was settled in HaloPSA."""
    if old is None or facts.faults:
        return
    now = (set(facts.unresolved), {one.code for one in conflicts(facts)}) if facts.won else (set(), set())
    told = {one["code"] for one in old["reasons"]} & {"currency_mix", "scope_conflict"}
    reason = "It was settled in HaloPSA." if facts.won else "The opportunity is no longer won."
    for text in set(old["unresolved"]) - now[0]:
        settle_decision(services, _assumption(facts.id, text), reason)
    for code in told - now[1]:
        settle_decision(services, _conflict(facts.id, code), reason)


def _assumption(opportunity: str, text: str) -> str:
    return f"assumption\n{opportunity}\n{text}"


def _conflict(opportunity: str, code: str) -> str:
    return f"conflict\n{opportunity}\n{code}"

"""Projects that outgrow their baseline become decisions: change order or absorb; they end when it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.model import JsonObject
from shared.procedures.governance import decision_id, open_decision, settle_decision
from shared.procedures.services import Services
from shared.registers.decisions import decisions

_DAYS = 5
_MOST = 100
"""New decisions of one run; whoever has more of them has another problem, and the next run opens the rest."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A project with a baseline, and what asks for a change of it (None: nothing)."""

    project: str
    name: str
    customer: str | None
    practice: str | None
    plan: JsonObject
    text: str | None


def raise_changes(services: Services, triggers: Sequence[Trigger]) -> int:
    """Open what is due, once for a baseline; settle what no longer is. Answer how many were new."""
    known = {str(row["id"]): str(row["state"]) for row in decisions(services.rows).all()}
    opened = 0
    for one in triggers:
        key = _key(one, one.plan["digest"])
        state = known.get(decision_id(key))
        if one.text is None:
            if state == "open":
                settle_decision(services, key, "The project is within its baseline again.")
        elif state in (None, "settled") and opened < _MOST:
            open_decision(
                services,
                title=f"Project {one.project}: {one.text}"[:300],
                context=f"{one.name or 'The project'} runs against version {one.plan['version']} of its baseline.",
                requester="service",
                key=key,
                customer=one.customer,
                practices=(one.practice,) if one.practice else (),
                owner=_owner(services, one),
                due=services.clock.now() + timedelta(days=_DAYS),
            )
            opened += 1
        for digest in one.plan.get("replaced", ()):
            before = _key(one, digest)
            if known.get(decision_id(before)) == "open":
                settle_decision(services, before, "A change order was accepted.")
    return opened


def _key(one: Trigger, digest: str) -> str:
    return f"change\n{one.project}\n{digest}"


def _owner(services: Services, one: Trigger) -> str | None:
    named = one.plan.get("accountable") or {}
    manager = services.policy.policy.practices[one.practice].manager if one.practice else ""
    return named.get("owner") or next((who for who in named.values() if who), None) or manager or None

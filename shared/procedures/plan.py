"""Planned actions: each is a row before it is a message, so that none is carried out twice and none is forgotten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from shared.actions import Action, ActionKind
from shared.model import JsonObject, rfc3339
from shared.procedures.services import Services
from shared.registers.store import Register
from shared.registers.subscriptions import register as subscriptions

QUEUE = "actions"


def part_of(run_id: str | None) -> str:
    """Actions are filed under the run that planned them, or under ``events``."""
    return run_id or "events"


def register(services: Services, part: str) -> Register:
    """Actions of one run."""
    return Register(services.rows, "actions", part)


def row_key(action: Action) -> str:
    """An action's row, from its idempotency key."""
    return hashlib.sha256(action.key.encode()).hexdigest()[:40]


def queue_actions(services: Services, actions: Iterable[Action], run_id: str | None) -> int:
    """Write the actions' rows, then send each its message; answer how many were new. Repeating it re-sends only unfinished ones."""
    part = part_of(run_id)
    planned_at = rfc3339(services.clock.now())
    planned: dict[str, JsonObject] = {
        row_key(action): {
            "action": action.to_json(),
            "run_id": run_id,
            "state": "queued",
            "planned_at": planned_at,
            "outcome": None,
        }
        for action in heard(services, actions)
    }
    there = register(services, part).insert_many(list(planned.items()))
    for key in planned:
        held = register(services, part).get(key) if key in there else None
        if held is None or held.body["state"] == "queued":
            services.queues.send(QUEUE, json.dumps({"part": part, "key": key}))
    return len(planned) - len(there)


def heard(services: Services, actions: Iterable[Action]) -> list[Action]:
    """Without notifications that nobody listens to: neither a channel of the practice nor a subscription of the event."""
    wanted = list(actions)
    if not any(action.kind is ActionKind.NOTIFY for action in wanted):
        return wanted
    events = {row["event"] for row in subscriptions(services.rows).all()}
    return [
        action
        for action in wanted
        if action.kind is not ActionKind.NOTIFY
        or action.parameters.get("event") in events
        or channel_of(services, action.parameters)
    ]


def channel_of(services: Services, said: JsonObject) -> str:
    """The channel a notification goes to: its own, or its practice's; empty when there is none."""
    if "channel" in said:
        return str(said["channel"])
    practices = services.policy.policy.practices
    practice = said.get("practice")
    return practices[practice].channel if practice in practices else ""


def outcomes_of(services: Services, run_id: str) -> dict[str, int]:
    """How many of a run's actions are queued, done and failed."""
    counts = {"queued": 0, "done": 0, "failed": 0}
    for body in register(services, part_of(run_id)).all():
        counts[body["state"]] += 1
    return counts

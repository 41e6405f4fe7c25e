"""Poison becomes evidence and a finding; nothing is removed to make a queue quiet."""

from __future__ import annotations

import hashlib
import json

from shared.controls.catalogue import controls
from shared.controls.intake_understood import DeliveryFacts
from shared.controls.spec import Case
from shared.errors import SourceDown
from shared.log import Event, log
from shared.model import JsonObject, NewEntry, Subject
from shared.procedures import act, runs
from shared.procedures.assess import assess
from shared.procedures.services import Services


def _keep(services: Services, queue: str, body: bytes) -> JsonObject:
    receipt = services.ledger.record(
        NewEntry(
            type="message.poisoned",
            key=f"poison\n{queue}\n{hashlib.sha256(body).hexdigest()}",
            payload=body,
            subject=Subject("queue", queue),
        )
    )
    log(Event.MESSAGE_POISONED, queue=queue, evidence_id=receipt.evidence_id)
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def bury_delivery(services: Services, body: bytes) -> None:
    """Record the poison and a finding about the delivery it names."""
    said = _keep(services, "deliveries", body)
    evidence_id = str(said.get("evidence_id", hashlib.sha256(body).hexdigest()))
    record = services.ledger.find(evidence_id)
    customer = record.customer if record else None
    assess(
        services,
        controls()["intake_understood"],
        [Case(Subject("delivery", evidence_id), customer, None, DeliveryFacts(outcome="poison", event=""))],
        as_of=services.clock.now(),
        run_id=f"poison\n{evidence_id}",
    )


def bury_run(services: Services, body: bytes) -> None:
    """Fail the run it names."""
    said = _keep(services, "runs", body)
    held = runs.register(services).get(str(said.get("run_id", "")))
    if held is not None and held.body["state"] not in ("succeeded", "failed"):
        runs.finish(services, held.id, error={"code": "run_crashed", "message": "The job crashed and was given up."})


def bury_action(services: Services, body: bytes) -> None:
    """Fail the action it names."""
    said = _keep(services, "actions", body)
    if "part" in said and "key" in said:
        act.fail(
            services,
            str(said["part"]),
            str(said["key"]),
            SourceDown("It could not be carried out after several tries.", code="action_given_up"),
        )

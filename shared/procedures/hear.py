"""A delivery is a doorbell: read the record from HaloPSA, keep what it said, fold it in, judge it."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Any

from shared.controls.catalogue import controls
from shared.controls.intake_understood import DeliveryFacts
from shared.controls.spec import Case
from shared.errors import NotFound, SourceDenied, SourceRejected
from shared.model import JsonObject, Subject
from shared.procedures import billing, handoffs, projects
from shared.procedures.assess import assess
from shared.procedures.observe import mark_rows, observation
from shared.procedures.services import Services
from shared.procedures.sync_checks import check_heard
from shared.procedures.together import Together
from shared.registers import findings

_HANDLED = ("delivery.received", "delivery.recovered")
_TROUBLE = {"delivery.quarantined": "unreadable", "intake.conflict": "conflict"}


class _LatelyRead:
    """When this process last asked for which record: a burst of rings about one record costs one request."""

    def __init__(self, most: int = 5000) -> None:
        self._most = most
        self._at: OrderedDict[tuple[str, str], datetime] = OrderedDict()
        self._lock = Lock()

    def since(self, kind: str, identity: str, received_at: datetime) -> bool:
        """True when the record was asked for after a delivery came in: what it was about is in the mirror already."""
        with self._lock:
            at = self._at.get((kind, identity))
        return at is not None and at > received_at

    def note(self, kind: str, identity: str, asked_at: datetime) -> None:
        """Remember a reading that has been folded in."""
        with self._lock:
            self._at[kind, identity] = asked_at
            self._at.move_to_end((kind, identity))
            if len(self._at) > self._most:
                self._at.popitem(last=False)


_READ = _LatelyRead()
_INVOICES = Together(billing.judge_invoices)
_FIRST_INVOICES = Together(billing.judge_first)


def hear(services: Services, evidence_id: str) -> None:
    """Handle one kept delivery; repeating it changes nothing. Errors that may pass rise, so that the queue tries again."""
    kept = services.ledger.read(evidence_id)
    if kept is None:
        raise NotFound(f"There is no evidence {evidence_id}.", code="evidence_not_found")
    record, content = kept
    if record.type in _TROUBLE:
        _note(services, evidence_id, record.customer, _TROUBLE[record.type], "")
        return
    if record.type not in _HANDLED or content is None:
        return
    payload: JsonObject = json.loads(content)
    spelling: Any = services.facts("deliveries")
    target = spelling.target(payload)
    event = str(payload.get("event", ""))
    if target is None:
        _note(services, evidence_id, record.customer, "unknown_event", event)
        return
    kind, identity, query = target
    if _READ.since(kind, identity, record.received_at):
        return
    asked_at = services.clock.now()
    try:
        page = services.halo.one(kind, identity, query)
    except SourceDenied:
        _note(services, evidence_id, record.customer, "denied", event)
        return
    except SourceRejected:
        page = None
    if page is None or not page.rows:
        _note(services, evidence_id, record.customer, "record_missing", event)
        return
    row = page.rows[0]
    customer = spelling.customer_of(row)
    seen = replace(observation(kind, page), customer=customer)
    if spelling.echo(payload, services.policy.policy.halopsa.api_agent):
        seen = replace(seen, source={**seen.source, "echo": True})
    mark_rows(page, services.ledger.record(seen).evidence_id)
    for mirrored in spelling.kinds_of(kind, row):
        services.mirror.apply(mirrored, [row], read_at=page.read_at)
        check_heard(services, mirrored, identity, row, services.clock.now(), f"delivery\n{evidence_id}")
        judge_record(services, mirrored, identity, services.clock.now(), f"delivery\n{evidence_id}")
    # Not when it was answered: what changed while it was on its way rang before that, and is not in it.
    _READ.note(kind, identity, asked_at)
    if findings.get(
        services.rows, findings.finding_id("intake_understood", record.customer, Subject("delivery", evidence_id))
    ):
        _note(services, evidence_id, record.customer, "read", event)


def judge_record(services: Services, kind: str, identity: str, as_of: datetime, run_id: str) -> None:
    """Judge one record by every control of its family.

    A plain ticket is not judged here: the desk's signs (twins, ping-pong, routing) are about whole desks, which the
    desk check looks at on its own cadence; the mirror already holds what the ring was about.
    """
    if kind == "Opportunities":
        handoffs.judge_opportunities(services, [identity], as_of, run_id)
    elif kind == "Projects":
        projects.judge_projects(services, [identity], as_of, run_id)
    elif kind == "RecurringInvoice":
        _INVOICES.judge(services, identity, as_of, run_id)
    elif kind == "Invoice":
        _FIRST_INVOICES.judge(services, identity, as_of, run_id)
    elif kind == "Appointment":
        handoffs.judge_appointments(services, [identity], as_of, run_id)


def _note(services: Services, evidence_id: str, customer: str | None, outcome: str, event: str) -> None:
    assess(
        services,
        controls()["intake_understood"],
        [Case(Subject("delivery", evidence_id), customer, None, DeliveryFacts(outcome=outcome, event=event))],
        as_of=services.clock.now(),
        run_id=f"heard\n{evidence_id}\n{outcome}",
    )

"""Won deals on their way to delivery: score, hold, ask for the sign-off, create the project once, and tell."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Protocol, cast

from shared.approvals.quorum import content_digest
from shared.controls import handoff_complete, handoff_signoff, handoff_single_project, kickoff_after_signoff
from shared.controls.spec import Case
from shared.errors import RowStale
from shared.measures.handoff_facts import HandoffFacts
from shared.measures.handoff_score import HandoffStatus, checklist, completeness
from shared.measures.kpis import Period
from shared.model import JsonObject, NewEntry, Reason, Subject, rfc3339
from shared.policy.document import Policy
from shared.ports import Records
from shared.procedures.announce import tell_new
from shared.procedures.assess import Assessed, assess_each
from shared.procedures.decision_watch import watch_decisions
from shared.procedures.delivery_quality import delivery_quality
from shared.procedures.handoff_content import content_of, handoff_json, made_of, signoff_content
from shared.procedures.handoff_decisions import open_decisions, settle_decisions
from shared.procedures.handoff_gate import (
    KIND,
    approval_of,
    ask_signoff,
    exceptions,
    hold_of,
    let_go,
    signed,
    standing_hold,
    waived,
)
from shared.procedures.handoff_projects import create, on_carried_out, on_failed
from shared.procedures.handoff_reading import handoff_briefing, handoff_view, list_handoffs
from shared.procedures.meetings import watch_meetings
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers import handoffs as register

__all__ = [
    "handoff_briefing",
    "handoff_review_run",
    "handoff_view",
    "judge_appointments",
    "judge_opportunities",
    "list_handoffs",
    "on_carried_out",
    "on_decided",
    "on_failed",
    "present_content",
]

_CONTROLS = (
    handoff_complete.CONTROL,
    handoff_signoff.CONTROL,
    kickoff_after_signoff.CONTROL,
    handoff_single_project.CONTROL,
)
_NEEDS = ("Opportunities", "Quotation")


class HandoffsFacts(Protocol):
    """What ``services.facts("delivery")`` offers here."""

    def handoffs(self, mirror: Records, policy: Policy) -> Iterator[HandoffFacts]: ...
    def handoff(self, mirror: Records, policy: Policy, opportunity_id: str) -> HandoffFacts | None: ...
    def no_longer_won(
        self, mirror: Records, policy: Policy, opportunity_ids: Iterable[str]
    ) -> Iterator[HandoffFacts]: ...
    def opportunities_of(self, mirror: Records, ticket_ids: Iterable[str]) -> list[str]: ...


def facts_of(services: Services) -> HandoffsFacts:
    """The delivery facts builder."""
    return cast("HandoffsFacts", services.facts("delivery"))


def handoff_review_run(services: Services, run: Run) -> JsonObject:
    """Review every closed-won opportunity as of the run's clock."""
    run.progress(0.1, "Reading won opportunities.")
    looked_at, policy, mirror = services.clock.now(), services.policy.policy, services.mirror.snapshot()
    found = list(facts_of(services).handoffs(mirror, policy))
    known = {row["id"] for row in register.all_of(services.rows) if row["state"] != "not_won"}
    gone = sorted(known - {facts.id for facts in found})
    found += facts_of(services).no_longer_won(mirror, policy, gone)
    assessed, rows = _review(services, mirror, found, run.as_of, run.run_id, run.run_id, looked_at)
    verdicts: dict[str, int] = {}
    for one in assessed:
        verdicts[one.judgement.verdict.value] = verdicts.get(one.judgement.verdict.value, 0) + 1
    states: dict[str, int] = {}
    for row in rows:
        states[row["state"]] = states.get(row["state"], 0) + 1
    return {
        "handoffs": len(rows),
        "states": states,
        "verdicts": verdicts,
        "quality": _quality(services, run),
        "decisions": watch_decisions(services, run),
        "meetings": watch_meetings(services, mirror, run),
    }


def _quality(services: Services, run: Run) -> JsonObject:
    """The handoff quality review of the seven days up to now, kept as evidence."""
    period = Period(run.as_of - timedelta(days=7), run.as_of + timedelta(milliseconds=1))
    quality = delivery_quality(services, period, lambda _practice, _customer: True, run.as_of)
    payload = json.dumps(quality, sort_keys=True, ensure_ascii=False).encode()
    services.ledger.record(
        NewEntry(
            type="handoff.quality",
            key=f"{run.run_id}\nhandoff_quality\n{hashlib.sha256(payload).hexdigest()[:16]}",
            payload=payload,
            subject=Subject("population", "handoff"),
        )
    )
    return quality


def judge_opportunities(services: Services, ids: Iterable[str], as_of: datetime, run_id: str) -> None:
    """Review these opportunities at once, because something about them was heard."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return
    looked_at, policy, mirror = services.clock.now(), services.policy.policy, services.mirror.snapshot()
    held = (facts_of(services).handoff(mirror, policy, identity) for identity in wanted)
    found = [facts for facts in held if facts is not None]
    gone = [
        one for one in wanted if (row := register.get(services.rows, one)) is not None and row["state"] != "not_won"
    ]
    gone = [one for one in gone if one not in {facts.id for facts in found}]
    found += facts_of(services).no_longer_won(mirror, policy, gone)
    _review(services, mirror, found, as_of, run_id, None, looked_at)


def judge_appointments(services: Services, ids: Iterable[str], as_of: datetime, run_id: str) -> None:
    """Review the opportunities these appointments belong to, so that a kickoff made too early is told at once."""
    rows = (services.mirror.get("Appointment", identity) for identity in ids)
    tickets = [str(row["ticket_id"]) for row in rows if row is not None and row.get("ticket_id")]
    judge_opportunities(services, facts_of(services).opportunities_of(services.mirror, tickets), as_of, run_id)


def _review(
    services: Services,
    mirror: Records,
    found: list[HandoffFacts],
    as_of: datetime,
    run_id: str,
    plan_under: str | None,
    looked_at: datetime,
) -> tuple[list[Assessed], list[JsonObject]]:
    read = [mirror.read_at(kind) for kind in _NEEDS]
    observed = min((at for at in read if at is not None), default=None)
    observations = tuple(dict.fromkeys(one for kind in _NEEDS for one in mirror.observations(kind)[:3]))
    stale = _stale(services, observed, complete=None not in read)
    approved = exceptions(services)
    cases, rows = [], []
    for facts in found:
        known = facts if stale is None else replace(facts, faults=(stale, *facts.faults))
        look = _Look(services, mirror, approved, as_of, rfc3339(looked_at), run_id, plan_under, fresh=stale is None)
        status, row = _one(look, known)
        rows.append(row)
        seen = (*row.get("evidence", ()), *observations)
        cases.append(Case(Subject("opportunity", facts.id), facts.customer, facts.practice, status, observed, seen))
    judging = [(control, cases) for control in _CONTROLS]
    assessed = list(
        chain.from_iterable(assess_each(services, judging, as_of=as_of, run_id=run_id, looked_at=looked_at))
    )
    tell_new(services, assessed, plan_under)
    return assessed, rows


def _stale(services: Services, observed: datetime | None, *, complete: bool) -> Reason | None:
    if not complete or observed is None:
        return Reason("stale_facts", "Opportunities or quotations have never been read completely from HaloPSA.")
    if services.clock.now() - observed > timedelta(hours=services.policy.policy.service.fresh_hours):
        return Reason("stale_facts", f"HaloPSA was last read at {rfc3339(observed)}, longer ago than policy allows.")
    return None


@dataclass(frozen=True, slots=True)
class _Look:
    """What every handoff of one review is looked at by."""

    services: Services
    mirror: Records
    approved: list[JsonObject]
    as_of: datetime
    looked_at: str
    run_id: str
    plan_under: str | None
    fresh: bool


_TRIES = 12


def _one(look: _Look, facts: HandoffFacts) -> tuple[HandoffStatus, JsonObject]:
    """Begun again where somebody else wrote the handoff or its hold meanwhile: a sign-off, another review, the project."""
    for _ in range(_TRIES):
        try:
            return _once(look, facts)
        except RowStale:
            continue
    raise RowStale(f"The handoff of opportunity {facts.id} keeps changing; try again.", code="row_contended")


def _once(look: _Look, facts: HandoffFacts) -> tuple[HandoffStatus, JsonObject]:
    services, plan_under = look.services, look.plan_under
    policy = services.policy.policy.scoped(facts.practice, facts.customer)
    # The hold before its request: one that was signed off since is found released, and not placed anew.
    standing = standing_hold(services, facts.id)
    held = register.register(services.rows).get(facts.id)
    old = held.body if held is not None else None
    items = checklist(facts, policy)
    overtaken = old is not None and old.get("looked_at", "") > look.looked_at
    if not facts.won and old is not None:
        status = HandoffStatus(facts, items, frozenset(), None, None)
        if overtaken:
            return status, old
        settle_decisions(services, facts, old)
        row = {**let_go(services, old, standing), "looked_at": look.looked_at}
        register.swap(services.rows, row, held)
        return status, row
    made = made_of(services, look.mirror, facts, policy)
    content = signoff_content(facts, policy, made)
    approval = approval_of(services, old)
    status = HandoffStatus(facts, items, waived(look.approved, facts, content), *signed(approval))
    if overtaken and old is not None:
        return status, old
    if status.signed_at is None:
        approval = ask_signoff(services, status, content, approval, plan_under)
        status = replace(status, signoff=approval["state"] if approval else status.signoff)
    hold = hold_of(services, status, approval, old, standing, policy, plan_under)
    first = old["first_submission"] if old is not None else None
    if first is None and look.fresh:
        first = {
            "at": rfc3339(look.as_of),
            "completeness": float(completeness(items)),
            "missing": sorted({reason.code for reason in status.missing}),
            "unresolved": list(facts.unresolved),
        }
    row = handoff_json(
        status,
        old,
        first=first,
        approval=approval,
        hold=hold,
        as_of=look.as_of,
        policy=policy,
        content=content,
        made=made,
        version=services.policy.version,
    )
    if old is None or _told(old) != _told(row):
        payload = json.dumps(row, sort_keys=True, ensure_ascii=False).encode()
        receipt = services.ledger.record(
            NewEntry(
                type="handoff.reviewed",
                key=f"{look.run_id}\nhandoff\n{facts.id}\n{hashlib.sha256(payload).hexdigest()[:16]}",
                payload=payload,
                customer=facts.customer,
                subject=Subject("opportunity", facts.id),
                practice=facts.practice,
            )
        )
        row["evidence"] = [receipt.evidence_id]
        if first is not None and (old is None or old["first_submission"] is None):
            row["first_submission"] = {**first, "evidence": receipt.evidence_id}
    else:
        row["evidence"] = old.get("evidence", [])
    row["looked_at"] = look.looked_at
    register.swap(services.rows, row, held)
    open_decisions(services, facts, plan_under)
    settle_decisions(services, facts, old)
    if status.signed_at is not None:
        row = create(services, facts, row, policy, plan_under)
    return status, row


_UNTOLD = ("as_of", "looked_at", "policy_version", "evidence")


def _told(row: JsonObject) -> JsonObject:
    return {key: value for key, value in row.items() if key not in _UNTOLD}


def present_content(services: Services, approval: JsonObject) -> JsonObject | None:
    """The handoff as it stands now; None when the opportunity is no longer a won one."""
    identity = approval["subject"]["id"]
    facts = facts_of(services).handoff(services.mirror, services.policy.policy, identity)
    if facts is None:
        return None
    content = content_of(
        services, services.mirror, facts, services.policy.policy.scoped(facts.practice, facts.customer)
    )
    if approval["kind"] == KIND:
        return content
    return {**approval["content"], "handoff": content_digest(content)}


def on_decided(services: Services, approval: JsonObject) -> None:
    """A sign-off ends the hold and creates the project; a rejection is told in the handoff."""
    judge_opportunities(services, [approval["subject"]["id"]], services.clock.now(), f"decided\n{approval['id']}")

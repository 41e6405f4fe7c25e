"""Daily status of every project: measure, judge, record, escalate; and what people read of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Protocol, cast

from shared.controls import project_closeout, project_control, stage_gate
from shared.controls.spec import Case
from shared.errors import Gone, NotFound
from shared.measures.baseline import Baseline
from shared.measures.change_due import change_due
from shared.measures.inputs import UNKNOWN, Inputs, brief, listed, note, told
from shared.measures.project_facts import ProjectFacts
from shared.measures.project_health import health
from shared.measures.project_inputs import figure_parts
from shared.measures.project_status import GateRecord, ProjectStatus, measure
from shared.measures.worktime import calendar
from shared.model import JsonObject, NewEntry, Person, Reason, Subject, rfc3339
from shared.policy.document import Policy
from shared.ports import Records
from shared.procedures.announce import tell_new
from shared.procedures.assess import assess_each
from shared.procedures.change_orders import on_decided, present_content, put_baseline, shown
from shared.procedures.change_triggers import Trigger, raise_changes
from shared.procedures.decide import visible
from shared.procedures.escalate import escalate, follow
from shared.procedures.gates import records_of
from shared.procedures.page import page
from shared.procedures.project_answers import status_json, unmeasured
from shared.procedures.project_plan import with_curve
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers import projects as register
from shared.registers.store import Held

__all__ = [
    "judge_projects",
    "list_projects",
    "on_decided",
    "present_content",
    "project_inputs",
    "project_status_run",
    "project_view",
    "put_baseline",
]

_CONTROLS = (project_control.CONTROL, stage_gate.CONTROL, project_closeout.CONTROL)
_NEEDS = ("Projects", "Tickets", "Actions")
"""Without these nothing can be told."""
_READ = (*_NEEDS, "Agent", "Client")
_ENTRY = 50
"""Projects in one evidence entry."""

_Measured = tuple[JsonObject, JsonObject]
"""A status as people read it, and every row it was computed from."""


class DeliveryFacts(Protocol):
    """What ``services.facts("delivery")`` offers here."""

    def projects(
        self, mirror: Records, policy: Policy, as_of: datetime, plans: Mapping[str, Baseline]
    ) -> Iterator[ProjectFacts]: ...
    def project_row(self, mirror: Records, policy: Policy, project_id: str) -> JsonObject | None: ...


def facts_of(services: Services) -> DeliveryFacts:
    """The delivery facts builder."""
    return cast("DeliveryFacts", services.facts("delivery"))


@dataclass(frozen=True, slots=True)
class _Known:
    """What we hold besides HaloPSA's records."""

    plans: dict[str, JsonObject]
    baselines: dict[str, Baseline]
    gates: dict[str, dict[str, GateRecord]]
    reviewed: frozenset[str]
    heads: dict[str, JsonObject]
    seen: dict[str, Held]
    """The rows of the heads."""


def project_status_run(services: Services, run: Run) -> JsonObject:
    """Assess every project as of the run's clock; the answer counts ratings and verdicts."""
    looked_at, known = services.clock.now(), _known(services)
    mirror, policy = services.mirror.snapshot(), services.policy.policy
    read = [mirror.read_at(kind) for kind in _NEEDS]
    observed = min((at for at in read if at is not None), default=None)
    reads = {kind: mirror.observations(kind)[:3] for kind in _READ}
    observations = tuple(dict.fromkeys(one for newest in reads.values() for one in newest))
    stale = _stale(services, observed, complete=None not in read)
    run.progress(0.05, "Reading projects and time entries.")
    measured: list[_Measured] = []
    cases: list[Case] = []
    triggers: list[Trigger] = []
    ratings: dict[str, int] = {"green": 0, "amber": 0, "red": 0, "unknown": 0}
    for facts in facts_of(services).projects(mirror, policy, run.as_of, known.baselines):
        status = _measure(facts if stale is None else replace(facts, faults=(stale, *facts.faults)), known, policy, run)
        scoped = policy.scoped(facts.practice, facts.customer)
        score = health(status, scoped)
        ratings[score.rating] += 1
        if (plan := known.plans.get(facts.id)) is not None:
            who = (facts.id, facts.name, facts.customer, facts.practice)
            triggers.append(Trigger(*who, plan, change_due(status, scoped)))
        parts = told(_inputs(facts, plan, known.gates.get(facts.id), reads))
        body = {
            **_remembered(status_json(status, score, plan, policy.service.currency), known.heads.get(facts.id)),
            "run_id": run.run_id,
            "policy_version": services.policy.version,
            "inputs": brief(parts),
            "traces": figure_parts(status),
            "evidence": list(observations),
        }
        measured.append((body, parts))
        cases.append(Case(Subject("project", facts.id), facts.customer, facts.practice, _slim(status), observed))
    run.progress(0.5, f"Recording {len(measured)} projects.")
    _record(services, measured, known, run)
    cases = [
        replace(case, observations=tuple(body["evidence"])) for case, (body, _) in zip(cases, measured, strict=True)
    ]
    run.progress(0.7, "Judging.")
    judging = [(control, cases) for control in _CONTROLS]
    judged = assess_each(services, judging, as_of=run.as_of, run_id=run.run_id, looked_at=looked_at)
    assessed = {control.id: done for control, done in zip(_CONTROLS, judged, strict=True)}
    tell_new(services, [one for done in assessed.values() for one in done], run.run_id)
    messages = escalate(services, [*assessed["project_control"], *assessed["stage_gate"]], known.plans, run)
    answered = follow(services, [one for done in assessed.values() for one in done])
    verdicts: dict[str, int] = {}
    for done in assessed.values():
        for one in done:
            verdicts[one.judgement.verdict.value] = verdicts.get(one.judgement.verdict.value, 0) + 1
    return {
        "projects": len(measured),
        "ratings": ratings,
        "verdicts": verdicts,
        "escalations": messages,
        "acknowledged": answered,
        "changes_due": raise_changes(services, triggers),
    }


def _known(services: Services) -> _Known:
    plans = {}
    for body in register.baselines(services.rows).all():
        plan = shown(str(body["project_id"]), body["versions"][-1])
        if len(body["versions"]) > 1:
            plan["replaced"] = [one["digest"] for one in body["versions"][:-1]]
        plans[str(body["project_id"])] = plan
    reviewed = frozenset(str(body["project_id"]) for body in register.reviews(services.rows).all())
    seen = {str(held.body["id"]): held for held in register.heads(services.rows).held()}
    heads = {identity: held.body for identity, held in seen.items()}
    read = {key: Baseline.from_json(plan) for key, plan in plans.items()}
    return _Known(plans, read, records_of(services), reviewed, heads, seen)


def _measure(facts: ProjectFacts, known: _Known, policy: Policy, run: Run) -> ProjectStatus:
    baseline = known.baselines.get(facts.id)
    service = policy.scoped(facts.practice, facts.customer).service
    on = calendar(service.calendar, service.time_zone, tuple(service.holidays))
    return measure(facts, baseline, run.as_of, on, gates=known.gates.get(facts.id), reviewed=facts.id in known.reviewed)


def _inputs(
    facts: ProjectFacts, plan: JsonObject | None, gates: dict[str, GateRecord] | None, reads: dict[str, tuple[str, ...]]
) -> Inputs:
    """The rows of HaloPSA, and what people recorded here: the baseline and what was decided about gates."""
    inputs = dict(facts.inputs)
    inputs["reads"] = {kind: {one: [] for one in newest} for kind, newest in reads.items() if newest}
    if plan is not None:
        note(inputs, "baseline", "Baseline", str(plan["version"]), [plan["evidence"] or UNKNOWN])
    for record in (gates or {}).values():
        if record.approval_id is not None:
            note(inputs, "gates", "Approval", record.approval_id, record.evidence or [UNKNOWN])
    return inputs


def _slim(status: ProjectStatus) -> ProjectStatus:
    """Without the tasks, whose figures are drawn already: two thousand projects are kept until all are judged.

    Of a closed project those are kept that somebody left open or unbilled.
    """
    left = tuple(one for one in status.facts.tasks if status.facts.closed and (not one.closed or one.time.unbilled))
    done = replace(status.done, by_task={}, planned={}) if status.done else None
    return replace(
        status, facts=replace(status.facts, tasks=left, inputs={}), done=done, causes=(), streams=(), periods=()
    )


def _stale(services: Services, observed: datetime | None, *, complete: bool) -> Reason | None:
    if not complete or observed is None:
        return Reason("stale_facts", "Projects or time entries have never been read completely from HaloPSA.")
    fresh = timedelta(hours=services.policy.policy.service.fresh_hours)
    if services.clock.now() - observed > fresh:
        return Reason("stale_facts", f"HaloPSA was last read at {rfc3339(observed)}, longer ago than policy allows.")
    return None


def _remembered(body: JsonObject, head: JsonObject | None) -> JsonObject:
    """With what only earlier measurements know: when milestones were done, what was earned by the end of each period."""
    return with_curve(_dated(body, head), head)


def _dated(body: JsonObject, head: JsonObject | None) -> JsonObject:
    """HaloPSA keeps no date of a milestone's completion: without closed tasks it is when we first saw it complete."""
    seen = (head or {}).get("milestones")
    for one in body["milestones"]:
        if one["complete"] and one["completed_at"] is None and head is not None and seen is not None:
            one["completed_at"] = seen[one["id"]] if one["id"] in seen else body["as_of"]
    return body


def _record(services: Services, measured: list[_Measured], known: _Known, run: Run) -> None:
    """Evidence first, with every row behind every figure; then the registers people read."""
    groups: dict[tuple[str | None, str | None], list[_Measured]] = {}
    for one in measured:
        groups.setdefault((one[0]["customer"], one[0]["practice"]), []).append(one)
    entries, owners = [], []
    for (customer, practice), group in groups.items():
        for at in range(0, len(group), _ENTRY):
            part = group[at : at + _ENTRY]
            whole = [{**body, "inputs": parts} for body, parts in part]
            payload = json.dumps(
                {"run_id": run.run_id, "as_of": rfc3339(run.as_of), "projects": whole},
                sort_keys=True,
                ensure_ascii=False,
                separators=(",", ":"),
            ).encode()
            entries.append(
                NewEntry(
                    type="project.measured",
                    key=f"{run.run_id}\nproject_status\n{whole[0]['id']}\n{hashlib.sha256(payload).hexdigest()[:16]}",
                    payload=payload,
                    customer=customer,
                    subject=Subject("population", "project"),
                    controls=tuple(control.id for control in _CONTROLS),
                    practice=practice,
                )
            )
            owners.append(part)
    now = rfc3339(services.clock.now())
    for receipt, part in zip(services.ledger.record_many(entries), owners, strict=True):
        for body, _ in part:
            body["recorded_at"] = now
            body["evidence"] = [receipt.evidence_id, *body["evidence"]]
    bodies = [body for body, _ in measured]
    register.put_statuses(services.rows, bodies)
    heads = {body["id"]: register.head_of(body) for body in bodies}
    newer = ((key, _newer(known.heads.get(key), head)) for key, head in heads.items())
    written = [(key, head) for key, head in newer if head is not None]
    for key in register.heads(services.rows).swap_many(written, known.seen):
        # another run, or a baseline accepted meanwhile
        register.heads(services.rows).change(key, partial(_newer, head=heads[key]))


def _newer(old: JsonObject | None, head: JsonObject) -> JsonObject | None:
    """The head as it is to stand, None where a later one does. A baseline that was accepted since stays named."""
    if old is None:
        return head
    if str(old.get("as_of") or "") > head["as_of"]:
        return None
    plan = max((one["baseline"] for one in (old, head) if one["baseline"]), key=itemgetter("version"), default=None)
    return {**head, "baseline": plan}


def judge_projects(services: Services, ids: Iterable[str], as_of: datetime, run_id: str) -> None:
    """Something about these projects was heard: review the deals they came from at once. Figures are the daily run's."""
    from shared.procedures.handoffs import judge_opportunities

    rows = (facts_of(services).project_row(services.mirror, services.policy.policy, identity) for identity in ids)
    origins = sorted({str(row["created_from"]) for row in rows if row is not None and row["created_from"]})
    judge_opportunities(services, origins, as_of, run_id)


def list_projects(
    services: Services,
    person: Person,
    as_of: datetime | None,
    limit: int,
    after: str | None,
    customer: str | None = None,
) -> JsonObject:
    """Projects the caller may see, each with its figures at ``as_of``; those not assessed by then are left out."""
    rows = (
        row
        for row in register.heads(services.rows).all()
        if visible(row, person) and customer in (None, row["customer"])
    )
    if as_of is not None:
        held = (register.status_at(services.rows, row["id"], as_of) for row in rows)
        rows = (register.head_of(body) for body in held if body is not None)
    return page(rows, limit=limit, after=after, key=lambda row: f"{row['id']!s:0>20}")


def project_view(services: Services, person: Person, project_id: str, as_of: datetime | None) -> JsonObject:
    """One project as recorded for the latest instant not after ``as_of`` (None: the newest).

    Measuring the same instant again replaces its answer; nothing else ever changes it.
    """
    body = register.status_at(services.rows, project_id, as_of)
    row = body or facts_of(services).project_row(services.mirror, services.policy.policy, project_id)
    if row is None or not visible(row, person):
        raise NotFound(f"There is no project {project_id}.", code="project_not_found")
    messages = list(register.escalations(services.rows).all(first=f"{project_id}~", last=f"{project_id}~~"))
    if as_of is not None:
        # An answer as of then must not change: who was told by then, without what came back later.
        kept = ("level", "to", "finding", "since", "as_of", "evidence")
        until = body["as_of"] if body is not None else ""
        messages = [{name: one.get(name) for name in kept} for one in messages if one["as_of"] <= until]
    if body is not None:
        return {**_UNTRACED, **body, "escalations": messages}
    held, asked = register.baselines(services.rows).get(project_id), rfc3339(as_of or services.clock.now())
    versions = held.body["versions"] if held is not None else []
    accepted = [one for one in versions if as_of is None or one["accepted_at"] <= asked]
    plan = shown(project_id, accepted[-1]) if accepted else None
    return {**unmeasured(row, plan, asked), "escalations": messages}


_UNTRACED: JsonObject = {"inputs": None, "traces": None}
"""What is told of a status that was recorded before observations were kept: not known."""


def project_inputs(
    services: Services,
    person: Person,
    project_id: str,
    as_of: datetime | None,
    limit: int,
    after: str | None,
    part: str | None = None,
) -> JsonObject:
    """Every row behind a status with the observation it came from, out of the record of that measurement.

    ``part`` narrows to one part. A row that two readings made is listed under both. Raises NotFound; Gone when the record was erased.
    """
    body = project_view(services, person, project_id, as_of)
    parts: JsonObject = {}
    if body["inputs"]:
        content = services.ledger.content(body["evidence"][0])
        if content is None:
            raise Gone("The record of this measurement was erased.", code="evidence_erased")
        projects = json.loads(content)["projects"]
        parts = next(one["inputs"] for one in projects if one["id"] == project_id)
    return page(
        (one for one in listed(parts) if part in (None, one["part"])),
        limit=limit,
        after=after,
        key=lambda one: f"{one['part']} {one['kind']} {one['row'] or '':0>40} {one['observation']}",
    )

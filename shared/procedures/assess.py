"""Judge cases by a control, record what was judged, keep the findings register. The only place that catches any exception."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.controls.spec import Case, Control, Judgement
from shared.errors import RowStale
from shared.model import JsonObject, NewEntry, Reason, Severity, Subject, Verdict, rfc3339
from shared.procedures.services import Services
from shared.registers import findings
from shared.registers.store import Held


@dataclass(frozen=True, slots=True)
class Assessed:
    """One judged case. ``changed`` when verdict or reasons differ from what stood before."""

    case: Case
    judgement: Judgement
    finding: JsonObject
    before: JsonObject | None
    changed: bool
    outdated: bool = False
    """A judgement by newer facts was faster: its finding stands, and nothing else follows from this one."""


Cause = str | Mapping[str, str]
"""The run or the delivery that caused a judgement; by subject id where each has its own."""


def judge(control: Control, case: Case, services: Services, as_of: datetime) -> Judgement:
    """One verdict, never an exception: a crash is ``error``, missing or stale facts are ``unknown``."""
    if control.practices and case.practice not in control.practices:
        return Judgement(Verdict.NOT_APPLICABLE)
    if case.facts is None:
        return Judgement.unknown(case.missing or "The facts this control needs could not be read.")
    fresh = timedelta(hours=services.policy.policy.service.fresh_hours)
    if case.observed_at is not None and services.clock.now() - case.observed_at > fresh:
        return Judgement.unknown(
            f"The facts were read at {rfc3339(case.observed_at)}, longer ago than policy allows ({fresh})."
        )
    policy = services.policy.policy.scoped(case.practice, case.customer)
    try:
        return control.judge(case.facts, policy, as_of)
    except Exception as fault:  # noqa: BLE001 - a control that crashes must leave a verdict, not stop the others
        return Judgement(
            Verdict.ERROR,
            (
                Reason(
                    "control_error",
                    f"The control failed on this subject ({type(fault).__name__}); its author must look.",
                ),
            ),
            Severity.HIGH,
        )


def assess(
    services: Services,
    control: Control,
    cases: Iterable[Case],
    *,
    as_of: datetime,
    run_id: Cause,
    looked_at: datetime | None = None,
) -> list[Assessed]:
    """Judge all cases; record an ``assessment.recorded`` entry per customer and practice, a ``finding.changed`` per change.

    ``run_id`` names what caused it and makes repeating harmless. Cases with causes of their own are recorded apart.
    ``looked_at``: when their facts began to be read, if that is long ago by now.
    """
    return assess_each(services, [(control, cases)], as_of=as_of, run_id=run_id, looked_at=looked_at)[0]


def assess_each(
    services: Services,
    judging: Sequence[tuple[Control, Iterable[Case]]],
    *,
    as_of: datetime,
    run_id: Cause,
    looked_at: datetime | None = None,
) -> list[list[Assessed]]:
    """The same by several controls: what they say about one customer is recorded together.

    A finding is written over the version it was judged against: what people said of it meanwhile stays, and a judgement
    that looked earlier than the one that stands changes nothing.
    """
    looked = rfc3339(looked_at or services.clock.now())
    scopes = [
        (control, scope, judged)
        for control, cases in judging
        for scope, judged in _grouped(services, control, cases, as_of, run_id)
    ]
    # one round to the store for all customers: a population of many small customers costs no more than one large one
    receipts = services.ledger.record_many(
        [_assessment(control, scope, judged, services, as_of) for control, scope, judged in scopes]
    )
    drafts: dict[str, list[_Draft]] = {control.id: [] for control, _ in judging}
    standing: dict[str, dict[str, Held]] = {}
    for (control, scope, judged), receipt in zip(scopes, receipts, strict=True):
        for case, judgement in judged:
            seen = (receipt.evidence_id, *case.observations)
            new = {**_finding(control, case, judgement, services, as_of, seen), "looked_at": looked}
            drafts[control.id].append(_Draft(control, scope, case, judgement, new))
    for name, mine in drafts.items():
        standing[name] = _standing(services, name, mine, singly=not isinstance(run_id, str))
    done = {name: [_fold(draft, standing[name]) for draft in mine] for name, mine in drafts.items()}
    services.ledger.record_many(
        [
            entry
            for name, mine in drafts.items()
            for draft, one in zip(mine, done[name], strict=True)
            for entry in _told(draft, one)
        ]
    )
    for name, mine in drafts.items():
        _write(services, name, mine, done[name], standing[name])
    return [done[control.id] for control, _ in judging]


def _write(
    services: Services, control: str, drafts: Sequence[_Draft], done: list[Assessed], standing: Mapping[str, Held]
) -> None:
    """Write the findings; what somebody else has written meanwhile is folded again, into what stands now."""
    register = findings.register(services.rows, control)
    seen = {findings.key_of(name): held for name, held in standing.items()}
    waiting = list(range(len(drafts)))
    for _ in range(_TRIES):
        bodies = [(drafts[at].key, done[at].finding) for at in waiting if not done[at].outdated]
        stale = register.swap_many(bodies, seen)
        if not stale:
            return
        waiting = [at for at in waiting if drafts[at].key in stale]
        seen = {key: held for key in stale if (held := register.get(key)) is not None}
        again = {held.body["id"]: held for held in seen.values()}
        for at in waiting:
            done[at] = _fold(drafts[at], again)
        services.ledger.record_many([entry for at in waiting for entry in _told(drafts[at], done[at])])
    raise RowStale("Findings keep changing; try again.", code="row_contended")


_Scope = tuple[str, str | None, str | None]
"""What caused it, customer and practice."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a judgement says, before it is folded into what stands."""

    control: Control
    scope: _Scope
    case: Case
    judgement: Judgement
    finding: JsonObject

    @property
    def key(self) -> str:
        return findings.key_of(self.finding["id"])


_Judged = list[tuple[Case, Judgement]]


def cause_of(cause: Cause, subject: Subject) -> str:
    """What caused the judgement of one subject."""
    return cause if isinstance(cause, str) else cause[subject.id]


def _grouped(
    services: Services, control: Control, cases: Iterable[Case], as_of: datetime, run_id: Cause
) -> list[tuple[_Scope, _Judged]]:
    groups: dict[_Scope, _Judged] = defaultdict(list)
    for case in cases:
        scope = (cause_of(run_id, case.subject), case.customer, case.practice)
        groups[scope].append((case, judge(control, case, services, as_of)))
    return sorted(groups.items(), key=lambda group: tuple(part or "" for part in group[0]))


def _told(draft: _Draft, one: Assessed) -> Iterator[NewEntry]:
    """What is told of a finding that changed; a first one that passes is nothing new."""
    if not one.changed or (one.before is None and one.judgement.verdict not in _TELLING):
        return
    # without when it was looked at: a run that is repeated says the same once
    payload = _json({name: value for name, value in one.finding.items() if name != "looked_at"})
    yield NewEntry(
        type="finding.changed",
        key=f"{draft.scope[0]}\n{one.finding['id']}\n{_mark(payload)}",
        payload=payload,
        customer=one.case.customer,
        subject=one.case.subject,
        controls=(draft.control.id,),
        practice=one.case.practice,
    )


def _standing(services: Services, control: str, drafts: Sequence[_Draft], *, singly: bool) -> dict[str, Held]:
    """What these findings said before, read in the fewest requests. ``singly``: they rang, and lie far apart."""
    if singly or len(drafts) <= _FEW:
        ids = [draft.finding["id"] for draft in drafts]
        return {name: held for name in ids if (held := findings.held(services.rows, name)) is not None}
    # a population comes in the order of its customers, like the keys: one range holds these, and little beside them
    names = sorted({draft.scope[1] or "0" for draft in drafts})
    return {held.body["id"]: held for held in findings.between(services.rows, control, names[0], names[-1])}


def _fold(draft: _Draft, standing: Mapping[str, Held]) -> Assessed:
    new, held = draft.finding, standing.get(draft.finding["id"])
    old = held.body if held is not None else None
    if old is not None and old.get("looked_at", "") > new["looked_at"]:
        return Assessed(draft.case, draft.judgement, old, old, changed=False, outdated=True)
    folded = findings.fold(old, new)
    if old is not None and not any(old[key] != folded[key] for key in _SAYING):
        fresh = {key: folded[key] for key in _FRESH}
        return Assessed(draft.case, draft.judgement, {**old, **fresh}, old, changed=False)
    return Assessed(draft.case, draft.judgement, folded, old, changed=True)


_TRIES = 12
_FEW = 3
_SAYING = ("verdict", "reasons", "status", "severity", "owner")
"""What makes a finding another finding; the rest only makes it newer."""
_FRESH = ("evidence", "assessed_at", "looked_at", "detail", "policy_version", "practice")
_TELLING = (Verdict.FAIL, Verdict.ERROR, Verdict.UNKNOWN)


def _finding(
    control: Control, case: Case, judgement: Judgement, services: Services, as_of: datetime, evidence: tuple[str, ...]
) -> JsonObject:
    return {
        "id": findings.finding_id(control.id, case.customer, case.subject),
        "control": control.id,
        "subject": case.subject.to_json(),
        "customer": case.customer,
        "practice": case.practice,
        "verdict": judgement.verdict.value,
        "status": "open",
        "severity": judgement.severity.value,
        "reasons": [reason.to_json() for reason in judgement.reasons],
        "owner": judgement.owner or control.owner.value,
        "due": rfc3339(judgement.due) if judgement.due else None,
        "since": rfc3339(as_of),
        "assessed_at": rfc3339(as_of),
        "policy_version": services.policy.version,
        "evidence": list(evidence)[:20],
        "detail": judgement.detail,
    }


def _assessment(
    control: Control,
    scope: _Scope,
    judged: _Judged,
    services: Services,
    as_of: datetime,
) -> NewEntry:
    run_id, customer, practice = scope
    counts = Counter(judgement.verdict.value for _, judgement in judged)
    payload: JsonObject = {
        "control": control.id,
        "title": control.title,
        "run_id": run_id,
        "as_of": rfc3339(as_of),
        "policy_version": services.policy.version,
        "population": len(judged),
        "verdicts": dict(sorted(counts.items())),
        "subjects": [
            {
                "subject": case.subject.to_json(),
                "verdict": judgement.verdict.value,
                "codes": sorted({reason.code for reason in judgement.reasons}),
                "observed_at": rfc3339(case.observed_at) if case.observed_at else None,
            }
            for case, judgement in judged
        ],
        "observations": sorted({one for case, _ in judged for one in case.observations}),
    }
    body = _json(payload)
    subject = judged[0][0].subject if len(judged) == 1 else Subject("population", control.subject_kind)
    return NewEntry(
        type="assessment.recorded",
        key=f"{run_id}\n{control.id}\n{subject.kind}\n{subject.id}\n{_mark(body)}",
        payload=body,
        customer=customer,
        subject=subject,
        controls=(control.id,),
        practice=practice,
    )


def _mark(payload: bytes) -> str:
    """Part of an entry's key: a run that is repeated on other facts records what it then found beside what it found first."""
    return hashlib.sha256(payload).hexdigest()[:16]


def _json(body: JsonObject) -> bytes:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

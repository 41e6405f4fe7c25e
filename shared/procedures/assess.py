"""Judge cases by a control, record what was judged, keep the findings register. The only place that catches any exception."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.controls.spec import Case, Control, Judgement
from shared.model import JsonObject, NewEntry, Reason, Severity, Subject, Verdict, rfc3339
from shared.procedures.services import Services
from shared.registers import findings


@dataclass(frozen=True, slots=True)
class Assessed:
    """One judged case. ``changed`` when verdict or reasons differ from what stood before."""

    case: Case
    judgement: Judgement
    finding: JsonObject
    before: JsonObject | None
    changed: bool


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
) -> list[Assessed]:
    """Judge all cases; record an ``assessment.recorded`` entry per customer and practice, a ``finding.changed`` per change.

    ``run_id`` names what caused it and makes repeating harmless. Cases with causes of their own are recorded apart.
    """
    return assess_each(services, [(control, cases)], as_of=as_of, run_id=run_id)[0]


def assess_each(
    services: Services, judging: Sequence[tuple[Control, Iterable[Case]]], *, as_of: datetime, run_id: Cause
) -> list[list[Assessed]]:
    """The same by several controls: what they say about one customer is recorded together."""
    scopes = [
        (control, scope, judged)
        for control, cases in judging
        for scope, judged in _grouped(services, control, cases, as_of, run_id)
    ]
    # one round to the store for all customers: a population of many small customers costs no more than one large one
    receipts = services.ledger.record_many(
        [_assessment(control, scope, judged, services, as_of) for control, scope, judged in scopes]
    )
    done: list[list[Assessed]] = []
    telling: list[NewEntry] = []
    for control, _ in judging:
        mine = [
            (scope, judged, receipt.evidence_id)
            for (one, scope, judged), receipt in zip(scopes, receipts, strict=True)
            if one is control
        ]
        standing = _standing(services, control, mine, singly=not isinstance(run_id, str))
        done.append([])
        for scope, judged, evidence_id in mine:
            for case, judgement in judged:
                one = _fold(control, case, judgement, services, as_of, evidence_id, standing)
                done[-1].append(one)
                if one.changed and (one.before is not None or judgement.verdict in _TELLING):
                    telling.append(_change(control, scope, one))
    services.ledger.record_many(telling)
    for (control, _), each in zip(judging, done, strict=True):
        findings.register(services.rows, control.id).put_many(
            [(findings.key_of(one.finding["id"]), one.finding) for one in each]
        )
    return done


_Scope = tuple[str, str | None, str | None]
"""What caused it, customer and practice."""
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


def _change(control: Control, scope: _Scope, one: Assessed) -> NewEntry:
    return NewEntry(
        type="finding.changed",
        key=f"{scope[0]}\n{one.finding['id']}\n{_mark(_json(one.finding))}",
        payload=_json(one.finding),
        customer=one.case.customer,
        subject=one.case.subject,
        controls=(control.id,),
        practice=one.case.practice,
    )


def _standing(
    services: Services, control: Control, groups: Sequence[tuple[_Scope, _Judged, str]], *, singly: bool
) -> dict[str, JsonObject]:
    """What these findings said before, read in the fewest requests. ``singly``: they rang, and lie far apart."""
    if singly or sum(len(judged) for _, judged, _ in groups) <= _FEW:
        ids = [
            findings.finding_id(control.id, customer, case.subject)
            for (_, customer, _), judged, _ in groups
            for case, _ in judged
        ]
        return {key: body for key in ids if (body := findings.get(services.rows, key)) is not None}
    # a population comes in the order of its customers, like the keys: one range holds these, and little beside them
    names = sorted({customer or "0" for (_, customer, _), _, _ in groups})
    return {body["id"]: body for body in findings.between(services.rows, control.id, names[0], names[-1])}


def _fold(
    control: Control,
    case: Case,
    judgement: Judgement,
    services: Services,
    as_of: datetime,
    evidence_id: str,
    standing: dict[str, JsonObject],
) -> Assessed:
    new = _finding(control, case, judgement, services, as_of, (evidence_id, *case.observations))
    old = standing.get(new["id"])
    folded = findings.fold(old, new)
    if old is not None and not any(old[key] != folded[key] for key in _TOLD):
        fresh = {key: folded[key] for key in ("evidence", "assessed_at", "detail", "policy_version", "practice")}
        return Assessed(case, judgement, {**old, **fresh}, old, changed=False)
    return Assessed(case, judgement, folded, old, changed=True)


_FEW = 3
_TOLD = ("verdict", "reasons", "status", "severity", "owner")
"""What makes a finding another finding; the rest only makes it newer."""
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

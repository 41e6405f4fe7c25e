"""Tell owner, approver and director by the age of what is wrong, once each, and note how each was answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from shared.actions import Action, ActionKind
from shared.measures.escalation_quality import LEVELS, QUALITIES
from shared.model import JsonObject, Severity, Verdict, parse_instant, rfc3339
from shared.procedures.assess import Assessed
from shared.procedures.plan import heard, queue_actions
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers import findings
from shared.registers import projects as register
from shared.registers.store import Held

_ROLES = {"owner": "Project owner", "approver": "PMO lead", "director": "Delivery director"}
_ALWAYS = frozenset({"dependency_blocked"})
"""Codes that are told although they are not red."""


def escalate(
    services: Services,
    assessed: list[Assessed],
    plans: Mapping[str, JsonObject],
    run: Run,
    roles: Mapping[str, str] | None = None,
) -> int:
    """Queue what is due by the age of each finding, answered or not; answer how many messages were new.

    ``plans`` name who is accountable by the subject's id, ``roles`` who is told where nobody is named.
    """
    known = {str(body["id"]) for body in register.escalations(services.rows).all()}
    policy, now = services.policy.policy, services.clock.now()
    messages: list[Action] = []
    rows: list[tuple[str, JsonObject]] = []
    for one in assessed:
        if one.finding["status"] not in ("open", "mitigating") or not _serious(one):
            continue
        scoped = policy.scoped(one.case.practice, one.case.customer)
        since = parse_instant(one.finding["since"])
        for level, days in zip(LEVELS, scoped.project.escalate_after_days, strict=True):
            key = f"{one.case.subject.id}~{one.finding['control']}~{one.finding['since']}~{level}"
            if run.as_of - since < timedelta(days=days) or key in known:
                continue
            who = _who(plans.get(one.case.subject.id), level, roles or _ROLES)
            messages.append(_message(one, level, who))
            rows.append((key, _row(key, one, level, who, now, run)))
    # All at once: two thousand red projects are told in a few rounds to the store, not in thousands.
    sent = {action.key for action in heard(services, messages)}
    queue_actions(services, [action for action in messages if action.key in sent], run.run_id)
    for (_, row), action in zip(rows, messages, strict=True):
        row["sent"] = action.key in sent
    register.escalations(services.rows).insert_many(rows)
    return len(rows)


def follow(services: Services, assessed: list[Assessed]) -> int:
    """Look whether escalations have been acknowledged, responded to or resolved since; answer how many moved on."""
    fresh = {str(one.finding["id"]): one.finding for one in assessed}
    moved: list[tuple[str, JsonObject]] = []
    seen: dict[str, Held] = {}
    for held in register.escalations(services.rows).held():
        body = held.body
        if body.get("resolved_at") is not None:
            continue
        finding = fresh.get(body["finding"]) or findings.get(services.rows, body["finding"])
        after = _answered(body, finding) if finding is not None else body
        if after != body:
            moved.append((str(body["id"]), after))
            seen[str(body["id"])] = held
    # what another run has moved on meanwhile is looked at again by the next
    return len(moved) - len(register.escalations(services.rows).swap_many(moved, seen))


def _answered(body: JsonObject, finding: JsonObject) -> JsonObject:
    """The row with what people said and did about its finding since they were told; the first answer sets the hours."""
    said = sorted(_answers(body, finding), key=lambda one: (one[0], QUALITIES.index(one[1])))
    if not said:
        return body
    out = dict(body)
    first = said[0]
    if out["acknowledged_at"] is None:
        out |= {"acknowledged_at": first[0], "acknowledged_by": first[2], "acknowledge_hours": _hours(body, first[0])}
    response = next((one for one in said if one[1] != "acknowledged"), None)
    if response is not None and out["responded_at"] is None:
        out |= {"responded_at": response[0], "responded_by": response[2], "response_hours": _hours(body, response[0])}
    out["resolved_at"] = next((at for at, quality, _ in said if quality == "resolved"), None)
    out["quality"] = min((quality for _, quality, _ in said), key=QUALITIES.index)
    return out


def _answers(body: JsonObject, finding: JsonObject) -> Iterator[tuple[str, str, str | None]]:
    """When, how good, by whom. Words from before the escalation's cause are about something older."""
    since = min(body["since"], body["told_at"])
    plan, said, override = (finding.get(name) or {} for name in ("mitigation", "feedback", "override"))
    if plan.get("at", "") > since:
        whole = all(str(plan.get(name) or "").strip() for name in ("owner", "plan", "recovery_date"))
        yield plan["at"], "planned" if whole else "acknowledged", plan.get("by")
    if said.get("at", "") > since:
        yield said["at"], "disputed" if said.get("kind") == "false_positive" else "acknowledged", said.get("by")
    if (override.get("at") or "") > since:
        yield override["at"], "accepted", next(iter(override.get("approved_by") or ()), None)
    if finding["verdict"] == "pass" and finding["since"] > body["since"]:
        yield finding["since"], "resolved", None


def _hours(body: JsonObject, at: str) -> float | None:
    """None when it had been answered before this level was told: nothing was measured then."""
    hours = (parse_instant(at) - parse_instant(body["told_at"])).total_seconds() / 3600
    return round(hours, 2) if hours >= 0 else None


def _serious(one: Assessed) -> bool:
    if one.judgement.verdict is not Verdict.FAIL:
        return False
    codes = {reason.code for reason in one.judgement.reasons}
    return one.judgement.severity in (Severity.HIGH, Severity.CRITICAL) or bool(codes & _ALWAYS)


def _who(baseline: JsonObject | None, level: str, roles: Mapping[str, str]) -> str:
    named = {key.casefold(): who for key, who in (baseline or {}).get("accountable", {}).items() if who}
    if named.get(level):
        return str(named[level])
    if level == "owner" and named:
        return str(next(iter(named.values())))
    return roles[level]


def _message(one: Assessed, level: str, who: str) -> Action:
    finding = one.finding
    return Action(
        ActionKind.NOTIFY,
        f"escalation\n{finding['id']}\n{finding['since']}\n{level}",
        one.case.subject,
        one.case.customer,
        {
            "event": "escalated",
            "practice": one.case.practice,
            "id": finding["id"],
            "kind": finding["control"],
            "level": level,
            "to": who,
            "title": f"{one.case.subject.kind.capitalize()} {one.case.subject.id}: told to the {level}",
            "text": " ".join(reason.text for reason in one.judgement.reasons[:3]),
        },
    )


def _row(key: str, one: Assessed, level: str, who: str, now: datetime, run: Run) -> JsonObject:
    return {
        "id": key,
        "subject": one.case.subject.to_json(),
        "customer": one.case.customer,
        "practice": one.case.practice,
        "control": one.finding["control"],
        "finding": one.finding["id"],
        "evidence": one.finding["evidence"],
        "level": level,
        "to": who,
        "since": one.finding["since"],
        "as_of": rfc3339(run.as_of),
        "told_at": rfc3339(now),
        "acknowledged_at": None,
        "acknowledged_by": None,
        "acknowledge_hours": None,
        "responded_at": None,
        "responded_by": None,
        "response_hours": None,
        "resolved_at": None,
        "quality": None,
    }

"""Tell owner, approver and director by the age of what is wrong, once each, and measure how it was answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.actions import Action, ActionKind
from shared.model import JsonObject, Severity, Verdict, parse_instant, rfc3339
from shared.procedures.assess import Assessed
from shared.procedures.plan import queue_actions
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers import findings
from shared.registers import projects as register

LEVELS = ("owner", "approver", "director")
_ROLES = {"owner": "Project owner", "approver": "PMO lead", "director": "Delivery director"}
_ALWAYS = frozenset({"dependency_blocked"})
"""Codes that are told although they are not red."""


def escalate(services: Services, assessed: list[Assessed], plans: Mapping[str, JsonObject], run: Run) -> int:
    """Queue what is due; answer how many messages were new."""
    known = register.escalations(services.rows)
    policy = services.policy.policy
    count = 0
    for one in assessed:
        if one.finding["status"] not in ("open", "mitigating") or not _serious(one):
            continue
        scoped = policy.scoped(one.case.practice, one.case.customer)
        since = parse_instant(one.finding["since"])
        for level, days in zip(LEVELS, scoped.project.escalate_after_days, strict=True):
            if run.as_of - since < timedelta(days=days):
                continue
            key = f"{one.case.subject.id}~{one.finding['control']}~{one.finding['since']}~{level}"
            if known.get(key) is not None:
                continue
            who = _who(plans.get(one.case.subject.id), level)
            queue_actions(services, [_message(one, level, who)], run.run_id)
            known.put(key, _row(key, one, level, who, services.clock.now(), run))
            count += 1
    return count


def acknowledge(services: Services) -> int:
    """Mark escalations whose finding has got an owner and a plan since; answer how many. Hours to an answer are kept."""
    known = register.escalations(services.rows)
    done = 0
    for body in list(known.all()):
        if body["answered_at"] is not None:
            continue
        finding = findings.get(services.rows, body["finding"])
        answer = _answer(finding, body)
        if answer is None:
            continue
        hours = (parse_instant(answer["at"]) - parse_instant(body["told_at"])).total_seconds() / 3600
        known.put(
            body["id"],
            {
                **body,
                "answered_at": answer["at"],
                "answered_by": answer["by"],
                "quality": answer["quality"],
                "response_hours": round(max(hours, 0.0), 2),
            },
        )
        done += 1
    return done


def _answer(finding: JsonObject | None, body: JsonObject) -> JsonObject | None:
    if finding is None:
        return None
    plan = finding.get("mitigation")
    if plan and plan.get("at"):
        whole = all(str(plan.get(name) or "").strip() for name in ("owner", "plan", "recovery_date"))
        return {"at": plan["at"], "by": plan.get("by"), "quality": "planned" if whole else "acknowledged"}
    if finding["verdict"] == "pass" and finding["since"] > body["since"]:
        return {"at": finding["since"], "by": None, "quality": "resolved"}
    return None


def _serious(one: Assessed) -> bool:
    if one.judgement.verdict is not Verdict.FAIL:
        return False
    codes = {reason.code for reason in one.judgement.reasons}
    return one.judgement.severity in (Severity.HIGH, Severity.CRITICAL) or bool(codes & _ALWAYS)


def _who(baseline: JsonObject | None, level: str) -> str:
    named = {key.casefold(): who for key, who in (baseline or {}).get("accountable", {}).items() if who}
    if named.get(level):
        return str(named[level])
    if level == "owner" and named:
        return str(next(iter(named.values())))
    return _ROLES[level]


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
            "title": f"Project {one.case.subject.id}: told to the {level}",
            "text": " ".join(reason.text for reason in one.judgement.reasons[:3]),
        },
    )


def _row(key: str, one: Assessed, level: str, who: str, now: datetime, run: Run) -> JsonObject:
    return {
        "id": key,
        "project": one.case.subject.id,
        "finding": one.finding["id"],
        "level": level,
        "to": who,
        "since": one.finding["since"],
        "as_of": rfc3339(run.as_of),
        "told_at": rfc3339(now),
        "answered_at": None,
        "answered_by": None,
        "quality": None,
        "response_hours": None,
    }

"""Look after the decision log: judge every decision, tell its owner, the practice's manager and the steering team by age."""

from __future__ import annotations

from shared.controls import decision_log
from shared.controls.spec import Case
from shared.model import JsonObject, Subject
from shared.procedures.announce import tell_new
from shared.procedures.assess import Assessed, assess
from shared.procedures.escalate import escalate
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers.decisions import decisions


def watch_decisions(services: Services, run: Run) -> JsonObject:
    """Judge the log as of the run's clock; answer verdicts and how many escalations were new."""
    rows = {row["id"]: row for row in decisions(services.rows).all()}
    cases = [Case(Subject("decision", key), row.get("customer"), row.get("practice"), row) for key, row in rows.items()]
    assessed = assess(services, decision_log.CONTROL, cases, as_of=run.as_of, run_id=run.run_id)
    tell_new(services, assessed, run.run_id)
    managers = {key: practice.manager for key, practice in services.policy.policy.practices.items()}
    people = {
        key: {
            "accountable": {
                "owner": row.get("owner") or "",
                "approver": ", ".join(name for one in row.get("practices") or [] if (name := managers.get(one))),
            }
        }
        for key, row in rows.items()
    }
    told = escalate(services, assessed, people, run, _ROLES)
    return {"decisions": len(rows), "verdicts": _counts(assessed), "escalations": told}


_ROLES = {"owner": "Decision owner", "approver": "Practice manager", "director": "Steering team"}
"""Who is told where nobody is named."""


def _counts(assessed: list[Assessed]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in assessed:
        counts[one.judgement.verdict.value] = counts.get(one.judgement.verdict.value, 0) + 1
    return counts

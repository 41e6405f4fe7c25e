"""Tell people and flows of findings that have begun to fail."""

from __future__ import annotations

from shared.actions import Action, ActionKind
from shared.model import Subject, Verdict
from shared.procedures.assess import Assessed
from shared.procedures.plan import queue_actions
from shared.procedures.services import Services

_TOLD = 50
"""Findings told one by one; beyond that a run tells the number only."""


def tell_new(services: Services, assessed: list[Assessed], run_id: str | None) -> None:
    """Notify of findings that have begun to fail."""
    opened = [
        one
        for one in assessed
        if one.changed
        and one.judgement.verdict is Verdict.FAIL
        and (one.before is None or one.before["verdict"] != "fail")
    ]
    actions = [
        Action(
            ActionKind.NOTIFY,
            f"finding-opened\n{one.finding['id']}\n{one.finding['since']}",
            Subject("finding", one.finding["id"]),
            one.case.customer,
            {
                "event": "finding_opened",
                "practice": one.case.practice,
                "id": one.finding["id"],
                "kind": one.finding["control"],
                "title": "A finding was opened",
                "text": one.judgement.reasons[0].text,
            },
        )
        for one in opened[:_TOLD]
    ]
    if len(opened) > _TOLD:
        actions.append(
            Action(
                ActionKind.NOTIFY,
                f"findings-opened\n{run_id}",
                Subject("run", str(run_id)),
                None,
                {
                    "event": "findings_opened",
                    "practice": None,
                    "id": str(run_id),
                    "kind": "run",
                    "title": "Many findings were opened",
                    "text": f"{len(opened)} findings were opened by one run; {_TOLD} of them were told one by one.",
                },
            )
        )
    queue_actions(services, actions, run_id)

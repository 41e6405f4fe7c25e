"""Judge the tickets in hand: the daily desk check."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from shared.actions import Action, ActionKind
from shared.controls import alert_linked, desk_discipline, incident_discipline
from shared.controls.spec import Case, Control
from shared.measures.desk_cases import AlertCase, TicketCase, alerts_of, cases_of
from shared.measures.desk_facts import Desk
from shared.measures.desk_signs import is_security_incident
from shared.model import JsonObject, Subject
from shared.procedures.assess import Assessed, assess
from shared.procedures.kpi_sources import desk_of
from shared.procedures.plan import queue_actions
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers import findings

CONTROLS: tuple[Control, ...] = (desk_discipline.CONTROL, incident_discipline.CONTROL, alert_linked.CONTROL)
_TOLD_EACH = 5
"""More new findings than this of one practice are told in one message."""


def desk_check_run(services: Services, run: Run) -> JsonObject:
    """The job: open tickets, those closed lately and those with a standing finding; one finding per ticket and control."""
    looked_at, desk = services.clock.now(), desk_of(services)
    run.progress(0.1, f"{len(desk.tickets)} tickets read.")
    out: JsonObject = {"tickets": len(desk.tickets), "refused": len(desk.refused)}
    if desk.tickets_read_at is None:
        return {**out, "note": "Tickets have never been read; run a sync first."}
    for number, control in enumerate(CONTROLS):
        cases = list(_cases(services, run, control, desk))
        done = assess(services, control, cases, as_of=run.as_of, run_id=run.run_id, looked_at=looked_at)
        _tell(services, run, control, done)
        out[control.id] = {"judged": len(done), **Counter(one.judgement.verdict.value for one in done)}
        run.progress(0.1 + 0.9 * (number + 1) / len(CONTROLS), f"{control.id}: {len(done)} judged.")
    return out


def _cases(services: Services, run: Run, control: Control, desk: Desk) -> Iterator[Case]:
    policy = services.policy.policy
    standing = {
        row["subject"]["id"]: row
        for row in findings.of_control(services.rows, control.id)
        if row["verdict"] in findings.ASKING
    }
    found = alerts_of if control is alert_linked.CONTROL else cases_of
    for facts in found(desk, policy, run.as_of, standing):
        if (
            control is incident_discipline.CONTROL
            and not _incident(services, facts)
            and facts.ticket.id not in standing
        ):
            continue
        before = standing.pop(facts.ticket.id, None)
        if facts.gone and before is not None:
            yield _case(control, facts, before["customer"], before["practice"], desk)
            continue
        if before is not None and before["customer"] != facts.ticket.customer:
            # the ticket moved to another customer: the finding under the former one ends
            yield _case(control, replace(facts, gone=True), before["customer"], before["practice"], desk)
        yield _case(control, facts, facts.ticket.customer, facts.practice, desk)
    if control is desk_discipline.CONTROL:
        for row in desk.refused:
            yield Case(
                Subject(control.subject_kind, row.id),
                row.customer,
                None,
                None,
                desk.tickets_read_at,
                desk.observations,
                f"The ticket's row could not be read. {row.why}",
            )


def _incident(services: Services, facts: TicketCase | AlertCase) -> bool:
    policy = services.policy.policy.scoped(facts.practice, facts.ticket.customer)
    return is_security_incident(facts.ticket, policy.desk)


def _case(
    control: Control, facts: TicketCase | AlertCase, customer: str | None, practice: str | None, desk: Desk
) -> Case:
    return Case(
        Subject(control.subject_kind, facts.ticket.id),
        customer,
        practice,
        facts,
        desk.tickets_read_at,
        desk.observations,
    )


def _tell(services: Services, run: Run, control: Control, done: Iterable[Assessed]) -> None:
    """One message per practice and customer about what newly failed; many are counted, not listed."""
    groups: dict[tuple[str | None, str | None], list[Assessed]] = {}
    for one in done:
        if (
            one.changed
            and one.judgement.verdict.value == "fail"
            and (one.before is None or one.before["verdict"] != "fail")
        ):
            groups.setdefault((one.case.practice, one.case.customer), []).append(one)
    actions = []
    for (practice, customer), new in groups.items():
        listed = "; ".join(f"ticket {one.case.subject.id}: {one.judgement.reasons[0].text}" for one in new[:_TOLD_EACH])
        more = f" And {len(new) - _TOLD_EACH} more." if len(new) > _TOLD_EACH else ""
        mark = hashlib.sha256("\n".join(sorted(one.finding["id"] for one in new)).encode()).hexdigest()[:16]
        actions.append(
            Action(
                ActionKind.NOTIFY,
                f"finding-opened\n{run.run_id}\n{control.id}\n{practice}\n{customer}\n{mark}",
                Subject("finding", new[0].finding["id"]),
                customer,
                {
                    "event": "finding_opened",
                    "practice": practice,
                    "id": new[0].finding["id"],
                    "kind": control.id,
                    "title": f"{len(new)} new finding{'s' * (len(new) != 1)}",
                    "text": listed + more,
                },
            )
        )
    queue_actions(services, actions, run.run_id)

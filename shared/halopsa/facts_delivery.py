"""Project facts from the mirror: one pass over tickets and one over time entries, whatever the number of projects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from shared.halopsa.facts_handoff import handoff, handoffs, no_longer_won, opportunities_of, template
from shared.halopsa.fold import origins
from shared.halopsa.project_parts import closed_at_of, milestones_of, resources_of, said, template_of
from shared.halopsa.project_time import Totals, note_time, time_by_ticket
from shared.halopsa.records.delivery import ClientCurrency, WorkTicket
from shared.halopsa.records.wire import parse_rows
from shared.measures.baseline import Baseline
from shared.measures.inputs import Inputs, note
from shared.measures.project_facts import ZERO, ProjectFacts, TaskFacts, TimeTotals
from shared.model import JsonObject, Reason
from shared.policy.document import Policy
from shared.ports import Records

__all__ = ["handoff", "handoffs", "no_longer_won", "opportunities_of", "project_row", "projects", "template"]

NEEDS = ("Projects", "Tickets", "Actions", "Agent", "Client")
_MOST_FAULTS = 5


@dataclass(slots=True)
class _Work:
    """Tickets that are projects or tasks, by id, and what could not be read."""

    projects: dict[int, WorkTicket] = field(default_factory=dict)
    tasks: dict[int, WorkTicket] = field(default_factory=dict)
    root: dict[int, int] = field(default_factory=dict)
    """Ticket id to the project it belongs to, the project itself included."""
    refused: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    """By project."""
    unreadable: list[tuple[str, JsonObject]] = field(default_factory=list)
    """Project rows that could not be read at all: why, and the row."""
    inputs: dict[int, Inputs] = field(default_factory=lambda: defaultdict(dict))
    """By project: the rows it and its tasks were read from."""


def projects(mirror: Records, policy: Policy, as_of: datetime, plans: Mapping[str, Baseline]) -> Iterator[ProjectFacts]:
    """Every project with its facts as at ``as_of``, in id order. ``plans`` are the baselines by project id."""
    work = _work(mirror, policy)
    held = {number: plans.get(str(number)) for number in work.projects}
    begins = {number: plan.start if plan else work.projects[number].startdate for number, plan in held.items()}
    ends = {number: [period.end for period in plan.periods] for number, plan in held.items() if plan}
    time = time_by_ticket(
        mirror, work.root, begins, ends, as_of, lambda project, one: work.refused[project].append(said(one))
    )
    currencies = _currencies(mirror)
    children: dict[int, list[WorkTicket]] = defaultdict(list)
    for task in work.tasks.values():
        children[work.root[task.id]].append(task)
    parents = {task.parent_id for task in work.tasks.values()}
    agents = {row["id"]: origins(row) for row in mirror.rows("Agent") if isinstance(row.get("id"), int)}
    clients = {row["id"]: origins(row) for row in mirror.rows("Client") if isinstance(row.get("id"), int)}
    for number, row in sorted(work.projects.items()):
        tasks = sorted(children.pop(number, ()), key=lambda task: task.id)
        currency = currencies.get(row.client_id or 0)
        inputs = work.inputs.pop(number)
        booked = {ticket: time[ticket] for ticket in (number, *(task.id for task in tasks)) if ticket in time}
        note_time(inputs, booked, agents)
        if row.client_id in clients:
            note(inputs, "customer", "Client", str(row.client_id), clients[row.client_id])
        yield _project(
            row, tasks, parents, time, policy, as_of, currency, refused=work.refused.get(number, []), inputs=inputs
        )
    for why, raw in work.unreadable:
        yield _unreadable(raw, why, policy, work.inputs.pop(int(raw["id"]), {}))


def project_row(mirror: Records, policy: Policy, project_id: str) -> JsonObject | None:
    """Id, name, customer and practice of a project, or None when there is no such project."""
    row = mirror.get("Projects", project_id)
    if row is None:
        row = mirror.get("Tickets", project_id)
        if row is None or not _is_project(row, policy):
            return None
    if _parent(row) and not _is_project(row, policy):
        return None
    client = row.get("client_id")
    return {
        "id": project_id,
        "name": str(row.get("summary") or ""),
        "customer": str(int(client)) if isinstance(client, int | float) and client > 0 else None,
        "practice": policy.practice_of(row.get("tickettype_id"), row.get("team")),
        "created_from": str(row["createdfrom_id"]) if row.get("createdfrom_id") else None,
    }


def _is_project(row: JsonObject, policy: Policy) -> bool:
    return row.get("is_project") is True or row.get("tickettype_id") == policy.handoff.project_type


def _parent(row: Mapping[str, Any]) -> int:
    value = row.get("parent_id")
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else 0


def _work(mirror: Records, policy: Policy) -> _Work:
    """Projects are rows of Projects without a parent, and project tickets; tasks are all tickets below them."""
    work = _Work()
    came: dict[int, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
    raw: dict[int, JsonObject] = {}
    below: dict[int, JsonObject] = {}
    for kind in ("Tickets", "Projects"):
        for row in mirror.rows(kind):
            number = row.get("id")
            if not isinstance(number, int) or isinstance(number, bool):
                continue
            if _parent(row):
                below[number] = _newer(below.get(number), row)
            elif kind == "Projects" or _is_project(row, policy):
                raw[number] = _newer(raw.get(number), row)
            else:
                continue
            came[number].append((kind, origins(row)))

    def note_row(project: int, part: str, number: int) -> None:
        for kind, observations in came[number]:
            note(work.inputs[project], part, kind, str(number), observations)

    for number, row in raw.items():
        note_row(number, "project", number)
        records, refused = parse_rows(WorkTicket, [row])
        if refused:
            work.unreadable.append((refused[0].message, row))
        for record in records:
            work.projects[number] = record
            work.root[number] = number
    for number, row in below.items():
        root = _root(number, below, raw)
        records, refused = parse_rows(WorkTicket, [row])
        if root is None:
            if records and _is_project(row, policy):
                # A project may hang below something that is no project, such as its opportunity.
                work.projects[number] = records[0]
                work.root[number] = number
                note_row(number, "project", number)
            continue
        note_row(root, "tasks", number)
        work.refused[root] += [said(one) for one in refused]
        if records and root in work.projects:
            work.tasks[number] = records[0]
            work.root[number] = root
    return work


def _newer(held: JsonObject | None, row: JsonObject) -> JsonObject:
    """Both kinds may hold one ticket: the later reading wins field by field, what only the other knows stays."""
    if held is None:
        return row
    later = str(row.get("last_update") or "") >= str(held.get("last_update") or "")
    return {**held, **row} if later else {**row, **held}


def _root(number: int, below: Mapping[int, JsonObject], raw: Mapping[int, JsonObject]) -> int | None:
    seen = {number}
    while number in below:
        number = _parent(below[number])
        if number in raw:
            return number
        if number in seen:
            return None
        seen.add(number)
    return None


def _currencies(mirror: Records) -> dict[int, str]:
    records, _ = parse_rows(ClientCurrency, mirror.rows("Client"))
    return {
        one.id: one.default_currency_code_name.strip().upper()
        for one in records
        if one.default_currency_code_name and len(one.default_currency_code_name.strip()) == 3
    }


def _project(
    row: WorkTicket,
    tasks: list[WorkTicket],
    parents: set[int | None],
    time: Mapping[int, Totals],
    policy: Policy,
    as_of: datetime,
    currency: str | None,
    *,
    refused: list[str],
    inputs: Inputs,
) -> ProjectFacts:
    faults = [Reason("record_unreadable", text) for text in refused[:_MOST_FAULTS]]
    shown = tuple(_task(task, row.id, task.id in parents, time, policy, as_of) for task in tasks)
    milestones, bad = milestones_of(row, tasks, policy, as_of)
    faults += [Reason("record_unreadable", text) for text in bad[:_MOST_FAULTS]]
    share = _share(row.projectcompletionpercentage)
    if row.projectcompletionpercentage is not None and share is None and not tasks:
        faults.append(Reason("completion_invalid", "The completion percentage is not between 0 and 100."))
    closed, closed_at = closed_at_of(row, policy, as_of)
    newest = [at for at in (row.last_update, *(task.last_update for task in tasks)) if at is not None and at <= as_of]
    return ProjectFacts(
        id=str(row.id),
        name=row.summary,
        customer=str(row.client_id) if row.client_id and row.client_id > 0 else None,
        practice=policy.practice_of(row.tickettype_id, row.team),
        created_from=str(row.createdfrom_id) if row.createdfrom_id and row.createdfrom_id > 0 else None,
        start=row.startdate,
        closed=closed,
        closed_at=closed_at,
        completion=share,
        money_actual=row.projectmoneyactual,
        money_budget=row.projectmoneybudget,
        hours_budget=row.projecttimebudget,
        hours_actual=row.projecttimeactual,
        currency=currency,
        tasks=shown,
        milestones=milestones,
        own=_totals(time, row.id),
        updated=max(newest, default=None),
        faults=tuple(faults),
        resources=resources_of((row, *tasks)),
        template=template_of(row),
        todo=tuple(one.text or "An entry without words" for one in row.todo_list if not one.done),
        inputs=inputs,
    )


def _task(
    task: WorkTicket, project: int, has_children: bool, time: Mapping[int, Totals], policy: Policy, as_of: datetime
) -> TaskFacts:
    closed, closed_at = closed_at_of(task, policy, as_of)
    percentage = task.projectcompletionpercentage
    return TaskFacts(
        id=str(task.id),
        name=task.summary,
        hours=_hours(task),
        money=task.projectmoneybudget or sum((one.money or ZERO for one in task.budgets), ZERO) or None,
        # An open task without a percentage has earned nothing yet (the 0/100 rule).
        completion=Decimal(1) if closed else ZERO if percentage is None else _share(percentage),
        closed=closed,
        closed_at=closed_at,
        milestone=task.milestone_id if task.milestone_id and task.milestone_id > 0 else None,
        summary=has_children,
        time=_totals(time, task.id),
        parent=str(task.parent_id) if task.parent_id and task.parent_id != project else None,
    )


def _hours(task: WorkTicket) -> Decimal | None:
    """The estimate, or the hours budgeted for the task; 0 is HaloPSA's word for none."""
    if task.estimate:
        return task.estimate
    try:
        budgeted = Decimal(task.budgethours.strip()) if task.budgethours else ZERO
    except InvalidOperation:
        budgeted = ZERO
    if budgeted.is_finite() and budgeted > 0:
        return budgeted
    return sum((one.hours or ZERO for one in task.budgets), ZERO) or None


def _totals(time: Mapping[int, Totals], number: int) -> TimeTotals:
    held = time.get(number)
    return held.frozen() if held is not None else TimeTotals()


def _share(percentage: Decimal | None) -> Decimal | None:
    return percentage / 100 if percentage is not None and 0 <= percentage <= 100 else None


def _unreadable(raw: JsonObject, why: str, policy: Policy, inputs: Inputs) -> ProjectFacts:
    """A project whose row cannot be read still appears, as unknown."""
    client = raw.get("client_id")
    team = raw.get("team")
    kind = raw.get("tickettype_id")
    return ProjectFacts(
        id=str(raw.get("id")),
        name="",
        customer=str(client) if isinstance(client, int) and client > 0 else None,
        practice=policy.practice_of(kind if isinstance(kind, int) else None, team if isinstance(team, str) else None),
        created_from=None,
        start=None,
        closed=False,
        closed_at=None,
        completion=None,
        money_actual=None,
        money_budget=None,
        hours_budget=None,
        hours_actual=None,
        currency=None,
        tasks=(),
        milestones=(),
        own=TimeTotals(),
        updated=None,
        faults=(Reason("record_unreadable", f"The project cannot be read from HaloPSA: {why}"),),
        inputs=inputs,
    )

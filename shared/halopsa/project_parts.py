"""Parts of a project's detail row: when it closed, its milestones, its resource plan, the template it was made from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from shared.halopsa.records.delivery import Milestone, WorkTicket
from shared.halopsa.records.wire import Refused, parse_rows
from shared.measures.project_facts import ZERO, MilestoneFacts, ResourceFacts
from shared.policy.document import Policy

_NO_INVOICE = ("", "0", "-1")


def closed_at_of(row: WorkTicket, policy: Policy, as_of: datetime) -> tuple[bool, datetime | None]:
    """Closed by its status, or by its closing date where the row carries no status; not before it happened."""
    closed = row.dateclosed is not None if row.status_id is None else row.status_id in policy.desk.closed
    if not closed or (row.dateclosed is not None and row.dateclosed > as_of):
        return False, None
    return True, row.dateclosed


def milestones_of(
    row: WorkTicket, tasks: list[WorkTicket], policy: Policy, as_of: datetime
) -> tuple[tuple[MilestoneFacts, ...], list[str]]:
    """Milestones in their order, and what could not be read of them."""
    raws = [{**raw, "complete": raw.get("_complete")} for raw in row.milestones]
    records, refused = parse_rows(Milestone, raws)
    closed = {task.id for task in tasks if closed_at_of(task, policy, as_of)[0]}
    later = {task.id for task in tasks if task.dateclosed is not None and task.dateclosed > as_of}
    found = []
    for one in records:
        members = {link.ticket_id for link in one.tickets if link.ticket_id}
        members |= {task.id for task in tasks if task.milestone_id == one.id}
        found.append(
            MilestoneFacts(
                one.id,
                one.name,
                one.sequence,
                one.start_date,
                one.target_date,
                _done(one, members, closed, later, as_of),
                _waits(one),
                tuple(str(member) for member in sorted(members)),
                (one.milestone_value or ZERO) > 0 and str(one.invoicenumber or "").strip() in _NO_INVOICE,
            )
        )
    found.sort(key=lambda one: (one.sequence, one.id))
    return tuple(found), [said(one) for one in refused]


def _done(one: Milestone, members: set[int], closed: set[int], later: set[int], as_of: datetime) -> bool:
    """HaloPSA says that it is, it was processed by then, or all its tasks are closed; never before its tasks were."""
    if members & later:
        return False
    processed = one.processed_date is not None and one.processed_date <= as_of
    return one.complete is True or processed or (bool(members) and members <= closed)


def _waits(one: Milestone) -> tuple[int, ...]:
    """HaloPSA tells dependencies as links or as the milestones themselves."""
    links = {link.parent for link in one.dependencies if link.parent}
    links |= {other.id for other in one.milestone_dependencies if other.id}
    return tuple(sorted(links - {one.id}))


def resources_of(tickets: Iterable[WorkTicket]) -> tuple[ResourceFacts, ...]:
    """Hours by budget type over the project and its tasks: planned, estimated, done, in calendars and still to be put there."""
    sums: dict[str, list[Decimal]] = {}
    for ticket in tickets:
        for line in ticket.budgets:
            name = line.budgettype_name.strip() or (f"Budget {line.budgettype_id}" if line.budgettype_id else "")
            hours = (line.hours, line.estimated_hours, line.actual_hours, line.scheduled_hours, line.toschedule_hours)
            if not name or all(one is None for one in hours):
                continue
            held = sums.setdefault(name, [ZERO] * 5)
            sums[name] = [before + (one or ZERO) for before, one in zip(held, hours, strict=True)]
    return tuple(ResourceFacts(name, *hours) for name, hours in sorted(sums.items()))


def template_of(row: WorkTicket) -> int | None:
    """The template a project was made from: its own word, else that of its first milestone that has one."""
    if row.template_id is not None and row.template_id > 0:
        return row.template_id
    numbers = [raw.get("from_template_id") for raw in row.milestones]
    return next((one for one in numbers if type(one) is int and one > 0), None)


def said(refused: Refused) -> str:
    """A refused row as a sentence."""
    return f"A row of {refused.kind} ({refused.id or 'without id'}) cannot be read: {refused.message}"

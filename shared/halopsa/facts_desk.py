"""HaloPSA's ticket, action and timesheet rows as the desk's facts."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from shared.halopsa.records.desk import DeskAction, DeskDay, DeskTicket
from shared.halopsa.records.wire import Refused, parse_rows
from shared.halopsa.versions import version_of
from shared.measures.desk_facts import ActionFacts, Day, Desk, Entry, OtherWork, RefusedTicket, TicketFacts, Trail
from shared.policy.document import Policy
from shared.ports import Blobs, Records

_UNASSIGNED = 1
"""Halo's built-in agent 'Unassigned'."""
_KINDS = ("Tickets", "Actions", "Timesheet", "Projects", "Opportunities")
_NO_INVOICE = ("", "0", "-1")


def version(mirror: Records, blobs: Blobs) -> tuple[object, ...]:
    """Changes whenever a row the facts are made from does; a key for caches."""
    return version_of(mirror, blobs, _KINDS)


def desk(mirror: Records, policy: Policy) -> Desk:
    """Everything the desk's figures and controls stand on, read once."""
    others = {one.id: one for kind in ("Projects", "Opportunities") for one in _others(mirror.rows(kind))}
    tickets: list[TicketFacts] = []
    refused: list[RefusedTicket] = []
    count = 0
    for row in mirror.rows("Tickets"):
        count += 1
        try:
            record = DeskTicket.model_validate(row)
        except ValidationError:
            _, why = parse_rows(DeskTicket, [row])
            refused.append(_refused(row, why[0]))
            continue
        if str(record.id) not in others:
            tickets.append(_ticket(record))
    watched = {ticket.id for ticket in tickets if ticket.type_id in policy.desk.security_types}
    for table in policy.override.practice.values():
        types = table.get("desk", {}).get("security_types", ())
        watched |= {ticket.id for ticket in tickets if ticket.type_id in types}
    trails, entries, actions, unreadable = _trails(mirror.rows("Actions"), watched, policy.desk.closed)
    days = list(_days(mirror.rows("Timesheet")))
    return Desk(
        tickets=tuple(tickets),
        others=tuple(others.values()),
        trails=trails,
        entries=tuple(entries),
        days=tuple(days),
        refused=tuple(refused),
        tickets_read_at=mirror.read_at("Tickets"),
        actions_read_at=mirror.read_at("Actions"),
        days_read_at=mirror.read_at("Timesheet"),
        observations=(*mirror.observations("Tickets")[:10], *mirror.observations("Actions")[:10]),
        rows={"Tickets": count, "Actions": actions, "Timesheet": len(days), "Actions refused": unreadable},
    )


def _refused(row: Mapping[str, Any], why: Refused) -> RefusedTicket:
    client = row.get("client_id")
    customer = str(client) if isinstance(client, int) and not isinstance(client, bool) else None
    return RefusedTicket(str(row.get("id", "")), customer, f"The field {why.field or 'id'} {_after(why)}")


def _after(why: Refused) -> str:
    words = why.message.split("; ")[0].removeprefix(why.field or "the row").strip()
    return words if words.endswith(".") else words + "."


def _ticket(row: DeskTicket) -> TicketFacts:
    agent = row.agent_id if row.agent_id is not None and row.agent_id > _UNASSIGNED else None
    return TicketFacts(
        id=str(row.id),
        summary=_whole(row.summary),
        type_id=row.tickettype_id,
        customer=str(row.client_id) if row.client_id is not None and row.client_id > 0 else None,
        user=_known(row.user_id),
        team=_whole(row.team) if row.team else None,
        agent=agent,
        priority=row.priority_id,
        sla=_known(row.sla_id),
        status=row.status_id,
        category=row.category_1 or None,
        occurred=row.dateoccurred,
        assigned=row.dateassigned,
        first_response=row.first_responsedate or row.responsedate,
        respond_by=row.respondbydate,
        fix_by=row.fixbydate,
        closed=row.dateclosed,
        hold_hours=_exact(row.slaholdtime),
        excluded_from_sla=row.excludefromsla,
        reassigned=row.reassigncount,
        next_activity=row.nextactivitydate,
        next_appointment=row.nextappointmentdate,
        last_action=row.lastactiondate,
        project=row.is_project,
        opportunity=row.is_opportunity,
        attachments=row.attachment_count,
        workflow=None if row.workflow_id is None else row.workflow_id > 0,
        parent=_parent(row),
    )


def _parent(row: DeskTicket) -> str | None:
    number = _known(row.parent_id) or _known(row.merged_into_id)
    return str(number) if number else "" if "parent_id" in row.model_fields_set else None


_ZERO = Fraction(0)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_NOTHING = Decimal(0)


@lru_cache(maxsize=8192)
def _exact(amount: Decimal) -> Fraction:
    """Hours come in few sizes: making each fraction once halves the time of reading."""
    return Fraction(amount)


@lru_cache(maxsize=8192)
def _sum(one: Fraction, other: Fraction) -> Fraction:
    return one + other


def _whole(text: str) -> str:
    """Halves of characters, left where a title was cut, become the replacement character: they cannot be written."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _known(number: int | None) -> int | None:
    """Halo writes 0 or −1 for none."""
    return number if number is not None and number > 0 else None


def _trails(
    rows: Iterable[Mapping[str, Any]], watched: set[str], closed: Collection[int]
) -> tuple[dict[str, Trail], list[Entry], int, int]:
    trails: dict[str, Trail] = {}
    entries: list[Entry] = []
    closings: dict[str, tuple[datetime, int]] = {}
    count = unreadable = 0
    for row in rows:
        count += 1
        try:
            action = DeskAction.model_validate(row)
        except ValidationError:
            unreadable += 1
            continue
        ticket = str(action.ticket_id)
        trail = trails.get(ticket)
        if trail is None:
            trail = trails[ticket] = Trail(array("q"))
        if action.datetime is not None:
            trail.times.append(int(action.datetime.timestamp()))
        old, new = _known(action.old_status), _known(action.new_status)
        if old is not None and new is not None and old != new and (old, new) not in trail.moves:
            trail.moves |= {(old, new)}
        if action.note is not None and new in closed and old not in closed:
            when = (action.datetime or _LONG_AGO, action.id)
            if when >= closings.get(ticket, (_LONG_AGO, 0)):
                closings[ticket], trail.resolved = when, bool(action.note.strip())
        if action.timetaken > 0:
            trail.hours = _sum(trail.hours, _exact(action.timetaken))
        if ticket in watched:
            trail.actions += (
                ActionFacts(
                    action.datetime, action.outcome, action.who_agentid is not None, _known(action.new_priority)
                ),
            )
        entry = _entry(ticket, action, row)
        if entry is not None:
            entries.append(entry)
    return trails, entries, count, unreadable


def _entry(ticket: str, action: DeskAction, row: Mapping[str, Any]) -> Entry | None:
    """Only what the value figures need: chargeable time and automated updates.

    Hours at no charge (rate 0) or said not to be billable are not chargeable; an invoice carries those that name it or
    a line of it. Both are asked of the few rows with hours, not read of all.
    """
    automated = bool(action.actionby_application_id)
    hours = action.actionchargehours or _NOTHING
    chargeable = hours > 0 and row.get("chargerate") != 0 and row.get("actisbillable") is not False
    if action.datetime is None or not (automated or chargeable):
        return None
    line = row.get("action_invoice_line_id")
    billed = (action.actioninvoicenumber or "") not in _NO_INVOICE or (isinstance(line, int) and line > 0)
    return Entry(ticket, action.datetime, automated, None if not chargeable else _ZERO if billed else _exact(hours))


def _others(rows: Iterable[Mapping[str, Any]]) -> Iterator[OtherWork]:
    """What says where time spent on it belongs; a row that cannot be read belongs nowhere."""
    for row in rows:
        try:
            record = DeskTicket.model_validate(row)
        except ValidationError:
            yield OtherWork(str(row.get("id")), None, None, None)
            continue
        one = _ticket(record)
        yield OtherWork(one.id, one.type_id, one.customer, one.team)


def _days(rows: Iterable[Mapping[str, Any]]) -> Iterator[Day]:
    records, _ = parse_rows(DeskDay, rows)
    for row in records:
        if row.date is not None and row.target_hours is not None and row.actual_hours is not None:
            yield Day(row.date, Fraction(row.target_hours), Fraction(row.actual_hours), row.agent_id)


def customers(mirror: Records) -> dict[str, str]:
    """Customers' names by id; rows without a usable name or id are left out."""
    return {
        str(row["id"]): _whole(row["name"])
        for row in mirror.rows("Client")
        if isinstance(row.get("id"), int) and isinstance(row.get("name"), str) and row["name"]
    }

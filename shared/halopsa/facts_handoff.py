"""Handoff facts from the mirror: won opportunities with their quotations, assumptions, kickoffs and projects."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from shared.halopsa.records.delivery import ClientCurrency, Meeting, Milestone, Opportunity, ProjectTemplate, Quote
from shared.halopsa.records.wire import parse_rows
from shared.measures.handoff_facts import ITEMS, HandoffFacts, MeetingFacts, QuoteFacts
from shared.model import JsonObject, Reason
from shared.policy.document import Policy
from shared.ports import Records

_TAG = re.compile(r"<[^>]{0,500}>")
_ASSUMPTIONS = "assumptions"
_LONGEST = 4000


def handoffs(mirror: Records, policy: Policy) -> Iterator[HandoffFacts]:
    """Every closed-won opportunity, in id order."""
    rows = [row for row in _opportunities(mirror).values() if _won(row, policy)]
    quotes = _quotes(mirror, policy)
    projects = _projects(mirror)
    meetings = _kickoffs(mirror, policy)
    currencies = _currencies(mirror)
    for row in sorted(rows, key=lambda one: int(one["id"])):
        yield _facts(row, quotes, projects, meetings, currencies, policy)


def handoff(mirror: Records, policy: Policy, opportunity_id: str) -> HandoffFacts | None:
    """One closed-won opportunity as it stands now; None when there is none of that id."""
    row = _one_row(mirror, opportunity_id)
    if row is None or not _won(row, policy):
        return None
    return _facts(
        row, _quotes(mirror, policy), _projects(mirror), _kickoffs(mirror, policy), _currencies(mirror), policy
    )


def no_longer_won(mirror: Records, policy: Policy, opportunity_ids: Iterable[str]) -> Iterator[HandoffFacts]:
    """Those of these opportunities that are there but not, or no longer, closed won."""
    for identity in opportunity_ids:
        row = _one_row(mirror, identity)
        if row is not None and not _won(row, policy):
            yield replace(_facts(row, {}, {}, {}, {}, policy), won=False)


def _one_row(mirror: Records, opportunity_id: str) -> JsonObject | None:
    """An opportunity may be held among tickets too: the later reading wins field by field."""
    rows = [row for kind in ("Tickets", "Opportunities") if (row := mirror.get(kind, opportunity_id)) is not None]
    merged: JsonObject = {}
    for row in sorted(rows, key=lambda one: str(one.get("last_update") or "")):
        merged |= row
    return merged or None


def template(mirror: Records, template_id: int) -> JsonObject | None:
    """A project template's milestones, tasks and budgets in our words; None when it is not in the mirror or unreadable."""
    row = mirror.get("Template", str(template_id))
    records, _ = parse_rows(ProjectTemplate, [row] if row is not None else [])
    if not records:
        return None
    record = records[0]
    milestones = [
        {
            "name": one.name,
            "sequence": one.sequence,
            "start_days": raw.get("start_days"),
            "target_days": raw.get("target_days"),
        }
        for raw in record.milestones
        for one in parse_rows(Milestone, [raw])[0]
    ]
    return {
        "template_id": record.id,
        "name": record.name or record.summary,
        "estimate": f"{record.estimate:f}" if record.estimate is not None else None,
        "milestones": milestones,
        "tasks": [{"name": one.text, "group": one.group_name} for one in record.todo_list if one.text.strip()],
        "budgets": [
            {
                "budget_type": raw.get("budgettype_id"),
                "hours": str(raw["hours"]) if raw.get("hours") is not None else None,
                "rate": str(raw["rate"]) if raw.get("rate") is not None else None,
            }
            for raw in record.budgets
        ],
    }


def opportunities_of(mirror: Records, ticket_ids: Iterable[str]) -> list[str]:
    """The opportunities behind tickets: a ticket itself, or the one its project was created from."""
    found = set()
    for identity in ticket_ids:
        row = mirror.get("Projects", identity)
        origin = row.get("createdfrom_id") if row is not None else None
        found.add(str(origin) if isinstance(origin, int) and origin > 0 else identity)
    return sorted(found)


def _opportunities(mirror: Records) -> dict[int, JsonObject]:
    found: dict[int, JsonObject] = {}
    for kind in ("Tickets", "Opportunities"):
        for row in mirror.rows(kind):
            number = row.get("id")
            if not isinstance(number, int) or (kind == "Tickets" and not _may_be_opportunity(row)):
                continue
            held = found.get(number)
            later = held is None or str(row.get("last_update") or "") >= str(held.get("last_update") or "")
            found[number] = {**(held or {}), **row} if later else {**row, **(held or {})}
    return found


def _may_be_opportunity(row: JsonObject) -> bool:
    return row.get("is_opportunity") is True or "oppvalue" in row or "oppconverteddate" in row


def _won(row: JsonObject, policy: Policy) -> bool:
    """Of an opportunity type, in a status that counts as won, and converted where policy asks for it."""
    if row.get("tickettype_id") not in policy.handoff.opportunity_types:
        return False
    won = policy.handoff.won
    if won.status_id and row.get("status_id") not in won.status_id:
        return False
    records, refused = parse_rows(Opportunity, [row])
    if refused:
        # It cannot be read, but it may well be won: it must show, as unknown.
        return not won.converted or bool(row.get("oppconverteddate"))
    return not won.converted or records[0].oppconverteddate is not None


def _facts(
    row: JsonObject,
    quotes: Mapping[str, list[QuoteFacts]],
    projects: Mapping[str, list[str]],
    meetings: Mapping[str, list[MeetingFacts]],
    currencies: Mapping[int, str],
    policy: Policy,
) -> HandoffFacts:
    records, refused = parse_rows(Opportunity, [row])
    faults: list[Reason] = []
    if not records:
        faults.append(Reason("record_unreadable", f"The opportunity cannot be read from HaloPSA: {refused[0].message}"))
        # What identifies it can still be told; everything else is missing.
        kept: JsonObject = {"id": 0} | {
            name: row[name] for name in ("id", "tickettype_id", "client_id") if type(row.get(name)) is int
        }
        records, _ = parse_rows(Opportunity, [kept])
    record = records[0]
    identity = str(record.id)
    fields = policy.handoff.fields
    values = {
        one.label.strip().casefold(): _text(one.display if one.value in (None, "") else one.value)
        for one in record.customfields
    }
    own = tuple(projects.get(identity, ()))
    return HandoffFacts(
        id=identity,
        title=record.summary,
        customer=str(record.client_id) if record.client_id and record.client_id > 0 else None,
        practice=policy.practice_of(record.tickettype_id, record.team),
        site=str(record.site_id) if record.site_id and record.site_id > 0 else None,
        contact=str(record.user_id) if record.user_id and record.user_id > 0 else None,
        service=record.category_1,
        deal=record.opptype,
        value=record.oppvalue,
        profit=record.oppprofit,
        currency=currencies.get(record.client_id or 0),
        won_at=record.oppconverteddate or record.dateclosed,
        texts=tuple((item, values.get(getattr(fields, item).strip().casefold(), "")) for item in ITEMS[2:]),
        sources=tuple((item, values.get(getattr(fields, f"source_{item}").strip().casefold(), "")) for item in ITEMS),
        quotes=tuple(quotes.get(identity, ())),
        unresolved=tuple(
            one.text or "An assumption without words"
            for one in record.todo_list
            if one.group_name.strip().casefold() == _ASSUMPTIONS and not one.done
        ),
        kickoffs=tuple(one for ticket in (identity, *own) for one in meetings.get(ticket, ())),
        projects=own,
        faults=tuple(faults),
    )


def _text(value: Any) -> str:
    """A custom field's value as plain text; choices come as lists of objects."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, list):
        return ", ".join(text for one in value if (text := _text(one)))
    if isinstance(value, dict):
        return next((text for name in ("display", "name", "value") if (text := _text(value.get(name)))), "")
    return " ".join(_TAG.sub(" ", str(value)[: _LONGEST * 2]).replace("&nbsp;", " ").split())[:_LONGEST]


def _quotes(mirror: Records, policy: Policy) -> dict[str, list[QuoteFacts]]:
    accepted = policy.halopsa.meaning.quotation_approval.accepted
    found: dict[str, list[QuoteFacts]] = defaultdict(list)
    records, _ = parse_rows(Quote, mirror.rows("Quotation"))
    for one in records:
        if one.ticket_id is None or one.ticket_id <= 0:
            continue
        found[str(one.ticket_id)].append(
            QuoteFacts(
                id=str(one.id),
                title=one.title,
                accepted=one.approvalstate in accepted,
                signed=bool(one.signature.strip()),
                name=one.approvalname.strip(),
                at=one.approvaldatetime,
                total=one.total,
                currency=one.currency_code_name.strip().upper() if one.currency_code_name else None,
                scope=_text(one.scope),
                risk=_text(one.risk),
            )
        )
    return found


def _kickoffs(mirror: Records, policy: Policy) -> dict[str, list[MeetingFacts]]:
    begins = policy.handoff.kickoff_subject.strip().casefold()
    found: dict[str, list[MeetingFacts]] = defaultdict(list)
    records, _ = parse_rows(Meeting, mirror.rows("Appointment"))
    for one in records:
        if one.ticket_id and one.ticket_id > 0 and begins and one.subject.strip().casefold().startswith(begins):
            found[str(one.ticket_id)].append(MeetingFacts(str(one.id), str(one.ticket_id), one.subject, one.start_date))
    return found


def _projects(mirror: Records) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    seen: set[Any] = set()
    for kind in ("Projects", "Tickets"):
        for row in mirror.rows(kind):
            origin = row.get("createdfrom_id")
            own = row.get("id")
            if (
                not isinstance(origin, int)
                or not isinstance(own, int)
                or origin <= 0
                or own in seen
                or (row.get("parent_id") or 0) not in (0, origin)
            ):
                continue
            if kind == "Projects" or row.get("is_project") is True:
                seen.add(own)
                found[str(origin)].append(str(own))
    return found


def _currencies(mirror: Records) -> dict[int, str]:
    records, _ = parse_rows(ClientCurrency, mirror.rows("Client"))
    return {one.id: one.default_currency_code_name.strip().upper() for one in records if one.default_currency_code_name}

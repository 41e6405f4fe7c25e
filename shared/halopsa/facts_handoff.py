"""Handoff facts from the mirror: won opportunities with their quotations, assumptions, kickoffs and projects."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from shared.halopsa.fold import origins
from shared.halopsa.records.delivery import ClientCurrency, Meeting, Milestone, Opportunity, ProjectTemplate, Quote
from shared.halopsa.records.wire import parse_rows
from shared.measures.handoff_facts import ITEMS, HandoffFacts, MeetingFacts, QuoteFacts
from shared.measures.inputs import Inputs, note
from shared.model import JsonObject, Reason
from shared.policy.document import Policy
from shared.ports import Records

_TAG = re.compile(r"<[^>]{0,500}>")
_ASSUMPTIONS = "assumptions"
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class _Around:
    """What lies around opportunities, by opportunity or ticket id."""

    quotes: Mapping[str, list[QuoteFacts]] = field(default_factory=dict)
    projects: Mapping[str, list[_Made]] = field(default_factory=dict)
    meetings: Mapping[str, list[MeetingFacts]] = field(default_factory=dict)
    clients: Mapping[int, _Customer] = field(default_factory=dict)


class _Made(NamedTuple):
    """A project made from an opportunity."""

    kind: str
    id: str
    observations: tuple[str, ...]


class _Customer(NamedTuple):
    currency: str | None
    observations: tuple[str, ...]


class _Deal(NamedTuple):
    """An opportunity's row, and the rows it was put together from: kind and observations."""

    row: JsonObject
    came: list[tuple[str, tuple[str, ...]]]


def handoffs(mirror: Records, policy: Policy) -> Iterator[HandoffFacts]:
    """Every closed-won opportunity, in id order."""
    deals = [deal for deal in _opportunities(mirror).values() if _won(deal.row, policy)]
    around = _around(mirror, policy)
    for deal in sorted(deals, key=lambda one: int(one.row["id"])):
        yield _facts(deal, around, policy)


def handoff(mirror: Records, policy: Policy, opportunity_id: str) -> HandoffFacts | None:
    """One closed-won opportunity as it stands now; None when there is none of that id."""
    deal = _one_deal(mirror, opportunity_id)
    return _facts(deal, _around(mirror, policy), policy) if deal is not None and _won(deal.row, policy) else None


def no_longer_won(mirror: Records, policy: Policy, opportunity_ids: Iterable[str]) -> Iterator[HandoffFacts]:
    """Those of these opportunities that are there but not, or no longer, closed won."""
    for identity in opportunity_ids:
        deal = _one_deal(mirror, identity)
        if deal is not None and not _won(deal.row, policy):
            yield replace(_facts(deal, _Around(), policy), won=False)


def _around(mirror: Records, policy: Policy) -> _Around:
    return _Around(_quotes(mirror, policy), _projects(mirror), _kickoffs(mirror, policy), _customers(mirror))


def _one_deal(mirror: Records, opportunity_id: str) -> _Deal | None:
    """An opportunity may be held among tickets too: the later reading wins field by field."""
    rows = {kind: row for kind in ("Tickets", "Opportunities") if (row := mirror.get(kind, opportunity_id)) is not None}
    merged: JsonObject = {}
    for row in sorted(rows.values(), key=lambda one: str(one.get("last_update") or "")):
        merged |= row
    return _Deal(merged, [(kind, origins(row)) for kind, row in rows.items()]) if rows else None


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
        "observations": list(origins(row or {})),
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


def _opportunities(mirror: Records) -> dict[int, _Deal]:
    found: dict[int, _Deal] = {}
    for kind in ("Tickets", "Opportunities"):
        for row in mirror.rows(kind):
            number = row.get("id")
            if not isinstance(number, int) or (kind == "Tickets" and not _may_be_opportunity(row)):
                continue
            held, came = found.get(number) or _Deal({}, [])
            later = str(row.get("last_update") or "") >= str(held.get("last_update") or "")
            merged = {**held, **row} if later else {**row, **held}
            found[number] = _Deal(merged, [*came, (kind, origins(row))])
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


def _facts(deal: _Deal, around: _Around, policy: Policy) -> HandoffFacts:
    row = deal.row
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
    quotes, made = tuple(around.quotes.get(identity, ())), around.projects.get(identity, [])
    own = tuple(one.id for one in made)
    kickoffs = tuple(one for ticket in (identity, *own) for one in around.meetings.get(ticket, ()))
    customer = around.clients.get(record.client_id or 0)
    inputs: Inputs = {}
    for kind, observations in deal.came:
        note(inputs, "opportunity", kind, identity, observations)
    for quote in quotes:
        note(inputs, "quotations", "Quotation", quote.id, quote.observations)
    for meeting in kickoffs:
        note(inputs, "meetings", "Appointment", meeting.id, meeting.observations)
    for project in made:
        note(inputs, "projects", project.kind, project.id, project.observations)
    if customer is not None:
        note(inputs, "customer", "Client", str(record.client_id), customer.observations)
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
        currency=customer.currency if customer else None,
        won_at=record.oppconverteddate or record.dateclosed,
        texts=tuple((item, values.get(getattr(fields, item).strip().casefold(), "")) for item in ITEMS[2:]),
        sources=tuple((item, values.get(getattr(fields, f"source_{item}").strip().casefold(), "")) for item in ITEMS),
        quotes=quotes,
        unresolved=tuple(
            one.text or "An assumption without words"
            for one in record.todo_list
            if one.group_name.strip().casefold() == _ASSUMPTIONS and not one.done
        ),
        kickoffs=kickoffs,
        projects=own,
        faults=tuple(faults),
        inputs=inputs,
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
    read = ((row, one) for row in mirror.rows("Quotation") for one in parse_rows(Quote, [row])[0])
    for row, one in read:
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
                observations=origins(row),
            )
        )
    return found


def _kickoffs(mirror: Records, policy: Policy) -> dict[str, list[MeetingFacts]]:
    begins = policy.handoff.kickoff_subject.strip().casefold()
    found: dict[str, list[MeetingFacts]] = defaultdict(list)
    read = ((row, one) for row in mirror.rows("Appointment") for one in parse_rows(Meeting, [row])[0])
    for row, one in read:
        if one.ticket_id and one.ticket_id > 0 and begins and one.subject.strip().casefold().startswith(begins):
            ticket = str(one.ticket_id)
            found[ticket].append(MeetingFacts(str(one.id), ticket, one.subject, one.start_date, origins(row)))
    return found


def _projects(mirror: Records) -> dict[str, list[_Made]]:
    found: dict[str, list[_Made]] = defaultdict(list)
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
                found[str(origin)].append(_Made(kind, str(own), origins(row)))
    return found


def _customers(mirror: Records) -> dict[int, _Customer]:
    read = ((row, one) for row in mirror.rows("Client") for one in parse_rows(ClientCurrency, [row])[0])
    return {
        one.id: _Customer((one.default_currency_code_name or "").strip().upper() or None, origins(row))
        for row, one in read
    }

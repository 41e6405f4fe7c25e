"""What a tenant's own numbers probably mean, proposed for a person to review: each with its grounds, or unknown.

A proposal needs grounds in the tenant's rows (a status that only closed tickets have) or in a name that can hardly be
misread; anything else is unknown, with what could be meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shared.halopsa.propose_approvals import invoice_votes, quotation_votes
from shared.halopsa.records.wire import date_or_none
from shared.halopsa.sample import Sample
from shared.halopsa.ticket_kinds import Kinds, numbers_of

Value = int | bool | str | list[int] | list[str] | None

CLOSED = 9
"""Closed in every tenant."""

_SECURITY = re.compile(r"secur|\bsoc\b|threat|phish|malware|vulnerab|\bsiem\b|\bmdr\b|\bedr\b", re.IGNORECASE)
_PROJECTS = re.compile(r"project|professional|implement|consult|onboard", re.IGNORECASE)
_SERVICE = re.compile(
    r"service|help|desk|support|network|managed|line|field|\bnoc\b|incident|request|problem", re.IGNORECASE
)
_WAITING = re.compile(
    r"wait|await|pending|hold|with (the )?(user|customer|client|supplier|vendor|third)", re.IGNORECASE
)
_URGENT = re.compile(r"critical|urgent|high|\bp[12]\b|severity [12]\b", re.IGNORECASE)
_OUTCOMES = {
    "commander_outcomes": re.compile(r"commander", re.IGNORECASE),
    "client_outcomes": re.compile(r"(client|customer)[- ](notif|inform|commun)", re.IGNORECASE),
    "evidence_outcomes": re.compile(r"evidence", re.IGNORECASE),
    "review_outcomes": re.compile(
        r"(post|after)[- ](incident|action|mortem)|incident review|postmortem", re.IGNORECASE
    ),
}
_LINK = re.compile(r"link|url|source", re.IGNORECASE)
_FIELDS = {
    "scope": re.compile(r"scope", re.IGNORECASE),
    "margin": re.compile(r"margin", re.IGNORECASE),
    "assumptions": re.compile(r"assumption", re.IGNORECASE),
    "dependencies": re.compile(r"dependenc", re.IGNORECASE),
    "acceptance": re.compile(r"acceptance", re.IGNORECASE),
}
_TYPES = ("TicketType", "Projects", "Opportunities")
"""What must have been read to tell ticket types apart."""

_INCIDENT, _CHANGE, _REQUEST, _PROBLEM = 1, 2, 3, 4
"""HaloPSA's itilrequesttype."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One key of policy (dotted): the value, or None for unknown; why; and what else could be meant."""

    key: str
    value: Value
    because: str
    candidates: tuple[str, ...] = ()


def proposals(sample: Sample) -> list[Proposal]:
    """In the order a person reads policy."""
    kinds = Kinds(sample)
    return [
        *_practices(sample, kinds),
        *_desk(sample, kinds),
        *_handoff(sample, kinds),
        *_numbers(sample),
    ]


def _practices(sample: Sample, kinds: Kinds) -> list[Proposal]:
    security = kinds.where(lambda name, _: bool(_SECURITY.search(name)))
    service = [
        one
        for one in kinds.where(
            lambda name, itil: itil in {_INCIDENT, _CHANGE, _REQUEST, _PROBLEM} or bool(_SERVICE.search(name))
        )
        if one not in security
    ]
    left = sorted(set(kinds.all) - kinds.delivery() - set(security) - set(service))
    types: list[tuple[str, list[int], str]] = [
        ("msp", service, "incidents, requests, problems and changes that name no security"),
        ("mssp", security, "types whose name speaks of security"),
        ("ps", sorted(kinds.delivery() & set(kinds.all)), "types of the projects, tasks and opportunities that exist"),
    ]
    names = sorted({str(row["name"]) for row in sample.rows.get("Team", []) if row.get("name")})
    secure = [name for name in names if _SECURITY.search(name)]
    deliver = [name for name in names if _PROJECTS.search(name) and name not in secure]
    serve = [name for name in names if _SERVICE.search(name) and name not in {*secure, *deliver}]
    none = [name for name in names if name not in {*secure, *deliver, *serve}]
    teams = {"msp": serve, "mssp": secure, "ps": deliver}
    out: list[Proposal] = []
    for practice, numbers, because in types:
        grounds = f"{_list(kinds.told(numbers))}: {because}" if numbers else f"no {because} was found"
        out.append(Proposal(f"practices.{practice}.ticket_types", numbers or None, grounds, kinds.told(left)))
        mine = teams[practice]
        why = "by their names" if mine else "no team's name says so"
        out.append(Proposal(f"practices.{practice}.teams", mine or None, why, tuple(none)))
    return [_unless_unreadable(sample, one, *(_TYPES if "types" in one.key else ("Team",))) for one in out]


def _desk(sample: Sample, kinds: Kinds) -> list[Proposal]:
    closed, opened = (numbers_of(sample.rows.get(name, []), "status_id") for name in ("closed", "open"))
    statuses = {row.get("id"): str(row.get("name", "")) for row in sample.rows.get("Status", [])}
    only = sorted({CLOSED, *(number for number in closed if number not in opened)})
    both = sorted(number for number in closed if number in opened and number != CLOSED)

    def status(number: int) -> str:
        return sample.named("Status", number)

    held = numbers_of((row for row in sample.rows.get("open", []) if row.get("onhold") is True), "status_id")
    always = {number for number, count in held.items() if count == opened[number]}
    waits = sorted(
        {number for number, name in statuses.items() if isinstance(number, int) and _WAITING.search(name)} | always
    )
    waits = [number for number in waits if number not in only]
    incidents = kinds.where(lambda name, itil: itil == _INCIDENT or "incident" in name.lower())
    requests = kinds.where(lambda name, itil: itil == _REQUEST or "request" in name.lower())
    requests = [one for one in requests if one not in incidents]
    other = kinds.where(lambda _, itil: itil in {_CHANGE, _PROBLEM})
    other = [one for one in other if one not in {*incidents, *requests}]
    security = kinds.where(lambda name, _: bool(_SECURITY.search(name)))
    rest = kinds.told(sorted(set(kinds.all) - kinds.delivery() - {*incidents, *requests, *other}))
    urgent = sorted(
        {
            int(row["priorityid"])
            for row in sample.rows.get("Priority", [])
            if isinstance(row.get("priorityid"), int) and _URGENT.search(str(row.get("name", "")))
        }
    )
    out = [
        Proposal(
            "desk.closed_statuses",
            only,
            f"{_list(status(one) for one in only)}: on {sum(closed.values())} closed tickets looked at, on no open one",
            tuple(map(status, both)),
        ),
        Proposal(
            "desk.waiting_statuses",
            waits or None,
            f"{_list(map(status, waits))}: by name, or because every open ticket in it is on hold"
            if waits
            else "no status is named so, and none holds only tickets on hold",
            tuple(status(one) for one in sorted(opened) if one not in waits),
        ),
        _typed("desk.incident_types", incidents, kinds, "ITIL type 1, or incident in the name", rest),
        _typed("desk.request_types", requests, kinds, "ITIL type 3, or request in the name", rest),
        _typed("desk.not_tickets", other, kinds, "changes and problems", rest),
        _typed("desk.security_types", security, kinds, "security in the name", rest),
        Proposal(
            "desk.escalation_priorities",
            urgent or None,
            "by their names" if urgent else "no priority's name says so",
            tuple(
                f'{row.get("priorityid")} "{row.get("name", "")}"'
                for row in sample.rows.get("Priority", [])
                if row.get("priorityid") not in urgent
            ),
        ),
    ]
    names = sorted({str(row["outcome"]) for row in sample.rows.get("Outcome", []) if row.get("outcome")})
    for key, pattern in _OUTCOMES.items():
        fits = [name for name in names if pattern.search(name)]
        why = "by their names" if fits else "no outcome's name says so"
        out.append(Proposal(f"desk.{key}", fits or None, why))
    sources: dict[str, tuple[str, ...]] = {
        "closed_statuses": ("closed", "open"),
        "waiting_statuses": ("Status", "open"),
        "escalation_priorities": ("Priority",),
        **dict.fromkeys(_OUTCOMES, ("Outcome",)),
    }
    return [_unless_unreadable(sample, one, *sources.get(one.key[5:], _TYPES)) for one in out]


def _handoff(sample: Sample, kinds: Kinds) -> list[Proposal]:
    deals = sorted({*kinds.opportunities, *kinds.by_use["opps"]})
    out = [
        _typed("handoff.opportunity_types", deals, kinds, "types of the opportunities that exist", ()),
        *_won(sample),
        _one("handoff.project_type", {*kinds.projects} or {*kinds.by_use["prjs"]}, kinds, "projects"),
        _one("handoff.task_type", {*kinds.tasks}, kinds, "tasks below projects"),
    ]
    labels = sorted(
        {
            str(one["label"])
            for row in sample.details.get("Opportunities", [])
            for one in row.get("customfields") or []
            if isinstance(one, dict) and one.get("label")
        }
    )
    for name, pattern in _FIELDS.items():
        for key, linked in ((name, False), (f"source_{name}", True)):
            if key in {"scope", "margin"}:
                continue
            fits = [label for label in labels if pattern.search(label) and bool(_LINK.search(label)) == linked]
            value = fits[0] if len(fits) == 1 else None
            why = "the one custom field of opportunities labelled so" if value else f"{len(fits)} custom fields fit"
            out.append(Proposal(f"handoff.fields.{key}", value, why, tuple(fits if len(fits) > 1 else labels)))
    templates = [row for row in sample.rows.get("Template", []) if row.get("tickettype_id") in kinds.projects]
    told = tuple(f'{row.get("id")} "{row.get("name", "")}"' for row in templates or sample.rows.get("Template", []))
    only = templates[0].get("id") if len(templates) == 1 else None
    out.append(
        Proposal(
            "handoff.templates.template_id",
            only if isinstance(only, int) else None,
            "the only template of a project's ticket type" if only else f"{len(templates)} templates make projects",
            told,
        )
    )
    sources = {"handoff.templates.template_id": "Template", "handoff.project_type": "Projects"}
    return [
        _unless_unreadable(sample, one, sources.get(one.key, "Projects" if "task" in one.key else "Opportunities"))
        for one in out
    ]


def _won(sample: Sample) -> list[Proposal]:
    """Converted is the only sign that the API names; the statuses are those converted opportunities ended in."""
    rows = sample.rows.get("Opportunities", [])
    converted = [row for row in rows if date_or_none(row.get("oppconverteddate")) is not None]
    statuses = numbers_of(converted, "status_id")
    named = tuple(
        sample.named("Status", int(row["id"]))
        for row in sample.rows.get("Status", [])
        if isinstance(row.get("id"), int) and "won" in str(row.get("name", "")).lower().split()
    )
    if not converted:
        why = f"none of {len(rows)} opportunities looked at was converted"
        return [Proposal("handoff.won.status_id", None, why, named), Proposal("handoff.won.converted", None, why)]
    told = _list(f"{sample.named('Status', number)} ({count})" for number, count in sorted(statuses.items()))
    why = f"{len(converted)} of {len(rows)} opportunities looked at were converted; they stand in {told}"
    return [
        Proposal("handoff.won.status_id", sorted(statuses) or None, why, named),
        Proposal("handoff.won.converted", True, "oppconverteddate is set on what was won"),
    ]


def _numbers(sample: Sample) -> list[Proposal]:
    invoices = [*sample.rows.get("Invoice", []), *sample.rows.get("RecurringInvoice", [])]
    quotes = sample.details.get("Quotation", [])
    out: list[Proposal] = []
    for family, votes in (
        ("invoice_approval", invoice_votes(invoices)),
        ("quotation_approval", quotation_votes(quotes)),
    ):
        for meaning, found in votes.items():
            source = "Invoice" if family == "invoice_approval" else "Quotation"
            one = Proposal(
                f"halopsa.meaning.{family}.{meaning}", found.numbers or None, found.because, found.candidates
            )
            out.append(_unless_unreadable(sample, one, source))
    notes = [
        int(row["id"])
        for row in sample.rows.get("Outcome", [])
        if isinstance(row.get("id"), int)
        and re.search(r"(internal|private).*note", str(row.get("outcome", "")), re.IGNORECASE)
    ]
    told = tuple(sample.named("Outcome", number, "outcome") for number in notes)
    only = notes[0] if len(notes) == 1 else None
    out.append(Proposal("halopsa.note_outcome", only, f"{len(notes)} outcomes are named an internal note", told))
    number = (sample.me or {}).get("id")
    agent = number if isinstance(number, int) else None
    why = "the agent this application logs in as" if agent else "HaloPSA did not say as whom the application logs in"
    out.append(Proposal("halopsa.api_agent", agent, why))
    return out


def _one(key: str, numbers: set[int], kinds: Kinds, what: str) -> Proposal:
    only = next(iter(numbers)) if len(numbers) == 1 else None
    why = f"the only ticket type of {what}" if only is not None else f"{len(numbers)} ticket types are those of {what}"
    return Proposal(key, only, why, kinds.told(sorted(numbers)))


def _typed(key: str, numbers: list[int], kinds: Kinds, why: str, candidates: tuple[str, ...]) -> Proposal:
    grounds = f"{_list(kinds.told(numbers))}: {why}" if numbers else f"no ticket type fits ({why})"
    return Proposal(key, numbers or None, grounds, candidates)


def _unless_unreadable(sample: Sample, proposal: Proposal, *sources: str) -> Proposal:
    """What was not allowed to be read is unknown, whatever the rest suggests."""
    for source in sources:
        said = sample.unreadable.get(source) or sample.unreadable.get(f"{source} in full")
        if said:
            return Proposal(proposal.key, None, said)
    return proposal


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)

"""Opportunities with quotations and kickoffs: one handed over well, seven that lack something, one not won."""

from __future__ import annotations

from typing import Any

from local.seeds.calendar import day, later, wire
from local.seeds.roster import PROJECT_AGENTS, client_name, contact, main_site
from local.seeds.violations import HANDOFFS

Row = dict[str, Any]

OPPORTUNITIES = range(601, 610)
OPPORTUNITY_TYPE = 30
_LINKS = ("Scope link", "Margin link", "Assumptions link", "Dependencies link", "Acceptance link")
_TEXTS = {
    "Delivery assumptions": "The customer names a contact for each site.",
    "Dependencies": "The carrier delivers the new line before the second week.",
    "Acceptance criteria": "All users sign in and print on the first morning.",
}


def rows() -> dict[str, list[Row]]:
    """Opportunities, their quotations and appointments."""
    return {
        "Opportunities": [_opportunity(number) for number in OPPORTUNITIES],
        "Quotation": [_quotation(number) for number in OPPORTUNITIES],
        "Appointment": [_kickoff(608), *_meetings()],
    }


def _opportunity(number: int) -> Row:
    lacks = HANDOFFS.get(number, ())
    won = number != 609
    client = 101 + number % 12
    value = 40_000.0 + 1_000 * (number - 600)
    texts = dict(_TEXTS)
    for code, label in (
        ("assumptions_missing", "Delivery assumptions"),
        ("dependencies_missing", "Dependencies"),
        ("acceptance_missing", "Acceptance criteria"),
    ):
        if code in lacks:
            texts[label] = ""
    links = {label: f"https://documents.example.test/{number}/{label.split(' ')[0].lower()}" for label in _LINKS}
    if "source_link_missing" in lacks:
        links["Acceptance link"] = ""
    labelled = {**texts, **links}
    row: Row = {
        "id": number,
        "summary": f"Renewal of systems at {client_name(client)}",
        "tickettype_id": OPPORTUNITY_TYPE,
        "is_opportunity": True,
        "client_id": client,
        "client_name": client_name(client),
        "site_id": main_site(client),
        "user_id": contact(client),
        "team": "Projects",
        "agent_id": PROJECT_AGENTS[number % 3],
        "status_id": 9 if won else 2,
        "category_1": "Projects",
        "opptype": "New business",
        "oppvalue": value,
        "oppprofit": value * (0.18 if "margin_below_floor" in lacks else 0.32),
        "dateoccurred": wire(day(10, 1, 9)),
        "last_update": wire(day(11, 16, 10)),
        "customfields": [
            {"id": place, "name": "CF" + label.replace(" ", ""), "label": label, "type": 0, "value": text, "display": text}
            for place, (label, text) in enumerate(labelled.items(), 200)
        ],
        "todo_list": [
            {
                "id": number * 10, "ticket_id": number, "text": "The server room has free rack space",
                "group_name": "Assumptions", "done": "assumption_unresolved" not in lacks, "sequence": 1,
            }
        ],
    }  # fmt: skip
    if won:
        row |= {"dateclosed": wire(day(11, 16, 10)), "oppconverteddate": wire(day(11, 16, 10)), "hasbeenclosed": True}
    return row


def _quotation(number: int) -> Row:
    client = 101 + number % 12
    row: Row = {
        "id": 700 + number - 600,
        "title": f"Scope of work {number}",
        "ticket_id": number,
        "client_id": client,
        "client_name": client_name(client),
        "status": 1,
        "date": wire(day(11, 10, 9)),
        "total": 40_000.0 + 1_000 * (number - 600),
        "currency_code_name": "CAD",
        "scope": "Replace what the survey lists. Out of scope: cabling.",
        "approvalstate": 1 if number == 609 else 2,
        "last_update_time": wire(day(11, 13, 9)),
    }
    if number != 609:
        row |= {"approvalname": "Avery Figment", "approvaldatetime": wire(day(11, 13, 9))}
        if "scope_unsigned" not in HANDOFFS.get(number, ()):
            row["signature"] = "data:image/png;base64,RklDVElWRQ=="
    return row


def _meetings() -> list[Row]:
    """The steering team met each Tuesday and said so; the security review was planned once and never held."""
    held = [
        ("Steering team", day(11, 3, 10), 0),
        ("Steering team", day(11, 10, 10), 0),
        ("Steering team", day(11, 17, 10), 0),
    ]
    return [
        {
            "id": 960 + number,
            "subject": subject,
            "agent_id": PROJECT_AGENTS[0],
            "start_date": wire(at),
            "end_date": wire(later(at, hours=1)),
            "complete_status": status,
            "last_modified": wire(at),
        }
        for number, (subject, at, status) in enumerate((*held, ("Security review", day(11, 5, 14), 1)))
    ]


def _kickoff(opportunity: int) -> Row:
    return {
        "id": 950,
        "subject": "Kickoff with the customer",
        "ticket_id": opportunity,
        "client_id": 101 + opportunity % 12,
        "agent_id": PROJECT_AGENTS[0],
        "start_date": wire(day(11, 18, 14)),
        "end_date": wire(day(11, 18, 15)),
        "last_modified": wire(day(11, 16, 11)),
    }

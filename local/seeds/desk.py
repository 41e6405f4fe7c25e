"""The service desk of the demo: tickets and actions over seven weeks, most of them as they should be."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from local.seeds.calendar import AS_OF, day, later, wire
from local.seeds.roster import API_AGENT, CLIENTS, DESK_AGENTS, TEAMS, client_name, contact, main_site
from local.seeds.violations import ALERTS, DESK, INCIDENT

Row = dict[str, Any]

TICKETS = 400
FIRST_TICKET = 1001
_OPEN = 90
_CATEGORIES = ("Network", "Email", "Endpoint", "Access", "Backup", "Printing")
_SUMMARIES = ("VPN drops", "Mailbox full", "Laptop is slow", "Password reset", "Backup failed", "Printer offline")
_HOURS = {1: (1.0, 4.0), 2: (2.0, 8.0), 3: (4.0, 24.0), 4: (8.0, 72.0)}
_SECURITY = 25
_ALERT = 26
_LATE_SHARE = 0.1
_REOPEN_SHARE = 0.03
_OUTCOME_IDS = {
    "Logged": 2, "Assigned": 3, "Re-assign": 4, "Email User": 6, "Internal Note": 7, "Close": 9, "Re-Open": 11,
    "Change Priority": 12, "Time Entry": 13, "Evidence Captured": 20, "Incident Commander Approval": 21,
    "Client Notification": 22, "Post-Incident Review": 23,
}  # fmt: skip


class Story:
    """One ticket while it is told: its row and its actions in order."""

    def __init__(self, ticket: Row) -> None:
        self.ticket = ticket
        self.actions: list[Row] = []
        self.status = 1

    def act(self, at: datetime, outcome: str, agent: int, hours: float = 0.0, **more: Any) -> None:
        """One more action; ``new_status`` moves the ticket."""
        after = more.pop("new_status", self.status)
        self.actions.append(
            {
                "ticket_id": self.ticket["id"],
                "id": 0,
                "datetime": wire(at),
                "outcome": outcome,
                "outcome_id": _OUTCOME_IDS[outcome],
                "old_status": self.status,
                "new_status": after,
                "who_agentid": agent,
                "who_type": 1,
                "timetaken": hours,
                "actreviewed": True,
                "actisbillable": hours > 0,
                "chargerate": 0,
                "hiddenfromuser": outcome not in {"Email User", "Client Notification"},
                **more,
            }
        )
        self.status = after

    def close(self, at: datetime, agent: int) -> None:
        """The last action of a ticket's life, as the row tells it too."""
        self.act(at, "Close", agent, new_status=9)
        self.ticket |= {"dateclosed": wire(at), "hasbeenclosed": True}

    def done(self) -> tuple[Row, list[Row]]:
        """Row and actions, numbered, with the times and totals the list row carries."""
        self.actions.sort(key=lambda action: str(action["datetime"]))
        for number, action in enumerate(self.actions, 1):
            action["id"] = number
        last = str(self.actions[-1]["datetime"])
        self.ticket["status_id"] = self.status
        self.ticket.setdefault("lastactiondate", last)
        self.ticket.setdefault("last_update", last)
        self.ticket["timetaken"] = round(sum(float(action["timetaken"]) for action in self.actions), 2)
        return self.ticket, self.actions


def rows(dice: random.Random) -> dict[str, list[Row]]:
    """Tickets and Actions."""
    tickets: list[Row] = []
    actions: list[Row] = []
    for story in (*_stories(dice), *_alerts(dice)):
        ticket, told = story.done()
        tickets.append(ticket)
        actions.extend(told)
    return {"Tickets": tickets, "Actions": actions}


def _stories(dice: random.Random) -> Iterator[Story]:
    planted = {**DESK, **INCIDENT}
    for place in range(TICKETS):
        number = FIRST_TICKET + place
        if number in planted:
            yield _planted(number, planted[number], dice)
        elif place >= TICKETS - _OPEN:
            yield _open(number, dice)
        else:
            yield _closed(number, dice)


def _alerts(dice: random.Random) -> Iterator[Story]:
    """Two alerts of Tuesday: one became part of an incident, of the other nobody says what became of it."""
    for number, parent in ((1901, next(iter(INCIDENT))), *((number, 0) for number in ALERTS)):
        story = _open(number, dice, tickettype_id=_ALERT, team=TEAMS[3], parent_id=parent)
        story.ticket |= {"dateoccurred": wire(day(11, 17, 9)), "summary": f"Sign-in from two countries ({number})"}
        yield story


def _base(number: int, opened: datetime, dice: random.Random, **fixed: Any) -> Story:
    kind = dice.choices((1, 3, _SECURITY), (55, 33, 12))[0]
    ticket_type = int(fixed.get("tickettype_id", kind))
    team = 3 if ticket_type == _SECURITY else dice.choice((1, 2))
    client = dice.choice(CLIENTS)
    priority = int(fixed.get("priority_id", dice.choices((1, 2, 3, 4), (4, 14, 52, 30))[0]))
    topic = dice.randrange(len(_CATEGORIES))
    response, fix = _HOURS[priority]
    agent = dice.choice(DESK_AGENTS[team])
    row: Row = {
        "id": number,
        "summary": f"{_SUMMARIES[topic]} ({number})",
        "tickettype_id": ticket_type,
        "client_id": client,
        "client_name": client_name(client),
        "site_id": main_site(client),
        "user_id": contact(client, dice.randrange(3)),
        "team": TEAMS[team],
        "agent_id": agent,
        "priority_id": priority,
        "sla_id": 1,
        "status_id": 1,
        "category_1": _CATEGORIES[topic],
        "dateoccurred": wire(opened),
        "dateassigned": wire(later(opened, hours=0.4)),
        "first_responsedate": wire(later(opened, hours=response / 2)),
        "responsedate": wire(later(opened, hours=response / 2)),
        "respondbydate": wire(later(opened, hours=response)),
        "fixbydate": wire(later(opened, hours=fix)),
        "targetdate": "1900-01-01T00:00:00",
        "slaholdtime": 0.0,
        "excludefromsla": False,
        "onhold": False,
        "reassigncount": 0,
        "hasbeenclosed": False,
        "use": "ticket",
    }
    return Story(row | fixed)


def _handled(story: Story, opened: datetime, dice: random.Random) -> int:
    """What is done with every ticket: logged, taken, answered, worked on; security incidents with their discipline."""
    agent = int(story.ticket["agent_id"])
    response = _HOURS[int(story.ticket["priority_id"])][0]
    worker = agent if agent > 1 else API_AGENT
    story.act(opened, "Logged", API_AGENT)
    story.act(later(opened, hours=0.4), "Assigned", worker, new_status=2)
    secured = story.ticket["tickettype_id"] == _SECURITY
    if secured and int(story.ticket["priority_id"]) <= 2:
        story.act(later(opened, hours=response / 3), "Incident Commander Approval", 8)
    story.act(later(opened, hours=response / 2), "Client Notification" if secured else "Email User", worker)
    if secured:
        story.act(later(opened, hours=response / 2 + 0.2), "Evidence Captured", worker)
    story.act(later(opened, hours=response), "Time Entry", worker, hours=dice.choice((0.25, 0.5, 0.75, 1.0, 1.5)))
    return worker


def _closed(number: int, dice: random.Random) -> Story:
    opened = later(day(10, 5, 8), days=dice.randrange(0, 44), hours=dice.random() * 9)
    story = _base(number, opened, dice)
    response, fix = _HOURS[int(story.ticket["priority_id"])]
    worker = _handled(story, opened, dice)
    late = dice.random() < _LATE_SHARE
    ends = later(opened, hours=fix * (1.4 if late else response / fix + (1 - response / fix) * dice.random() * 0.9))
    ends = min(ends, later(AS_OF, hours=-1))
    if dice.random() < _REOPEN_SHARE:
        story.act(later(ends, hours=-0.5), "Close", worker, new_status=9)
        story.act(later(ends, hours=-0.3), "Re-Open", worker, new_status=2)
    if dice.random() < 0.2:
        other = dice.choice(DESK_AGENTS[1])
        story.act(later(opened, hours=response * 0.9), "Re-assign", other)
        story.ticket["reassigncount"] = 1
    story.close(ends, worker)
    if story.ticket["tickettype_id"] == _SECURITY and later(ends, days=1) < AS_OF:
        story.act(later(ends, days=1), "Post-Incident Review", 8)
    return story


def _open(number: int, dice: random.Random, **fixed: Any) -> Story:
    """Open work in good order: somebody's, moved lately, with a next step and a due time that is far away."""
    opened = later(AS_OF, days=-dice.randrange(1, 9), hours=-dice.random() * 5)
    story = _base(number, opened, dice, priority_id=dice.choice((3, 4)))
    story.ticket |= {
        "fixbydate": wire(later(opened, days=30)),
        "nextactivitydate": wire(later(AS_OF, days=6)),
    } | fixed
    worker = _handled(story, opened, dice)
    story.act(later(AS_OF, hours=-1 - dice.random() * 3), "Internal Note", worker)
    return story


def _planted(number: int, code: str, dice: random.Random) -> Story:
    if number in INCIDENT:
        return _incident(number, code, dice)
    if code == "incomplete_closure":
        opened = day(11, 17, 9)
        story = _base(number, opened, dice, tickettype_id=1, priority_id=3)
        worker = _handled(story, opened, dice)
        story.close(day(11, 18, 8), worker)
        del story.ticket["category_1"]
        return story
    story = _open(number, dice, tickettype_id=1, team=TEAMS[1], agent_id=3)
    ticket = story.ticket
    if code == "unassigned":
        ticket["agent_id"] = 1
        ticket.pop("dateassigned")
    elif code == "stale":
        opened = day(11, 2, 9)
        story = _open(number, dice, tickettype_id=1, team=TEAMS[1], agent_id=3)
        story.actions.clear()
        story.status = 1
        story.ticket |= {"dateoccurred": wire(opened), "fixbydate": wire(day(12, 18, 17))}
        _handled(story, opened, dice)
    elif code == "no_next_action":
        ticket.pop("nextactivitydate")
        ticket["dateoccurred"] = wire(later(AS_OF, days=-7))
    elif code == "duplicate":
        ticket |= {
            "client_id": 104,
            "client_name": client_name(104),
            "site_id": main_site(104),
            "user_id": contact(104),
        }
        ticket |= {
            "summary": "Projector in the assembly hall shows nothing",
            "dateoccurred": wire(day(11, 19, 9 + number % 2)),
        }
    elif code == "misrouted":
        ticket["team"] = TEAMS[3]
    elif code == "pingpong":
        ticket["reassigncount"] = 6
    elif code == "sla_at_risk":
        ticket |= {"dateoccurred": wire(day(11, 16, 8)), "fixbydate": wire(day(11, 21, 12))}
    elif code == "sla_missed":
        ticket |= {"dateoccurred": wire(day(11, 16, 8)), "fixbydate": wire(day(11, 18, 12))}
    return story


def _incident(number: int, code: str, dice: random.Random) -> Story:
    """A critical security incident of last week that missed one thing."""
    opened, ends = day(11, 13, 8), day(11, 14, 12)
    late = {"dateassigned": wire(later(opened, hours=9))} if code == "escalation_late" else {}
    if code == "client_not_notified":
        late = {"first_responsedate": wire(later(opened, hours=6)), "responsedate": wire(later(opened, hours=6))}
    story = _base(number, opened, dice, tickettype_id=_SECURITY, priority_id=1, **late)
    worker = _handled(story, opened, dice)
    if code == "severity_changed":
        story.act(later(opened, hours=2), "Change Priority", worker, new_priority=3)
        story.act(later(opened, hours=3), "Change Priority", worker, new_priority=1)
    story.close(ends, worker)
    story.act(later(ends, hours=20), "Post-Incident Review", 8)
    dropped = {
        "evidence_incomplete": "Evidence Captured",
        "no_commander_approval": "Incident Commander Approval",
        "no_review": "Post-Incident Review",
    }.get(code)
    story.actions = [action for action in story.actions if action["outcome"] != dropped]
    return story

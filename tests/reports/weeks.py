"""Weeks to report on: a normal one, an empty one and a terrible one, as HaloPSA rows in a fake service."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.harness.clock import StillClock
from tests.harness.services import FakeServices

START = datetime(2026, 11, 16, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
PERIOD = "2026-W47"


def z(at: datetime) -> str:
    """As HaloPSA writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class Names:
    """The one thing the report asks of the ledger's names."""

    meta = "m-0"


def services(at: datetime = NOW, policy: str = "") -> FakeServices:
    """A fake service whose ledger has no checkpoint yet."""
    made = FakeServices(policy, StillClock(at))
    made.ledger.names = Names()
    made.ledger.checkpoint = lambda _log: None
    made.ledger.keys = list
    return made


def ticket(number: int, occurred: datetime, **more: Any) -> dict[str, Any]:
    """A ticket row; ``closed`` and the others override."""
    row: dict[str, Any] = {
        "id": number,
        "summary": f"Printer question {number}",
        "tickettype_id": 1,
        "client_id": 12,
        "user_id": 100 + number,
        "team": "Service Desk",
        "agent_id": 7,
        "priority_id": 3,
        "sla_id": 1,
        "status_id": 2,
        "category_1": "Hardware",
        "dateoccurred": z(occurred),
        "fixbydate": z(occurred + timedelta(hours=24)),
        "respondbydate": z(occurred + timedelta(hours=4)),
        "slaholdtime": 0.0,
        "reassigncount": 0,
        "lastactiondate": z(occurred),
        "excludefromsla": False,
        "workflow_id": 3,
    }
    row.update(more)
    return row


NAMES = (
    "Maple Harbour Dental",
    "Fictive Foods <Ltd>",
    "=cmd|' /C calc'!A0",
    "שלום Clinic",
    "Café 🍁 Ltd",
    "Northwind Sample",
)


def normal(made: FakeServices, count: int = 220, seed: int = 47) -> None:
    """Most work goes well."""
    pick = random.Random(seed)
    rows, actions = [], []
    for number in range(1, count + 1):
        occurred = START + timedelta(minutes=pick.randrange(0, 7 * 24 * 60))
        kind = pick.choice((1, 1, 3, 25))
        more: dict[str, Any] = {
            "tickettype_id": kind,
            "client_id": 12 + number % len(NAMES),
            "priority_id": pick.choice((1, 2, 3, 4)),
            "first_responsedate": z(occurred + timedelta(minutes=pick.randrange(5, 300))),
            "dateassigned": z(occurred + timedelta(minutes=pick.randrange(1, 60))),
        }
        if pick.random() < 0.85:
            closed = occurred + timedelta(hours=pick.uniform(0.3, 30))
            if closed < NOW:
                more |= {"dateclosed": z(closed), "status_id": 9, "lastactiondate": z(closed)}
        rows.append(ticket(number, occurred, **more))
        actions.append(
            {
                "ticket_id": number,
                "id": 1,
                "datetime": z(occurred),
                "outcome": "Email User",
                "old_status": 1,
                "new_status": 2,
                "timetaken": 0.25,
                "who_agentid": 7,
                "actionchargehours": 0.25,
            }
        )
        if pick.random() < 0.05 and "dateclosed" in more:
            actions.append(
                {
                    "ticket_id": number,
                    "id": 2,
                    "datetime": z(occurred),
                    "outcome": "Re-Open",
                    "old_status": 9,
                    "new_status": 2,
                    "timetaken": 0.1,
                }
            )
    clients = [{"id": 12 + place, "name": name} for place, name in enumerate(NAMES)]
    made.mirror.load({"Tickets": rows, "Actions": actions, "Client": clients}, made.clock.now())


def terrible(made: FakeServices, count: int = 10_000) -> None:
    """Everything is late, unassigned and named to hurt."""
    titles = (
        '=HYPERLINK("http://example.invalid")',
        "<script>alert(1)</script>",
        "+1+1",
        "@SUM(A1)",
        "-2+3",
        "تذكرة عاجلة جدا",
        "🔥🔥 server",
        "\tTab first",
        "a" * 400,
        "cut \ud83d",
        "bell \x07 null \x00",
    )
    rows = [
        ticket(
            number,
            START - timedelta(days=30),
            summary=titles[number // len(NAMES) % len(titles)],
            agent_id=1,
            client_id=12 + number % len(NAMES),
            team=None,
            reassigncount=9,
            user_id=number,
        )
        for number in range(1, count + 1)
    ]
    clients = [{"id": 12 + place, "name": name} for place, name in enumerate(NAMES)]
    made.mirror.load({"Tickets": rows, "Actions": [], "Client": clients}, made.clock.now())

"""Who is there: practices, teams, agents, roles, customers with sites and contacts, and HaloPSA's own configuration."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]

MSP_NAME = "Harbour Example Services"
TEAMS = {1: "Service Desk", 2: "Network", 3: "Security Operations", 4: "Projects", 5: "Finance"}
ADMIN_ROLE = "b7a10000-0000-4000-8000-000000000001"
DESK_ROLE = "b7a10000-0000-4000-8000-000000000002"
INTEGRATION_ROLE = "b7a10000-0000-4000-8000-000000000003"

FINANCE_AGENT = 14
"""The person who approves invoices in HaloPSA."""
API_AGENT = 2
ADMIN_API_AGENT = 21
PERSON_AS_API = 22

_PEOPLE: tuple[tuple[int, str, int, float], ...] = (
    (3, "Nora Fictive", 1, 48.0),
    (4, "Piet Invented", 1, 46.0),
    (5, "Ama Madeup", 1, 44.0),
    (6, "Luis Notreal", 2, 55.0),
    (7, "Yuki Pretend", 2, 54.0),
    (8, "Oona Storybook", 3, 62.0),
    (9, "Bram Fable", 3, 60.0),
    (10, "Ines Imaginary", 3, 58.0),
    (11, "Tomas Example", 4, 70.0),
    (12, "Freya Sample", 4, 68.0),
    (13, "Kofi Placeholder", 4, 66.0),
    (FINANCE_AGENT, "Greta Ledgerless", 5, 50.0),
)
DESK_AGENTS = {1: (3, 4, 5), 2: (6, 7), 3: (8, 9, 10)}
PROJECT_AGENTS = (11, 12, 13)

CLIENT_NAMES = (
    "Maple Harbour Dental",
    "Birchwood Imaginary Foods",
    "Paper Lantern Logistics",
    "Invented Pines School",
    "Fable and Sons Accounting",
    "Storybook Realty",
    "Papercut Architects",
    "Cloudberry Clinics",
    "Mythical Marine Supply",
    "Pretend Valley Credit Union",
    "Lorem Legal Partners",
    "Ipsum Engineering",
    "Make-Believe Motors",
    "Sample Ridge Winery",
    "Toy Town Council",
    "Novel Notaries",
    "Figment Films",
    "Mock Meadow Dairy",
    "Dreamt Bay Fisheries",
    "Unreal Estate Group",
)
FIRST_CLIENT = 101
USD_CLIENTS = (119, 120)
CLIENTS = tuple(range(FIRST_CLIENT, FIRST_CLIENT + len(CLIENT_NAMES)))


def client_name(client_id: int) -> str:
    """The name of one of the demo's customers."""
    return CLIENT_NAMES[client_id - FIRST_CLIENT]


def main_site(client_id: int) -> int:
    """Its first site."""
    return client_id * 10 + 1


def contact(client_id: int, number: int = 0) -> int:
    """One of its three contacts."""
    return client_id * 100 + number


def currency(client_id: int) -> str:
    """What it is billed in."""
    return "USD" if client_id in USD_CLIENTS else "CAD"


def rows() -> dict[str, list[Row]]:
    """Everything that does not change during the week."""
    return {
        "Agent": _agents(),
        "Roles": _roles(),
        "Team": [{"id": number, "name": name, "inactive": False} for number, name in TEAMS.items()],
        "Client": [_client(client_id) for client_id in CLIENTS],
        "Site": [_site(client_id, number) for client_id in CLIENTS for number in range(1, 2 + client_id % 2)],
        "Users": [_user(client_id, number) for client_id in CLIENTS for number in range(3)],
        "Timesheet": [_sheet(number, date) for number, *_ in _PEOPLE for date in (*range(9, 14), *range(16, 21))],
        **_configuration(),
    }


def _sheet(agent: int, date: int) -> Row:
    """A day of November: seven hours and a half or eight of eight are logged."""
    logged = 7.5 if (agent + date) % 3 else 8.0
    return {
        "id": 0,
        "agent_id": agent,
        "date": f"2026-11-{date:02d}T00:00:00",
        "target_hours": 8.0,
        "actual_hours": logged,
        "unlogged_hours": 8.0 - logged,
    }


def _agents() -> list[Row]:
    people = [
        _agent(number, name, team=TEAMS[team], costprice=cost, roles=[_role(DESK_ROLE, "Technician", 2)])
        for number, name, team, cost in _PEOPLE
    ]
    machines = [
        _agent(API_AGENT, "API Agent", isapiagent=True, roles=[_role(INTEGRATION_ROLE, "Integration", 3)]),
        _agent(
            ADMIN_API_AGENT, "Monitoring Agent", isapiagent=True, is_admin=True,
            roles=[_role(ADMIN_ROLE, "Administrator", 1)],
        ),
        _agent(PERSON_AS_API, "Phone Agent", roles=[_role(INTEGRATION_ROLE, "Integration", 3)]),
    ]  # fmt: skip
    return people + machines


def _agent(number: int, name: str, **more: Any) -> Row:
    first, _, surname = name.partition(" ")
    return {
        "id": number,
        "name": name,
        "firstname": first,
        "surname": surname,
        "email": f"{first}.{surname}@harbour-example.test".lower(),
        "is_agent": True,
        "isdisabled": False,
        "isapiagent": False,
        "is_admin": False,
        "lastlogindate": None if more.get("isapiagent") else "2026-11-13T14:05:00",
        **more,
    }


def _role(guid: str, name: str, number: int) -> Row:
    return {"id": guid, "name": name, "id_int": number}


def _roles() -> list[Row]:
    return [
        {**_role(ADMIN_ROLE, "Administrator", 1), "is_integration": False, "claims": [{"type": "admin", "value": "1"}]},
        {**_role(DESK_ROLE, "Technician", 2), "is_integration": False},
        {**_role(INTEGRATION_ROLE, "Integration", 3), "is_integration": True},
    ]


def _client(client_id: int) -> Row:
    return {
        "id": client_id,
        "name": client_name(client_id),
        "inactive": False,
        "toplevel_id": 1,
        "toplevel_name": MSP_NAME,
        "main_site_id": main_site(client_id),
        "default_currency_code_name": currency(client_id),
    }


def _site(client_id: int, number: int) -> Row:
    name = "Main" if number == 1 else "Branch"
    return {
        "id": client_id * 10 + number,
        "name": name,
        "client_id": client_id,
        "client_name": client_name(client_id),
        "clientsite_name": f"{client_name(client_id)}/{name}",
        "inactive": False,
    }


def _user(client_id: int, number: int) -> Row:
    name = ("Avery Figment", "Robin Unreal", "Sasha Mock")[number]
    return {
        "id": contact(client_id, number),
        "name": name,
        "firstname": name.split(" ")[0],
        "surname": name.split(" ")[1],
        "emailaddress": f"contact{number}@client{client_id}.example.test",
        "client_id": client_id,
        "client_name": client_name(client_id),
        "site_id": main_site(client_id),
        "inactive": False,
    }


def _configuration() -> dict[str, list[Row]]:
    hours = ((1, "Critical", 1.0, 4.0), (2, "High", 2.0, 8.0), (3, "Medium", 4.0, 24.0), (4, "Low", 8.0, 72.0))
    types = (
        (1, "Incident", "reqs", 1),
        (3, "Service Request", "reqs", 3),
        (5, "Project", "prjs", 21),
        (25, "Security Incident", "reqs", 1),
        (26, "Security Alert", "reqs", 1),
        (30, "Opportunity", "opps", 22),
        (40, "Delivery Project", "prjs", 21),
        (41, "Project Task", "reqs", 3),
    )
    outcomes = (
        (1, "Update"), (2, "Logged"), (3, "Assigned"), (4, "Re-assign"), (6, "Email User"), (7, "Internal Note"),
        (8, "Change Status"), (9, "Close"), (11, "Re-Open"), (12, "Change Priority"), (13, "Time Entry"),
        (20, "Evidence Captured"), (21, "Incident Commander Approval"), (22, "Client Notification"),
        (23, "Post-Incident Review"),
    )  # fmt: skip
    return {
        "TicketType": [
            {"id": number, "name": name, "use": use, "itilrequesttype": itil, "visible": True}
            for number, name, use, itil in types
        ],
        "Status": [
            {"id": 1, "name": "New", "type": 0},
            {"id": 2, "name": "In Progress", "type": 0},
            {"id": 4, "name": "Waiting for Customer", "type": 0},
            {"id": 9, "name": "Closed", "type": 1},
        ],
        "Priority": [
            {
                "id": f"5f0c0000-0000-4000-8000-00000000000{number}", "slaid": 1, "priorityid": number, "name": name,
                "fixtime": fix, "fixunits": "H", "responsetime": response, "responseunits": "H", "ishidden": False,
            }
            for number, name, response, fix in hours
        ],
        "SLA": [{"id": 1, "name": "Standard", "workday_id": 1}],
        "Workflow": [{"id": 1, "name": "Incident to closure", "active": True, "in_use": True}],
        "Outcome": [{"id": number, "outcome": name, "buttonname": name, "hidden": False} for number, name in outcomes],
        "Category": [
            {"id": number, "value": name, "type_id": 1}
            for number, name in enumerate(("Network", "Email", "Endpoint", "Access", "Backup", "Printing"), 1)
        ],
        "Tax": [
            {"id": 1, "name": "HST 13 %", "code": "HST", "value": 13.0},
            {"id": 2, "name": "GST 5 %", "code": "GST", "value": 5.0},
            {"id": 3, "name": "Exempt", "code": "EX", "value": 0.0},
        ],
        "Currency": [
            {"id": 1, "name": "Canadian dollar", "code": "CAD", "symbol": "$", "conversion_rate": 1.0},
            {"id": 2, "name": "US dollar", "code": "USD", "symbol": "$", "conversion_rate": 1.37},
        ],
        "ChargeRate": [{"id": 1, "charge_id": 1, "rate": 140.0, "current": True}],
        "BudgetType": [{"id": 1, "name": "Engineering", "defaultrate": 150.0, "chargerate": 1}],
    }  # fmt: skip

"""The fifteen integrations of the demo: what they are, HaloPSA's side of them, and the register people keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.seeds.roster import ADMIN_API_AGENT, API_AGENT, PERSON_AS_API
from local.seeds.violations import ACCESS, app_id

Row = dict[str, Any]

SERVICE_APP_ID = "a77e5700-0000-4000-8000-000000000001"
OWNER_OID = "0eee0000-0000-4000-8000-000000000011"
_USED = {"planning_state": "in_use"}


@dataclass(frozen=True, slots=True)
class Integration:
    """One of them; ``source`` is where its rights live, ``kind`` what it is planned as."""

    key: str
    name: str
    source: str
    kind: str
    purpose: str


ALL = (
    Integration("directory-sync", "Directory Sync (fictive)", "entra", "identity", "Keeps groups in step."),
    Integration("forms-bridge", "Forms Bridge (fictive)", "entra", "portal", "Takes in forms."),
    Integration("room-display", "Room Display (fictive)", "entra", "email", "Shows who sits where."),
    Integration("old-importer", "Old Importer (fictive)", "entra", "documentation", "Brought the old documents over."),
    Integration("survey-tool", "Survey Tool (fictive)", "entra", "portal", "Asks customers."),
    Integration("status-board", "Status Board (fictive)", "entra", "rmm", "Shows devices."),
    Integration("asset-scanner", "Asset Scanner (fictive)", "entra", "rmm", "Counts devices."),
    Integration("ticket-mirror", "Ticket Mirror (fictive)", "entra", "documentation", "Copies tickets."),
    Integration("lost-and-found", "Lost and Found (fictive)", "entra", "csp_licensing", "Counts licences."),
    Integration("partner-portal", "Partner Portal (fictive)", "entra", "portal", "Lets partners in."),
    Integration("mail-helper", "Mail Helper (fictive)", "entra", "email", "Files mail."),
    Integration("monitoring", "Monitoring (fictive)", "halopsa", "rmm", "Opens tickets from alerts."),
    Integration("phone-system", "Phone System (fictive)", "halopsa", "portal", "Shows who calls."),
    Integration("side-project", "Side Project (fictive)", "entra", "portal", "Nobody wrote it down."),
    Integration("reporting", "Reporting (fictive)", "halopsa", "accounting", "Reads figures."),
)
_SCOPES = {
    "monitoring": ("edit:tickets",),
    "phone-system": ("read:customers",),
    "reporting": ("read:tickets", "read:invoices"),
}
_OWN_SCOPES = (
    "edit:tickets", "edit:invoices", "edit:projects", "read:customers", "read:contracts", "read:sales", "read:quotes",
    "read:sos", "read:calendar", "read:timesheets", "admin",
)  # fmt: skip


def of_source(source: str) -> tuple[Integration, ...]:
    """Those whose rights live there."""
    return tuple(one for one in ALL if one.source == source)


def rows() -> dict[str, list[Row]]:
    """HaloPSA's Application rows, this service's own first."""
    own = _application("attest", "attest", "Halo Attest", API_AGENT, _OWN_SCOPES)
    acts_as = {"monitoring": ADMIN_API_AGENT, "phone-system": PERSON_AS_API}
    return {
        "Application": [
            own,
            *(
                _application(one.key, app_id(one.key), one.name, acts_as.get(one.key, API_AGENT), _SCOPES[one.key])
                for one in of_source("halopsa")
            ),
        ]
    }


def _application(key: str, client_id: str, name: str, agent: int, scopes: tuple[str, ...]) -> Row:
    number = len(key) + 100 * agent
    row_id = f"ab1e0000-0000-4000-8000-{number:012d}"
    return {
        "id": row_id,
        "clientId": client_id,
        "displayName": name,
        "grant_type": "client_credentials",
        "loginas_agent_id": agent,
        "loginentity": 1,
        "allowagents": False,
        "allowusers": False,
        "inactive": False,
        "scopes": [{"id": place, "application_id": row_id, "name": scope} for place, scope in enumerate(scopes, 1)],
    }


def register() -> list[Row]:
    """What people wrote down, as ``PUT /api/integrations`` takes it: owner, purpose, kind, planning state."""
    own = {"owner": OWNER_OID, "purpose": "Controls and evidence around HaloPSA.", "kind": "other", **_USED}
    return [
        {"id": "attest", "name": "Halo Attest", **own},
        {"id": SERVICE_APP_ID, "name": "Halo Attest", **own},
        *(
            {
                "id": app_id(one.key),
                "name": one.name,
                "owner": "" if "ownerless" in ACCESS.get(one.key, ()) else OWNER_OID,
                "purpose": one.purpose,
                "kind": one.kind,
                **_USED,
            }
            for one in ALL
            if "unregistered" not in ACCESS.get(one.key, ())
        ),
    ]

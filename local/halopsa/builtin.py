"""What every HaloPSA tenant is born with, before a seed says more."""

from __future__ import annotations

from typing import Any

API_AGENT_ID = 2
"""The agent the ``attest`` application logs in as."""

CLOSED = 9
"""Status id 9 is Closed in every tenant."""


def builtin_rows() -> dict[str, list[dict[str, Any]]]:
    """Fresh rows by table; a seed's row with the same id replaces one of these."""
    return {
        "Agent": [
            {"id": 1, "name": "Unassigned", "is_agent": True, "isdisabled": False, "isapiagent": False},
            {"id": API_AGENT_ID, "name": "API Agent", "is_agent": True, "isdisabled": False, "isapiagent": True},
        ],
        "TicketType": [
            {"id": 1, "name": "Incident", "use": "reqs", "itilrequesttype": 1},
            {"id": 3, "name": "Service Request", "use": "reqs", "itilrequesttype": 3},
            {"id": 5, "name": "Project", "use": "prjs", "itilrequesttype": 21},
        ],
        "Status": [
            {"id": 1, "name": "New", "shortname": "New", "type": 0, "sequence": 1, "slaaction": "N"},
            {"id": 2, "name": "In Progress", "shortname": "WIP", "type": 0, "sequence": 2, "slaaction": "N"},
            {"id": CLOSED, "name": "Closed", "shortname": "Closed", "type": 1, "sequence": 9, "slaaction": "N"},
        ],
        "Outcome": [
            {"id": 1, "outcome": "Update", "buttonname": "Update", "hidden": False},
            {"id": 4, "outcome": "Re-assign", "buttonname": "Re-assign", "hidden": False},
            {"id": 7, "outcome": "Internal Note", "buttonname": "Internal Note", "hidden": False},
            {"id": 8, "outcome": "Change Status", "buttonname": "Change Status", "hidden": False},
            {"id": CLOSED, "outcome": "Close", "buttonname": "Close", "newstatus": CLOSED, "hidden": False},
            {"id": 11, "outcome": "Re-Open", "buttonname": "Re-Open", "newstatus": 2, "hidden": False},
            {"id": 12, "outcome": "Change Priority", "buttonname": "Change Priority", "hidden": False},
        ],
    }

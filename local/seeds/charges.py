"""Time beyond the agreements that waits to be billed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local.seeds import billing
from local.seeds.calendar import day, wire
from local.seeds.roster import client_name, main_site
from local.seeds.violations import BILLING

Row = dict[str, Any]


def rows() -> dict[str, list[Row]]:
    """Charged work on three customers' contracts, each with one entry that is not in order, and one where all is."""
    tickets: list[Row] = []
    actions: list[Row] = []
    for place, number in enumerate((-26, -27, -28, -37)):
        code = BILLING.get(number)
        client = billing.client_of(number)
        ticket_id = 1501 + place
        at = day(9, 28, 10) if code == "unbilled_time" else day(11, 10, 10)
        tickets.append(_charged_ticket(ticket_id, client, billing.contract_of(number), at))
        actions.append(_charge(ticket_id, at, billing.contract_of(number), code))
    return {"Tickets": tickets, "Actions": actions}


def _charged_ticket(ticket_id: int, client: int, contract: int, at: datetime) -> Row:
    return {
        "id": ticket_id,
        "summary": f"Work beyond the agreement ({ticket_id})",
        "tickettype_id": 3,
        "client_id": client,
        "client_name": client_name(client),
        "site_id": main_site(client),
        "user_id": client * 100,
        "team": "Service Desk",
        "agent_id": 3,
        "priority_id": 3,
        "status_id": 9,
        "category_1": "Endpoint",
        "contract_id": contract,
        "dateoccurred": wire(at),
        "dateassigned": wire(at),
        "first_responsedate": wire(at),
        "dateclosed": wire(at),
        "hasbeenclosed": True,
        "excludefromsla": True,
        "reassigncount": 0,
        "slaholdtime": 0.0,
        "lastactiondate": wire(at),
        "last_update": wire(at),
        "timetaken": 2.0,
    }


def _charge(ticket_id: int, at: datetime, contract: int, code: str | None) -> Row:
    untyped = code == "no_charge_type"
    return {
        "ticket_id": ticket_id,
        "id": 1,
        "datetime": wire(at),
        "outcome": "Time Entry",
        "outcome_id": 13,
        "old_status": 2,
        "new_status": 9,
        "who_agentid": 3,
        "who_type": 1,
        "timetaken": 2.0,
        "actionchargehours": 2.0,
        "actionchargeamount": 280.0,
        "chargerate": -1 if untyped else 1,
        "actreviewed": code != "unreviewed_time",
        "actisbillable": True,
        "action_contract_id": contract,
    }

"""Time that is to be charged and is on no invoice yet, from HaloPSA's actions and tickets."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from shared.halopsa.billing_rows import customer_of, day, positive
from shared.halopsa.records.billing import ChargeAction
from shared.halopsa.records.wire import parse_rows
from shared.measures.invoice_facts import ChargeEntry
from shared.model import JsonObject
from shared.ports import Mirror

_NO_INVOICE = ("", "0", "-1")
_NONE_GIVEN = -1


def charge_entries(mirror: Mirror) -> Iterator[ChargeEntry]:
    """An action is a charge entry when it carries time and says anything about charging it.

    The contract is the action's own, or else the ticket's; an entry of neither belongs to the customer as a whole.
    """
    actions = [
        record for row in mirror.rows("Actions") if _charges(row) for record in parse_rows(ChargeAction, [row])[0]
    ]
    wanted = {action.ticket_id for action in actions}
    owners: dict[int, tuple[str | None, int | None]] = {}
    for kind in ("Tickets", "Projects", "Opportunities"):
        if not wanted:
            break
        for row in mirror.rows(kind):
            if row.get("id") in wanted:
                owners.setdefault(row["id"], (_client(row), _contract(row)))
    for action in actions:
        on = day(action.datetime)
        if on is None or action.ticket_id not in owners or _billed(action):
            continue
        client, contract = owners[action.ticket_id]
        yield ChargeEntry(
            id=f"{action.ticket_id}-{action.id}",
            ticket=action.ticket_id,
            on=on,
            hours=action.actionchargehours or action.timetaken or Decimal(0),
            amount=action.actionchargeamount,
            reviewed=action.actreviewed,
            rate=action.chargerate,
            billable=action.actisbillable,
            contract=positive(action.action_contract_id) or positive(action.actioncontractid) or contract,
            client=client,
        )


def _charges(row: JsonObject) -> bool:
    if not any(_more_than_nothing(row.get(name)) for name in ("timetaken", "actionchargehours")):
        return False
    return (
        isinstance(row.get("actreviewed"), bool)
        or row.get("chargerate") == _NONE_GIVEN
        or row.get("actisbillable") is True
        or _more_than_nothing(row.get("actionchargehours"))
    )


def _more_than_nothing(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _billed(action: ChargeAction) -> bool:
    number = str(action.actioninvoicenumber).strip() if action.actioninvoicenumber is not None else ""
    return number not in _NO_INVOICE or positive(action.action_invoice_line_id) is not None


def _client(row: JsonObject) -> str | None:
    client = row.get("client_id")
    return customer_of(client) if isinstance(client, int) and not isinstance(client, bool) else None


def _contract(row: JsonObject) -> int | None:
    contract = row.get("contract_id")
    return positive(contract) if isinstance(contract, int) and not isinstance(contract, bool) else None

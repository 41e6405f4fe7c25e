"""Time that is to be charged, on an invoice or not yet, from HaloPSA's actions and tickets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from shared.halopsa.billing_rows import customer_of, day, positive
from shared.halopsa.records.billing import ChargeAction
from shared.halopsa.records.wire import parse_rows
from shared.measures.billing_figures import Owed, Worked
from shared.measures.invoice_facts import ChargeEntry
from shared.model import JsonObject, Money
from shared.ports import Records

_NO_INVOICE = ("", "0", "-1")
_NONE_GIVEN = -1


def charge_entries(mirror: Records) -> Iterator[ChargeEntry]:
    """An action is a charge entry when it carries time and says anything about charging it; those on no invoice yet.

    The contract is the action's own, or else the ticket's; an entry of neither belongs to the customer as a whole.
    """
    return (entry for entry, billed in _entries(mirror) if not billed)


def worked(mirror: Records, start: datetime, end: datetime) -> Iterator[Worked]:
    """Chargeable entries of the days in [start, end): not those at no charge, nor what is said not to be billable."""
    first, last = start.date(), end.date()
    for entry, billed in _entries(mirror):
        if first <= entry.on < last and entry.rate != 0 and entry.billable is not False:
            yield Worked(entry.client, entry.hours, billed)


def unbilled(mirror: Records, today: date, currency: str) -> Iterator[Owed]:
    """The same on no invoice up to a day; what HaloPSA does not price has hours and no amount."""
    for entry in charge_entries(mirror):
        if entry.on <= today and entry.rate != 0 and entry.billable is not False:
            amount = Money(entry.amount, currency) if entry.amount is not None else None
            yield Owed(entry.client, entry.on, amount, entry.hours)


def _entries(mirror: Records) -> Iterator[tuple[ChargeEntry, bool]]:
    """Every charge entry of a known ticket, and whether an invoice carries it."""
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
        if on is None or action.ticket_id not in owners:
            continue
        client, contract = owners[action.ticket_id]
        entry = ChargeEntry(
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
        yield entry, is_billed(action)


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


def is_billed(action: ChargeAction) -> bool:
    """Whether an invoice carries this time."""
    number = str(action.actioninvoicenumber).strip() if action.actioninvoicenumber is not None else ""
    return number not in _NO_INVOICE or positive(action.action_invoice_line_id) is not None


def _client(row: JsonObject) -> str | None:
    client = row.get("client_id")
    return customer_of(client) if isinstance(client, int) and not isinstance(client, bool) else None


def _contract(row: JsonObject) -> int | None:
    contract = row.get("contract_id")
    return positive(contract) if isinstance(contract, int) and not isinstance(contract, bool) else None

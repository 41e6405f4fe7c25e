"""Time that is to be charged, on an invoice or not yet, from HaloPSA's actions and tickets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
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
_A_DAY = timedelta(days=1)


def charge_entries(mirror: Records) -> Iterator[ChargeEntry]:
    """An action is a charge entry when it carries time and says anything about charging it; those on no invoice yet.

    The contract is the action's own, or else the ticket's; an entry of neither belongs to the customer as a whole.
    """
    return (entry for entry, _, _ in _entries(mirror, open_only=True))


def worked(mirror: Records, start: datetime, end: datetime) -> Iterator[Worked]:
    """Chargeable entries of [start, end): not those at no charge, nor what is said not to be billable."""
    for entry, billed, at in _entries(mirror, first=start.date(), last=end.date() + _A_DAY):
        if start <= at < end and entry.rate != 0 and entry.billable is not False:
            yield Worked(entry.client, entry.hours, billed)


def unbilled(mirror: Records, today: date, currency: str) -> Iterator[Owed]:
    """The same on no invoice up to a day; what HaloPSA does not price has hours and no amount."""
    for entry in charge_entries(mirror):
        if entry.on <= today and entry.rate != 0 and entry.billable is not False:
            amount = Money(entry.amount, currency) if entry.amount is not None else None
            yield Owed(entry.client, entry.on, amount, entry.hours)


def _entries(
    mirror: Records, *, first: date = date.min, last: date = date.max, open_only: bool = False
) -> Iterator[tuple[ChargeEntry, bool, datetime]]:
    """Every charge entry of a known ticket on the days in [first, last), whether an invoice carries it, and its instant.

    Hundreds of thousands of actions pass through here: only what is asked for is read as a record, one at a time.
    """
    owners: dict[int, tuple[str | None, int | None]] = {}
    for action in _actions(mirror, first, last):
        if not owners:
            owners = _owners(mirror)
        on, billed = day(action.datetime), is_billed(action)
        if (
            on is None
            or action.datetime is None
            or not first <= on < last
            or (open_only and billed)
            or action.ticket_id not in owners
        ):
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
        yield entry, billed, action.datetime


def _actions(mirror: Records, first: date, last: date) -> Iterator[ChargeAction]:
    """A day is known from its text to within an offset; the exact day is judged once the row is read."""
    early = (first - _A_DAY).isoformat() if first > date.min else ""
    late = (last + _A_DAY).isoformat() if last < date.max else "~"
    for row in mirror.rows("Actions"):
        if early <= str(row.get("datetime"))[:10] <= late and _charges(row):
            yield from parse_rows(ChargeAction, [row])[0]


def _owners(mirror: Records) -> dict[int, tuple[str | None, int | None]]:
    owners: dict[int, tuple[str | None, int | None]] = {}
    seen: dict[tuple[str | None, int | None], tuple[str | None, int | None]] = {}
    for kind in ("Tickets", "Projects", "Opportunities"):
        for row in mirror.rows(kind):
            if isinstance(row.get("id"), int):
                pair = (_client(row), _contract(row))
                owners.setdefault(row["id"], seen.setdefault(pair, pair))
    return owners


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

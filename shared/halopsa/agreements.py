"""Money over a period: what was invoiced on each contract and what the time on it cost; what customers still owe."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from shared.halopsa.billing_rows import currency_of, customer_of, day, positive, slim
from shared.halopsa.records.billing import ChargeAction, InvoiceRow, Receivable
from shared.halopsa.records.delivery import CostRate
from shared.halopsa.records.wire import parse_rows
from shared.measures.billing_figures import Agreement, Owed
from shared.model import Money
from shared.policy.document import Policy
from shared.ports import Records


def agreements(mirror: Records, policy: Policy, start: datetime, end: datetime) -> list[Agreement]:
    """Contracts with an invoice dated in [start, end), one for each currency they were invoiced in.

    Time costs are in the MSP's own currency: of a contract invoiced in another, or in two, the cost is not told.
    """
    home = policy.service.currency
    revenue: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    owner: dict[int, str | None] = {}
    for row in mirror.rows("Invoice"):
        if row.get("voided") is True:
            continue
        for record in parse_rows(InvoiceRow, [slim(row)])[0]:
            contract = positive(record.contract_id) or _of_lines(record)
            net = _net(record)
            inside = record.invoice_date is not None and start <= record.invoice_date < end
            if contract is None or net is None or not inside:
                continue
            revenue[contract, currency_of(record) or home] += net
            owner[contract] = customer_of(record.client_id)
    hours, cost, unknown = _time(mirror, set(owner), start, end)
    foreign = {contract for contract, currency in revenue if currency != home}
    return [
        Agreement(
            contract,
            owner[contract],
            currency,
            Fraction(amount),
            Fraction(hours[contract]),
            None if contract in unknown | foreign else Fraction(cost[contract]),
        )
        for (contract, currency), amount in sorted(revenue.items())
    ]


def receivables(mirror: Records, policy: Policy) -> tuple[list[Owed], int]:
    """What issued invoices leave unpaid, by the day it was due; and how many invoices do not tell."""
    rows = [row for row in mirror.rows("Invoice") if row.get("voided") is not True]
    records, refused = parse_rows(Receivable, rows)
    owed = [
        Owed(
            customer_of(record.client_id),
            day(record.duedate),
            Money(record.amountdue, currency_of(record) or policy.service.currency),
        )
        for record in records
        if record.amountdue
    ]
    return owed, len(refused)


def _of_lines(record: InvoiceRow) -> int | None:
    named = {line.contract_id for line in record.lines or () if positive(line.contract_id) is not None}
    return named.pop() if len(named) == 1 else None


def _net(record: InvoiceRow) -> Decimal | None:
    if record.lines and all(line.net_amount is not None for line in record.lines):
        return sum((line.net_amount for line in record.lines if line.net_amount is not None), Decimal(0))
    return record.total - record.tax_total if record.total is not None and record.tax_total is not None else None


def _time(
    mirror: Records, contracts: set[int], start: datetime, end: datetime
) -> tuple[dict[int, Decimal], dict[int, Decimal], set[int]]:
    """Hours and cost by contract, and contracts with time of somebody without a cost rate."""
    if not contracts:
        return {}, {}, set()
    rates = {
        one.id: one.costprice
        for one in parse_rows(CostRate, mirror.rows("Agent"))[0]
        if one.costprice is not None and one.costprice > 0
    }
    of_ticket = {
        row.get("id"): contract
        for kind in ("Tickets", "Projects", "Opportunities")
        for row in mirror.rows(kind)
        if isinstance(contract := row.get("contract_id"), int) and contract in contracts
    }
    hours: dict[int, Decimal] = defaultdict(Decimal)
    cost: dict[int, Decimal] = defaultdict(Decimal)
    unknown: set[int] = set()
    for row in mirror.rows("Actions"):
        for record in parse_rows(ChargeAction, [row])[0] if row.get("timetaken") else ():
            own = positive(record.action_contract_id) or positive(record.actioncontractid)
            contract = own or of_ticket.get(record.ticket_id)
            if contract not in contracts or contract is None or not record.timetaken:
                continue
            if record.datetime is None or not start <= record.datetime < end:
                continue
            hours[contract] += record.timetaken
            rate = rates.get(record.who_agentid) if record.who_agentid is not None else None
            if rate is None:
                unknown.add(contract)
            else:
                cost[contract] += record.timetaken * rate
    return hours, cost, unknown

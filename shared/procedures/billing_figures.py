"""Financial health in figures: exceptions by cause and money, agreements, realisation, unbilled time, receivables by age."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from threading import Lock
from typing import Any, Protocol, cast

from shared.measures.billing_figures import (
    Agreement,
    Owed,
    Worked,
    ageing,
    agreement_profitability,
    billable_hours,
    hours_per_engineer,
    realisation,
    utilisation,
)
from shared.measures.kpis import Figure, Period
from shared.measures.money import by_currency, half_up
from shared.model import JsonObject, Money, Person, parse_instant, rfc3339
from shared.procedures.kpi_scope import period_of, wants_of
from shared.procedures.kpi_sources import Wants, desk_of
from shared.procedures.services import Services
from shared.registers import findings

CONTROLS = ("recurring_invoice_hold", "first_invoice_hold", "charge_entries_reviewed", "invoice_left_unsigned")
"""What judges billing."""


class _Facts(Protocol):
    def version(self, mirror: Any, blobs: Any) -> tuple[object, ...]: ...
    def agreements(self, mirror: Any, policy: Any, start: Any, end: Any) -> list[Agreement]: ...
    def worked(self, mirror: Any, start: Any, end: Any) -> Iterable[Worked]: ...
    def unbilled(self, mirror: Any, today: Any, currency: str) -> Iterable[Owed]: ...
    def receivables(self, mirror: Any, policy: Any) -> tuple[list[Owed], int]: ...


@dataclass(frozen=True, slots=True)
class _Known:
    """What one period came to, of all customers."""

    agreements: tuple[Agreement, ...]
    worked: tuple[Worked, ...]


_MOST = 32
_LOCK = Lock()
_HELD: OrderedDict[tuple[object, ...], _Known] = OrderedDict()


def _known(services: Services, period: Period) -> _Known:
    """Read once while the mirror stands still: the same figures are asked for again and again."""
    facts = cast("_Facts", services.facts("billing"))
    mirror = services.mirror
    version = facts.version(mirror, services.blobs)
    key = (id(mirror), services.policy.version, *version, period.start, period.end)
    with _LOCK:
        held = _HELD.get(key)
    if held is not None:
        return held
    known = _Known(
        tuple(facts.agreements(mirror, services.policy.policy, period.start, period.end)),
        tuple(facts.worked(mirror, period.start, period.end)),
    )
    with _LOCK:
        _HELD[key] = known
        while len(_HELD) > _MOST:
            _HELD.popitem(last=False)
    return known


def billing_figures(services: Services, period: Period, *, wants: Wants) -> dict[str | None, dict[str, Figure]]:
    """By practice; agreements and invoices belong to a customer and to no practice: told for all practices together."""
    known = _known(services, period)
    worked = [one for one in known.worked if wants(None, one.customer)]
    # whoever sees only some customers sees only some of what people did with the hours they were to work
    desk = desk_of(services)
    held = desk.days if wants(None, None) and desk.actions_read_at is not None else ()
    days = [day for day in held if day.target > 0 and period.holds(day.at)]
    return {
        None: {
            "agreement_profitability": agreement_profitability(
                one for one in known.agreements if wants(None, one.customer)
            ),
            "realisation": realisation(worked),
            "billable_hours": billable_hours(worked),
            "utilisation": utilisation(worked, days),
            "billable_hours_per_engineer": hours_per_engineer(
                worked, days, services.policy.policy.service.smallest_group
            ),
        }
    }


def billing_view(services: Services, person: Person, from_: object, to: object, customer: str | None) -> JsonObject:
    """The same in detail, narrowed to what the caller may see. Raises Malformed, or NotFound for another's customer."""
    return billing_picture(services, period_of(from_, to), wants=wants_of(person, customer))


def billing_picture(services: Services, period: Period, *, wants: Wants) -> JsonObject:
    """``{"from", "to", "exceptions", "agreements", "realisation", "unbilled", "receivables"}``; ageing is as at ``to``."""
    facts = cast("_Facts", services.facts("billing"))
    policy = services.policy.policy
    known = _known(services, period)
    today = period.end.date()
    owed, untold = facts.receivables(services.mirror, policy)
    unbilled = facts.unbilled(services.mirror, today, policy.service.currency)
    whole = realisation(one for one in known.worked if wants(None, one.customer)).whole
    return {
        "from": rfc3339(period.start),
        "to": rfc3339(period.end),
        "exceptions": exceptions(services, wants, period.end),
        "agreements": [_agreement(one) for one in known.agreements if wants(None, one.customer)],
        "realisation": {"n": whole.n, "value": whole.value},
        "unbilled": ageing((one for one in unbilled if wants(None, one.customer)), today),
        "receivables": {
            "bands": ageing((one for one in owed if wants(None, one.customer)), today),
            "invoices_untold": untold,
        },
    }


def exceptions(services: Services, wants: Wants, until: datetime) -> list[JsonObject]:
    """Open billing findings by cause, the most frequent first: ``{"code", "count", "at_stake", "oldest", "accepted"}``.

    An invoice with two causes stands in both, so causes do not add up to the whole. ``accepted`` counts those that
    people agreed to accept for a time.
    """
    count: dict[str, int] = {}
    accepted: dict[str, int] = {}
    stake: dict[str, list[Money]] = {}
    oldest: dict[str, str] = {}
    for row in _open(services, wants, until):
        told = row["detail"].get("amount_at_stake")
        for code in {reason["code"] for reason in row["reasons"]}:
            count[code] = count.get(code, 0) + 1
            accepted[code] = accepted.get(code, 0) + (row["status"] == "overridden")
            oldest[code] = min(oldest.get(code, row["since"]), row["since"])
            if told:
                stake.setdefault(code, []).append(Money(Decimal(told["amount"]), told["currency"]))
    return [
        {
            "code": code,
            "count": number,
            "at_stake": [money.to_json() for money in by_currency(stake.get(code, ()))],
            "oldest": oldest[code],
            "accepted": accepted[code],
        }
        for code, number in sorted(count.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _open(services: Services, wants: Wants, until: datetime) -> Iterator[JsonObject]:
    for control in CONTROLS:
        for row in findings.of_control(services.rows, control):
            asks = row["verdict"] in findings.ASKING
            if asks and parse_instant(row["since"]) < until and wants(row["practice"], row["customer"]):
                yield row


def _agreement(one: Agreement) -> JsonObject:
    return {
        "contract": str(one.contract),
        "customer": one.customer,
        "revenue": _money(one.revenue, one.currency),
        "cost": None if one.cost is None else _money(one.cost, one.currency),
        "hours": f"{_decimal(one.hours):f}",
        "margin": None if one.margin is None else float(one.margin),
        "revenue_per_hour": None if one.per_hour is None else _money(one.per_hour, one.currency),
    }


def _money(amount: Fraction, currency: str) -> JsonObject:
    return Money(half_up(_decimal(amount), currency), currency).to_json()


def _decimal(amount: Fraction) -> Decimal:
    return Decimal(amount.numerator) / Decimal(amount.denominator)

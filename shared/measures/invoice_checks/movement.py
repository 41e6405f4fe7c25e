"""Movement since finance signed last: quantity, price, discount and total, beyond tolerance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from shared.measures.invoice_facts import InvoiceFacts, Line
from shared.measures.money import shown, text_of
from shared.measures.proration import share_of_period, steady_amount
from shared.model import JsonObject, Money, Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy

_ZERO = Decimal(0)


def check(invoice: InvoiceFacts, policy: BillingPolicy, _as_of: datetime) -> Iterator[Reason]:
    """quantity_moved, price_moved, discount_moved, total_moved. Nothing signed: nothing to compare with."""
    if invoice.signed is not None:
        yield from moved_since(invoice, invoice.signed.content, policy, "since finance signed last")


def moved_since(invoice: InvoiceFacts, before: JsonObject, policy: BillingPolicy, since: str) -> Iterator[Reason]:
    """The same against any content; ``since`` says in the sentences what it is."""
    if invoice.lines is None:
        return
    factors = _agreed_factors(invoice, before)
    for line, was in pair_lines(invoice.lines, before["lines"] or []):
        yield from _line(line, was, policy, factors, invoice.currency, since)
    yield from _total(invoice, before, policy, factors, since)


def _agreed_factors(invoice: InvoiceFacts, content: JsonObject) -> frozenset[Decimal]:
    """By what prices may differ from those before without having moved.

    1; the agreed increase where it fell due since; and the increase applied twice, which has a code of its own.
    """
    contract, start, before = invoice.contract, invoice.start, content["period"]["start"]
    if contract is None or not contract.increase or contract.increase_on is None or start is None or before is None:
        return frozenset({Decimal(1)})
    once = (Decimal(100) + contract.increase) / Decimal(100)
    # HaloPSA moves the date on by a year when it has applied the increase.
    on = contract.increase_on
    applied = _year_before(on)
    if date.fromisoformat(before) < on <= start or date.fromisoformat(before) < applied <= start:
        return frozenset({Decimal(1), once, once * once})
    return frozenset({Decimal(1), once * once})


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def pair_lines(lines: tuple[Line, ...], signed: list[JsonObject]) -> list[tuple[Line | None, JsonObject | None]]:
    """Lines beside what was signed: by id, then by item and site in order. Credit lines bill another period and are left out."""
    rest = [one for one in signed if one["credit_of"] is None]
    now = [line for line in lines if line.credit_of is None]
    found: dict[int, JsonObject] = {}
    for by_id in (True, False):
        for at, line in enumerate(now):
            if at in found:
                continue
            for one in rest:
                if _same(line, one, by_id):
                    found[at] = one
                    rest.remove(one)
                    break
    pairs: list[tuple[Line | None, JsonObject | None]] = [(line, found.get(at)) for at, line in enumerate(now)]
    return pairs + [(None, one) for one in rest]


def _same(line: Line, one: JsonObject, by_id: bool) -> bool:
    if by_id:
        return line.id is not None and one["id"] == str(line.id) and one["item"] == line.item
    site = None if line.site is None else str(line.site)
    return (
        one["item"] == line.item and one["site"] == site and (bool(line.item) or one["description"] == line.description)
    )


def _line(
    line: Line | None,
    was: JsonObject | None,
    policy: BillingPolicy,
    factors: frozenset[Decimal],
    currency: str,
    since: str,
) -> Iterator[Reason]:
    if line is None or was is None:
        if line is not None:
            yield Reason("quantity_moved", f"{line.name} ({text_of(line.quantity)}) is new {since}.")
        elif was is not None:
            yield Reason(
                "quantity_moved",
                f"{was['item'] or was['description']} ({was['quantity']}) is gone {since}.",
            )
        return
    quantity, price = _number(was["quantity"]), _number(was["unit_price"])
    if line.quantity is not None and quantity is not None and moved(quantity, line.quantity, policy.quantity_tolerance):
        yield Reason("quantity_moved", f"{line.name}: {text_of(quantity)} became {text_of(line.quantity)} {since}.")
    if (
        line.price is not None
        and price is not None
        and all(moved(price * factor, line.price, policy.price_tolerance) for factor in factors)
    ):
        yield Reason(
            "price_moved",
            f"{line.name}: {shown(price, currency)} became {shown(line.price, currency)} {since}.",
        )
    discount = _number(was["discount_percent"]) or _ZERO
    if abs(line.discount - discount) / Decimal(100) > policy.discount_tolerance:
        yield Reason(
            "discount_moved",
            f"{line.name}: a discount of {discount:f} % became {line.discount:f} % {since}.",
        )


def _total(
    invoice: InvoiceFacts, signed: JsonObject, policy: BillingPolicy, factors: frozenset[Decimal], since: str
) -> Iterator[Reason]:
    now, was = _comparable(invoice, signed)
    if now is None or was is None:
        return
    if all(moved(was * factor, now, policy.total_tolerance) for factor in factors):
        yield Reason(
            "total_moved",
            f"{shown(was, invoice.currency)} became {shown(now, invoice.currency)} {since}.",
            Money(abs(now - was), invoice.currency),
        )


def _comparable(invoice: InvoiceFacts, signed: JsonObject) -> tuple[Decimal | None, Decimal | None]:
    """The totals; or, where either holds a first, shorter period, what the lines cost in a whole one."""
    start, end = _date(signed["period"]["start"]), _date(signed["period"]["end"])
    lines = invoice.lines or ()
    short = any(share_of_period(line, invoice.start, invoice.end) for line in lines) or any(
        start and end and one["start"] and start <= date.fromisoformat(one["start"]) <= end
        for one in signed["lines"] or ()
    )
    total = _number(signed["total"])
    if not short and total is not None and invoice.total is not None:
        return invoice.total, total
    now = [steady_amount(line, invoice.start, invoice.end) for line in lines]
    was = [_steady_signed(one, start, end) for one in signed["lines"] or ()]
    return _sum(now), _sum(was)


def _steady_signed(one: JsonObject, start: date | None, end: date | None) -> Decimal | None:
    begun = _date(one["start"])
    net = _number(one["net_amount"])
    if net is None or (start and end and begun and start <= begun <= end):
        quantity, price = _number(one["quantity"]), _number(one["unit_price"])
        if quantity is None or price is None:
            return None
        return quantity * price * (Decimal(100) - (_number(one["discount_percent"]) or _ZERO)) / Decimal(100)
    return net


def _sum(amounts: list[Decimal | None]) -> Decimal | None:
    return None if any(one is None for one in amounts) else sum((one for one in amounts if one is not None), _ZERO)


def moved(was: Decimal, now: Decimal, tolerance: Decimal) -> bool:
    """Relative to what it was; from nothing, anything has moved. Exactly at the tolerance has not."""
    return abs(now - was) > tolerance * abs(was)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)

"""Which period, customer and practices a question about figures is about, and what of them the caller may see."""

from __future__ import annotations

from datetime import datetime

from shared.errors import Malformed, NotFound
from shared.measures.kpis import Period
from shared.model import Person, parse_instant
from shared.procedures.kpi_sources import Wants

MOST_DAYS = 3660


def period_of(from_: object, to: object) -> Period:
    """[from, to). Raises Malformed for what is no time, no period, or too long a one."""
    period = Period(_instant(from_, "from"), _instant(to, "to"))
    if period.end <= period.start:
        raise Malformed("The period's end must lie after its beginning.", code="period_invalid")
    if (period.end - period.start).days > MOST_DAYS:
        raise Malformed("A period holds at most ten years.", code="period_invalid")
    return period


def _instant(value: object, name: str) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    try:
        return parse_instant(value) if isinstance(value, str) else parse_instant("")
    except (ValueError, OverflowError):
        raise Malformed(f"{name} must be a time such as 2026-11-16T00:00:00Z.", code=f"{name}_invalid") from None


def wants_of(person: Person, customer: str | None) -> Wants:
    """What is counted. Raises Malformed for what is no customer id, NotFound for one outside the caller's."""
    if customer is not None:
        if not customer.isascii() or not customer.isdigit():
            raise Malformed("A customer is its HaloPSA client id, a whole number.", code="customer_invalid")
        if not person.sees_customer(customer):
            raise NotFound("There is no such customer.", code="customer_not_found")

    def wants(practice: str | None, whose: str | None) -> bool:
        return (
            (customer is None or whose == customer) and person.sees_customer(whose) and person.sees_practice(practice)
        )

    return wants

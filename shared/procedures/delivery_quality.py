"""How well sales hands over and delivery answers, over a period: handoffs, assumption lineage, change orders, escalations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from shared.errors import Malformed, NotFound
from shared.measures.assumption_lineage import Trace, lineage, trace, trace_json
from shared.measures.escalation_quality import LEVELS, Escalated, answers, answers_json
from shared.measures.kpis import Period
from shared.model import JsonObject, Person, parse_instant, rfc3339
from shared.procedures.kpi_sources import Wants
from shared.procedures.services import Services
from shared.registers import handoffs
from shared.registers import projects as register

MOST_DAYS = 3660


def delivery_view(
    services: Services,
    person: Person,
    from_: datetime,
    to: datetime,
    practice: str | None = None,
    customer: str | None = None,
) -> JsonObject:
    """The quality of [from, to) within what the caller may see. Raises NotFound or Malformed."""
    period = Period(from_, to)
    if not timedelta(0) < to - from_ <= timedelta(days=MOST_DAYS):
        raise Malformed("The period must end after it begins, within ten years.", code="period_invalid")
    if practice is not None and practice not in services.policy.policy.practices:
        raise Malformed(f"Policy knows no practice {practice!r}.", code="practice_unknown")
    if practice is not None and not person.sees_practice(practice):
        raise NotFound("There is no such practice.", code="practice_not_found")
    if customer is not None and not person.sees_customer(customer):
        raise NotFound("There is no such customer.", code="customer_not_found")

    def wants(whose: str | None, of: str | None) -> bool:
        asked = practice in (None, whose) and customer in (None, of)
        return asked and person.sees_practice(whose) and person.sees_customer(of)

    return delivery_quality(services, period, wants, services.clock.now())


def delivery_quality(services: Services, period: Period, wants: Wants, now: datetime) -> JsonObject:
    """Handoffs first submitted in the period; lineage of deals in delivery during it, at its end and at its beginning.

    Stocks are told at both instants, so that what the period itself cost is their difference.
    """
    rows = [row for row in handoffs.all_of(services.rows) if wants(row.get("practice"), row.get("customer"))]
    until = min(period.end, now)
    during = [row for row in rows if _submitted(row) is not None]
    at_end = [one for row in during if (one := _in_delivery(services, row, period, until)) is not None]
    at_start = [one for row in during if (one := _in_delivery(services, row, period, period.start)) is not None]
    told = [one for one in _escalations(services) if wants(one.practice, one.customer)]
    limit = timedelta(hours=services.policy.policy.project.response_hours)
    return {
        "from": rfc3339(period.start),
        "to": rfc3339(period.end),
        "handoffs": _submissions(rows, period),
        "lineage": lineage(at_end),
        "lineage_before": lineage(at_start),
        "deals": [
            {
                "opportunity": one.id,
                "project": one.project,
                "profit_lost": trace_json(one)["profit_lost"],
                "missed": list(one.missed),
            }
            for one in sorted(at_end, key=lambda one: (-(one.lost or 0), one.id))[:_MOST_DEALS]
        ],
        "scope_changes": _scope_changes(services, period, wants),
        "escalations": {
            **answers_json(answers(told, period, limit, now)),
            "response_hours_limit": services.policy.policy.project.response_hours,
            "by_level": {
                level: answers_json(answers([one for one in told if one.level == level], period, limit, now))
                for level in LEVELS
            },
        },
    }


_MOST_DEALS = 50


def trace_of(services: Services, row: JsonObject, at: datetime | None) -> Trace:
    """A deal's lineage as known at an instant (None: now)."""
    made = (row.get("project") or {}).get("id")
    status = register.status_at(services.rows, made, at) if made else None
    held = register.baselines(services.rows).get(made) if made else None
    versions = held.body["versions"] if held is not None else []
    if at is not None:
        versions = [one for one in versions if parse_instant(one["accepted_at"]) <= at]
    return trace(row, status, versions)


def _submitted(row: JsonObject) -> datetime | None:
    at = (row.get("first_submission") or {}).get("at")
    return parse_instant(at) if at else None


def _in_delivery(services: Services, row: JsonObject, period: Period, at: datetime) -> Trace | None:
    """The trace at an instant, of a deal submitted by then whose project was not closed before the period."""
    first = _submitted(row)
    if first is None or first > at:
        return None
    made = (row.get("project") or {}).get("id")
    status = register.status_at(services.rows, made, at) if made else None
    closed = (status or {}).get("closed_at")
    if closed and parse_instant(closed) < period.start:
        return None
    return trace_of(services, row, at)


def _submissions(rows: list[JsonObject], period: Period) -> JsonObject:
    """Handoffs first submitted in the period, as they were then."""
    mine = [row["first_submission"] for row in rows if period.holds(_submitted(row))]
    missing: dict[str, int] = {}
    for first in mine:
        for code in first["missing"]:
            missing[code] = missing.get(code, 0) + 1
    shares = [float(first["completeness"]) for first in mine]
    return {
        "submitted": len(mine),
        "complete_at_first": sum(1 for share in shares if share == 1.0),
        "completeness": round(sum(shares) / len(shares), 4) if shares else None,
        "missing": dict(sorted(missing.items())),
    }


def _scope_changes(services: Services, period: Period, wants: Wants) -> JsonObject:
    """Change orders accepted in the period, by the reason they gave."""
    kinds: dict[str, int] = {}
    for body in register.baselines(services.rows).all():
        if not wants(body.get("practice"), body.get("customer")):
            continue
        for version in body["versions"][1:]:
            if period.holds(parse_instant(version["accepted_at"])):
                kind = (version.get("change") or {}).get("kind", "not_said")
                kinds[kind] = kinds.get(kind, 0) + 1
    return {"count": sum(kinds.values()), "by_reason": dict(sorted(kinds.items()))}


def _escalations(services: Services) -> Iterator[Escalated]:
    for body in register.escalations(services.rows).all():
        yield Escalated(
            level=body["level"],
            practice=body.get("practice"),
            customer=body.get("customer"),
            told_at=parse_instant(body["told_at"]),
            acknowledged_at=_instant(body.get("acknowledged_at")),
            responded_at=_instant(body.get("responded_at")),
            quality=body.get("quality"),
        )


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None

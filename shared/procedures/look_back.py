"""Look back over what was billed in past months for errors of the kinds that hold invoices today."""

from __future__ import annotations

import json
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, cast

from shared.errors import NotFound
from shared.measures.invoice_checks.verdict import MISSING
from shared.measures.invoice_facts import Used
from shared.measures.look_back import Past, judge_past
from shared.measures.money import by_currency
from shared.model import JsonObject, Money, NewEntry, Person, Subject, rfc3339
from shared.procedures.billing_book import UsageBook
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers import validations

_MOST = 1000
"""Exceptions kept one by one; all of them are counted."""


class _Facts(Protocol):
    def issuings(self, mirror: Any) -> Any: ...
    def past(
        self, found: Any, policy: Any, first: date, last: date, used: Callable[[str | None, Any, Any], Used | None]
    ) -> Iterator[tuple[str, str | None, str, Past]]: ...


def billing_look_back_run(services: Services, run: Run) -> JsonObject:
    """The job ``billing_look_back`` of a month: the ``billing.lookback_months`` that end with it.

    Nothing is held and no finding is opened: what left cannot be kept back. Answers counts and exceptions by cause.
    """
    period = str(run.period)
    first, last = _span(period, services.policy.policy.billing.lookback_months)
    run.progress(0.05, f"Reading invoices from {first} to {last}.")
    facts = cast("_Facts", services.facts("look_back"))
    found = facts.issuings(services.mirror)
    policy = services.policy.policy
    usage = UsageBook(services.rows)
    population = unknown = 0
    exceptions: list[JsonObject] = []
    causes: dict[str, list[Money | None]] = defaultdict(list)
    for identity, customer, day, one in facts.past(found, policy, first, last, usage.used):
        population += 1
        scoped = policy.scoped(None, customer)
        reasons = tuple(judge_past(one, scoped.billing, run.as_of))
        codes = sorted({reason.code for reason in reasons} - {MISSING})
        unknown += not codes and bool(reasons)
        if population % 500 == 0:
            run.progress(0.1 + 0.8 * min(1.0, population / (population + 2000)), f"{population} invoices are judged.")
        if not codes:
            continue
        amount = one.invoice.amount
        for code in codes:
            causes[code].append(amount)
        exceptions.append(
            {
                "invoice": identity,
                "customer": customer,
                "date": day,
                "codes": codes,
                "amount": amount.to_json() if amount else None,
                "text": " ".join(reason.text for reason in reasons if reason.code != MISSING)[:600],
            }
        )
    exceptions.sort(key=lambda row: (row["date"], row["invoice"]), reverse=True)
    body: JsonObject = {
        "period": period,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "population": population,
        "exceptions": len(exceptions),
        "unknown": unknown,
        "refused": [{"id": one.id, "field": one.field, "message": one.message} for one in found.refused[:100]],
        "refused_count": len(found.refused),
        "complete": services.mirror.read_at("Invoice") is not None and not found.refused,
        "by_cause": [_cause(code, amounts) for code, amounts in sorted(causes.items())],
        "policy_version": services.policy.version,
        "at": rfc3339(services.clock.now()),
    }
    receipt = services.ledger.record(
        NewEntry(
            type="billing.looked_back",
            key=f"look-back\n{run.run_id}",
            payload=json.dumps({**body, "invoices": exceptions}, sort_keys=True, ensure_ascii=False).encode(),
            subject=Subject("look_back", period),
            controls=("billing_validated",),
            actor=run.requested_by,
        )
    )
    body |= {"evidence_id": receipt.evidence_id, "invoices": exceptions[:_MOST], "cut": len(exceptions) > _MOST}
    validations.look_backs(services.rows).put(period, body)
    return {key: value for key, value in body.items() if key not in ("invoices", "at", "period")}


def _span(period: str, months: int) -> tuple[date, date]:
    """First and last day of so many months that end with this one."""
    year, month = (int(part) for part in period.split("-"))
    began, month_of = divmod(year * 12 + month - months, 12)
    return date(max(began, 1), month_of + 1, 1), date(year, month, monthrange(year, month)[1])


def _cause(code: str, amounts: Iterable[Money | None]) -> JsonObject:
    held = list(amounts)
    known = [amount for amount in held if amount is not None]
    return {"code": code, "count": len(held), "billed": [money.to_json() for money in by_currency(known)]}


def look_back_view(services: Services, person: Person, period: str | None) -> JsonObject:
    """The newest look-back, or that of a month; whoever sees some customers gets theirs, counted anew."""
    register = validations.look_backs(services.rows)
    held = register.get(period) if period is not None else None
    body = held.body if held else validations.newest_look_back(services.rows) if period is None else None
    if body is None:
        raise NotFound("Nobody has looked back over that month.", code="look_back_not_found")
    if person.customers is None:
        return body
    mine = [row for row in body["invoices"] if person.sees_customer(row["customer"])]
    causes: dict[str, list[Money | None]] = defaultdict(list)
    for row in mine:
        told = row["amount"]
        for code in row["codes"]:
            causes[code].append(Money(Decimal(told["amount"]), told["currency"]) if told else None)
    return {
        **{key: body[key] for key in ("period", "from", "to", "complete", "policy_version", "at", "cut")},
        "population": None,
        "exceptions": len(mine),
        "by_cause": [_cause(code, amounts) for code, amounts in sorted(causes.items())],
        "invoices": mine,
    }

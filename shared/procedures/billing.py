"""Check every recurring invoice that is due before it is billed, hold what finance has not signed, find what went around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.controls import recurring_invoice_hold
from shared.errors import NotFound
from shared.measures.invoice_facts import InvoiceFacts
from shared.measures.money import by_currency
from shared.model import JsonObject, Money, Person, Verdict
from shared.procedures.announce import tell_new
from shared.procedures.assess import Assessed, Cause, assess
from shared.procedures.billing_book import RECURRING, read_holds
from shared.procedures.billing_cases import Books, cases_of, open_books
from shared.procedures.billing_reading import read_anew
from shared.procedures.billing_trust import assess_trust
from shared.procedures.charge_holds import check_charge_entries
from shared.procedures.first_invoices import check_first, judge_first
from shared.procedures.invoice_release import on_carried_out, on_decided, on_failed, present_content
from shared.procedures.invoices_left import check_left
from shared.procedures.judged_invoices import HOLDING, batches, close_gone, hold_judged
from shared.procedures.page import page
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers import holds

__all__ = [
    "billing_check_run",
    "hold_view",
    "judge_first",
    "judge_invoices",
    "list_holds",
    "on_carried_out",
    "on_decided",
    "on_failed",
    "present_content",
]


def billing_check_run(services: Services, run: Run) -> JsonObject:
    """The job ``billing_check``. Answers counts, the money at stake by currency, and how complete it was."""
    reading = read_anew(services, lambda text: run.progress(0.01, text))
    run.progress(0.02, "Reading what is due.")
    books, due, left_over = open_books(services, run.as_of, None, firsts=None)
    tally: Counter[str] = Counter()
    stake: list[Money] = []
    codes: Counter[str] = Counter()
    refused: list[JsonObject] = []
    done = 0
    for cases in batches(cases_of(services, books, due)):
        judged = assess(
            services,
            recurring_invoice_hold.CONTROL,
            cases,
            as_of=run.as_of,
            run_id=run.run_id,
            looked_at=books.looked_at,
        )
        for one in judged:
            _count(one, tally, stake, codes)
            if one.case.facts is None:
                refused.append(
                    {"kind": "RecurringInvoice", "id": one.case.subject.id, "field": "", "message": one.case.missing}
                )
        tally["held"] += _hold(services, books, judged, run.as_of, run.run_id)
        tell_new(services, judged, run.run_id)
        done += len(cases)
        run.progress(0.05 + 0.75 * done / max(1, due.size), f"{done} of {due.size} invoices are judged.")
    tally["closed"] = close_gone(services, RECURRING, books, books.holds, left_over, as_of=run.as_of, run_id=run.run_id)
    first = check_first(services, books, run.as_of, run.run_id)
    trust = assess_trust(services, run.as_of, run.run_id)
    run.progress(0.85, "Looking for invoices that went around the hold.")
    left = check_left(services, books.holds, books.signed, books.firsts.away, run.as_of, run.run_id, books.looked_at)
    charges = check_charge_entries(
        services,
        books.around.entries,
        {*due.rows, *books.firsts.rows},
        books.signed.customers(),
        run.as_of,
        run.run_id,
        books.looked_at,
    )
    refused += [
        {"kind": one.kind, "id": one.id, "field": one.field, "message": one.message} for one in books.around.refused
    ]
    missing_kinds = sorted({"RecurringInvoice", "ClientContract", "Invoice"} - set(books.around.read))
    return {
        "population": due.size,
        "not_due": due.not_due,
        "switched_off": len(due.switched_off),
        **{verdict.value: tally[verdict.value] for verdict in Verdict},
        "unreadable": tally["unreadable"],
        "refused": refused[:100],
        "refused_count": len(refused),
        "complete": not missing_kinds and not refused and not left["refused"],
        "not_read": missing_kinds,
        "reading": reading,
        "codes": dict(sorted(codes.items())),
        "at_stake": [amount.to_json() for amount in by_currency(stake)],
        "holds_placed": tally["held"],
        "holds_open": len(read_holds(services.rows).open()),
        "holds_closed": tally["closed"],
        "first_invoices": first,
        "left": left,
        "charge_entries": charges,
        "validation": trust.to_json(),
    }


def judge_invoices(services: Services, causes: Mapping[str, str], as_of: datetime) -> list[Assessed]:
    """Judge some recurring invoices now, as their events arrive, and hold what must not go out.

    ``causes``: the run or delivery that caused it, by invoice. The books are opened once; each is recorded by itself.
    """
    books, due, _ = open_books(services, as_of, frozenset(causes))
    judged = assess(
        services,
        recurring_invoice_hold.CONTROL,
        cases_of(services, books, due),
        as_of=as_of,
        run_id=causes,
        looked_at=books.looked_at,
    )
    _hold(services, books, judged, as_of, causes)
    tell_new(services, judged, None)
    return judged


def _count(one: Assessed, tally: Counter[str], stake: list[Money], codes: Counter[str]) -> None:
    verdict = one.judgement.verdict
    tally[verdict.value] += 1
    tally["unreadable"] += one.case.facts is None
    codes.update({reason.code for reason in one.judgement.reasons})
    facts = one.case.facts
    if verdict in HOLDING and isinstance(facts, InvoiceFacts) and facts.amount is not None:
        stake.append(facts.amount)
        if len(stake) > 1000:
            stake[:] = by_currency(stake)


def _hold(services: Services, books: Books, judged: list[Assessed], as_of: datetime, cause: Cause) -> int:
    return hold_judged(
        services,
        RECURRING,
        books.holds,
        judged,
        cause,
        looked_at=books.looked_at,
        excused=lambda one: isinstance(one.case.facts, InvoiceFacts) and _not_due(services, one.case.facts, as_of),
    )


def _not_due(services: Services, facts: InvoiceFacts, as_of: datetime) -> bool:
    """Judged because it was found wanting before, but not due yet."""
    days = services.policy.policy.scoped(None, facts.client).billing.window_days
    return facts.next_date is not None and facts.next_date > (as_of + timedelta(days=days)).date()


def list_holds(
    services: Services, person: Person, query: Mapping[str, Any], limit: int, after: str | None
) -> JsonObject:
    """Holds by kind, customer and state that the caller may see, oldest first."""
    now = services.clock.now()
    rows = (
        body
        for body in holds.of_kind(services.rows, query.get("kind") or None)
        if _visible(body, person)
        and all(not query.get(name) or body[name] == query[name] for name in ("customer", "state"))
    )
    return page(
        rows,
        limit=limit,
        after=after,
        key=lambda body: f"{body['since']} {body['id']}",
        shown=lambda body: holds.view(body, now),
    )


def hold_view(services: Services, person: Person, hold_id: str, now: datetime) -> JsonObject:
    """One hold with what it has cost so far."""
    body = holds.get(services.rows, hold_id)
    if body is None or not _visible(body, person):
        raise NotFound(f"There is no hold {hold_id}.", code="hold_not_found")
    return holds.view(body, now)


def _visible(body: JsonObject, person: Person) -> bool:
    return person.sees_customer(body["customer"]) and person.sees_practice(body["practice"])

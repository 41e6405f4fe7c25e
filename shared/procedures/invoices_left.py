"""The daily invariants over what has left HaloPSA, and over time that finance has not looked at yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol, cast

from shared.controls import charge_entries_reviewed, invoice_left_unsigned
from shared.controls.spec import Case
from shared.measures.invoice_facts import ChargeEntry, Issued
from shared.measures.left_facts import HoldSpan, LeftFacts, left_while
from shared.model import JsonObject, Subject, parse_instant, rfc3339
from shared.procedures.assess import assess
from shared.procedures.billing_book import HoldBook, SignBook
from shared.procedures.services import Services
from shared.registers import findings
from shared.registers.store import Register

_BACKDATED = timedelta(days=31)
"""How far back we look for invoices that carry a date from before they were made."""


_BATCH = 500


class _Issued(Protocol):
    def issued_ids(self, mirror: Any, since: date) -> list[int]: ...
    def issued_since(
        self, mirror: Any, since: date, backdated: date, held: frozenset[int], but: frozenset[int]
    ) -> dict[str | None, list[bytes]]: ...
    def issued_of(self, packed: Iterable[bytes]) -> tuple[list[Issued], list[Any]]: ...


def check_left(services: Services, book: HoldBook, signed: SignBook, as_of: datetime, run_id: str) -> JsonObject:
    """Judge every invoice made from a recurring one since we began. What was there when we first looked is not judged."""
    if services.mirror.read_at("Invoice") is None:
        return {"population": 0, "fail": 0, "exceptions": [], "refused": 0, "complete": False}
    facts = cast("_Issued", services.facts("billing"))
    register = Register(services.rows, "billing")
    began = register.get("began")
    if began is None:
        there = facts.issued_ids(services.mirror, as_of.date() - _BACKDATED)
        register.put("began", {"at": rfc3339(as_of), "there": there})
        return {"population": 0, "fail": 0, "exceptions": [], "refused": 0, "complete": True}
    since = parse_instant(began.body["at"]).date()
    held = frozenset(int(name) for name in book.open() if name.lstrip("-").isdigit())
    packed = facts.issued_since(services.mirror, since, since - _BACKDATED, held, frozenset(began.body["there"]))
    read_at = services.mirror.read_at("Invoice")
    observations = services.mirror.observations("Invoice")[:5]
    population = refused = 0
    failed: list[str] = []
    cases: list[Case] = []
    for at, (customer, rows) in enumerate(packed.items(), start=1):
        issued, wrong = facts.issued_of(rows)
        refused += len(wrong)
        cases += [
            Case(
                Subject("invoice", str(one.id)),
                customer,
                None,
                LeftFacts(one, tuple(_of(book.spans, one.recurring_id)), _signed(signed, one.recurring_id)),
                read_at,
                observations,
            )
            for one in issued
            if _counts(one, since, _of(book.spans, one.recurring_id))
        ]
        if len(cases) < _BATCH and at < len(packed):
            continue
        judged = assess(services, invoice_left_unsigned.CONTROL, cases, as_of=as_of, run_id=run_id)
        population += len(cases)
        failed += [one.case.subject.id for one in judged if one.judgement.verdict in ("fail", "error")]
        cases = []
    return {
        "population": population,
        "fail": len(failed),
        "exceptions": failed[:100],
        "refused": refused,
        "complete": True,
    }


def _counts(issued: Issued, since: date, spans: Iterable[HoldSpan]) -> bool:
    """Dated since we began; or, whatever its date, made while its recurring invoice is held."""
    if issued.on is None or issued.on >= since:
        return True
    return any(span.released is None and left_while(issued, span) for span in spans)


def _names(recurring_id: int | None) -> tuple[str, ...]:
    """An invoice may name the recurring one without its minus sign."""
    return () if recurring_id is None else (str(recurring_id), str(-recurring_id))


def _of(spans: Mapping[str, list[Any]], recurring_id: int | None) -> list[Any]:
    return next((spans[name] for name in _names(recurring_id) if name in spans), [])


def _signed(book: SignBook, recurring_id: int | None) -> tuple[Any, ...]:
    return next((found for name in _names(recurring_id) if (found := book.every(name))), ())


def check_charge_entries(
    services: Services,
    entries: Mapping[str, Sequence[ChargeEntry]],
    judged_customers: set[str | None],
    signed_customers: frozenset[str],
    as_of: datetime,
    run_id: str,
) -> JsonObject:
    """Customers finance has signed nothing for and who have no invoice due: their time is looked at here."""
    control = charge_entries_reviewed.CONTROL
    wanted = {name: tuple(found) for name, found in entries.items() if name not in judged_customers | signed_customers}
    standing = {
        row["customer"] for row in findings.of_control(services.rows, control.id) if row["verdict"] in findings.ASKING
    }
    times = [at for kind in control.needs if (at := services.mirror.read_at(kind)) is not None]
    cases = [
        Case(Subject("customer", name), name, None, wanted.get(name, ()), min(times) if times else None)
        for name in sorted({*wanted, *(one for one in standing if one)})
    ]
    judged = assess(services, control, cases, as_of=as_of, run_id=run_id)
    return {"population": len(cases), "fail": sum(one.judgement.verdict == "fail" for one in judged)}

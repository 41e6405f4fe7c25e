"""The daily invariant over what has left HaloPSA: nothing that was held, unsigned, or changed after finance signed it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Protocol, cast

from shared.controls import invoice_left_unsigned
from shared.controls.spec import Case
from shared.errors import RowExists
from shared.measures.invoice_facts import Issued
from shared.measures.left_facts import HoldSpan, LeftFacts, left_while
from shared.model import JsonObject, Subject, parse_instant, rfc3339
from shared.procedures.assess import assess
from shared.procedures.billing_book import BACKDATED, BEGAN, BEGAN_FIRST, FIRST, HoldBook, SignBook, read_holds
from shared.procedures.services import Services
from shared.registers.store import Register

_BATCH = 500


class _Facts(Protocol):
    def issued_ids(self, mirror: Any, since: date) -> list[int]: ...
    def issued_since(
        self, mirror: Any, since: date, backdated: date, held: frozenset[int], but: frozenset[int]
    ) -> dict[str | None, list[bytes]]: ...
    def issued_of(self, packed: Iterable[bytes]) -> tuple[list[Issued], list[Any]]: ...
    def left_of(self, packed: Iterable[bytes]) -> tuple[list[Issued], list[Any]]: ...


_Away = Mapping[str | None, Sequence[tuple[int, bytes]]]
"""By customer id and row of invoices that no recurring one made and that have left."""
_Judged = Iterator[tuple[str | None, list[LeftFacts], int]]
"""By customer what is judged, and how many rows could not be read."""


def check_left(
    services: Services, book: HoldBook, signed: SignBook, away: _Away, as_of: datetime, run_id: str, looked_at: datetime
) -> JsonObject:
    """Judge every invoice that left since we began. What was there when we first looked is not judged."""
    read_at = services.mirror.read_at("Invoice")
    if read_at is None:
        return {"population": 0, "fail": 0, "exceptions": [], "refused": 0, "complete": False}
    observations = services.mirror.observations("Invoice")[:5]
    population = refused = 0
    failed: list[str] = []
    cases: list[Case] = []

    def judge() -> None:
        judged = assess(services, invoice_left_unsigned.CONTROL, cases, as_of=as_of, run_id=run_id, looked_at=looked_at)
        failed.extend(one.case.subject.id for one in judged if one.judgement.verdict in ("fail", "error"))
        cases.clear()

    for judged in (_recurring(services, book, signed, as_of), _one_off(services, signed, away, as_of)):
        for customer, facts, wrong in judged:
            refused += wrong
            population += len(facts)
            cases += [
                Case(Subject("invoice", str(one.issued.id)), customer, None, one, read_at, observations)
                for one in facts
            ]
            if len(cases) >= _BATCH:
                judge()
        judge()
    return {
        "population": population,
        "fail": len(failed),
        "exceptions": failed[:100],
        "refused": refused,
        "complete": True,
    }


def _recurring(services: Services, book: HoldBook, signed: SignBook, as_of: datetime) -> _Judged:
    """Those made from recurring ones."""
    facts = cast("_Facts", services.facts("billing"))
    since, there = _began(services, BEGAN, as_of, lambda: facts.issued_ids(services.mirror, as_of.date() - BACKDATED))
    if there is None:
        return
    held = frozenset(int(name) for name in book.open() if name.lstrip("-").isdigit())
    for customer, rows in facts.issued_since(services.mirror, since, since - BACKDATED, held, there).items():
        issued, wrong = facts.issued_of(rows)
        yield (
            customer,
            [
                LeftFacts(one, tuple(_of(book.spans, one.recurring_id)), _signed(signed, one.recurring_id))
                for one in issued
                if _counts(one, since, _of(book.spans, one.recurring_id))
            ],
            len(wrong),
        )


def _one_off(services: Services, signed: SignBook, away: _Away, as_of: datetime) -> _Judged:
    """Those that no recurring one made.

    One without hold and sign-off of its own is judged while finance has signed nothing for its customer, and afterwards
    where HaloPSA says when it left.
    """
    facts = cast("_Facts", services.facts("billing"))
    _, there = _began(services, BEGAN_FIRST, as_of, lambda: [number for rows in away.values() for number, _ in rows])
    if there is None:
        return
    book = read_holds(services.rows, sort=FIRST)
    ours = signed.firsts() | book.newest.keys()
    for customer, rows in away.items():
        issued, wrong = facts.left_of(row for number, row in rows if number not in there or str(number) in ours)
        told = signed.first(customer)
        yield (
            customer,
            [
                LeftFacts(one, tuple(book.spans.get(str(one.id), ())), signed.every(FIRST.signed_as(str(one.id))), told)
                for one in issued
                if told is None or one.left_at is not None or str(one.id) in ours
            ],
            len(wrong),
        )


def _began(
    services: Services, key: str, as_of: datetime, there: Callable[[], list[int]]
) -> tuple[date, frozenset[int] | None]:
    """The day we began and what was there then; None for it when that is now."""
    register = Register(services.rows, "billing")
    began = register.get(key)
    if began is None:
        with suppress(RowExists):  # another check began at the same moment: what it found there counts
            register.insert(key, {"at": rfc3339(as_of), "there": there()})
        return as_of.date(), None
    return parse_instant(began.body["at"]).date(), frozenset(began.body["there"])


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

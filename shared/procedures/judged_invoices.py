"""What follows from judging invoices, whichever sort they are: held, or, when they will not be billed, brought to their end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from shared.controls.catalogue import controls
from shared.controls.spec import Case
from shared.measures.invoice_facts import NotBilled
from shared.model import Subject, Verdict, rfc3339
from shared.procedures.assess import Assessed, Cause, assess, cause_of
from shared.procedures.billing_book import HoldBook, Sort
from shared.procedures.billing_cases import Books
from shared.procedures.invoice_holds import Wanted, hold_all
from shared.procedures.invoice_release import end_hold
from shared.procedures.services import Services
from shared.registers import findings

HOLDING = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.ERROR)
_BATCH = 400


def batches(cases: Iterator[Case]) -> Iterator[list[Case]]:
    """Whole customers at a time: one customer's assessment is one record."""
    waiting: list[Case] = []
    for case in cases:
        if len(waiting) >= _BATCH and waiting[-1].customer != case.customer:
            yield waiting
            waiting = []
        waiting.append(case)
    if waiting:
        yield waiting


def hold_judged(
    services: Services,
    sort: Sort,
    book: HoldBook,
    judged: Iterable[Assessed],
    cause: Cause,
    *,
    looked_at: datetime,
    excused: Callable[[Assessed], bool] = lambda _one: False,
) -> int:
    """Hold what must not go out: every fail, error and unknown. Answer how many holds are new.

    ``excused``: wanting, but not to be held for it yet. What is held stays so. Facts that are merely too old hold nothing
    new: acting on them is what freshness forbids, and the next sync decides. Nor does a judgement that was overtaken.
    """

    def wanted(one: Assessed) -> bool:
        standing = book.newest.get(one.case.subject.id)
        held = standing is not None and standing.held
        if one.outdated:
            return False
        if one.case.facts is not None and {reason.code for reason in one.judgement.reasons} == {"stale_facts"}:
            return False
        return held or (one.judgement.verdict in HOLDING and not excused(one))

    return hold_all(
        services,
        sort,
        [
            Wanted(
                one.case.subject.id,
                one.case.customer,
                one.case.practice,
                one.case.facts,
                one.judgement.reasons,
                book.newest.get(one.case.subject.id),
                cause_of(cause, one.case.subject),
                rfc3339(looked_at),
            )
            for one in judged
            if wanted(one)
        ],
    )


def close_gone(
    services: Services,
    sort: Sort,
    books: Books,
    book: HoldBook,
    gone: Mapping[str, str],
    *,
    as_of: datetime,
    run_id: str,
) -> int:
    """Findings and holds of invoices that will not be billed come to their end. Answer how many holds ended."""
    control = controls()[sort.control]
    ended = [name for name in gone if (standing := book.newest.get(name)) is not None and standing.held]
    cases = [
        Case(
            Subject(sort.subject, row["subject"]["id"]),
            row["customer"],
            row["practice"],
            NotBilled(gone[row["subject"]["id"]]),
            books.read_at,
        )
        for row in findings.of_control(services.rows, control.id)
        if row["subject"]["id"] in gone and (row["verdict"] in findings.ASKING or row["subject"]["id"] in ended)
    ]
    judged = assess(services, control, cases, as_of=as_of, run_id=f"{run_id}\ngone", looked_at=books.looked_at)
    back = {one.case.subject.id for one in judged if one.outdated}  # seen again since we looked
    for name in ended:
        if name not in back:
            end_hold(services, book.newest[name].id, gone[name])
    return len(set(ended) - back)

"""Invoices that no recurring one made wait for finance, until finance has signed something for their customer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, cast

from shared.controls import first_invoice_hold
from shared.controls.spec import Case
from shared.model import JsonObject, Verdict
from shared.procedures.announce import tell_new
from shared.procedures.assess import Assessed, Cause, assess
from shared.procedures.billing_book import FIRST, read_holds
from shared.procedures.billing_cases import Books, cases_of, open_books
from shared.procedures.judged_invoices import batches, close_gone, hold_judged
from shared.procedures.services import Services
from shared.registers import holds


class _Facts(Protocol):
    def one_offs(self, mirror: object, names: object) -> frozenset[str]: ...


def check_first(services: Services, books: Books, as_of: datetime, run_id: str) -> JsonObject:
    """Judge and hold them all; those that are void, gone or have left come to their end. Counts, for the run's result."""
    tally: Counter[str] = Counter()
    for cases in batches(cases_of(services, books, books.firsts, FIRST)):
        judged, placed = _judge(services, books, cases, as_of, run_id)
        tally.update(one.judgement.verdict.value for one in judged)
        tally["held"] += placed
        tell_new(services, judged, run_id)
    tally["closed"] = _close(services, books, as_of, run_id)
    return {
        "population": sum(tally[verdict.value] for verdict in Verdict),
        **{verdict.value: tally[verdict.value] for verdict in Verdict},
        "holds_placed": tally["held"],
        "holds_open": len(read_holds(services.rows, sort=FIRST).open()),
        "holds_closed": tally["closed"],
    }


def judge_first(services: Services, causes: Mapping[str, str], as_of: datetime) -> None:
    """Judge some of them now, as their events arrive; ``causes``: the delivery that caused it, by invoice."""
    facts = cast("_Facts", services.facts("billing"))
    wanted = facts.one_offs(services.mirror, causes)
    if not wanted:
        return
    books, _, _ = open_books(services, as_of, frozenset(), firsts=wanted)
    judged, _ = _judge(services, books, list(cases_of(services, books, books.firsts, FIRST)), as_of, causes)
    tell_new(services, judged, None)
    _close(services, books, as_of, causes[min(wanted)])


def _judge(
    services: Services, books: Books, cases: list[Case], as_of: datetime, cause: Cause
) -> tuple[list[Assessed], int]:
    judged = assess(services, first_invoice_hold.CONTROL, cases, as_of=as_of, run_id=cause, looked_at=books.looked_at)
    return judged, hold_judged(services, FIRST, books.first_holds, judged, cause, looked_at=books.looked_at)


def _close(services: Services, books: Books, as_of: datetime, run_id: str) -> int:
    """That it left while it was held is kept with the hold, unless finance had approved it by then."""
    gone = {**books.firsts.gone}
    for name in books.firsts.left:
        gone[name] = "It has left HaloPSA."
        standing = books.first_holds.newest.get(name)
        hold = holds.amend_held(services.rows, standing.id, _left) if standing is not None and standing.held else None
        if hold is not None and hold["detail"].get("left"):
            gone[name] = "It left HaloPSA while it was held."
    return close_gone(services, FIRST, books, books.first_holds, gone, as_of=as_of, run_id=run_id)


def _left(hold: JsonObject) -> JsonObject:
    if not hold["applied"] or hold.get("release_approved") or hold["detail"].get("left"):
        return {}
    return {"detail": {**hold["detail"], "left": True}}

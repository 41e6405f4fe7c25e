"""What a billing check judges: the recurring invoices that are due, with everything they are looked up in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, cast

from shared.controls.spec import Case
from shared.measures.invoice_facts import InvoiceFacts, Signed, Used
from shared.model import Subject
from shared.policy.document import Policy
from shared.procedures.billing_book import FIRST, RECURRING, HoldBook, SignBook, Sort, UsageBook, left_since, read_holds
from shared.procedures.billing_trust import trust_of
from shared.procedures.services import Services
from shared.registers import findings


class _Facts(Protocol):
    """What bootstrap hands us as ``facts("billing")``."""

    def read_at(self, mirror: Any) -> datetime | None: ...
    def population(self, mirror: Any, **how: Any) -> Any: ...
    def first_invoices(self, mirror: Any, named: Any, **how: Any) -> Any: ...
    def one_offs(self, mirror: Any, names: Iterable[str]) -> frozenset[str]: ...
    def surroundings(self, mirror: Any, due: Any, firsts: frozenset[int]) -> Any: ...
    def quantities(self, mirror: Any, items: frozenset[str]) -> Any: ...
    def invoices(
        self, packed: Iterable[bytes], around: Any, policy: Any, **how: Any
    ) -> Iterator[tuple[str, Any, str]]: ...


@dataclass(slots=True)
class Books:
    """Everything one check looks things up in."""

    looked_at: datetime
    """Before anything was read."""
    facts: _Facts
    holds: HoldBook
    signed: SignBook
    usage: UsageBook
    around: Any
    read_at: datetime | None
    observations: tuple[str, ...]
    first_holds: HoldBook
    firsts: Any
    """Invoices that no recurring one made: ``rows`` to judge, which of those held or wanting have ``left`` or are ``gone``,
    and all that are ``away``.
    """


def open_books(
    services: Services,
    as_of: datetime,
    only: frozenset[str] | None,
    *,
    whatever: bool = False,
    firsts: frozenset[str] | None = frozenset(),
) -> tuple[Books, Any, dict[str, str]]:
    """The books, what is judged, and what was found wanting or held before and is no longer billed (with the reason).

    ``whatever``: those of ``only`` also when they are not due or somebody switched them off. ``firsts``: the same as ``only``,
    of invoices that no recurring one made.
    """
    looked_at = services.clock.now()
    facts = cast("_Facts", services.facts("billing"))
    mirror = services.mirror.snapshot()
    held = read_holds(services.rows, only)
    read_at = mirror.read_at("RecurringInvoice")
    asking = _asking(services, RECURRING) if only is None else frozenset()
    first_holds = read_holds(services.rows, firsts, FIRST)
    # after the holds: a hold released in between still looks held and is left alone, not placed anew for want of a signature
    some = None if only is None or firsts is None else [*only, *map(FIRST.signed_as, firsts)]
    signed = SignBook(services.rows, some)
    policy = services.policy.policy
    due = facts.population(
        mirror,
        as_of=as_of,
        days=lambda customer: policy.scoped(None, customer).billing.window_days,
        keep=asking | held.open() | (only if whatever and only else frozenset()),
        ours=lambda name: whatever or held.ours(name, read_at),
        only=only,
    )
    waiting = facts.first_invoices(
        mirror,
        due.named,
        signed=signed.signed_for(),
        keep=first_holds.open()
        | signed.firsts()
        | (_asking(services, FIRST) if firsts != frozenset() else frozenset()),
        ours=frozenset(first_holds.newest) | signed.firsts(),
        since=left_since(services.rows, as_of),
        only=firsts,
    )
    around = facts.surroundings(mirror, due, waiting.ids)
    around.validated = trust_of(services).trusted
    usage = UsageBook(services.rows)
    if usage.files:
        _, usage.billed = facts.quantities(mirror, usage.items())
    kinds = ("RecurringInvoice", "ClientContract", "Invoice")
    observations = tuple(one for kind in kinds for one in mirror.observations(kind)[:5])
    read_at_all = facts.read_at(mirror)
    books = Books(looked_at, facts, held, signed, usage, around, read_at_all, observations, first_holds, waiting)
    gone: dict[str, str] = {}
    if read_at is not None and only is None:
        gone = dict.fromkeys((asking | held.open()) - due.known, "HaloPSA no longer has it.")
        gone |= dict.fromkeys(asking & due.switched_off, "Somebody disabled it in HaloPSA.")
    return books, due, gone


def _asking(services: Services, sort: Sort) -> frozenset[str]:
    """Invoices found wanting before: they are judged again even when they are not due."""
    rows = findings.of_control(services.rows, sort.control)
    return frozenset(row["subject"]["id"] for row in rows if row["verdict"] in findings.ASKING)


def _practice(policy: Policy, facts: InvoiceFacts | None) -> str | None:
    """Whose the invoice is, by its agreement; None where it may be several's: time of no or another agreement stands on it."""
    if facts is None or facts.contract is None or any(one.contract != facts.contract_id for one in facts.entries):
        return None
    return policy.practice_of_contract(facts.contract.type)


def cases_of(services: Services, books: Books, due: Any, sort: Sort = RECURRING) -> Iterator[Case]:
    """One case per invoice, by customer; a row that cannot be read is a case without facts."""

    def signed(name: str) -> Signed | None:
        return books.signed.latest(sort.signed_as(name))

    used: Callable[[str | None, date | None, date | None], Used | None] = books.usage.used
    for customer in sorted(due.rows, key=lambda one: (one is None, one or "")):
        policy = services.policy.policy.scoped(None, customer)
        for name, facts, why in books.facts.invoices(
            due.rows[customer], books.around, policy, signed=signed, used=used, one_off=sort is FIRST
        ):
            practice = _practice(services.policy.policy, facts)
            yield Case(Subject(sort.subject, name), customer, practice, facts, books.read_at, books.observations, why)

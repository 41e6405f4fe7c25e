"""What a billing check judges: the recurring invoices that are due, with everything they are looked up in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, cast

from shared.controls import recurring_invoice_hold
from shared.controls.spec import Case
from shared.measures.invoice_facts import Signed, Used
from shared.model import Subject
from shared.procedures.billing_book import SUBJECT, HoldBook, SignBook, UsageBook, read_holds
from shared.procedures.billing_trust import trust_of
from shared.procedures.services import Services
from shared.registers import findings


class _Facts(Protocol):
    """What bootstrap hands us as ``facts("billing")``."""

    def read_at(self, mirror: Any) -> datetime | None: ...
    def population(self, mirror: Any, **how: Any) -> Any: ...
    def surroundings(self, mirror: Any, due: Any) -> Any: ...
    def quantities(self, mirror: Any, items: frozenset[str]) -> Any: ...
    def invoices(
        self, packed: Iterable[bytes], around: Any, policy: Any, **how: Any
    ) -> Iterator[tuple[str, Any, str]]: ...


@dataclass(slots=True)
class Books:
    """Everything one check looks things up in."""

    facts: _Facts
    holds: HoldBook
    signed: SignBook
    usage: UsageBook
    around: Any
    read_at: datetime | None
    observations: tuple[str, ...]


def open_books(
    services: Services, as_of: datetime, only: frozenset[str] | None, *, whatever: bool = False
) -> tuple[Books, Any, dict[str, str]]:
    """The books, what is judged, and what was found wanting or held before and is no longer billed (with the reason).

    ``whatever``: those of ``only`` also when they are not due or somebody switched them off.
    """
    facts = cast("_Facts", services.facts("billing"))
    mirror = services.mirror.snapshot()
    held = read_holds(services.rows, only)
    read_at = mirror.read_at("RecurringInvoice")
    asking = _asking(services) if only is None else frozenset()
    policy = services.policy.policy
    due = facts.population(
        mirror,
        as_of=as_of,
        days=lambda customer: policy.scoped(None, customer).billing.window_days,
        keep=asking | held.open() | (only if whatever and only else frozenset()),
        ours=lambda name: whatever or held.ours(name, read_at),
        only=only,
    )
    around = facts.surroundings(mirror, due)
    around.validated = trust_of(services).trusted
    usage = UsageBook(services.rows)
    if usage.files:
        _, usage.billed = facts.quantities(mirror, usage.items())
    kinds = ("RecurringInvoice", "ClientContract", "Invoice")
    observations = tuple(one for kind in kinds for one in mirror.observations(kind)[:5])
    books = Books(facts, held, SignBook(services.rows, only), usage, around, facts.read_at(mirror), observations)
    gone: dict[str, str] = {}
    if read_at is not None and only is None:
        gone = dict.fromkeys((asking | held.open()) - due.known, "HaloPSA no longer has it.")
        gone |= dict.fromkeys(asking & due.switched_off, "Somebody disabled it in HaloPSA.")
    return books, due, gone


def _asking(services: Services) -> frozenset[str]:
    """Invoices found wanting before: they are judged again even when they are not due."""
    rows = findings.of_control(services.rows, recurring_invoice_hold.CONTROL.id)
    return frozenset(row["subject"]["id"] for row in rows if row["verdict"] in findings.ASKING)


def cases_of(services: Services, books: Books, due: Any) -> Iterator[Case]:
    """One case per recurring invoice, by customer; a row that cannot be read is a case without facts."""
    signed: Callable[[str], Signed | None] = books.signed.latest
    used: Callable[[str | None, date | None, date | None], Used | None] = books.usage.used
    for customer in sorted(due.rows, key=lambda one: (one is None, one or "")):
        policy = services.policy.policy.scoped(None, customer)
        for name, facts, why in books.facts.invoices(
            due.rows[customer], books.around, policy, signed=signed, used=used
        ):
            yield Case(Subject(SUBJECT, name), customer, None, facts, books.read_at, books.observations, why)

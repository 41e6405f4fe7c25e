"""What the registers say about invoices, kept small: where holds stand, what finance signed, what suppliers count."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from shared.measures.invoice_facts import Signed, Used
from shared.measures.left_facts import HoldSpan
from shared.model import JsonObject, Subject, parse_instant
from shared.ports import Rows
from shared.registers import holds, signoffs, usage
from shared.registers.store import Register

KIND = "invoice"
"""Kind of the holds on recurring invoices."""
SUBJECT = "recurring_invoice"
BEGAN, BEGAN_FIRST = "began", "began_first"
"""When we first looked at what had left, and what was there then: of recurring invoices, and of all others."""
BACKDATED = timedelta(days=31)
"""How far back we look for invoices that carry a date from before they were made."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of what billing holds, and how it is spelled."""

    hold: str
    """Kind of its holds."""
    subject: str
    """Kind of subject in holds, findings and approvals."""
    control: str
    title: str = "An invoice is held"
    record: str = ""
    """HaloPSA's list; nothing where nothing is written into HaloPSA."""
    identity: str = ""
    """The field that names it in actions and sign-offs."""

    def signed_as(self, name: str) -> str:
        """The name its sign-offs go by."""
        return signoffs.name_of({self.identity: name})


RECURRING = Sort(KIND, SUBJECT, "recurring_invoice_hold", record="RecurringInvoice", identity="recurring_invoice_id")
FIRST = Sort("first_invoice", "invoice", "first_invoice_hold", record="Invoice", identity="invoice_id")
"""Invoices that no recurring one made, until finance has signed something for their customer."""
CHARGES = Sort("charge_entries", "customer", "charge_entries_reviewed", title="Time of a customer is held")
"""Time of customers finance has signed nothing for and who have no invoice waiting."""
_SORTS = {sort.subject: sort for sort in (RECURRING, FIRST, CHARGES)}


def left_since(rows: Rows, as_of: datetime) -> date:
    """The day from which invoices that no recurring one made are looked at when they have left."""
    began = Register(rows, "billing").get(BEGAN_FIRST)
    return (as_of - BACKDATED).date() if began is None else parse_instant(began.body["at"]).date()


def sort_of(body: JsonObject) -> Sort:
    """What a hold or an approval is about."""
    return _SORTS[body["subject"]["kind"]]


@dataclass(frozen=True, slots=True)
class Standing:
    """An invoice's newest hold, as much as a check needs of it."""

    id: str
    number: int
    held: bool
    applied: bool
    approval_id: str | None
    amount: JsonObject | None
    codes: frozenset[str]
    released_at: datetime | None
    restored: bool


@dataclass(slots=True)
class HoldBook:
    """All holds on one sort of invoice."""

    newest: dict[str, Standing] = field(default_factory=dict)
    spans: dict[str, list[HoldSpan]] = field(default_factory=lambda: defaultdict(list))

    def open(self) -> frozenset[str]:
        """Ids of the invoices that are held."""
        return frozenset(name for name, standing in self.newest.items() if standing.held)

    def ours(self, name: str, read_at: datetime | None) -> bool:
        """Whether a disabled invoice is disabled by us: held, or released after HaloPSA was read last."""
        standing = self.newest.get(name)
        if standing is None:
            return False
        return standing.held or (
            standing.released_at is not None and read_at is not None and standing.released_at >= read_at
        )


def read_holds(rows: Rows, only: Iterable[str] | None = None, sort: Sort = RECURRING) -> HoldBook:
    """One pass over the register, or only some invoices' holds; the newest hold of an invoice comes last."""
    book = HoldBook()
    bodies: Iterable[JsonObject] = holds.of_kind(rows, sort.hold)
    if only is not None:
        bodies = (body for name in only for body in holds.of_subject(rows, sort.hold, Subject(sort.subject, name)))
    for body in bodies:
        name = body["subject"]["id"]
        released = parse_instant(body["released_at"]) if body["released_at"] else None
        book.newest[name] = Standing(
            body["id"],
            body["number"],
            body["state"] == holds.HELD,
            body["applied"],
            body["approval_id"],
            body["amount"],
            frozenset(one["code"] for one in body["reasons"]),
            released,
            bool(body.get("restored")),
        )
        detail = body["detail"]
        book.spans[name].append(
            HoldSpan(
                body["id"],
                parse_instant(body["since"]),
                released,
                frozenset(date.fromisoformat(one) for one in detail.get("periods", ()) if one),
                int(detail.get("last_issued", 0)),
                bool(detail.get("left")),
            )
        )
    return book


class SignBook:
    """All sign-offs by name, packed; the newest is last."""

    def __init__(self, rows: Rows, only: Iterable[str] | None = None) -> None:
        self._packed: dict[str, list[bytes]] = defaultdict(list)
        bodies: Iterable[JsonObject] = signoffs.every(rows)
        if only is not None:
            bodies = (body for name in only for body in signoffs.of_invoice(rows, name))
        newest: dict[str, str] = {}
        self._first: dict[str | None, datetime] = {}
        for body in bodies:
            name, at = signoffs.name_of(body), parse_instant(body["at"])
            self._packed[name].append(zlib.compress(json.dumps(body).encode(), 1))
            newest[name] = str(body["customer"])
            self._first[body["customer"]] = min(at, self._first.get(body["customer"], at))
        self._customers = frozenset(newest.values())
        self._known: Container[str] = self._customers if only is None else signoffs.SignedCustomers(rows)

    def latest(self, name: str) -> Signed | None:
        """What finance signed last; None when nothing was."""
        packed = self._packed.get(name)
        return signed_of(json.loads(zlib.decompress(packed[-1]))) if packed else None

    def every(self, name: str) -> tuple[Signed, ...]:
        """Oldest first."""
        return tuple(signed_of(json.loads(zlib.decompress(data))) for data in self._packed.get(name, ()))

    def customers(self) -> frozenset[str]:
        """Customers finance has signed anything for, as far as this book goes."""
        return self._customers

    def signed_for(self) -> Container[str]:
        """The same to ask one by one, and true of a book of some invoices, too."""
        return self._known

    def first(self, customer: str | None) -> datetime | None:
        """When finance first signed anything for a customer."""
        return self._first.get(customer)

    def firsts(self) -> frozenset[str]:
        """Ids of the signed invoices that no recurring one made."""
        mark = FIRST.signed_as("")
        return frozenset(name.removeprefix(mark) for name in self._packed if name.startswith(mark))


def signed_of(body: JsonObject) -> Signed:
    """A register row as facts."""
    return Signed(
        body["content"], body["digest"], frozenset(body["accepted"]), parse_instant(body["at"]), tuple(body["by"])
    )


class UsageBook:
    """Suppliers' files by month, and for a customer and a period the newest that lies near it."""

    def __init__(self, rows: Rows) -> None:
        self.files = sorted(usage.every(rows), key=lambda body: (body["supplier"], body["period"]))
        self._counts: dict[tuple[str, str], dict[str, dict[str, Decimal]]] = {}
        self._items: dict[tuple[str, str], frozenset[str]] = {}
        for body in self.files:
            key = (body["supplier"], body["period"])
            counts: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
            for row in body["rows"]:
                counts[row["customer"].strip().casefold()][row["item"]] += Decimal(row["quantity"])
            self._counts[key] = counts
            self._items[key] = frozenset(row["item"] for row in body["rows"])
        self.billed: Mapping[tuple[str, str], Decimal] = {}
        """What all recurring invoices bill, by customer name in lower case and item; set once the invoices were read."""

    def items(self) -> frozenset[str]:
        """Every item any file counts."""
        return frozenset().union(*self._items.values()) if self._items else frozenset()

    def used(self, name: str | None, start: date | None, end: date | None) -> Used | None:
        """Per supplier the newest month from the one before the period to its last; None when no file names the customer."""
        if name is None or start is None or end is None or not self.files:
            return None
        first = f"{start.replace(day=1) - timedelta(days=1):%Y-%m}" if start > date(1901, 1, 1) else f"{start:%Y-%m}"
        near = {body["supplier"]: body["period"] for body in self.files if first <= body["period"] <= f"{end:%Y-%m}"}
        quantities: dict[str, Decimal] = {}
        sources: dict[str, str] = {}
        wanted = name.strip().casefold()
        for supplier, period in near.items():
            counts = self._counts[supplier, period].get(wanted)
            if counts is None:
                continue
            for item in self._items[supplier, period]:
                quantities[item] = quantities.get(item, Decimal(0)) + counts.get(item, Decimal(0))
                sources[item] = f"{supplier} {period}"
        if not quantities:
            return None
        elsewhere = {item: self.billed[wanted, item] for item in quantities if (wanted, item) in self.billed}
        return Used(quantities, sources, elsewhere)

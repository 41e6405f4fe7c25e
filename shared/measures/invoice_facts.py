"""What is known about an invoice when it is judged: its own words, the contract, what was billed and signed before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from shared.model import JsonObject, Money


@dataclass(frozen=True, slots=True)
class Line:
    """A line; ``None`` is what HaloPSA did not say. ``discount`` is in per cent."""

    id: int | None
    item: str | None
    description: str | None
    site: int | None
    quantity: Decimal | None
    price: Decimal | None
    cost: Decimal | None
    net: Decimal | None
    discount: Decimal
    tax_code: str | None
    tax_rate: Decimal | None
    tax_amount: Decimal | None
    account: str | None
    start: date | None
    end: date | None
    credit_of: int | None
    of_line: int | None
    """On an issued invoice: the recurring invoice's line it was made from."""
    never_increased: bool = False

    @property
    def name(self) -> str:
        """How sentences call it."""
        return self.item or self.description or (f"line {self.id}" if self.id is not None else "a line without a name")


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract an invoice names."""

    id: int
    client: str | None
    start: date | None
    end: date | None
    active: bool | None
    started: bool | None
    expired: bool | None
    increase: Decimal | None
    """Agreed increase in per cent."""
    increase_on: date | None
    type: int | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """An invoice that left HaloPSA's drawer: created from a recurring one, not voided."""

    id: int
    recurring_id: int | None
    client: str | None
    on: date | None
    created: datetime | None
    start: date | None
    end: date | None
    currency: str | None
    total: Decimal | None
    posted: bool
    synced: bool
    number: str | None
    kept_from_sync: bool
    lines: tuple[Line, ...] | None
    left_at: datetime | None = None
    """The first moment HaloPSA names at which it was posted, sent, paid or taken over by accounting."""

    @property
    def one_off(self) -> bool:
        """Made from no recurring invoice."""
        return not self.recurring_id


@dataclass(frozen=True, slots=True)
class Order:
    """A sales order with the customer's purchase order."""

    id: int
    number: str | None
    left: Decimal | None


@dataclass(frozen=True, slots=True)
class Signed:
    """What finance signed last for this recurring invoice."""

    content: JsonObject
    digest: str
    accepted: frozenset[str]
    """Reason codes finance saw and accepted with it."""
    at: datetime
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChargeEntry:
    """Time that is to be charged and is on no invoice yet."""

    id: str
    ticket: int
    on: date
    hours: Decimal
    amount: Decimal | None
    reviewed: bool | None
    rate: int | None
    """-1 none given, 0 no charge."""
    billable: bool | None
    contract: int | None
    client: str | None


@dataclass(frozen=True, slots=True)
class Used:
    """Live quantities of one customer from suppliers' files: item to quantity, and who says so."""

    quantities: Mapping[str, Decimal]
    sources: Mapping[str, str]
    """Item to ``supplier period``."""
    billed_elsewhere: Mapping[str, Decimal]
    """Item to the quantity all of this customer's recurring invoices bill together."""


@dataclass(frozen=True, slots=True)
class NotBilled:
    """An invoice that was found wanting before and will not be billed now: gone, voided, or switched off by somebody."""

    why: str


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """An invoice that is to go out and everything it is compared with. ``read`` says which kinds were read at all."""

    id: int
    client: str | None
    client_name: str | None
    contract_id: int | None
    next_date: date | None
    start: date | None
    end: date | None
    period_name: str | None
    currency: str
    said_currency: str | None
    total: Decimal | None
    tax_total: Decimal | None
    lines: tuple[Line, ...] | None
    order_id: int | None
    posted: bool
    synced: bool
    number: str | None
    kept_from_sync: bool
    requires_approval: bool | None
    approval_status: int | None
    approver: int | None
    read: frozenset[str] = frozenset()
    contract: Contract | None = None
    last: Issued | None = None
    earlier: tuple[Issued, ...] = ()
    """Issued before, oldest first, ``last`` included; only where an increase was agreed."""
    credited: frozenset[int] = frozenset()
    """Lines billed to this customer before that a credit here names."""
    order: Order | None = None
    approver_is_person: bool | None = None
    overruled: str | None = None
    """How HaloPSA's newest approval came about where not by its approver: ``administrator`` or ``delegate``."""
    client_currency: str | None = None
    tax_rates: Mapping[str, Decimal] = field(default_factory=dict)
    used: Used | None = None
    entries: tuple[ChargeEntry, ...] = ()
    signed: Signed | None = None
    approved_numbers: frozenset[int] = frozenset()
    disabled: bool = False
    review_required: bool = False
    validated: bool = True
    """Whether finance has signed a validation of billing that is in force."""
    one_off: bool = False
    """An invoice that no recurring one made; ``next_date`` is then the day it is dated."""

    @property
    def amount(self) -> Money | None:
        """The money at stake: the invoice's total, or its lines with tax where it tells no total; neither told is no zero."""
        if self.total is not None:
            return Money(self.total, self.currency)
        if not self.lines or any(line.net is None for line in self.lines):
            return None
        return Money(
            sum(((line.net or Decimal(0)) + (line.tax_amount or Decimal(0)) for line in self.lines), Decimal(0)),
            self.currency,
        )

    @property
    def months(self) -> int | None:
        """Length of a cycle in months; None where ``periodname`` is none we know."""
        return CYCLES.get((self.period_name or "").strip().lower())


CYCLES: Mapping[str, int] = {"monthly": 1, "quarterly": 3, "yearly": 12}

"""Master data: customers, agreements and the catalogue are there once, complete, and nobody inactive is still billed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.model import Reason, Role, Severity
from shared.policy.document import Policy


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """A customer with what hangs on it. Numbers count what is active; None: not told."""

    active: bool = True
    twins: tuple[str, ...] = ()
    """Ids of other active customers of the same name."""
    sites: int = 1
    contacts: int = 1
    without_address: int = 0
    """Contacts without an e-mail address: mail from them finds no customer, and the portal does not know them."""
    shared_addresses: int = 0
    """E-mail addresses that several contacts have."""
    agreements: tuple[str, ...] = ()
    """Ids of agreements in force."""
    recurring: tuple[str, ...] = ()
    """Ids of recurring invoices that are switched on."""


@dataclass(frozen=True, slots=True)
class AgreementFacts:
    """An agreement in force."""

    customer_known: bool = True
    start: date | None = None
    end: date | None = None
    typed: bool = True
    billed: bool = True
    """A recurring invoice or an issued one names it."""


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """An active item of the catalogue. ``lacks`` names what is missing of what HaloPSA's row tells."""

    name: str = ""
    lacks: tuple[str, ...] = ()
    twin: str | None = None
    """Id of an item of the same name."""
    loses: bool = False
    """Its price is under its cost."""


@dataclass(frozen=True, slots=True)
class LinesFacts:
    """The lines of a recurring invoice that is switched on. ``free``: names of those that are no item of the catalogue."""

    free: tuple[str, ...] = ()


Facts = CustomerFacts | AgreementFacts | ItemFacts | LinesFacts


def judge(facts: Facts, policy: Policy, now: datetime) -> Judgement:
    """By what the facts are about."""
    if isinstance(facts, CustomerFacts):
        return _customer(facts)
    if isinstance(facts, AgreementFacts):
        return Judgement.of(_agreement(facts, policy, now), severity=Severity.LOW)
    return Judgement.of(_item(facts) if isinstance(facts, ItemFacts) else _lines(facts), severity=Severity.LOW)


def _customer(facts: CustomerFacts) -> Judgement:
    if not facts.active:
        held = [
            *(f"agreement {one}" for one in facts.agreements),
            *(f"recurring invoice {one}" for one in facts.recurring),
        ]
        if not held:
            return Judgement.of(())
        text = f"The customer is inactive, but still in force: {_listed(held)}. End them, or make the customer active."
        return Judgement.of([Reason("inactive_billed", text)], severity=Severity.MEDIUM)
    found = []
    if facts.twins:
        found.append(
            Reason(
                "customer_duplicate",
                f"Customer {_listed(facts.twins)} has the same name; merge them or tell them apart.",
            )
        )
    gaps = [
        *(["no site"] if not facts.sites else []),
        *(["no contact"] if not facts.contacts else []),
        *([f"{_count(facts.without_address, 'contact')} without an e-mail address"] if facts.without_address else []),
    ]
    if gaps:
        found.append(Reason("customer_incomplete", f"The customer has {' and '.join(gaps)}."))
    if facts.shared_addresses:
        text = (
            f"{_count(facts.shared_addresses, 'e-mail address', 'es')} of the customer belong to more than one contact."
        )
        found.append(Reason("contact_duplicate", text))
    return Judgement.of(found, severity=Severity.LOW)


def _agreement(facts: AgreementFacts, policy: Policy, now: datetime) -> list[Reason]:
    gaps = [
        *([] if facts.customer_known else ["no customer that HaloPSA knows"]),
        *([] if facts.start else ["no start date"]),
        *(["an end before its start"] if facts.start and facts.end and facts.end < facts.start else []),
        *([] if facts.typed else ["no type"]),
    ]
    found = [Reason("agreement_incomplete", f"The agreement has {' and '.join(gaps)}.")] if gaps else []
    days = policy.billing.unbilled_days
    if not facts.billed and facts.start and (now.date() - facts.start).days > days:
        text = f"The agreement is in force for more than {days} days, but no invoice, recurring or issued, names it."
        found.append(Reason("agreement_unbilled", text))
    return found


def _item(facts: ItemFacts) -> list[Reason]:
    found = []
    if facts.lacks:
        found.append(Reason("item_incomplete", f"“{facts.name}” has no {' and no '.join(facts.lacks)}."))
    if facts.twin is not None:
        found.append(Reason("item_duplicate", f"“{facts.name}” is in the catalogue twice: item {facts.twin}."))
    if facts.loses:
        found.append(Reason("item_below_cost", f"“{facts.name}” is priced under its cost."))
    return found


def _lines(facts: LinesFacts) -> list[Reason]:
    if not facts.free:
        return []
    return [Reason("off_catalogue", f"It bills what is no item of the catalogue: {_listed(facts.free)}.")]


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number} {noun}{'' if number == 1 else plural}"


_CLEAN = CustomerFacts()
CONTROL = Control(
    id="master_data",
    title="Each customer, agreement and catalogue item is there once and complete, and nobody inactive is billed.",
    objective="Tickets find their customer, agreements say what they cover, and invoices take prices from one catalogue.",
    owner=Role.ADMINISTRATOR,
    subject_kind="customer",
    cadence=Cadence.DAILY,
    needs=("Client", "Site", "Users", "ClientContract", "RecurringInvoice", "Invoice", "Item"),
    codes=(
        "customer_duplicate",
        "customer_incomplete",
        "contact_duplicate",
        "inactive_billed",
        "agreement_incomplete",
        "agreement_unbilled",
        "item_incomplete",
        "item_duplicate",
        "item_below_cost",
        "off_catalogue",
    ),
    judge=judge,
    frameworks=("psf@1.1:D1",),
    canaries=(
        Canary(
            "a customer who left and is still billed",
            "inactive_billed",
            lambda _policy, _now: replace(_CLEAN, active=False, recurring=("-1",)),
        ),
        Canary("two customers of one name", "customer_duplicate", lambda _policy, _now: replace(_CLEAN, twins=("2",))),
        Canary("a customer without contacts", "customer_incomplete", lambda _policy, _now: replace(_CLEAN, contacts=0)),
        Canary(
            "one address for two contacts",
            "contact_duplicate",
            lambda _policy, _now: replace(_CLEAN, shared_addresses=1),
        ),
        Canary("an agreement without a start", "agreement_incomplete", lambda _policy, _now: AgreementFacts()),
        Canary(
            "an agreement nobody bills",
            "agreement_unbilled",
            lambda policy, now: AgreementFacts(
                start=now.date() - timedelta(days=policy.billing.unbilled_days + 1), billed=False
            ),
        ),
        Canary("an item without a price", "item_incomplete", lambda _policy, _now: ItemFacts("Canary", ("price",))),
        Canary("an item listed twice", "item_duplicate", lambda _policy, _now: ItemFacts("Canary", twin="2")),
        Canary("an item sold under its cost", "item_below_cost", lambda _policy, _now: ItemFacts("Canary", loses=True)),
        Canary("a line written by hand", "off_catalogue", lambda _policy, _now: LinesFacts(("Canary",))),
    ),
)

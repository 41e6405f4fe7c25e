"""Customers, agreements, catalogue items and recurring lines as the master data that everything else rests on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from shared.controls.master_data import AgreementFacts, CustomerFacts, ItemFacts, LinesFacts
from shared.controls.spec import Case
from shared.halopsa.billing_rows import customer_of, day, positive
from shared.halopsa.records.billing import Contract, Product
from shared.halopsa.records.parties import ClientRow, SiteRow, UserRow
from shared.halopsa.records.wire import parse_rows
from shared.model import JsonObject, Subject
from shared.policy.document import Policy
from shared.ports import Records

_AROUND_CUSTOMERS = ("Client", "Site", "Users", "ClientContract", "RecurringInvoice")


def cases(mirror: Records, policy: Policy, as_of: datetime) -> Iterator[Case]:  # noqa: ARG001 - the form of every family
    """One case for each customer, each agreement in force, each item, each recurring invoice whose lines tell their item."""
    recurring = [row for row in mirror.rows("RecurringInvoice") if row.get("disabled") is not True]
    contracts = _in_force(mirror, as_of)
    yield from _customers(mirror, contracts, recurring)
    yield from _agreements(mirror, contracts, recurring)
    yield from _items(mirror)
    yield from _lines(mirror, recurring)


def _in_force(mirror: Records, as_of: datetime) -> list[Contract]:
    rows, _ = parse_rows(Contract, mirror.rows("ClientContract"))
    today = as_of.date()
    return [
        one
        for one in rows
        if one.active is not False and one.expired is not True and not ((end := day(one.end_date)) and end < today)
    ]


def _customers(mirror: Records, contracts: list[Contract], recurring: list[JsonObject]) -> Iterator[Case]:
    read, seen = _read(mirror, _AROUND_CUSTOMERS)
    if read is None:
        missing = f"Customers cannot be judged before all of {', '.join(_AROUND_CUSTOMERS)} were read from HaloPSA."
        yield Case(Subject("customer", "all"), None, None, None, missing=missing)
        return
    clients, _ = parse_rows(ClientRow, mirror.rows("Client"))
    sites = Counter(one.client_id for one in parse_rows(SiteRow, mirror.rows("Site"))[0] if not one.inactive)
    people: dict[int | None, list[UserRow]] = defaultdict(list)
    for user in parse_rows(UserRow, mirror.rows("Users"))[0]:
        if not user.inactive:
            people[user.client_id].append(user)
    agreements: dict[int | None, list[str]] = defaultdict(list)
    for one in contracts:
        agreements[one.client_id].append(one.ref or str(one.id))
    billed: dict[object, list[str]] = defaultdict(list)
    for row in recurring:
        billed[row.get("client_id")].append(str(row.get("id")))
    twins = _twins((one.id, one.name) for one in clients if not one.inactive)
    for client in clients:
        if client.id <= 0:
            continue
        contacts = people[client.id]
        addresses = [one.emailaddress.strip().casefold() for one in contacts if one.emailaddress is not None]
        facts = CustomerFacts(
            active=not client.inactive,
            twins=twins.get(client.id, ()),
            sites=sites[client.id],
            contacts=len(contacts),
            without_address=addresses.count(""),
            shared_addresses=sum(1 for address, times in Counter(addresses).items() if address and times > 1),
            agreements=tuple(agreements[client.id]),
            recurring=tuple(billed[client.id]),
        )
        yield Case(Subject("customer", str(client.id)), str(client.id), None, facts, read, seen)


def _agreements(mirror: Records, contracts: list[Contract], recurring: list[JsonObject]) -> Iterator[Case]:
    kinds = ("ClientContract", "Client", "RecurringInvoice", "Invoice")
    read, seen = _read(mirror, kinds)
    if read is None:
        missing = f"Agreements cannot be judged before all of {', '.join(kinds)} were read from HaloPSA."
        yield Case(Subject("agreement", "all"), None, None, None, missing=missing)
        return
    clients = {row.get("id") for row in mirror.rows("Client")}
    named = {
        number
        for rows in (recurring, mirror.rows("Invoice"))
        for row in rows
        if row.get("voided") is not True
        for number in (row.get("contract_id"), *(line.get("contract_id") for line in _of(row)))
    }
    for one in contracts:
        raw = mirror.get("ClientContract", str(one.id)) or {}
        facts = AgreementFacts(
            customer_known=one.client_id in clients,
            start=day(one.start_date),
            end=day(one.end_date),
            typed="contracttype" not in raw or positive(one.contracttype) is not None,
            billed=one.id in named,
        )
        customer = customer_of(one.client_id)
        yield Case(Subject("agreement", str(one.id)), customer, None, facts, read, seen)


def _items(mirror: Records) -> Iterator[Case]:
    read, seen = _read(mirror, ("Item",))
    items, _ = parse_rows(Product, mirror.rows("Item"))
    twins = _twins((one.id, one.name or "") for one in items)
    for item in items:
        told = item.model_fields_set
        price = item.recurringprice if item.isrecurringitem and item.recurringprice else item.baseprice
        cost = item.recurringcost if item.isrecurringitem and item.recurringcost else item.costprice
        lacks = (
            *(["price"] if price is not None and price <= 0 else []),
            *(["tax code"] if "taxcode" in told and not positive(item.taxcode) and not item.taxcode_name else []),
            *(["accounting code"] if item.nominalcode is not None and not item.nominalcode.strip() else []),
        )
        twin = next(iter(twins.get(item.id, ())), None)
        loses = price is not None and cost is not None and 0 < price < cost
        facts = ItemFacts(item.name or str(item.id), lacks, twin, loses)
        yield Case(Subject("item", str(item.id)), None, None, facts, read, seen)


def _lines(mirror: Records, recurring: list[JsonObject]) -> Iterator[Case]:
    """Only where HaloPSA tells of every line which item it is; a line that credits is none of its own."""
    read, seen = _read(mirror, ("RecurringInvoice", "Item"))
    known = {row.get("id") for row in mirror.rows("Item")}
    for row in recurring:
        lines = [one for one in _of(row) if one.get("isinactive") is not True and one.get("isgroupdesc") is not True]
        if read is None or not lines or not all(isinstance(one.get("_itemid"), int) for one in lines):
            continue
        free = tuple(
            str(one.get("item_shortdescription") or one.get("item_code") or f"line {one.get('id')}")[:80]
            for one in lines
            if one["_itemid"] not in known and not positive(one.get("creditlinkedidid"))
        )
        client = row.get("client_id")
        customer = customer_of(client) if isinstance(client, int) and not isinstance(client, bool) else None
        yield Case(Subject("recurring_invoice", str(row.get("id"))), customer, None, LinesFacts(free), read, seen)


def _of(row: JsonObject) -> list[JsonObject]:
    lines = row.get("lines")
    return [one for one in lines if isinstance(one, dict)] if isinstance(lines, list) else []


def _twins(named: Iterable[tuple[int, str]]) -> dict[int, tuple[str, ...]]:
    """Others of the same name, whatever its case, its spaces and its punctuation."""
    groups: dict[str, list[int]] = defaultdict(list)
    for number, name in named:
        plain = "".join(letter for letter in name.casefold() if letter.isalnum())
        if plain:
            groups[plain].append(number)
    return {
        number: tuple(str(other) for other in group if other != number)
        for group in groups.values()
        if len(group) > 1
        for number in group
    }


def _read(mirror: Records, kinds: tuple[str, ...]) -> tuple[datetime | None, tuple[str, ...]]:
    """When the oldest of these lists was read, None unless all were; and the newest observation of each."""
    times = [mirror.read_at(kind) for kind in kinds]
    seen = tuple(one for kind in kinds for one in mirror.observations(kind)[:1])
    return (min(one for one in times if one) if all(times) else None), seen

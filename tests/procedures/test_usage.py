"""Usage files: evidence first, what can be read is read, what cannot is named, and mismatches hold invoices."""

from __future__ import annotations

import json
from functools import partial

import pytest

from shared.errors import Forbidden, Malformed, NotFound, StorageUnavailable, Unacceptable, UnsupportedMedia
from shared.model import NewEntry, Person, Role
from shared.procedures.usage import accept_usage
from shared.registers import usage
from tests.harness.billing import FINANCE, Office
from tests.harness.services import FakeServices, crossings

HEADER = "Company,SKU,Quantity\r\n"


def put(
    office: Office, text: str | bytes, *, period: str = "2026-12", person: Person = FINANCE, media: str = "text/csv"
):
    body = text if isinstance(text, bytes) else (HEADER + text).encode()
    return accept_usage(office.services, person, "pax8", period, body, media)[1]


def test_a_file_that_agrees_leaves_the_invoice_alone() -> None:
    """Equal quantities are no finding."""
    office = Office()
    answer = put(office, "Maple Harbour Dental,LIC-1,10\r\n")
    assert (answer["read"], answer["refused"], answer["unmatched"], answer["complete"]) == (1, [], [], True)
    office.check()
    assert office.codes() == {"no_signoff"}


def test_a_quantity_other_than_in_use_is_a_mismatch() -> None:
    """Seven in use and ten billed is told."""
    office = Office()
    put(office, "Maple Harbour Dental,LIC-1,4\r\nmaple harbour dental ,LIC-1,3\r\n")
    office.check()
    assert office.codes() == {"no_signoff", "usage_mismatch"}


def test_a_customer_the_file_does_not_name_is_not_judged() -> None:
    """A file about somebody else says nothing about this customer."""
    office = Office()
    answer = put(office, "Cedar Fictive Ltd,LIC-1,4\r\n")
    assert [one["customer"] for one in answer["unmatched"]] == ["Cedar Fictive Ltd"]
    office.check()
    assert office.codes() == {"no_signoff"}


def test_bad_rows_are_named_and_the_rest_is_read() -> None:
    """Formulas, broken letters, missing cells and numbers that are none are refused row by row."""
    office = Office()
    body = (
        b"\xef\xbb\xbfCompany,SKU,Quantity\r\n"
        b"Maple Harbour Dental,LIC-1,10\r\n"
        b"=HYPERLINK(1),LIC-1,1\r\n"
        b"Caf\xe9 Fictive,LIC-1,1\r\n"
        b"Maple Harbour Dental,LIC-2\r\n"
        b"Maple Harbour Dental,LIC-2,many\r\n"
        b"Maple Harbour Dental,LIC-2,-3\r\n"
        b"Maple Harbour Dental,LIC-2,=1+1\r\n"
    )
    answer = put(office, body)
    assert answer["read"] == 1
    assert [one["row"] for one in answer["refused"]] == [3, 4, 5, 6, 7, 8]
    assert answer["refused_count"] == 6
    assert not answer["complete"]
    assert answer["refused"][0]["name"].startswith("'=")
    assert office.services.ledger.content(answer["evidence_id"]) == body


def test_a_later_file_for_the_month_replaces_the_earlier_and_says_so() -> None:
    """Two files for one month: the later counts, the replacement is evidence, the same again is a duplicate."""
    office = Office()
    first = put(office, "Maple Harbour Dental,LIC-1,4\r\n")
    second = put(office, "Maple Harbour Dental,LIC-1,10\r\n")
    again = put(office, "Maple Harbour Dental,LIC-1,10\r\n")
    assert second["replaces"] == first["evidence_id"]
    assert again["duplicate"]
    assert again["evidence_id"] == second["evidence_id"]
    office.check()
    assert office.codes() == {"no_signoff"}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("Company,SKU,Quantity\nA,B,1".encode("utf-16"), Malformed),
        (b"", Malformed),
        (b"  \r\n", Malformed),
        (b"Company,SKU\nA,B\n", Unacceptable),
        (b"Company,Company,SKU,Quantity\nA,A,B,1\n", Unacceptable),
        (b"Company,SKU,Quantity\n", Unacceptable),
        (b'Company,SKU,Quantity\n"A,B,1', Malformed),
    ],
)
def test_what_is_no_usage_table_is_refused_whole(body: bytes, fault: type[Exception]) -> None:
    """Another encoding, nothing at all, missing or doubled columns, broken quotes."""
    with pytest.raises(fault):
        put(Office(), body)


def test_who_may_and_what_for() -> None:
    """Readers may not; unknown suppliers, months that are none and other media are refused."""
    office = Office()
    with pytest.raises(Forbidden):
        put(office, "A,B,1", person=Person("oid-reader", "Rita Fictive", frozenset({Role.READER})))
    with pytest.raises(Malformed):
        put(office, "A,B,1", period="2026-13")
    with pytest.raises(UnsupportedMedia):
        put(office, "A,B,1", media="application/json")
    with pytest.raises(NotFound):
        accept_usage(office.services, FINANCE, "nobody", "2026-11", b"Company,SKU,Quantity\nA,B,1", "text/csv")


def test_two_files_at_once_replace_one_another_in_an_order_evidence_tells() -> None:
    """Finance and an operator send another file for the same month: each says whose it replaced, and the last is in force."""
    offices: list[Office] = []

    def make() -> FakeServices:
        offices.append(Office())
        put(offices[-1], "Maple Harbour Dental,LIC-1,1\r\n")
        return offices[-1].services

    def sends(quantity: int, services: FakeServices) -> None:
        body = f"{HEADER}Maple Harbour Dental,LIC-1,{quantity}\r\n".encode()
        accept_usage(services, FINANCE, "pax8", "2026-12", body, "text/csv")

    for cut, services in crossings(make, partial(sends, 2), partial(sends, 3)):
        told = [json.loads(entry.payload) for entry in services.ledger.of_type("usage.replaced")]
        (row,) = usage.every(services.rows)
        chain = {one["was"]: one["is"] for one in told}
        assert len(chain) == len(told) == 2, cut
        first = next(one for one in chain if one not in chain.values())
        assert chain[chain[first]] == row["evidence_id"], cut


def test_that_a_file_was_replaced_is_told_although_its_sender_died() -> None:
    """The same file again finds itself in force, and makes up for the evidence."""
    office = Office()
    put(office, "Maple Harbour Dental,LIC-1,1\r\n")
    record = office.services.ledger.record

    def dies(entry: NewEntry) -> object:
        if entry.type == "usage.replaced":
            raise StorageUnavailable("The worker died.")
        return record(entry)

    office.services.ledger.record = dies
    with pytest.raises(StorageUnavailable):
        put(office, "Maple Harbour Dental,LIC-1,2\r\n")
    office.services.ledger.record = record
    answer = put(office, "Maple Harbour Dental,LIC-1,2\r\n")
    assert (answer["duplicate"], answer["replaces"]) == (True, None)
    assert len(office.services.ledger.of_type("usage.replaced")) == 1

"""Master data: from HaloPSA's rows to what a person has to put right."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shared.controls.master_data import CONTROL
from shared.halopsa.facts_master_data import cases
from shared.policy.document import shipped_policy
from tests.harness.mirror import MemoryMirror

NOW = datetime(2026, 11, 16, tzinfo=UTC)
CLEAN: dict[str, list[dict[str, Any]]] = {
    "Client": [{"id": 12, "name": "Paper Lantern"}],
    "Site": [{"id": 121, "client_id": 12, "name": "Main"}],
    "Users": [{"id": 1, "client_id": 12, "emailaddress": "one@example.test"}],
    "ClientContract": [{"id": 501, "client_id": 12, "active": True, "start_date": "2025-01-01T00:00:00"}],
    "RecurringInvoice": [{"id": -1, "client_id": 12, "contract_id": 501, "lines": []}],
    "Invoice": [],
    "Item": [],
}


def told(**tables: list[dict[str, Any]]) -> dict[tuple[str, str], list[str]]:
    """Codes by subject, of what does not pass."""
    mirror = MemoryMirror()
    mirror.load({**CLEAN, **tables}, NOW)
    return codes(mirror)


def codes(mirror: MemoryMirror) -> dict[tuple[str, str], list[str]]:
    found = {}
    for case in cases(mirror, shipped_policy(), NOW):
        assert not case.missing
        reasons = CONTROL.judge(case.facts, shipped_policy(), NOW).reasons
        if reasons:
            found[case.subject.kind, case.subject.id] = [reason.code for reason in reasons]
    return found


def test_a_customer_with_site_contact_and_billed_agreement_passes() -> None:
    """Nothing is asked of what is in order."""
    assert told() == {}


def test_two_active_customers_of_one_name_are_told_whatever_its_spelling() -> None:
    """Case, spaces and punctuation do not make another company; an inactive one is no twin."""
    clients = [
        *CLEAN["Client"],
        {"id": 13, "name": "PAPER-LANTERN "},
        {"id": 14, "name": "paper lantern", "inactive": True},
    ]
    found = told(Client=clients)
    assert found["customer", "12"] == ["customer_duplicate"]
    assert "customer_duplicate" in found["customer", "13"]
    assert ("customer", "14") not in found


def test_a_customer_without_site_or_reachable_contact_is_incomplete() -> None:
    """An inactive contact is none; an address HaloPSA does not tell is not missing."""
    assert told(Site=[])["customer", "12"] == ["customer_incomplete"]
    assert told(Users=[{"id": 1, "client_id": 12, "inactive": True}])["customer", "12"] == ["customer_incomplete"]
    assert told(Users=[{"id": 1, "client_id": 12, "emailaddress": " "}])["customer", "12"] == ["customer_incomplete"]
    assert told(Users=[{"id": 1, "client_id": 12}]) == {}


def test_an_address_of_two_contacts_is_told_without_the_address() -> None:
    """Mail from it finds the wrong person; whose it is stands in HaloPSA."""
    people = [*CLEAN["Users"], {"id": 2, "client_id": 12, "emailaddress": "ONE@example.test"}]
    mirror = MemoryMirror()
    mirror.load({**CLEAN, "Users": people}, NOW)
    (case,) = [one for one in cases(mirror, shipped_policy(), NOW) if one.subject.kind == "customer"]
    (reason,) = CONTROL.judge(case.facts, shipped_policy(), NOW).reasons
    assert reason.code == "contact_duplicate"
    assert "example" not in reason.text


def test_an_inactive_customer_with_something_in_force_is_still_billed() -> None:
    """An agreement that ended and a recurring invoice that is off bill nobody."""
    gone = [{"id": 12, "name": "Paper Lantern", "inactive": True}]
    over = [{"id": 501, "client_id": 12, "active": True, "start_date": "2025-01-01", "end_date": "2026-11-15"}]
    off = [{"id": -1, "client_id": 12, "disabled": True}]
    assert told(Client=gone)["customer", "12"] == ["inactive_billed"]
    assert told(Client=gone, ClientContract=over)["customer", "12"] == ["inactive_billed"]
    assert told(Client=gone, ClientContract=over, RecurringInvoice=off) == {}


def test_an_agreement_in_force_has_a_customer_a_start_and_a_type_and_is_billed() -> None:
    """A type HaloPSA does not tell is not missing; one that is zero is. A young agreement may wait for its invoice."""
    bare = [{"id": 501, "client_id": 99, "active": True, "contracttype": 0}]
    assert told(ClientContract=bare)["agreement", "501"] == ["agreement_incomplete"]
    old, young = ("2026-01-01T00:00:00", "2026-11-01T00:00:00")
    for start, expected in ((old, ["agreement_unbilled"]), (young, None)):
        rows = [*CLEAN["ClientContract"], {"id": 502, "client_id": 12, "active": True, "start_date": start}]
        assert told(ClientContract=rows).get(("agreement", "502")) == expected
    billed = [{"id": 8001, "client_id": 12, "contract_id": 502}]
    rows = [*CLEAN["ClientContract"], {"id": 502, "client_id": 12, "active": True, "start_date": old}]
    assert told(ClientContract=rows, Invoice=billed) == {}
    assert told(ClientContract=rows, Invoice=[billed[0] | {"voided": True}]) != {}


def test_an_item_has_price_tax_and_account_earns_something_and_is_there_once() -> None:
    """What HaloPSA's row does not tell is not missing."""
    items = [
        {"id": 1, "name": "Endpoint", "baseprice": 10.0, "costprice": 4.0, "taxcode": 1, "nominalcode": "4000"},
        {"id": 2, "name": "endpoint"},
        {"id": 3, "name": "Backup", "baseprice": 0.0, "taxcode": 0, "nominalcode": " "},
        {"id": 4, "name": "Seat", "isrecurringitem": True, "recurringprice": 5.0, "recurringcost": 6.0},
    ]
    assert told(Item=items) == {
        ("item", "1"): ["item_duplicate"],
        ("item", "2"): ["item_duplicate"],
        ("item", "3"): ["item_incomplete"],
        ("item", "4"): ["item_below_cost"],
    }


def test_a_recurring_line_is_an_item_of_the_catalogue_where_halopsa_tells_which() -> None:
    """Written by hand, or of an item that is gone; a credit is none; rows that do not tell are not judged."""
    lines = [{"_itemid": 1}, {"_itemid": 0, "item_shortdescription": "Favour"}, {"_itemid": 0, "creditlinkedidid": 5}]
    invoice = {"id": -1, "client_id": 12, "contract_id": 501, "lines": lines}
    assert told(RecurringInvoice=[invoice], Item=[{"id": 1, "name": "Seat"}]) == {
        ("recurring_invoice", "-1"): ["off_catalogue"]
    }
    assert told(RecurringInvoice=[invoice | {"lines": [{"item_code": "X"}]}]) == {}


def test_lists_that_were_never_read_make_it_unknown() -> None:
    """An empty list of contacts is a fact only when it was read."""
    mirror = MemoryMirror()
    mirror.load({"Client": CLEAN["Client"]}, NOW)
    missing = {case.subject.kind: case.missing for case in cases(mirror, shipped_policy(), NOW)}
    assert set(missing) == {"customer", "agreement"}
    assert all(missing.values())

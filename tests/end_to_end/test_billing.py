"""A finance office's days over HTTP on five guarded apps: Azurite, the simulator, the hosts' queues, real tokens."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.harness.billing import invoice, issued, tables
from tests.harness.guarded import Guarded, Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.demo.api import Api

pytestmark = pytest.mark.stack

NOW, LATER = "2026-11-16T08:00:00Z", "2026-11-17T08:00:00Z"


def rows() -> dict[str, list[dict[str, Any]]]:
    """Six recurring invoices of one customer, clean but for one line under its cost."""
    numbers = range(101, 107)
    made = tables(
        RecurringInvoice=[invoice(number) for number in numbers],
        Invoice=[issued(8000 + number, number, contract_id=501) for number in numbers],
        Item=[{"id": 61, "name": "Licence", "baseprice": 20.0, "nominalcode": "4000"}],
        Tickets=[{"id": 44, "client_id": 12, "contract_id": 501, "tickettype_id": 1, "status_id": 2}],
        Actions=[
            {"id": 1, "ticket_id": 44, "datetime": NOW, "timetaken": 2.0, "chargerate": 3, "actreviewed": True}
        ],
    )  # fmt: skip
    made["RecurringInvoice"][1]["lines"][0]["unit_cost"] = 25.0
    made["ClientContract"][0]["contracttype_name"] = "Managed"
    made["Tickets"][0].update(dateoccurred="2026-11-10T08:00:00Z", last_update=NOW)
    return made


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Guarded]]:
    from pytest_socket import enable_socket

    enable_socket()
    folder: Path = tmp_path_factory.mktemp("billing")
    with Guarded(folder, seed=rows()) as stack:
        api = Service(stack)
        api.clock(NOW)
        api.run("sync")
        yield api, stack
        api.close()


def held(api: Api) -> dict[str, dict[str, Any]]:
    return {one["subject"]["id"]: one for one in api.every("finn", "/api/holds", state="held")}


def codes(api: Api, control: str = "recurring_invoice_hold") -> dict[str, set[str]]:
    rows_ = api.every("finn", "/api/findings", control=control)
    return {one["subject"]["id"]: {reason["code"] for reason in one["reasons"]} for one in rows_}


def disabled(api: Api) -> set[str]:
    return {str(one["id"]) for one in api.halo_rows("RecurringInvoice") if one["disabled"]}


def holds_are_placed_through_a_halopsa_that_fails_half_way(office: tuple[Api, Guarded]) -> None:
    """Writes refused, carried out without an answer, cut before: in the end each is held once, with its prior state."""
    api, stack = office
    for fault in ({"status": 500}, {"drop": "after"}, {"drop": "before"}):
        rule = {"match": "/api/RecurringInvoice", "method": "POST", "times": 2, **fault}
        httpx.post(f"{stack.halo_url}/_sim/faults", json=rule, trust_env=False).raise_for_status()
    run = api.run("billing_check")
    assert (run["holds_placed"], run["actions"]["failed"]) == (6, 0)
    assert run["reading"]["failed"] is None
    found = held(api)
    assert set(found) == disabled(api) == {f"-{number}" for number in range(101, 107)}
    assert all(one["applied"] and one["prior"]["disabled"] is False for one in found.values())
    assert codes(api)["-102"] == {"no_signoff", "below_cost"}


def an_edit_nobody_rang_for_holds_a_released_invoice_again(office: tuple[Api, Guarded]) -> None:
    """Released over HTTP, edited without a webhook, checked without a sync."""
    api, _ = office
    for hold in [held(api)[name] for name in ("-101", "-102", "-103")]:
        assert api.decide(hold["approval_id"], "finn", rationale="As agreed.")["state"] == "approved"
    api.settle()
    assert disabled(api) == {"-104", "-105", "-106"}
    edited = copy.deepcopy(next(one for one in api.halo_rows("RecurringInvoice") if one["id"] == -101))
    edited["lines"][0]["nominal_code"] = "4999"
    api.halo({"RecurringInvoice": [edited]}, quiet=True)
    api.clock(LATER)
    api.run("billing_check")
    assert codes(api)["-101"] == {"changed_after_signoff"}
    assert codes(api)["-102"] == codes(api)["-103"] == set()
    assert disabled(api) == {"-101", "-104", "-105", "-106"}


def what_left_around_a_hold_is_found_by_id(office: tuple[Api, Guarded]) -> None:
    """Somebody creates the invoice by hand while its recurring one is held."""
    api, _ = office
    december = {"period_start_date": "2026-12-01T00:00:00", "period_end_date": "2026-12-31T00:00:00"}
    api.halo({"Invoice": [issued(9104, 104, invoice_date="2026-11-17T00:00:00", **december)]}, quiet=True)
    run = api.run("billing_check")
    assert run["left"]["exceptions"] == ["9104"]
    assert codes(api, "invoice_left_unsigned")["9104"] == {"left_while_held"}


def billing_is_validated_and_then_trusted(office: tuple[Api, Guarded]) -> None:
    """Map, look back, scenarios, test cycle, signature: and the evidence of each."""
    api, _ = office
    api.call("nora", "PUT", "/api/billing/contract-map", {"system": "none", "items": []})
    assert api.run("billing_look_back", period="2026-11")["complete"] is True
    scenarios = [
        ("charge_type", "44-1", {"hours": "2", "charge_rate": "3"}),
        ("product", "61", {"price": "20", "account": "4000"}),
        ("agreement", "501", {"active": True, "type": "Managed"}),
        ("recurring_invoice", "-102", {"total": "226", "codes": ["below_cost"]}),
        ("invoice_sync", "8101", {"posted": True, "numbered": True}),
        ("finance_approval", "-103", {"given": True, "signed": True}),
    ]
    body = {
        "name": "Before go-live",
        "scenarios": [
            {"area": area, "title": area, "subject": subject, "expected": expected}
            for area, subject, expected in scenarios
        ],
    }
    made = api.call("nora", "POST", "/api/billing/validations", body).json()
    run = api.run("billing_validation")
    shown = api.get("finn", f"/api/billing/validations/{made['id']}")
    assert (run["outcome"], run["gaps"]) == ("waiting", []), shown["result"]
    assert api.decide(shown["approval_id"], "finn", rationale="The samples match.")["state"] == "approved"
    assert api.run("billing_check")["validation"]["trusted"] is True
    assert api.get("rae", "/api/billing/validations")["trust"]["trusted"] is True
    for kind in ("contract_map.recorded", "billing.looked_back", "validation.run", "validation.signed"):
        assert api.get("ada", "/api/evidence", type=kind)["items"], kind


def the_figures_say_what_is_open(office: tuple[Api, Guarded]) -> None:
    """By cause and money, for who sees all and for who sees another customer."""
    api, stack = office
    span = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
    told = api.get("finn", "/api/billing/figures", **span)
    causes = {one["code"]: one for one in told["exceptions"]}
    assert causes["no_signoff"]["at_stake"] == [{"amount": "678.00", "currency": "CAD"}]
    assert causes["left_while_held"]["count"] == 1
    body = {"oid": "oid-x", "name": "Xavi Fictive", "roles": ["Finance"], "customers": ["13"]}
    token = httpx.post(f"{stack.entra_url}/dev/token", json=body, trust_env=False).json()["access_token"]
    with httpx.Client(base_url=stack.host_url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as other:
        assert other.get("/api/billing/figures", params=span).json()["exceptions"] == []
        assert other.get("/api/billing/figures", params={**span, "customer": "12"}).status_code == 404
        assert other.post("/api/billing/validations", json={"name": "x", "scenarios": []}).status_code == 404


def test_a_finance_office_from_the_first_hold_to_trust(office: tuple[Api, Guarded]) -> None:
    """One story, step by step: each stands on what the one before left."""
    holds_are_placed_through_a_halopsa_that_fails_half_way(office)
    an_edit_nobody_rang_for_holds_a_released_invoice_again(office)
    what_left_around_a_hold_is_found_by_id(office)
    billing_is_validated_and_then_trusted(office)
    the_figures_say_what_is_open(office)

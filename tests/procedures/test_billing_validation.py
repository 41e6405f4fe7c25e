"""Before billing automation is trusted: scenarios, a test cycle, a contract map, a look back, and finance's signature."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Conflict, Forbidden, Gone, NotFound, Unacceptable
from shared.model import Person, Role
from shared.procedures import decide, governance
from shared.procedures.billing_trust import trust_of
from shared.procedures.contract_map import contract_map_view, put_contract_map
from shared.procedures.jobs import job
from shared.procedures.look_back import look_back_view
from shared.procedures.runs import Run
from shared.procedures.validation import add_validation, list_validations, validation_view
from shared.registers import approvals, findings, validations
from tests.harness.billing import FINANCE, SECOND, Office, invoice, issued, line, tables
from tests.harness.services import FakeServices, crossings

if TYPE_CHECKING:
    from shared.model import JsonObject

ADMIN = Person("oid-adm", "Adm Fictive", frozenset({Role.ADMINISTRATOR}))
NARROW = Person("oid-b", "Bea Fictive", frozenset({Role.FINANCE}), customers=frozenset({"13"}))


def rows() -> dict[str, list[JsonObject]]:
    made = tables(
        RecurringInvoice=[invoice(), invoice(102, lines=[line(unit_cost=25.0)])],
        Item=[{"id": 61, "name": "Licence", "baseprice": 20.0, "costprice": 12.0, "taxcode_name": "HST", "nominalcode": "4000"}],
        Tickets=[{"id": 44, "client_id": 12, "contract_id": 501}],
        Actions=[
            {
                "id": 1,
                "ticket_id": 44,
                "datetime": "2026-11-10T10:00:00",
                "timetaken": 2.0,
                "chargerate": 3,
                "actreviewed": True,
                "actisbillable": True,
                "actionchargeamount": 180.0,
            }
        ],
    )  # fmt: skip
    made["ClientContract"][0]["contracttype_name"] = "Managed"
    return made


def scenario(area: str, subject: str, **expected: Any) -> JsonObject:
    return {"area": area, "title": f"{area} as agreed", "subject": subject, "expected": expected}


SCENARIOS: list[JsonObject] = [
    scenario("charge_type", "44-1", charge_rate="3", hours="2", amount="180.00", reviewed=True, billable=True),
    scenario("product", "61", price="20", cost="12.0", tax_code="HST", account="4000"),
    scenario("agreement", "501", customer="12", active=True, start="2024-01-01", type="Managed"),
    scenario("recurring_invoice", "-101", total="226", tax_total="26.00", lines="1", period_end="2026-12-31", codes=[]),
    scenario("recurring_invoice", "-102", codes=["below_cost"]),
    scenario("invoice_sync", "8001", posted=True, synced=True, numbered=True),
    scenario("finance_approval", "-101", required=True, given=True, by_a_person=True, signed=False),
]


def run(office: Office, name: str, period: str | None = None) -> JsonObject:
    office.runs += 1
    office.sync()
    office.clock.advance(seconds=1)
    done = job(name)(office.services, Run(f"r-{office.runs}", name, period, office.clock.now(), "oid-op"))
    office.work()
    return done


def prepared(scenarios: list[JsonObject] | None = None, policy: str = "") -> Office:
    """Everything stands but the test cycle."""
    office = Office(rows(), policy)
    put_contract_map(office.services, ADMIN, {"system": "OldPSA", "items": [{"old": "Flat", "halo": "Managed"}]})
    run(office, "billing_look_back", "2026-10")
    add_validation(office.services, ADMIN, {"name": "Before go-live", "scenarios": scenarios or SCENARIOS})
    return office


def sign(office: Office, person: Person = FINANCE, decision: str = "approve") -> JsonObject:
    (request,) = [
        one
        for one in approvals.register(office.services.rows).all()
        if one["kind"] == "billing_validation" and one["state"] == "open"
    ]
    body = {"decision": decision, "rationale": "The sample invoices match.", "digest": request["digest"]}
    return decide.decide_approval(office.services, person, request["id"], body)


def verdict(office: Office) -> tuple[str, set[str]]:
    (row,) = findings.of_control(office.services.rows, "billing_validated")
    return row["verdict"], {one["code"] for one in row["reasons"]}


def test_billing_is_trusted_once_finance_signed_a_cycle_that_came_out_as_expected() -> None:
    """All six areas, every scenario as expected, also the one that expects an error to be caught."""
    office = prepared()
    assert not trust_of(office.services).trusted
    result = run(office, "billing_validation")
    assert (result["outcome"], result["pass"], result["gaps"]) == ("waiting", 7, [])
    assert trust_of(office.services).code == "validation_waiting"
    with pytest.raises(Forbidden):
        sign(office, ADMIN)
    assert sign(office)["state"] == "approved"
    trust = trust_of(office.services)
    assert trust.trusted
    assert trust.signed_at
    assert office.check()["validation"]["trusted"] is True
    assert verdict(office) == ("pass", set())
    shown = list_validations(office.services, FINANCE, 10, None)
    assert [(one["state"], one["scenarios"], one["signed_by"]) for one in shown["items"]] == [
        ("signed", 7, ["oid-nora"])
    ]
    assert shown["trust"]["trusted"] is True


@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        (scenario("product", "61", price="19.99"), "scenario_failed", "price is 20, expected 19.99"),
        (scenario("charge_type", "44-1", hours="1.5"), "scenario_failed", "hours is 2, expected 1.5"),
        (scenario("agreement", "501", end="2026-12-31"), "scenario_failed", "end is 2027-12-31"),
        (scenario("recurring_invoice", "-102", codes=[]), "scenario_failed", "codes is below_cost, expected none"),
        (scenario("invoice_sync", "8001", synced=False), "scenario_failed", "synced is yes, expected no"),
        (scenario("finance_approval", "-101", signed=True), "scenario_failed", "signed is no, expected yes"),
        (scenario("product", "999", price="20"), "scenario_unknown", "HaloPSA does not have it"),
        (scenario("product", "61", recurring=True), "scenario_unknown", "HaloPSA does not say recurring"),
        (scenario("recurring_invoice", "-999", total="1"), "scenario_unknown", "HaloPSA does not have it"),
    ],
    ids=lambda one: one if isinstance(one, str) and one.startswith("scenario") else None,
)
def test_a_scenario_that_does_not_come_out_blocks_the_signature(wrong: JsonObject, code: str, words: str) -> None:
    """Nobody is asked; the gap and the difference are told in words."""
    office = prepared([*SCENARIOS, wrong])
    result = run(office, "billing_validation")
    assert (result["outcome"], [one["code"] for one in result["gaps"]]) == ("failed", [code])
    held = validation_view(office.services, FINANCE, result["validation_id"])
    assert words in " ".join(held["result"]["scenarios"][-1]["differences"])
    assert held["approval_id"] is None
    assert trust_of(office.services).code == "validation_failed"
    office.check()
    assert verdict(office) == ("fail", {"readiness_blocked", "validation_failed"})


def test_every_area_the_map_and_the_look_back_are_asked_for() -> None:
    """One scenario alone, no map and no look back: three gaps beside the scenario that passed."""
    office = Office(rows())
    add_validation(office.services, ADMIN, {"name": "Too little", "scenarios": SCENARIOS[:1]})
    result = run(office, "billing_validation")
    assert [one["code"] for one in result["gaps"]] == ["area_untested", "type_unmapped", "look_back_missing"]
    assert "finance approval" in result["gaps"][0]["text"]


def test_an_error_finance_accepted_is_an_error_in_a_scenario_all_the_same() -> None:
    """The line under its cost was released with its invoice; the test cycle still says that the check sees it."""
    office = prepared()
    office.check()
    office.decide(102)
    office.check()
    assert office.codes(102) == set()
    assert run(office, "billing_validation")["outcome"] == "waiting"


def test_a_cycle_run_again_after_the_mistake_was_mended_passes() -> None:
    """The same validation is run again; the first result stays as evidence."""
    office = prepared()
    office.halo.rows["Item"][0]["baseprice"] = 21.0
    assert run(office, "billing_validation")["outcome"] == "failed"
    office.halo.rows["Item"][0]["baseprice"] = 20.0
    assert run(office, "billing_validation")["outcome"] == "waiting"
    assert run(office, "billing_validation")["outcome"] == "waiting"
    assert sign(office)["state"] == "approved"


def test_what_finance_signs_lapses_when_policy_or_map_changes() -> None:
    """A signature is on content: other tolerances or another map need another validation."""
    office = prepared()
    run(office, "billing_validation")
    sign(office)
    office.services.set_policy('[billing]\nquantity_tolerance = "0.5"')
    assert trust_of(office.services).code == "validation_lapsed"
    office.services.set_policy("")
    assert trust_of(office.services).trusted
    put_contract_map(office.services, ADMIN, {"system": "OldPSA", "items": []})
    assert trust_of(office.services).code == "validation_lapsed"
    office.check()
    assert verdict(office) == ("fail", {"readiness_blocked", "validation_lapsed"})


def test_a_policy_changed_while_finance_looks_voids_the_request() -> None:
    """The digest no longer fits."""
    office = prepared()
    run(office, "billing_validation")
    office.services.set_policy('[billing]\nmateriality = "1.00"')
    with pytest.raises(Conflict):
        sign(office)


def test_a_newer_cycle_that_fails_takes_trust_back() -> None:
    """Trust is in the newest knowledge, not in an old signature."""
    office = prepared()
    run(office, "billing_validation")
    sign(office)
    add_validation(
        office.services,
        ADMIN,
        {"name": "A year later", "scenarios": [*SCENARIOS, scenario("product", "61", price="1")]},
    )
    assert trust_of(office.services).trusted
    run(office, "billing_validation")
    assert trust_of(office.services).code == "validation_failed"


def test_a_refused_signature_needs_another_validation() -> None:
    """Finance said no: the cycle is closed, and running again finds nothing to run."""
    office = prepared()
    run(office, "billing_validation")
    sign(office, decision="reject")
    assert trust_of(office.services).code == "validation_failed"
    with pytest.raises(Unacceptable):
        run(office, "billing_validation")


def test_while_policy_requires_it_no_signoff_carries_and_two_persons_release() -> None:
    """Required and missing: each period is signed by itself, by two; signed: sign-offs carry again."""
    strict = '[billing]\nvalidation = "require"'
    office = prepared([*SCENARIOS[:-1], scenario("finance_approval", "-101", required=True)], strict)
    office.check()
    assert office.approval()["needed"]["persons"] == 2
    assert "Billing has not been validated" in office.approval()["text"]
    assert verdict(office) == ("fail", {"readiness_blocked", "validation_missing"})
    office.decide()
    assert office.hold()["state"] == "held"
    office.decide(person=SECOND)
    assert office.hold()["state"] == "released"
    _next_period(office)
    office.check()
    assert office.codes() == {"no_signoff"}
    assert "billing has not been validated" in office.finding()["reasons"][0]["text"]
    office.row()["period_start_date"], office.row()["period_end_date"] = "2026-12-01T00:00:00", "2026-12-31T00:00:00"
    office.halo.rows["Invoice"].pop()
    run(office, "billing_validation")
    sign(office)
    _next_period(office)
    office.check()
    assert office.finding()["verdict"] == "pass"


def _next_period(office: Office) -> None:
    """December is issued; January is due."""
    lines = [line(9002, item_code="LIC-1", recurring_invoice_line_id=1)]
    december = {"period_start_date": "2026-12-01T00:00:00", "period_end_date": "2026-12-31T00:00:00"}
    office.halo.rows["Invoice"].append(issued(8500, invoice_date="2026-11-16T00:00:00", lines=lines, **december))
    office.row().update(period_start_date="2027-01-01T00:00:00", period_end_date="2027-01-31T00:00:00")


def test_by_default_a_missing_validation_is_said_and_blocks_nothing() -> None:
    """Not checked, not failed; the run and each request say so."""
    office = Office()
    told = office.check()["validation"]
    assert (told["trusted"], told["code"]) == (False, "validation_missing")
    assert verdict(office)[0] == "notchecked"
    assert office.approval()["needed"]["persons"] == 1
    assert "Billing has not been validated" in office.approval()["text"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "", "scenarios": SCENARIOS},
        {"name": "x", "scenarios": []},
        {"name": "x", "scenarios": {}},
        {"name": "x", "scenarios": SCENARIOS, "more": 1},
        {"name": "x", "scenarios": ["s"]},
        {"name": "x", "scenarios": [{**SCENARIOS[0], "area": "weather"}]},
        {"name": "x", "scenarios": [{**SCENARIOS[0], "area": ["product"]}]},
        {"name": "x", "scenarios": [{**SCENARIOS[0], "title": None}]},
        {"name": "x", "scenarios": [{**SCENARIOS[0], "subject": True}]},
        {"name": "x", "scenarios": [{**SCENARIOS[0], "expected": {}}]},
        {"name": "x", "scenarios": [scenario("product", "61", colour="blue")]},
        {"name": "x", "scenarios": [scenario("product", "61", price="a lot")]},
        {"name": "x", "scenarios": [scenario("product", "61", price="NaN")]},
        {"name": "x", "scenarios": [scenario("product", "61", price="1e999999999")]},
        {"name": "x", "scenarios": [scenario("product", "61", price=19.99)]},
        {"name": "x", "scenarios": [scenario("product", "61", recurring="yes")]},
        {"name": "x", "scenarios": [scenario("agreement", "501", start="tomorrow")]},
        {"name": "x", "scenarios": [scenario("recurring_invoice", "-1", codes="none")]},
        {"name": "x", "scenarios": SCENARIOS * 100},
    ],
    ids=range(20),
)  # fmt: skip
def test_a_validation_that_cannot_be_used_is_refused_in_words(body: JsonObject) -> None:
    """Nothing is stored."""
    office = Office(rows())
    with pytest.raises(Unacceptable) as fault:
        add_validation(office.services, ADMIN, body)
    assert fault.value.code == "validation_invalid"
    assert list_validations(office.services, FINANCE, 10, None)["items"] == []


def test_validation_is_about_all_customers() -> None:
    """Whoever sees only some sees none of it, but their own invoices of the look back."""
    office = prepared()
    with pytest.raises(NotFound):
        add_validation(office.services, NARROW, {"name": "x", "scenarios": SCENARIOS})
    assert list_validations(office.services, NARROW, 10, None)["items"] == []
    identity = list_validations(office.services, FINANCE, 10, None)["items"][0]["id"]
    with pytest.raises(NotFound):
        validation_view(office.services, NARROW, identity)
    with pytest.raises(NotFound):
        put_contract_map(office.services, NARROW, {"system": "x", "items": []})


def test_types_that_do_not_map_are_decided_in_the_decision_log() -> None:
    """A decision is opened for each; the map is complete once it was taken with everything it needs."""
    office = Office(rows(), '[practices.msp]\nmanager = "oid-m"')
    items = [{"old": "Flat", "halo": "Managed"}, {"old": "Barter", "halo": None, "note": "Two customers pay in kind."}]
    for _ in range(2):
        told = put_contract_map(office.services, ADMIN, {"system": "OldPSA", "items": items})
    assert [(one["state"], one["contracts"]) for one in told["items"]] == [("mapped", 1), ("open", 0)]
    assert (told["complete"], told["unexpected"]) == (False, [])
    log = governance.list_decisions(office.services, FINANCE, 10, None)["items"]
    assert [one["title"] for one in log] == ["What becomes of the contract type “Barter” of OldPSA?"]
    assert log[0]["id"] == told["items"][1]["decision_id"]
    answers = dict.fromkeys(
        (
            "client_impact",
            "operational_efficiency",
            "reporting_accountability",
            "revenue_margin_protection",
            "scalability",
        ),
        "Considered.",
    )
    taken = governance.add_decision(
        office.services, FINANCE, {"title": "Barter ends", "decision": "Both move to Flat.", "filter": answers}
    )
    items[1]["decision_id"] = taken["id"]
    told = put_contract_map(office.services, ADMIN, {"system": "OldPSA", "items": items})
    assert [one["state"] for one in told["items"]] == ["mapped", "decided"]
    assert told["complete"] is True


def test_a_map_says_which_types_of_halopsa_nobody_mapped_to() -> None:
    """Contracts of a type the old system had no counterpart for."""
    office = Office(rows())
    assert contract_map_view(office.services)["complete"] is False
    told = put_contract_map(office.services, ADMIN, {"system": "none", "items": []})
    assert (told["complete"], told["unexpected"]) == (True, ["Managed"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"system": "x"},
        {"system": "", "items": []},
        {"system": "x", "items": [1]},
        {"system": "x", "items": [{"halo": "y"}]},
        {"system": "x", "items": [{"old": "a", "halo": 5}]},
        {"system": "x", "items": [{"old": "a", "colour": "b"}]},
        {"system": "x", "items": [{"old": "a", "halo": "b"}, {"old": "A", "halo": "c"}]},
        {"system": "x", "items": [{"old": "a", "decision_id": "d-nowhere"}]},
        {"system": "x", "items": [{"old": "a" * 301}]},
    ],
    ids=range(10),
)
def test_a_map_that_cannot_be_used_is_refused(body: JsonObject) -> None:
    """Nothing is stored and no decision opened."""
    office = Office(rows())
    with pytest.raises(Unacceptable):
        put_contract_map(office.services, ADMIN, body)
    assert contract_map_view(office.services)["system"] is None
    assert governance.list_decisions(office.services, FINANCE, 10, None)["items"] == []


def _past(number: int, month: int, **changes: Any) -> JsonObject:
    days = {7: 31, 8: 31, 9: 30, 10: 31}[month]
    return issued(
        number,
        contract_id=501,
        invoice_date=f"2026-{month - 1:02d}-20T00:00:00",
        period_start_date=f"2026-{month:02d}-01T00:00:00",
        period_end_date=f"2026-{month:02d}-{days}T00:00:00",
        periodname="Monthly",
        **{"lines": [line(9000 + number, item_code="LIC-1", recurring_invoice_line_id=1)], **changes},
    )


def test_looking_back_finds_the_same_errors_on_what_left_long_ago() -> None:
    """Each by its own code on the month it stands; clean months, other years and voided invoices say nothing."""
    made = tables(
        Invoice=[
            _past(1, 7),
            _past(2, 8, lines=[line(9102, item_code="LIC-1", nominal_code="")]),
            _past(
                3,
                9,
                lines=[line(9103, item_code="LIC-1", qty_order=20.0, net_amount=400.0, tax_amount=52.0)],
                total=452.0,
            ),
            _past(4, 10, voided=True, currency_code_name="USD"),
            issued(5, contract_id=501, invoice_date="2026-10-20T00:00:00", periodname="Monthly"),
            issued(
                6,
                0,
                recurring_invoice_id=0,
                client_id=12,
                invoice_date="2026-10-05T00:00:00",
                lines=[line(9106, unit_cost=30.0)],
            ),
            issued(7, 109, contract_id=501, invoice_date="2024-10-20T00:00:00", lines=[line(9107, tax_code="")]),
            {"id": 8, "invoice_date": "2026-10-05T00:00:00", "total": "plenty"},
        ]
    )
    office = Office(made)
    result = run(office, "billing_look_back", "2026-11")
    told = {row["invoice"]: row["codes"] for row in look_back_view(office.services, FINANCE, None)["invoices"]}
    assert told == {
        "2": ["account_missing"],
        "3": ["quantity_moved", "total_moved"],
        "5": ["missed_cycle", "quantity_moved", "total_moved"],
        "6": ["below_cost"],
    }
    assert (result["population"], result["exceptions"], result["refused_count"], result["complete"]) == (5, 4, 1, False)
    assert {"code": "below_cost", "count": 1, "billed": [{"amount": "226.00", "currency": "CAD"}]} in result["by_cause"]
    assert result["from"] == "2025-12-01"
    assert list(findings.of_control(office.services.rows, "recurring_invoice_hold")) == []


def test_looking_back_is_told_to_each_only_of_their_own() -> None:
    """Counted anew for whoever sees some customers; a month nobody looked back from is not there."""
    bad = [line(9001, nominal_code="")]
    office = Office(tables(Invoice=[_past(1, 10, lines=bad), issued(2, 102, client_id=13, lines=bad)]))
    run(office, "billing_look_back", "2026-11")
    mine = look_back_view(office.services, NARROW, "2026-11")
    assert ([row["invoice"] for row in mine["invoices"]], mine["exceptions"]) == (["2"], 1)
    assert {one["code"]: one["count"] for one in mine["by_cause"]}["account_missing"] == 1
    with pytest.raises(NotFound):
        look_back_view(office.services, FINANCE, "2026-01")


def test_looking_back_compares_what_a_customer_was_billed_together_with_what_was_in_use() -> None:
    """Two invoices of one customer share the licences; a third customer was billed for fewer than were in use."""
    from shared.procedures.usage import accept_usage

    def half(number: int, of: int, quantity: float, **more: Any) -> JsonObject:
        lines = [
            line(
                9000 + number,
                item_code="LIC-1",
                qty_order=quantity,
                net_amount=quantity * 20,
                tax_amount=quantity * 2.6,
            )
        ]
        return issued(number, of, contract_id=501, lines=lines, total=quantity * 22.6, **more)

    made = tables(Invoice=[half(1, 101, 6.0), half(2, 102, 4.0), half(3, 103, 4.0, client_id=13)])
    made["Client"].append({"id": 13, "name": "Fictive Foods", "default_currency_code_name": "CAD"})
    made["ClientContract"].append({**made["ClientContract"][0], "id": 502, "client_id": 13})
    made["Invoice"][2]["contract_id"] = 502
    office = Office(made)
    body = b"Company,SKU,Quantity\nMaple Harbour Dental,LIC-1,10\nFictive Foods,LIC-1,5\n"
    accept_usage(office.services, FINANCE, "pax8", "2026-11", body, "text/csv")
    run(office, "billing_look_back", "2026-11")
    told = {row["invoice"]: row["codes"] for row in look_back_view(office.services, FINANCE, None)["invoices"]}
    assert told == {"3": ["usage_mismatch"]}


@pytest.mark.slow
def test_a_signature_given_while_the_cycle_runs_again_counts() -> None:
    """Either the run makes the request void before finance decides, or billing is signed and stays so."""
    offices: list[Office] = []

    def make() -> FakeServices:
        offices.append(prepared())
        run(offices[-1], "billing_validation")
        return offices[-1].services

    def again(services: FakeServices) -> None:
        with suppress(Unacceptable):  # signed before it began
            job("billing_validation")(services, Run("r-again", "billing_validation", None, services.clock.now(), "op"))

    def signs(services: FakeServices) -> None:
        offices[-1].services = services
        with suppress(Conflict, Gone, ValueError):  # void, or nobody asks at this moment
            sign(offices[-1])

    for cut, services in crossings(make, again, signs, 4):
        (row,) = validations.every(services.rows)
        approved = [one for one in approvals.register(services.rows).all() if one["state"] == "approved"]
        assert (row["state"] == "signed") == bool(approved), cut
        assert len(services.ledger.of_type("validation.signed")) == len(approved), cut
        held = approvals.register(services.rows).get(row["approval_id"])
        assert held is not None, cut
        assert held.body["state"] in (("approved",) if approved else ("open", "void")), cut

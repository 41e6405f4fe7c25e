"""Handoffs end to end on memory: scored, held, signed off, created once, told at once."""

from __future__ import annotations

import copy
import json

import pytest

from shared.actions import Action
from shared.errors import Malformed, NotFound, Unacceptable
from shared.model import Person, Role
from shared.procedures import handoffs
from shared.procedures.decide import decide_approval
from shared.procedures.handoff_exceptions import request_exception
from shared.procedures.plan import register as actions_of
from shared.registers import approvals, findings, holds
from shared.registers import projects as project_register
from shared.registers.decisions import decisions
from shared.registers.subscriptions import register as subscriptions
from tests.harness.delivery import NORA, PIET, STRANGER, approve, handoff_rows, opportunity, quotation, run_of
from tests.harness.services import FakeServices, crossings
from tests.procedures.test_at_once import deaths

SAL = Person("oid-sal", "Sal Fictive", frozenset({Role.SALES_MANAGER}))


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


def review(services, opp=None, *quotes, name="", **more):
    opp = opportunity(services.policy.policy) if opp is None else opp
    services.mirror.load(handoff_rows(opp, *(quotes or (quotation(),)), **more), services.clock.now())
    return handoffs.handoff_review_run(services, run_of("handoff_review", services, name=name))


def view(services):
    return handoffs.handoff_view(services, NORA, "700")


def test_money_is_told_in_the_currency_of_its_hold(services):
    """What the deal is worth and what its quotations come to are money, not bare numbers; unknown stays unknown."""
    review(
        services,
        None,
        quotation(currency_code_name="EUR", total=10000.0),
        quotation(id=78, total=None, approvalstate=1),
    )
    row, held = view(services), next(holds.of_kind(services.rows, "handoff"))
    assert row["value"] == held["amount"] == {"amount": "10000.00", "currency": "EUR"}
    assert row["profit"]["currency"] == "EUR"
    assert [one["total"] for one in row["quotations"]] == [{"amount": "10000.00", "currency": "EUR"}, None]


def codes(row):
    return {reason["code"] for reason in row["reasons"]}


def creations(services, *parts):
    return [
        one for part in parts for one in actions_of(services, part).all() if one["action"]["kind"] == "create_project"
    ]


def without(opp, policy, *labels):
    fields = {getattr(policy.handoff.fields, label) for label in labels}
    return {**opp, "customfields": [one for one in opp["customfields"] if one["label"] not in fields]}


def test_an_incomplete_handoff_is_held_and_released_by_the_sign_off(services):
    """Held with everything named, completed, signed off by the delivery manager, released, project created once."""
    policy = services.policy.policy
    opp = without(
        opportunity(policy, todo_list=[{"id": 1, "text": "Check the power", "group_name": "Assumptions"}]),
        policy,
        "acceptance",
        "source_acceptance",
    )
    review(services, opp)
    held = next(holds.of_kind(services.rows, "handoff"))
    assert held["state"] == "held"
    assert codes(held) == {"assumption_unresolved", "acceptance_missing", "source_link_missing", "signoff_missing"}
    assert held["may_release"] == ["DeliveryManager"]
    assert held["amount"] == {"amount": "10000.00", "currency": "CAD"}
    assert view(services)["completeness"] == 0.6
    assert creations(services, "events") == []
    services.clock.advance(hours=4)
    review(services)
    seen = view(services)
    assert (seen["completeness_first"], seen["completeness_now"], seen["state"]) == (0.6, 1.0, "awaiting_signoff")
    held = next(holds.of_kind(services.rows, "handoff"))
    assert (codes(held), held["approval_id"]) == ({"signoff_missing"}, seen["approval_id"])
    approve(services, handoffs, seen["approval_id"], NORA)
    held = next(holds.of_kind(services.rows, "handoff"))
    assert (held["state"], held["released_by"]) == ("released", ["oid-nora"])
    assert len(creations(services, "events")) == 1
    review(services, name="r-later")
    assert creations(services, "r-later") == []


def test_the_created_project_is_remembered(services):
    """And the plan came from the template of policy, with its milestones and task packs."""
    review(services)
    approve(services, handoffs, view(services)["approval_id"], NORA)
    action = Action.from_json(creations(services, "events")[0]["action"])
    plan = action.parameters["plan"]
    assert (plan["template_id"], plan["project_type"], plan["money_budget"]) == (501, 40, "7000.0")
    assert [one["name"] for one in plan["tasks"]] == ["Lay cables"]
    handoffs.on_carried_out(services, action, {"project_id": 900})
    handoffs.on_carried_out(services, action, {"project_id": 900})
    assert view(services)["project"] == {"id": "900", "state": "created", "error": None}
    assert view(services)["state"] == "created"


def test_a_failed_creation_is_told_and_asked_again_by_the_next_review(services):
    """Under the same key, so that what HaloPSA has made already is completed and not made twice."""
    review(services)
    approve(services, handoffs, view(services)["approval_id"], NORA)
    action = Action.from_json(creations(services, "events")[0]["action"])
    handoffs.on_failed(services, action, {"code": "source_rejected", "message": "No."})
    assert view(services)["project"]["state"] == "failed"
    review(services, name="r-again")
    again = creations(services, "r-again")
    assert [one["action"]["key"] for one in again] == [action.key]


def test_a_project_that_is_there_is_not_created_again(services):
    """Somebody made it by hand from the same opportunity."""
    review(services)
    asked = view(services)["approval_id"]
    made = {"id": 900, "createdfrom_id": 700, "summary": "New office", "client_id": 12, "is_project": True}
    review(services, Projects=[made], name="r-2")
    approve(services, handoffs, asked, NORA)
    assert creations(services, "events") == []
    assert view(services)["project"]["id"] == "900"


def test_two_projects_from_one_opportunity_fail(services):
    """Both are named."""
    rows = [{"id": number, "createdfrom_id": 700, "is_project": True, "client_id": 12} for number in (900, 901)]
    review(services, Projects=rows)
    row = next(findings.of_control(services.rows, "handoff_single_project"))
    assert row["verdict"] == "fail"
    assert "900, 901" in row["reasons"][0]["text"]


@pytest.mark.parametrize(
    ("change", "quote", "code"),
    [
        ({}, quotation(approvalstate=1), "scope_unsigned"),
        ({}, quotation(signature=""), "scope_unsigned"),
        ({}, quotation(approvalname=" "), "scope_unsigned"),
        ({}, quotation(ticket_id=701), "scope_unsigned"),
        ({"oppprofit": 2499.99}, quotation(), "margin_below_floor"),
        ({"oppprofit": -5.0}, quotation(), "margin_below_floor"),
        ({"oppvalue": 0.0}, quotation(), "margin_unknown"),
        ({"oppvalue": None}, quotation(), "margin_unknown"),
        ({"oppvalue": "much"}, quotation(), "record_unreadable"),
        ({"customfields": []}, quotation(), "assumptions_missing"),
        ({"customfields": []}, quotation(), "dependencies_missing"),
        ({"customfields": []}, quotation(), "acceptance_missing"),
        ({"customfields": []}, quotation(), "source_link_missing"),
        (
            {"todo_list": [{"text": "x", "group_name": "assumptions", "done": False}]},
            quotation(),
            "assumption_unresolved",
        ),
    ],
)
def test_what_is_missing_is_named_by_its_code(services, change, quote, code):
    """Each item of the checklist, and no sign-off is asked for meanwhile."""
    opp = {key: value for key, value in {**opportunity(services.policy.policy), **change}.items() if value is not None}
    review(services, opp, quote)
    assert code in codes(view(services))
    assert view(services)["state"] == "held"
    assert list(approvals.register(services.rows).all()) == []


def test_a_margin_exactly_at_the_floor_passes(services):
    """25 per cent is not below 25 per cent."""
    review(services, opportunity(services.policy.policy, oppprofit=2500.0))
    assert codes(view(services)) == set()


@pytest.mark.parametrize(
    "change", [{"status_id": 2}, {"oppconverteddate": "1900-01-01T00:00:00"}, {"tickettype_id": 1}]
)
def test_what_is_not_closed_won_is_no_handoff(services, change):
    """Open, not converted, or no opportunity."""
    assert review(services, opportunity(services.policy.policy, **change))["handoffs"] == 0
    with pytest.raises(NotFound):
        view(services)


def test_a_kickoff_before_the_sign_off_is_told_at_once(services):
    """Not by the next review but when the appointment is heard of; afterwards a later kickoff is fine."""
    review(services)
    meeting = {"id": 5, "ticket_id": 700, "subject": "kickoff: New office", "start_date": "2026-11-20T10:00:00Z"}
    services.mirror.apply("Appointment", [meeting], read_at=services.clock.now())
    handoffs.judge_appointments(services, ["5"], services.clock.now(), "delivery-1")
    row = next(findings.of_control(services.rows, "kickoff_after_signoff"))
    assert [reason["code"] for reason in row["reasons"]] == ["kickoff_before_signoff"]
    events = [one["action"]["parameters"]["kind"] for one in actions_of(services, "events").all()]
    assert "kickoff_after_signoff" in events
    approve(services, handoffs, view(services)["approval_id"], NORA)
    assert next(findings.of_control(services.rows, "kickoff_after_signoff"))["verdict"] == "pass"


def test_a_kickoff_on_the_project_counts_and_other_meetings_do_not(services):
    """By the beginning of the subject."""
    project = {"id": 900, "createdfrom_id": 700, "is_project": True, "client_id": 12}
    meetings = [
        {"id": 5, "ticket_id": 900, "subject": "Kickoff", "start_date": "2026-11-20T10:00:00Z"},
        {"id": 6, "ticket_id": 700, "subject": "Before the kickoff", "start_date": "2026-11-20T10:00:00Z"},
    ]
    review(services, Projects=[project], Appointment=meetings)
    assert [one["id"] for one in view(services)["kickoffs"]] == ["5"]


def test_a_sign_off_of_something_that_changed_is_void(services):
    """The margin moved between request and decision."""
    review(services)
    asked = view(services)["approval_id"]
    services.mirror.apply(
        "Opportunities", [opportunity(services.policy.policy, oppprofit=2600.0)], read_at=services.clock.now()
    )
    assert approve(services, handoffs, asked, NORA)["state"] == "void"
    review(services, opportunity(services.policy.policy, oppprofit=2600.0), name="r-2")
    assert view(services)["approval_id"] != asked


def test_the_resource_plan_of_the_template_is_what_is_signed(services):
    """Hours by budget type and stages; a template that is changed after the request makes it void and asks anew."""
    template = {"id": 501, "name": "Office", "milestones": [{"id": 1, "name": "Ready", "sequence": 1}]}
    for hours in (40, 60):
        budgets = [{"budgettype_id": 2, "hours": hours}]
        review(services, Template=[template | {"budgets": budgets}], name=f"r-{hours}")
    former, asked = sorted(approvals.register(services.rows).all(), key=lambda one: one["state"], reverse=True)
    assert (former["state"], asked["state"]) == ("void", "open")
    assert asked["content"]["resource_plan"] == {
        "hours": [{"budget_type": "2", "hours": "60"}],
        "estimate": None,
        "stages": ["Ready"],
    }


def test_a_handoff_that_becomes_incomplete_withdraws_its_request(services):
    """And asks again once it is complete."""
    review(services)
    asked = view(services)["approval_id"]
    review(services, None, quotation(approvalstate=3), name="r-2")
    assert approvals.register(services.rows).get(asked).body["state"] == "void"
    review(services, name="r-3")
    assert view(services)["signoff"]["state"] == "open"


def test_a_rejection_stands_until_something_changes(services):
    """The same content is not asked for again."""
    review(services)
    asked = view(services)["approval_id"]
    approve(services, handoffs, asked, NORA, decision="reject")
    review(services, name="r-2")
    assert view(services)["approval_id"] == asked
    assert view(services)["signoff"]["state"] == "rejected"
    assert next(holds.of_kind(services.rows, "handoff"))["state"] == "held"


def test_an_exception_takes_two_persons_and_covers_only_what_was_seen(services):
    """Sales, delivery or practice managers except a margin below the floor; another margin is another matter."""
    opp = opportunity(services.policy.policy, oppprofit=1000.0)
    review(services, opp)
    body = {"codes": ["margin_below_floor"], "rationale": "A strategic customer.", "expires": "2026-12-31T00:00:00Z"}
    asked = request_exception(services, SAL, "700", body)
    assert asked["needed"]["persons"] == 2
    approve(services, handoffs, asked["id"], NORA, PIET)
    seen = view(services)
    assert (seen["state"], seen["waived"], seen["completeness_now"]) == (
        "awaiting_signoff",
        ["margin_below_floor"],
        0.8,
    )
    review(services, {**opp, "oppprofit": 900.0}, name="r-2")
    assert view(services)["state"] == "held"


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"codes": ["scope_unsigned"], "rationale": "x", "expires": "2026-12-31T00:00:00Z"},
        {"codes": ["margin_below_floor"], "rationale": "", "expires": "2026-12-31T00:00:00Z"},
        {"codes": ["margin_below_floor"], "rationale": "x", "expires": "2020-12-31T00:00:00Z"},
        {"codes": ["acceptance_missing"], "rationale": "x", "expires": "2026-12-31T00:00:00Z"},
    ],
)
def test_an_exception_that_makes_no_sense_is_refused(services, body):
    """No scope without a signature, no reason, no end, or nothing that is missing."""
    review(services, opportunity(services.policy.policy, oppprofit=1000.0))
    with pytest.raises(Unacceptable):
        request_exception(services, SAL, "700", body)


def test_open_assumptions_and_contradicting_quotations_become_decisions_once(services):
    """With owner and due date; a second review does not open them again."""
    opp = opportunity(
        services.policy.policy, todo_list=[{"id": 1, "text": "Check the power", "group_name": "Assumptions"}]
    )
    for name in ("r-1", "r-2"):
        review(services, opp, quotation(), quotation(id=78, total=12000.0, currency_code_name="USD"), name=name)
    titles = sorted(one["title"] for one in decisions(services.rows).all())
    assert len(titles) == 3
    assert any("Check the power" in title for title in titles)
    assert {"currency_mix", "scope_conflict"} <= codes(view(services))


def test_a_decision_is_escalated_by_age_and_ends_where_it_arose(services):
    """Overdue after five days: owner at once, the practice's manager, the steering team; settled in HaloPSA it asks nobody."""
    todo = {"id": 1, "text": "Check the power", "group_name": "Assumptions"}
    opp = opportunity(services.policy.policy, todo_list=[todo])
    told = []
    for days in (0, 4, 2, 2, 3):
        services.clock.advance(days=days)
        result = review(services, opp, quotation(), name=f"r-{services.clock.now():%d}")
        told.append(result["decisions"]["escalations"])
    assert told == [0, 0, 1, 1, 1]
    (row,) = decisions(services.rows).all()
    assert row["state"] == "open"
    levels = {one["level"]: one["to"] for one in project_register.escalations(services.rows).all()}
    assert set(levels) == {"owner", "approver", "director"}
    assert levels["director"] == "Steering team"
    (finding,) = findings.of_control(services.rows, "decision_log")
    assert [one["code"] for one in finding["reasons"]] == ["decision_overdue"]

    done = opportunity(services.policy.policy, todo_list=[todo | {"done": True}])
    result = review(services, done, quotation(), name="r-done")
    (row,) = decisions(services.rows).all()
    assert (row["state"], row["settled"]) == ("settled", "It was settled in HaloPSA.")
    assert result["decisions"]["verdicts"] == {"notapplicable": 1}
    review(services, opp, quotation(), name="r-again")
    (row,) = decisions(services.rows).all()
    assert row["state"] == "open"
    assert services.ledger.of_type("decision.reopened")


def test_the_first_score_is_frozen_even_when_the_gate_hides_it(services):
    """What the weekly figure counts is how it arrived."""
    review(services, opportunity(services.policy.policy, customfields=[]))
    first = view(services)["first_submission"]
    services.clock.advance(days=1)
    review(services, name="r-2")
    assert view(services)["first_submission"] == first
    assert first["completeness"] == 0.0 or first["completeness"] < 0.5


def test_unread_facts_hold_but_do_not_score(services):
    """What was never read is unknown, and the first score waits for it."""
    services.mirror.load({"Opportunities": [opportunity(services.policy.policy)]}, services.clock.now())
    handoffs.handoff_review_run(services, run_of("handoff_review", services))
    assert view(services)["first_submission"] is None
    assert "stale_facts" in codes(view(services))
    assert next(holds.of_kind(services.rows, "handoff"))["state"] == "held"


def test_a_run_twice_changes_nothing(services):
    """Same holds, same approvals, same entries."""
    review(services, name="r-1")
    before = (len(services.ledger.entries), len(list(approvals.register(services.rows).all())))
    handoffs.handoff_review_run(services, run_of("handoff_review", services, name="r-1"))
    assert (len(services.ledger.entries), len(list(approvals.register(services.rows).all()))) == before


def test_callers_see_their_customers_only(services):
    """Outside them the handoff does not exist."""
    review(services)
    with pytest.raises(NotFound):
        handoffs.handoff_view(services, STRANGER, "700")
    assert handoffs.list_handoffs(services, STRANGER, 10, None)["items"] == []
    assert [one["id"] for one in handoffs.list_handoffs(services, NORA, 10, None)["items"]] == ["700"]


def test_who_signs_without_a_template_is_told_that_the_plan_is_unknown(services):
    """Policy names it, HaloPSA does not show it; with it nothing is said, and the request becomes another."""

    def asked() -> dict:
        return approvals.register(services.rows).get(view(services)["approval_id"]).body

    review(services, Template=[])
    first = asked()
    assert "no template 501" in first["content"]["resource_plan"]["unknown"]
    review(services, Template=[{"id": 501, "name": "Office"}], name="r-found")
    second = asked()
    assert "unknown" not in second["content"]["resource_plan"]
    assert second["digest"] != first["digest"]


def test_templates_are_chosen_by_service_and_deal(services):
    """The most exact match wins; without any the creation fails with a sentence."""
    services.set_policy("""
[[handoff.templates]]
service = "*"
deal = "*"
template_id = 1
[[handoff.templates]]
service = "network"
deal = "*"
template_id = 2
[[handoff.templates]]
service = "Network"
deal = "Renewal"
template_id = 3
""")
    review(services)
    approve(services, handoffs, view(services)["approval_id"], NORA)
    assert creations(services, "events")[0]["action"]["parameters"]["plan"]["template_id"] == 2


def test_no_template_is_told(services):
    """A policy gap, not a crash."""
    services.set_policy('[[handoff.templates]]\nservice = "Cloud"\ndeal = "*"\ntemplate_id = 1\n')
    review(services)
    approve(services, handoffs, view(services)["approval_id"], NORA)
    assert view(services)["project"]["error"]["code"] == "template_missing"


def test_the_briefing_comes_as_html_and_word(services):
    """And as nothing else."""
    review(services)
    html_type, page = handoffs.handoff_briefing(services, NORA, "700", "html")
    assert html_type.startswith("text/html")
    assert b"Commercial guardrails" in page
    _, word = handoffs.handoff_briefing(services, NORA, "700", "docx")
    assert word[:2] == b"PK"
    with pytest.raises(Malformed):
        handoffs.handoff_briefing(services, NORA, "700", "exe")


def test_every_statement_of_the_briefing_has_a_source(services):
    """A link where there is one, a HaloPSA record otherwise."""
    review(services, None, quotation(scope="Twelve desks. Out of scope: printers.", risk="The lift is small."))
    sections = {one["heading"]: one["statements"] for one in view(services)["briefing"]["sections"]}
    assert all(statement["source"]["label"] for statements in sections.values() for statement in statements)
    assert sections["Out of scope"][0]["text"] == "printers"
    assert any("lift" in one["text"] for one in sections["Risk flags"])


def test_rows_survive_any_order_and_copy(services):
    """The same opportunity in both lists is one handoff; the newer reading wins."""
    opp = opportunity(services.policy.policy)
    older = {**copy.deepcopy(opp), "oppprofit": 1.0, "last_update": "2026-11-01T00:00:00Z"}
    assert review(services, opp, Tickets=[older])["handoffs"] == 1
    assert codes(view(services)) == set()


def test_a_deal_that_is_no_longer_won_is_let_go(services):
    """Its hold ends, its request is void, its findings no longer apply; won again it is held again."""
    review(services, opportunity(services.policy.policy, oppprofit=1000.0))
    open_again = opportunity(services.policy.policy, status_id=2, last_update="2026-11-16T09:00:00Z")
    review(services, open_again, name="r-2")
    assert next(holds.of_kind(services.rows, "handoff"))["state"] == "released"
    assert next(findings.of_control(services.rows, "handoff_complete"))["verdict"] == "notapplicable"
    assert view(services)["state"] == "not_won"
    services.clock.advance(days=1)
    review(services, opportunity(services.policy.policy, last_update="2026-11-17T09:00:00Z"), name="r-3")
    assert view(services)["state"] == "awaiting_signoff"
    assert [one["state"] for one in holds.of_kind(services.rows, "handoff")] == ["released", "held"]


def test_a_request_in_force_is_withdrawn_when_the_deal_is_heard_to_be_lost(services):
    """Heard of by a delivery, not by the next review."""
    review(services)
    asked = view(services)["approval_id"]
    lost = opportunity(services.policy.policy, status_id=2, last_update="2026-11-16T09:00:00Z")
    services.mirror.apply("Opportunities", [lost], read_at=services.clock.now())
    handoffs.judge_opportunities(services, ["700", "700", "999"], services.clock.now(), "delivery-2")
    assert approvals.register(services.rows).get(asked).body["state"] == "void"


def test_exceptions_are_looked_up_once_for_all_deals_of_a_review(services):
    """The register of approvals grows with the years; a review passes over it once, however many deals it looks at."""
    deals = [opportunity(services.policy.policy, id=700 + number) for number in range(6)]
    rows = handoff_rows(deals[0], quotation())
    services.mirror.load({**rows, "Opportunities": deals}, services.clock.now())
    passes = []
    scan = services.rows.scan

    def counted(table, **how):
        passes.append(how.get("partition"))
        return scan(table, **how)

    services.rows.scan = counted
    assert handoffs.handoff_review_run(services, run_of("handoff_review", services))["handoffs"] == 6
    assert passes.count("approvals") == 1


def asked():
    services = FakeServices()
    review(services)
    return services


def signs(services):
    request = next(one for one in approvals.register(services.rows).all() if one["state"] == "open")
    said = {"decision": "approve", "rationale": "It can be done.", "digest": request["digest"]}
    decide_approval(services, NORA, request["id"], said)


def reviews(services):
    handoffs.handoff_review_run(services, run_of("handoff_review", services, name="r-at-once"))


@pytest.mark.slow
def test_a_review_does_not_hold_anew_what_is_signed_off_in_the_middle_of_it():
    """One hold, released by who signed; the project is on its way, whichever of the two wrote the handoff last."""
    for cut, services in crossings(asked, reviews, signs):
        found = [(one["state"], one["released_by"]) for one in holds.of_kind(services.rows, "handoff")]
        assert found == [("released", ["oid-nora"])], cut
        row = view(services)
        assert (row["state"], row["project"]["state"]) == ("signed_off", "creating"), cut
        assert {one["action"]["key"] for one in creations(services, "events", "r-at-once")} == {"create-project:700"}


@pytest.mark.slow
def test_a_project_created_in_the_middle_of_a_review_is_not_forgotten():
    """The review began before HaloPSA answered, and writes the handoff after."""

    def created(services):
        (action,) = creations(services, "events")
        handoffs.on_carried_out(services, Action.from_json(action["action"]), {"project_id": 900})

    def make():
        services = asked()
        signs(services)
        return services

    for cut, services in crossings(make, reviews, created):
        row = view(services)
        assert (row["state"], row["project"]["id"]) == ("created", "900"), cut


@pytest.mark.slow
def test_two_reviews_at_once_tell_one_first_submission():
    """What a handoff lacked when it was first submitted is said once, with its evidence."""

    def make():
        services = FakeServices()
        services.mirror.load(handoff_rows(opportunity(services.policy.policy), quotation()), services.clock.now())
        return services

    def later(services):
        services.clock.advance(seconds=1)
        handoffs.judge_opportunities(services, ["700"], services.clock.now(), "ring")

    for cut, services in crossings(make, reviews, later):
        assert len(list(holds.of_kind(services.rows, "handoff"))) == 1, cut
        assert [one["state"] for one in approvals.register(services.rows).all()] == ["open"], cut
        first = view(services)["first_submission"]
        told = json.loads(services.ledger.content(first["evidence"]))["first_submission"]
        assert told == {name: value for name, value in first.items() if name != "evidence"}, cut


@pytest.mark.slow
def test_that_a_decision_is_needed_is_told_although_the_review_died():
    """Killed anywhere, the next review tells it; afterwards nobody does again."""

    def make():
        services = FakeServices()
        deaf = {"id": "u-d", "event": "decision_opened", "url": "", "by": "", "customers": [], "practices": []}
        subscriptions(services.rows).insert("u-d", deaf)
        todo = [{"id": 1, "text": "Check the power", "group_name": "Assumptions"}]
        opp = opportunity(services.policy.policy, todo_list=todo)
        services.mirror.load(handoff_rows(opp, quotation()), services.clock.now())
        return services

    for services in deaths(make, reviews):
        told = [one for one in actions_of(services, "r-at-once").all() if one["action"]["key"].startswith("decision-")]
        assert len(told) == 1
        for again in range(2):
            handoffs.handoff_review_run(services, run_of("handoff_review", services, name=f"r-{again}"))
            assert not [one for one in actions_of(services, f"r-{again}").all() if "decision-" in one["action"]["key"]]

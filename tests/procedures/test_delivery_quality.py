"""The quality of handoffs and of answers over a period, from what the jobs recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import Conflict, Malformed, NotFound
from shared.model import Person, Role
from shared.procedures import handoffs, overrides, projects
from shared.procedures.delivery_quality import delivery_view
from shared.registers import findings
from shared.registers import handoffs as register
from tests.harness.delivery import BASELINE, NORA, PIET, STRANGER, approve, opportunity, project_rows, quotation, run_of
from tests.harness.services import FakeServices

FROM = datetime(2026, 11, 9, tzinfo=UTC)
TO = datetime(2026, 12, 7, tzinfo=UTC)


def services_with(rows) -> FakeServices:
    made = FakeServices()
    made.mirror.load(rows, made.clock.now())
    return made


def test_an_escalation_is_acknowledged_then_answered_then_resolved():
    """Feedback acknowledges, a plan responds, a pass resolves: each with the hours it took."""
    rows = project_rows()
    rows["Actions"][1]["timetaken"] = 60.0
    services = services_with(rows)
    projects.put_baseline(services, NORA, "100", BASELINE)
    assess = lambda: projects.project_status_run(services, run_of("project_status", services))  # noqa: E731
    assess()
    row = next(findings.of_control(services.rows, "project_control"))
    services.clock.advance(hours=2)
    overrides.give_feedback(services, NORA, row["id"], {"kind": "confirmed", "comment": "Seen."})
    services.clock.advance(hours=3)
    assert assess()["acknowledged"] == 1
    (told,) = projects.project_view(services, NORA, "100", None)["escalations"]
    assert (told["acknowledged_by"], told["acknowledge_hours"], told["responded_at"]) == ("oid-nora", 2.0, None)
    assert told["quality"] == "acknowledged"
    plan = {"owner": "Nora Fictive", "plan": "Add a person.", "recovery_date": "2026-11-30"}
    overrides.mitigate(services, PIET, row["id"], plan)
    assess()
    found = delivery_view(services, NORA, FROM, TO)["escalations"]
    assert (found["told"], found["acknowledged"], found["responded"], found["in_time"]) == (1, 1, 1, 1)
    assert (found["acknowledge_hours"]["mean"], found["response_hours"]["mean"]) == (2.0, 5.0)
    assert found["by_level"]["owner"]["quality"]["planned"] == 1
    assert found["by_level"]["director"]["told"] == 0
    services.clock.advance(hours=1)
    services.mirror.load(project_rows(), services.clock.now())
    assess()
    assert delivery_view(services, NORA, FROM, TO)["escalations"]["quality"]["resolved"] == 1


def test_words_about_something_older_do_not_answer_a_new_escalation():
    """A plan of an earlier overrun is no answer to the next one."""
    rows = project_rows()
    rows["Actions"][1]["timetaken"] = 60.0
    services = services_with(rows)
    projects.put_baseline(services, NORA, "100", BASELINE)
    for tables in (rows, project_rows(), rows):
        services.mirror.load(tables, services.clock.now())
        projects.project_status_run(services, run_of("project_status", services))
        row = next(findings.of_control(services.rows, "project_control"))
        if row["verdict"] == "fail" and row["mitigation"] is None:
            services.clock.advance(hours=1)
            plan = {"owner": "Nora Fictive", "plan": "Add a person.", "recovery_date": "2026-11-30"}
            overrides.mitigate(services, PIET, row["id"], plan)
        services.clock.advance(hours=3)
    found = delivery_view(services, NORA, FROM, TO)["escalations"]
    assert (found["told"], found["responded"], found["quality"]["unanswered"]) == (2, 1, 1)


def deal(services: FakeServices) -> None:
    """An assumption missed at handoff, a project over its budget, and a change order because of the assumption."""
    policy = services.policy.policy
    open_one = opportunity(
        policy, todo_list=[{"id": 1, "text": "Power is there", "done": False, "group_name": "Assumptions"}]
    )
    rows = project_rows(createdfrom_id=700) | {
        "Opportunities": [open_one], "Quotation": [quotation()], "Appointment": [], "Template": [],
    }  # fmt: skip
    services.mirror.load(rows, services.clock.now())
    handoffs.handoff_review_run(services, run_of("handoff_review", services))
    projects.put_baseline(services, NORA, "100", BASELINE)
    projects.project_status_run(services, run_of("project_status", services))


def test_a_missed_assumption_is_followed_to_the_profit_it_cost():
    """Missed in the week, a change order that names it, absorbed cost, profit lost; the week before knows nothing of it."""
    services = services_with({})
    deal(services)
    changed = BASELINE | {
        "bac": "2500.00",
        "periods": [*BASELINE["periods"], {"end": "2026-12-14T09:00:00Z", "pv": "2500.00"}],
        "change": {"kind": "assumption", "assumption": "Power is there", "text": "It was not."},
    }
    services.clock.advance(days=1)
    with pytest.raises(Conflict) as refused:
        projects.put_baseline(services, NORA, "100", changed)
    approve(services, projects, str(refused.value.details["approval_id"]), PIET)
    version = projects.put_baseline(services, NORA, "100", changed)
    assert version["change"]["assumption"] == "Power is there"
    found = delivery_view(services, NORA, FROM, TO)
    assert found["handoffs"]["submitted"] == 1
    assert found["handoffs"]["missing"] == {"assumption_unresolved": 1}
    lineage = found["lineage"]
    assert (lineage["deals"], lineage["deals_with_missed_assumptions"], lineage["measured"]) == (1, 1, 1)
    assert lineage["change_orders_from_assumptions"] == {
        "count": 1, "amounts": [{"amount": "500.00", "currency": "CAD"}], "hours": None,
    }  # fmt: skip
    assert found["scope_changes"] == {"count": 1, "by_reason": {"assumption": 1}}
    assert found["lineage_before"]["deals"] == 0
    assert found["deals"][0]["project"] == "100"
    assert delivery_view(services, NORA, FROM, TO, practice="msp")["lineage"]["deals"] == 0


def test_the_weekly_review_is_kept_as_evidence_and_answered_by_the_run():
    """Missed assumptions, scope changes and margin of the seven days up to now."""
    services = services_with({})
    deal(services)
    result = handoffs.handoff_review_run(services, run_of("handoff_review", services))
    assert result["quality"]["handoffs"]["missing"] == {"assumption_unresolved": 1}
    assert result["quality"]["lineage"]["deals"] == 1
    assert services.ledger.of_type("handoff.quality")


def test_callers_see_their_customers_and_practices_only():
    """Figures are those of what they may see; what they ask for outside it does not exist."""
    services = services_with({})
    deal(services)
    assert delivery_view(services, STRANGER, FROM, TO)["lineage"]["deals"] == 0
    with pytest.raises(NotFound):
        delivery_view(services, STRANGER, FROM, TO, customer="12")
    narrow = Person("oid-tim", "Tim Fictive", frozenset({Role.READER}), practices=frozenset({"msp"}))
    with pytest.raises(NotFound):
        delivery_view(services, narrow, FROM, TO, practice="ps")


@pytest.mark.parametrize(
    ("start", "end", "practice"),
    [(TO, FROM, None), (FROM, FROM, None), (FROM, FROM + timedelta(days=5000), None), (FROM, TO, "none")],
)
def test_a_period_that_makes_no_sense_is_refused(start, end, practice):
    """Backwards, empty, endless, or of a practice nobody knows."""
    with pytest.raises(Malformed):
        delivery_view(FakeServices(), NORA, start, end, practice=practice)


def test_a_deal_whose_project_was_closed_before_the_period_is_no_longer_in_delivery():
    """Its lineage belongs to the periods it was delivered in."""
    services = services_with({})
    deal(services)
    row = register.get(services.rows, "700")
    assert row is not None
    tables = project_rows(createdfrom_id=700, status_id=9, dateclosed="2026-11-17T00:00:00Z")
    services.mirror.load(tables, services.clock.now())
    services.clock.advance(days=2)
    projects.project_status_run(services, run_of("project_status", services))
    later = datetime(2026, 12, 1, tzinfo=UTC)
    services.clock.at = later + timedelta(days=1)
    assert delivery_view(services, NORA, FROM, TO)["lineage"]["deals"] == 1
    assert delivery_view(services, NORA, later, TO)["lineage"]["deals"] == 0

"""The decision log and the backlog."""

from __future__ import annotations

import pytest

from shared.errors import Conflict, NotFound, Unacceptable
from shared.model import Person, Role
from shared.procedures import governance
from tests.harness.services import FakeServices

POLICY = '[practices.msp]\nmanager = "mia"\n'
MIA = Person("mia", "Mia Pretend", frozenset({Role.PRACTICE_MANAGER}))
NORA = Person("nora", "Nora Fictive", frozenset({Role.ADMINISTRATOR}))
FLOW = Person("flow", "A flow", frozenset({Role.AUTOMATION}), is_application=True)
FILTER = dict.fromkeys(
    ("client_impact", "operational_efficiency", "reporting_accountability", "revenue_margin_protection", "scalability"),
    "None.",
)


def decision(**more):
    return {
        "title": "Route security alerts to one queue",
        "decision": "Yes.",
        "practices": ["msp"],
        "filter": FILTER,
        **more,
    }


def test_a_decision_without_the_practices_manager_does_not_count():
    """It is in the log, and says why it is not valid."""
    row = governance.add_decision(FakeServices(POLICY), NORA, decision())
    assert (row["valid"], row["codes"]) == (False, ["manager_absent"])


def test_a_decision_with_its_manager_and_all_five_answers_counts():
    """The manager may decide herself or be among those involved."""
    services = FakeServices(POLICY)
    assert governance.add_decision(services, MIA, decision())["valid"] is True
    assert governance.add_decision(services, NORA, decision(involved=[{"oid": "mia"}]))["valid"] is True


def test_an_unanswered_criterion_is_told():
    """All five or it does not count."""
    row = governance.add_decision(FakeServices(POLICY), MIA, decision(filter={**FILTER, "scalability": " "}))
    assert row["codes"] == ["filter_incomplete"]


def test_a_practice_without_a_named_manager_cannot_be_decided_for():
    """Nobody is not a manager."""
    row = governance.add_decision(FakeServices(), MIA, decision())
    assert row["codes"] == ["manager_absent"]


def narrowed(oid, *practices):
    return Person(oid, oid, frozenset({Role.PRACTICE_MANAGER}), practices=frozenset(practices))


def titles(services, person):
    return {row["title"] for row in governance.list_decisions(services, person, 100, None)["items"]}


def test_a_decision_is_seen_by_each_practice_it_concerns():
    """And by whoever wrote it; one of no practice by callers who are not narrowed."""
    services = FakeServices()
    governance.add_decision(services, NORA, {"title": "Both", "practices": ["msp", "ps"]})
    governance.add_decision(services, NORA, {"title": "All"})
    governance.add_decision(services, narrowed("paula", "ps"), {"title": "Hers"})
    assert titles(services, narrowed("mia", "msp")) == {"Both"}
    assert titles(services, narrowed("paula", "ps")) == {"Both", "Hers"}
    assert titles(services, narrowed("sam", "mssp")) == set()
    assert titles(services, NORA) == {"Both", "All", "Hers"}


def test_nobody_decides_for_a_practice_they_do_not_see():
    """Nor supersedes what was decided there."""
    services = FakeServices()
    with pytest.raises(NotFound):
        governance.add_decision(services, narrowed("mia", "msp"), {"title": "Theirs", "practices": ["msp", "ps"]})
    theirs = governance.add_decision(services, NORA, {"title": "Theirs", "practices": ["ps"]})["id"]
    with pytest.raises(Unacceptable, match="not in the log"):
        governance.add_decision(services, narrowed("mia", "msp"), {"title": "Mine", "supersedes": theirs})
    assert titles(services, NORA) == {"Theirs"}


def test_an_open_decision_past_its_due_time_is_overdue():
    """Seen whenever it is read."""
    services = FakeServices(POLICY)
    row = governance.add_decision(services, MIA, {"title": "Pick a floor", "due": "2026-11-17T00:00:00Z"})
    assert row["codes"] == []
    services.clock.advance(days=3)
    assert governance.list_decisions(services, MIA, 10, None)["items"][0]["codes"] == ["decision_overdue"]


def test_a_flow_opens_a_decision_but_takes_none():
    """Automation may add, as an application or under a person's name; what it would decide is a proposal."""
    services = FakeServices(POLICY)
    delegated = Person("mia", "Mia's flow", frozenset({Role.AUTOMATION}))
    assert governance.add_decision(services, FLOW, {"title": "Look at this"})["state"] == "open"
    for flow in (FLOW, delegated):
        row = governance.add_decision(services, flow, decision())
        assert (row["state"], row["decision"], row["proposal"], row["valid"]) == ("open", None, "Yes.", False)
        assert row["decided_by"] is None


def test_a_later_decision_supersedes_an_earlier_one_which_stays_in_the_log():
    """Nothing is edited away."""
    services = FakeServices(POLICY)
    first = governance.add_decision(services, MIA, decision())
    governance.add_decision(services, MIA, decision(supersedes=first["id"]))
    rows = governance.list_decisions(services, MIA, 10, None)["items"]
    assert sorted(row["state"] for row in rows) == ["decided", "superseded"]
    with pytest.raises(Unacceptable):
        governance.add_decision(services, MIA, decision(supersedes="d-none"))


def test_an_item_of_the_backlog_is_put_to_work_once_and_by_whom_it_concerns():
    """What is left out stays as estimated; it is evidence of its practice."""
    services = FakeServices(POLICY)
    item = {"title": "Less typing", "practice": "msp", "hours_saved": 3.5, "steps_removed": 2}
    made = governance.add_backlog(services, MIA, item)
    assert (made["state"], made["delivered_at"]) == ("proposed", None)
    row = governance.deliver_backlog(services, MIA, made["id"], {"hours_saved": 4.0, "steps_removed": None})

    assert (row["state"], row["hours_saved"], row["steps_removed"]) == ("delivered", 4.0, 2)
    assert [one.practice for one in services.ledger.of_type("backlog.delivered")] == ["msp"]
    with pytest.raises(Conflict):
        governance.deliver_backlog(services, MIA, made["id"], {})
    stranger = Person("oid-stranger", "Sam Fictive", frozenset({Role.PRACTICE_MANAGER}), practices=frozenset({"ps"}))
    for person, identity in ((stranger, made["id"]), (MIA, "b-none")):
        with pytest.raises(NotFound):
            governance.deliver_backlog(services, person, identity, {})


def test_the_backlog_is_ranked_by_value_over_effort():
    """The best return first."""
    services = FakeServices(POLICY)
    for title, value, effort in (("slow", 2, 5), ("quick", 5, 1), ("fair", 3, 2)):
        governance.add_backlog(services, MIA, {"title": title, "value": value, "effort": effort})
    assert [row["title"] for row in governance.list_backlog(services, MIA, 10, None)["items"]] == [
        "quick",
        "fair",
        "slow",
    ]


def test_opening_a_decision_by_key_twice_is_one_decision():
    """The service may ask again after a crash."""
    services = FakeServices()
    ids = {governance.open_decision(services, title="T", context="C", requester="service", key="k") for _ in range(2)}
    assert len(ids) == 1

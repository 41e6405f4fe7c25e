"""A tenant's own numbers as policy: grounds in its rows or names, unknown where there are none, and valid TOML always."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import SourceDenied
from shared.halopsa.proposal_text import proposal_text
from shared.halopsa.propose import proposals
from shared.halopsa.sample import take_sample
from shared.policy.document import read_policy
from tests.harness.clock import StillClock
from tests.harness.halo import FakeHalo

SIGNED = {"approvalname": "A. Buyer", "approvaldatetime": "2026-10-01T08:00:00Z", "signature": "data:"}


def tenant() -> dict[str, list[dict[str, Any]]]:
    """Numbers unlike the demo's everywhere."""
    return {
        "TicketType": [
            {"id": 71, "name": "Break/Fix", "itilrequesttype": 1},
            {"id": 72, "name": "Move, Add, Change", "itilrequesttype": 3},
            {"id": 73, "name": "SOC Alert", "itilrequesttype": 1},
            {"id": 74, "name": "Rollout", "use": "prjs"},
            {"id": 75, "name": "Rollout step"},
            {"id": 76, "name": "Deal"},
            {"id": 77, "name": "Change Control", "itilrequesttype": 2},
            {"id": 78, "name": "Chat"},
        ],
        "Status": [
            {"id": 1, "name": "New"}, {"id": 9, "name": "Closed"}, {"id": 33, "name": "Resolved"},
            {"id": 34, "name": "With Supplier"}, {"id": 35, "name": "Parked"}, {"id": 36, "name": "Closed Won"},
            {"id": 37, "name": "Lost"},
        ],
        "Team": [{"id": 1, "name": "Helpdesk"}, {"id": 2, "name": "SOC"}, {"id": 3, "name": "Implementation"},
                 {"id": 4, "name": "Ops"}],
        "Outcome": [{"id": 21, "outcome": "Private Note"}, {"id": 22, "outcome": "Customer notified"}],
        "Template": [{"id": 900, "name": "Rollout", "tickettype_id": 74}, {"id": 901, "name": "X", "tickettype_id": 71}],
        "Priority": [{"id": "a", "priorityid": 5, "name": "P1"}, {"id": "b", "priorityid": 6, "name": "Normal"}],
        "Projects": [
            {"id": 500, "tickettype_id": 74}, {"id": 501, "tickettype_id": 75, "parent_id": 500},
        ],
        "Opportunities": [
            {"id": 600, "tickettype_id": 76, "status_id": 36, "oppconverteddate": "2026-10-01T08:00:00Z",
             "customfields": [{"label": "Key assumptions"}, {"label": "Assumptions URL"}, {"label": "Scope source"},
                              {"label": "Acceptance test"}, {"label": "Acceptance notes"}]},
            {"id": 601, "tickettype_id": 76, "status_id": 37, "oppconverteddate": "1900-01-01T00:00:00"},
        ],
        "Invoice": [
            {"id": 1, "approval_status": 4, "approvalagentid": 12, "approvaldatetime": "2026-10-01T08:00:00Z",
             "posted": True},
            {"id": 2, "approval_status": 3, "requires_approval": True},
            {"id": 3, "approval_status": 5, "approvalagentid": 12, "approvaldatetime": "2026-10-01T08:00:00Z"},
        ],
        "Quotation": [
            {"id": 1, "approvalstate": 7, **SIGNED}, {"id": 2, "approvalstate": 7, "approvalname": "A. Buyer"},
            {"id": 3, "approvalstate": 6},
        ],
    }  # fmt: skip


class Tenant(FakeHalo):
    """Open and closed tickets apart, as HaloPSA answers them, and who we are."""

    def pages(self, kind: str, query: Any = None) -> Any:
        if kind == "Tickets":
            table = "open" if (query or {}).get("open_only") else "closed"
            rows = {
                "open": [{"id": 1, "status_id": 1}, {"id": 2, "status_id": 35, "onhold": True}],
                "closed": [{"id": 3, "status_id": 9}, {"id": 4, "status_id": 33}, {"id": 5, "status_id": 1}],
            }[table]
            self.calls.append(("GET", kind, {}))
            return iter([self._page(kind, {}, rows, len(rows))])
        return super().pages(kind, query)

    def one(self, kind: str, record_id: str, query: Any = None) -> Any:
        if (kind, record_id) == ("Agent", "me"):
            return self._page("Agent/me", {}, [{"id": 23}], None)
        return super().one("Opportunities" if kind == "Tickets" else kind, record_id, query)


def proposed(halo: Tenant) -> dict[str, Any]:
    """Values by key; None is unknown."""
    return {one.key: one.value for one in proposals(take_sample(halo))}


def test_meanings_are_read_off_the_tenants_own_rows() -> None:
    """Types, statuses, fields and numbers of a tenant that shares none with the demo."""
    told = proposed(Tenant(StillClock(), tenant()))
    assert told == {
        "practices.msp.ticket_types": [71, 72, 77],
        "practices.msp.teams": ["Helpdesk"],
        "practices.mssp.ticket_types": [73],
        "practices.mssp.teams": ["SOC"],
        "practices.ps.ticket_types": [74, 75, 76],
        "practices.ps.teams": ["Implementation"],
        "desk.closed_statuses": [9, 33],
        "desk.waiting_statuses": [34, 35],
        "desk.incident_types": [71, 73],
        "desk.request_types": [72],
        "desk.not_tickets": [77],
        "desk.security_types": [73],
        "desk.escalation_priorities": [5],
        "desk.commander_outcomes": None,
        "desk.client_outcomes": ["Customer notified"],
        "desk.evidence_outcomes": None,
        "desk.review_outcomes": None,
        "handoff.opportunity_types": [76],
        "handoff.won.status_id": [36],
        "handoff.won.converted": True,
        "handoff.project_type": 74,
        "handoff.task_type": 75,
        "handoff.fields.source_scope": "Scope source",
        "handoff.fields.source_margin": None,
        "handoff.fields.assumptions": "Key assumptions",
        "handoff.fields.source_assumptions": "Assumptions URL",
        "handoff.fields.dependencies": None,
        "handoff.fields.source_dependencies": None,
        "handoff.fields.acceptance": None,
        "handoff.fields.source_acceptance": None,
        "handoff.templates.template_id": 900,
        "halopsa.meaning.invoice_approval.requested": [3],
        "halopsa.meaning.invoice_approval.approved": [4],
        "halopsa.meaning.invoice_approval.rejected": None,
        "halopsa.meaning.quotation_approval.sent": [6],
        "halopsa.meaning.quotation_approval.accepted": [7],
        "halopsa.meaning.quotation_approval.rejected": None,
        "halopsa.note_outcome": 21,
        "halopsa.api_agent": 23,
    }


def test_the_document_is_policy_and_says_what_is_unknown() -> None:
    """It reads as policy; each unknown key is named, with what could be meant and what holds until then."""
    halo = Tenant(StillClock(), tenant())
    text = proposal_text(proposals(take_sample(halo)), "acme.example")
    policy = read_policy(text)
    assert (policy.handoff.project_type, policy.handoff.won.status_id) == (74, (36,))
    assert policy.handoff.templates[0].template_id == 900
    assert policy.halopsa.meaning.quotation_approval.accepted == (7,)
    assert "UNKNOWN handoff.fields.acceptance" in text
    assert "Acceptance notes, Acceptance test" in text
    assert 'shipped value stays in force: acceptance = "Acceptance criteria"' in text
    assert '78 "Chat"' in text
    assert not halo.written


def test_an_empty_tenant_is_unknown_not_a_guess() -> None:
    """Nothing but what holds in every tenant is proposed."""
    told = proposed(Tenant(StillClock(), {}))
    known = {key: value for key, value in told.items() if value is not None}
    assert known == {"desk.closed_statuses": [9, 33], "desk.waiting_statuses": [35], "halopsa.api_agent": 23}
    read_policy(proposal_text(proposals(take_sample(Tenant(StillClock(), {}))), "x"))


def test_what_may_not_be_read_is_unknown_with_everything_that_rests_on_it() -> None:
    """Without the projects no ticket type can be told apart, whatever its name."""
    halo = Tenant(StillClock(), tenant())
    halo.faults["Projects"] = SourceDenied("HaloPSA does not let us use Projects.", code="halo_denied")
    told = {one.key: one for one in proposals(take_sample(halo))}
    for key in ("practices.msp.ticket_types", "desk.incident_types", "handoff.project_type", "handoff.task_type"):
        assert (told[key].value, told[key].because) == (None, "HaloPSA does not let us use Projects.")
    assert told["handoff.won.status_id"].value == [36]


def test_without_a_token_nothing_is_proposed() -> None:
    """Wrong credentials are an error, not a tenant of unknowns."""
    halo = Tenant(StillClock(), tenant())
    halo.faults["TicketType"] = SourceDenied("No.", code="halo_credentials_refused")
    with pytest.raises(SourceDenied):
        take_sample(halo)


def test_two_that_fit_are_unknown() -> None:
    """Two project types, two templates and two internal notes: a person decides."""
    rows = tenant()
    rows["Projects"].append({"id": 502, "tickettype_id": 78})
    rows["Template"].append({"id": 902, "name": "Y", "tickettype_id": 74})
    rows["Outcome"].append({"id": 23, "outcome": "Internal Note"})
    told = proposed(Tenant(StillClock(), rows))
    for key in ("handoff.project_type", "handoff.templates.template_id", "halopsa.note_outcome"):
        assert told[key] is None, key


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=40))
def test_no_name_from_the_tenant_leaves_its_line(name: str) -> None:
    """Line breaks, quotes and half surrogates in names stay text: the document says what it said before."""
    rows = tenant()
    rows["TicketType"][7]["name"] = name
    rows["Status"][5]["name"] = f"won {name}"
    rows["Team"][0]["name"] = f"Helpdesk {name}"
    rows["Opportunities"][0]["customfields"] = [{"label": f"assumption {name}"}]
    text = proposal_text(proposals(take_sample(Tenant(StillClock(), rows))), name)
    document = tomllib.loads(text)
    assert set(document) == {"practices", "desk", "handoff", "halopsa"}
    assert len(document["practices"]["msp"]["teams"]) == 1
    assert document["handoff"]["project_type"] == 74

"""Lists of the HaloPSA simulator: shapes, paging, filters."""

from __future__ import annotations

import json

import pytest

from tests.local.halopsa.asking import Asking


def _tickets(count: int) -> list[dict]:
    return [
        {
            "id": n,
            "summary": f"Ticket {n}",
            "client_id": 10 + n % 2,
            "tickettype_id": 1 if n % 3 else 3,
            "status_id": 9 if n % 5 == 0 else 1,
            "dateoccurred": f"2026-11-{1 + n % 20:02d}T08:00:00",
            "last_update": f"2026-11-{1 + n % 20:02d}T09:00:00.1234567Z",
            "todo_list": [{"text": "only in the detail"}],
            "closure_note": None,
        }
        for n in range(1, count + 1)
    ]


SEED = {
    "Tickets": _tickets(130),
    "Projects": [{"id": 500, "summary": "Project", "tickettype_id": 40, "budgets": [{"id": 1}]}],
    "Opportunities": [{"id": 600, "summary": "Opportunity", "tickettype_id": 30}],
    "Actions": [
        {"ticket_id": 1, "id": 1, "outcome": "Update", "datetime": "2026-11-02T23:59:59.5Z"},
        {"ticket_id": 1, "id": 2, "outcome": "Update", "datetime": "2026-11-03T00:00:00"},
        {"ticket_id": 2, "id": 1, "outcome": "Update", "datetime": "2026-11-02T10:00:00+01:00"},
    ],
    "Invoice": [{"id": n, "recurring_invoice_id": -1 if n < 3 else -2, "lines": [{"id": 1}]} for n in range(1, 5)],
    "RecurringInvoice": [{"id": -1, "client_id": 10, "lines": []}, {"id": -2, "client_id": 11, "lines": []}],
    "Priority": [{"id": "5f0c0000-0000-4000-8000-000000000001", "priorityid": 1, "slaid": 1, "name": "Critical"}],
    "TimesheetEvent": [{"id": 0, "agent_id": 3, "ticket_id": n, "action_number": 1} for n in range(60)],
    "Strange": [{"id": 1}],
    "CostCentres": [{"id": 1, "name": "North"}],
}


@pytest.fixture(scope="module")
def asking() -> Asking:
    return Asking(SEED)


def test_envelopes_and_bare_arrays(asking):
    """Working tables come in an envelope with their own key, configuration as a bare array."""
    assert list(asking.get("/api/Tickets").json()) == ["record_count", "tickets"]
    assert list(asking.get("/api/RecurringInvoice").json()) == ["record_count", "invoices"]
    assert isinstance(asking.get("/api/TicketType").json(), list)
    assert asking.get("/api/CostCentres").json() == [{"id": 1, "name": "North"}]


def test_the_router_knows_the_paths_of_the_document_in_any_case(asking):
    """Unknown paths are 404, known ones answer in any case, and only three methods exist."""
    assert asking.get("/api/tIcKeTs").status == 200
    assert asking.get("/api/Contract").status == 404
    assert asking.get("/api/Strange").status == 404
    assert asking.raw("PUT", "/api/Tickets").status == 405


def test_paging_needs_pageinate_and_is_capped_at_100(asking):
    """Without pageinate the default is 50; with it pages of at most 100, and record_count stays right."""
    assert len(asking.rows("/api/Tickets", "tickets", page_size=100, page_no=2)) == 50
    first = asking.get("/api/Tickets", pageinate="True", page_no=1, page_size=500, domain="reqs").json()
    assert (len(first["tickets"]), first["record_count"], first["page_size"]) == (100, 130, 100)
    second = asking.rows("/api/Tickets", "tickets", pageinate="true", page_no=2, page_size=100, domain="reqs")
    assert [row["id"] for row in second] == list(range(101, 131))
    assert asking.rows("/api/Tickets", "tickets", pageinate="true", page_no=9, page_size=100) == []
    assert len(asking.rows("/api/Tickets", "tickets", count=77)) == 77


def test_some_endpoints_ignore_paging(asking):
    """TimesheetEvent answers everything whatever is asked."""
    assert len(asking.get("/api/TimesheetEvent", pageinate="true", page_no=1, page_size=10).json()) == 60


def test_one_table_has_three_views(asking):
    """Projects and Opportunities are tickets, seen through their own path or a domain."""
    assert [row["id"] for row in asking.rows("/api/Projects", "tickets")] == [500]
    assert [row["id"] for row in asking.rows("/api/Opportunities", "tickets")] == [600]
    assert asking.get("/api/Tickets").json()["record_count"] == 132
    assert asking.get("/api/Tickets", domain="reqs").json()["record_count"] == 130


def test_lists_leave_out_nulls_and_what_only_the_detail_carries(asking):
    """Null properties are omitted; to-dos, budgets and the like come with GET by id."""
    row = asking.rows("/api/Tickets", "tickets")[0]
    assert "todo_list" not in row
    detail = asking.get("/api/Tickets/1").json()
    assert "todo_list" in detail
    assert "closure_note" not in detail
    assert asking.get("/api/Projects/500").json()["is_project"] is True


def test_filters_of_tickets(asking):
    """open_only, client, type, change window and column windows narrow the list."""

    def ids(**query):
        return {row["id"] for row in asking.rows("/api/Tickets", "tickets", count=1000, domain="reqs", **query)}

    assert all(n % 5 for n in ids(open_only="true"))
    assert ids(client_id=10) == {n for n in range(1, 131) if n % 2 == 0}
    assert ids(requesttype_id=3) == {n for n in range(1, 131) if n % 3 == 0}
    assert ids(requesttype="1,3") == set(range(1, 131))
    assert ids(lastupdatefromdate="2026-11-20T00:00:00") == {n for n in range(1, 131) if n % 20 == 19}
    assert ids(datesearch="dateoccurred", startdate="2026-11-20", enddate="2026-11-21") == ids(
        lastupdatefromdate="2026-11-20T00:00:00"
    )
    assert ids(search="ticket 77") == {77}


def test_order_by_a_column_both_ways(asking):
    """Order names a column, orderdesc turns it round."""
    rows = asking.rows("/api/Tickets", "tickets", order="last_update", orderdesc="true", domain="reqs", count=3)
    assert [row["last_update"][:10] for row in rows] == ["2026-11-20"] * 3


def test_actions_come_by_ticket_or_by_at_most_one_day(asking):
    """Without ticket or window, or with a longer window, nothing comes back."""

    def keys(**query):
        return [(row["ticket_id"], row["id"]) for row in asking.rows("/api/Actions", "actions", **query)]

    assert keys(ticket_id=1) == [(1, 1), (1, 2)]
    assert keys() == []
    day = {"startdate": "2026-11-02T00:00:00Z", "enddate": "2026-11-02T23:59:59.999Z"}
    assert keys(**day) == [(1, 1), (2, 1)]
    assert keys(startdate="2026-11-01", enddate="2026-11-03") == []


def test_invoices_by_their_recurring_invoice_and_with_lines(asking):
    """recurringinvoice_id filters; lines come only when asked for."""
    rows = asking.rows("/api/Invoice", "invoices", recurringinvoice_id=-1)
    assert [row["id"] for row in rows] == [1, 2]
    assert "lines" not in rows[0]
    assert asking.rows("/api/Invoice", "invoices", recurringinvoice_id=-1, includelines="true")[0]["lines"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/Tickets/abc", 400),
        ("/api/Tickets/9999", 404),
        ("/api/RecurringInvoice/-1", 200),
        ("/api/Priority/1", 404),
        ("/api/Priority/5f0c0000-0000-4000-8000-000000000001", 200),
        ("/api/Actions/1?ticket_id=2", 200),
        ("/api/Actions/1", 400),
    ],
)
def test_one_by_id(asking, path, status):
    """Malformed ids are 400, missing ones 404; priorities are GUIDs, actions need their ticket."""
    assert asking.get(path).status == status


def test_actions_can_be_narrowed():
    """Time entries, what agents did, what users see."""
    day = {"ticket_id": 7, "datetime": "2026-11-10T08:00:00Z"}
    rows = [
        {**day, "id": 1, "timetaken": 0.5, "who_type": 1},
        {**day, "id": 2, "timetaken": 0.0, "who_type": 0},
        {**day, "id": 3, "who_type": 1, "hiddenfromuser": True},
    ]
    asking = Asking({"Tickets": [{"id": 7}], "Actions": rows})
    for name, numbers in (("timeentriesonly", [1]), ("agentonly", [1, 3]), ("excludeprivate", [1, 2])):
        assert [row["id"] for row in asking.rows("/api/Actions", "actions", ticket_id=7, **{name: "True"})] == numbers


def test_advanced_search_knows_equals_and_refuses_what_is_no_filter():
    """HaloPSA's own sentence for the latter."""
    asking = Asking({"Tickets": [{"id": 7, "summary": "VPN down"}, {"id": 8, "summary": "Mail"}]})
    one = json.dumps([{"filter_name": "summary", "filter_type": 2, "filter_value": "vpn down"}])
    assert [row["id"] for row in asking.rows("/api/Tickets", "tickets", advanced_search=one)] == [7]
    told = asking.get("/api/Tickets", advanced_search="summary=VPN")
    assert (told.status, told.text) == (400, "Invalid advanced search parameter")


def test_what_only_begins_like_the_api_is_not_the_api():
    """404, with a token or without."""
    assert Asking().get("/apitickets").status == 404

"""Writes of the HaloPSA simulator: upserts, actions, deletes, invoice runs."""

from __future__ import annotations

import pytest

from tests.local.halopsa.asking import Asking


@pytest.fixture
def asking() -> Asking:
    return Asking(
        {
            "Client": [{"id": 12, "name": "Maple Harbour Dental"}],
            "Tickets": [
                {"id": 7, "summary": "VPN down", "client_id": 12, "status_id": 1, "agent_id": 3, "reassigncount": 0,
                 "last_update": "2026-11-01T00:00:00Z", "customfields": [{"id": 1, "name": "CFx", "value": "a"}]}
            ],
            "RecurringInvoice": [
                {"id": -5, "client_id": 12, "nextcreationdate": "2026-12-01T00:00:00", "periodname": "Monthly",
                 "period_start_date": "2026-12-01T00:00:00", "period_end_date": "2026-12-31T00:00:00",
                 "total": 100.0, "lines": [{"id": 1, "net_amount": 100.0}]},
                {"id": -6, "client_id": 12, "disabled": True, "nextcreationdate": "2026-12-01T00:00:00"},
            ],
            "Quotation": [{"id": 3, "title": "Q", "ticket_id": 7, "approvalstate": 1}],
        }
    )  # fmt: skip


def test_bodies_are_arrays_of_json(asking):
    """A bare object is 400 in words, another content type 415, broken JSON 400."""
    told = asking.post("/api/Tickets", {"summary": "x"})
    assert (told.status, told.text) == (400, "This endpoint requires a JSON array.")
    assert asking.post("/api/Tickets", [{"summary": "x"}], content_type="text/plain").status == 415
    headers = {"authorization": f"Bearer {asking.bearer}", "content-type": "application/json"}
    assert asking.raw("POST", "/api/Tickets", b"[{", headers).status == 400


def test_without_id_a_row_is_made_and_with_one_it_is_changed_in_part(asking):
    """201 with one object; a partial update keeps what it does not mention; an unknown id is refused."""
    made = asking.post("/api/Tickets", [{"summary": "New one", "client_id": 12, "_novalidate": True}])
    assert made.status == 201
    row = made.json()
    assert (row["id"], row["status_id"], row["agent_id"]) == (8, 1, 1)
    assert "_novalidate" not in row
    changed = asking.post("/api/Tickets", [{"id": 7, "category_1": "Network"}]).json()
    assert (changed["summary"], changed["category_1"]) == ("VPN down", "Network")
    assert changed["last_update"] > "2026-11-01T00:00:00Z"
    assert asking.post("/api/Tickets", [{"id": 99, "summary": "x"}]).text == "Record not found"


def test_the_last_row_or_all_come_back(asking):
    """Several rows answer the last one, all with returnall, a one-element array on older builds."""
    rows = [{"summary": "a"}, {"summary": "b"}]
    assert asking.post("/api/Tickets", rows).json()["summary"] == "b"
    assert [row["summary"] for row in asking.post("/api/Tickets?returnall=true", rows).json()] == ["a", "b"]
    asking.post("/_sim/quirks", {"array_answers": True})
    assert isinstance(asking.post("/api/Tickets", rows[:1]).json(), list)


@pytest.mark.parametrize("value", [12.0, "12", True])
def test_integer_columns_are_strict(asking, value):
    """95.0 and "95" are refused, and the model state names the field."""
    told = asking.post("/api/Tickets", [{"id": 7, "client_id": value}])
    assert told.status == 400
    assert list(told.json()) == ["[0].client_id"]


def test_an_action_needs_an_outcome_and_moves_its_ticket(asking):
    """Ids count per ticket; new_status, new_agent and new_priority move the ticket; the action says from where."""
    assert asking.post("/api/Actions", [{"ticket_id": 7, "note": "x"}]).text.startswith("An Outcome must be entered")
    assert asking.post("/api/Actions", [{"ticket_id": 7, "outcome_id": 404}]).status == 400
    move = {"ticket_id": 7, "outcome_id": 7, "note": "x", "new_status": 9, "new_agent": 4, "new_priority": 2}
    action = asking.post("/api/Actions", [move]).json()
    assert (action["id"], action["old_status"], action["new_status"], action["who_agentid"]) == (1, 1, 9, 2)
    ticket = asking.get("/api/Tickets/7").json()
    assert (ticket["status_id"], ticket["agent_id"], ticket["priority_id"], ticket["reassigncount"]) == (9, 4, 2, 1)
    assert ticket["dateclosed"]
    again = asking.post("/api/Actions", [{"ticket_id": 7, "outcome": "Re-Open", "timetaken": 0.5}]).json()
    assert (again["id"], again["old_status"], again["new_status"]) == (2, 9, 2)
    reopened = asking.get("/api/Tickets/7").json()
    assert "dateclosed" not in reopened
    assert (reopened["hasbeenclosed"], reopened["timetaken"]) == (True, 0.5)


def test_custom_fields_are_merged(asking):
    """A custom field is met by id or name; others stay."""
    fields = [{"name": "CFx", "value": "b"}, {"name": "CFy", "value": "c"}]
    row = asking.post("/api/Tickets", [{"id": 7, "customfields": fields}]).json()
    assert [(field["name"], field["value"]) for field in row["customfields"]] == [("CFx", "b"), ("CFy", "c")]


def test_deletes(asking):
    """An action needs its ticket, a ticket is only marked, other rows go."""
    asking.post("/api/Actions", [{"ticket_id": 7, "outcome_id": 7}])
    assert asking.delete("/api/Actions/1").status == 400
    assert asking.delete("/api/Actions/1?ticket_id=7").json()["id"] == 1
    assert asking.delete("/api/Tickets/7?reason=test").json()["id"] == 7
    assert asking.rows("/api/Tickets", "tickets") == []
    assert [row["id"] for row in asking.rows("/api/Tickets", "tickets", deleted="true")] == [7]
    assert asking.delete("/api/Client/12").status == 200
    assert asking.get("/api/Client/12").status == 404


def test_processing_makes_the_invoice_and_moves_the_period_on(asking):
    """An invoice with its own id and the recurring id is made; a disabled one is refused."""
    invoice = asking.post("/api/RecurringInvoice/process", [-5]).json()
    assert (invoice["id"], invoice["recurring_invoice_id"], invoice["invoice_date"]) == (1, -5, "2026-12-01T00:00:00")
    template = asking.get("/api/RecurringInvoice/-5").json()
    assert (template["nextcreationdate"], template["period_end_date"]) == ("2027-01-01T00:00:00", "2027-01-31T00:00:00")
    assert asking.post("/api/RecurringInvoice/process", [-6]).status == 400
    made = asking.post("/_sim/process", {"until": "2027-01-02T00:00:00Z"}).json()
    assert made == {"invoices": [2]}


def test_lines_and_quotation_approval(asking):
    """Lines are changed inside their header; an approval leaves its result, name and time."""
    asking.post("/api/RecurringInvoice/updatelines", [{"ihid": -5, "id": 1, "net_amount": 120.0}])
    asking.post("/api/RecurringInvoice/Lines", [{"ihid": -5, "net_amount": 5.0}])
    lines = asking.get("/api/RecurringInvoice/-5").json()["lines"]
    assert [(line["id"], line["net_amount"]) for line in lines] == [(1, 120.0), (2, 5.0)]
    quote = asking.post("/api/Quotation/Approval", [{"id": 3, "result": True, "approvalname": "Nora Fictive"}]).json()
    assert (quote["approvalstate"], quote["approvalname"]) == (2, "Nora Fictive")


def test_a_webhook_needs_an_address_and_gets_a_guid(asking):
    """Setting webhooks up through the API works as HaloPSA's own: GUID ids, numbered notifications."""
    assert asking.post("/api/Webhook", [{"name": "x", "url": "nowhere", "type": 0}]).text == "Please enter a valid URL"
    hook = asking.post("/api/Webhook", [{"name": "x", "url": "https://example.test/in", "type": 0}]).json()
    bell = asking.post("/api/Notification", [{"webhook_id": hook["id"], "eventno": 3, "name": "New", "guid": None}])
    assert len(hook["id"]) == 36
    assert (bell.json()["id"], len(bell.json()["guid"])) == (1, 36)
    assert asking.delete(f"/api/Webhook/{hook['id']}").status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/Tickets", [1]),
        ("/api/Tickets", ["x"]),
        ("/api/RecurringInvoice/updatelines", [1]),
        ("/api/RecurringInvoice/process", ["x"]),
        ("/api/Tickets", [{"summary": "x", "customfields": 5, "id": 7}]),
        ("/api/Actions", [{"ticket_id": 7, "outcome_id": 7, "timetaken": "long"}]),
    ],
)
def test_rows_of_no_known_shape_are_refused(asking, path, body):
    """Whatever is posted, the answer is a 400 and the simulator goes on."""
    assert asking.post(path, body).status == 400
    assert asking.get("/api/Tickets/7").status == 200


def test_a_new_ticket_leaves_dates_open_as_halopsa_does(asking):
    """The year 1900 in columns that cannot be null; unassigned, new, and never closed."""
    made = asking.post("/api/Tickets", [{"summary": "x"}]).json()
    assert (made["targetdate"], made["deadlinedate"]) == ("1900-01-01T00:00:00",) * 2
    assert (made["agent_id"], made["status_id"], "dateclosed" in made) == (1, 1, False)

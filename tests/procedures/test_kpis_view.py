from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Malformed, NotFound
from shared.measures.kpi_catalogue import CATALOGUE
from shared.model import Person, Role
from shared.procedures.kpis import kpis_view
from tests.reports import weeks
from tests.reports.weeks import NOW, START, ticket, z

ALL = Person("oid-1", "Nora Fictive", frozenset({Role.READER}))
FROM, TO = "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"
KEYS = {
    "id",
    "practice",
    "from",
    "to",
    "n",
    "value",
    "unit",
    "mean",
    "median",
    "p90",
    "by_priority",
    "baseline",
    "target",
    "status",
    "restated",
}


def load(services: Any, *rows: dict[str, Any], actions: list[dict[str, Any]] | None = None, at: Any = NOW) -> None:
    services.mirror.load({"Tickets": list(rows), "Actions": actions or []}, at)


def item(answer: dict[str, Any], name: str, practice: str | None = None) -> dict[str, Any]:
    (found,) = [one for one in answer["items"] if one["id"] == name and one["practice"] == practice]
    return found


def test_every_figure_of_the_contract_is_there_in_its_exact_shape() -> None:
    """One item per figure without practice and one per practice, with nothing known at all."""
    answer = kpis_view(weeks.services(), ALL, FROM, TO)

    assert len(answer["items"]) == 4 * len(CATALOGUE)
    assert all(set(one) == KEYS for one in answer["items"])
    assert all(one["value"] is None for one in answer["items"] if one["n"] == 0)
    assert {one["unit"] for one in answer["items"]} <= {"hours", "ratio", "count", "CAD"}


def test_hours_owed_are_those_somebody_is_to_pay_for_and_no_invoice_carries() -> None:
    """On tickets and on projects; at no charge, not billable and no hours at all are no chargeable entries."""
    services = weeks.services()
    told: list[dict[str, Any]] = [
        {"actionchargehours": 1.5},
        {"actionchargehours": 2, "actioninvoicenumber": "INV-1"},
        {"actionchargehours": 2, "action_invoice_line_id": 7},
        {"actionchargehours": 4, "chargerate": 0},
        {"actionchargehours": 4, "actisbillable": False},
        {"actionchargehours": 0, "actionby_application_id": "flow"},
        {"actionchargehours": 8, "ticket_id": 50},
    ]
    actions = [{"ticket_id": 1, "id": place, "datetime": z(START), **one} for place, one in enumerate(told)]
    project = {"id": 50, "tickettype_id": 5, "client_id": 12, "is_project": True}
    services.mirror.load({"Tickets": [ticket(1, START)], "Projects": [project], "Actions": actions}, NOW)
    answer = kpis_view(services, ALL, FROM, TO)

    assert [(item(answer, "unbilled_hours", key)["n"], item(answer, "unbilled_hours", key)["value"])
            for key in (None, "msp", "ps")] == [(4, 9.5), (3, 1.5), (1, 8.0)]  # fmt: skip


def test_an_action_that_names_no_priority_changed_no_severity() -> None:
    """HaloPSA writes 0 where an action left the priority alone."""
    services = weeks.services()
    closed = ticket(1, START, tickettype_id=25, dateclosed=z(START + timedelta(hours=2)))
    actions = [{"ticket_id": 1, "id": place, "datetime": z(START), "new_priority": given} for place, given in
               enumerate((2, 0, -1, None))]  # fmt: skip
    load(services, closed, actions=actions)

    assert item(kpis_view(services, ALL, FROM, TO), "severity_accuracy")["value"] == 1.0


def test_late_data_restates_a_figure_and_keeps_saying_so() -> None:
    """Another value for the same figure, practice, customer and period tells what was said before and since when."""
    services = weeks.services()
    first = ticket(1, START, dateclosed=z(START + timedelta(hours=2)))
    load(services, first)
    before = kpis_view(services, ALL, FROM, TO)
    services.clock.advance(hours=1)
    load(services, first, ticket(2, START, dateclosed=z(START + timedelta(hours=4))), at=services.clock.now())

    after = [kpis_view(services, ALL, FROM, TO) for _ in range(2)]

    assert item(before, "mttr_hours")["restated"] is None
    assert item(after[0], "mttr_hours")["value"] == 3.0
    assert item(after[0], "mttr_hours")["restated"] == {"was": 2.0, "since": "2026-11-23T07:00:00.000Z"}
    assert item(after[1], "mttr_hours")["restated"] == item(after[0], "mttr_hours")["restated"]
    assert item(after[0], "sla_attainment")["restated"] is None


def test_a_figure_first_known_is_not_restated() -> None:
    """Unknown before is not another value."""
    services = weeks.services()
    kpis_view(services, ALL, FROM, TO)
    load(services, ticket(1, START, dateclosed=z(START + timedelta(hours=2))))

    assert item(kpis_view(services, ALL, FROM, TO), "mttr_hours")["restated"] is None


def test_a_customer_filter_counts_only_that_customer() -> None:
    """And another customer's answer restates nothing here."""
    services = weeks.services()
    load(
        services,
        ticket(1, START, dateclosed=z(START + timedelta(hours=2))),
        ticket(2, START, client_id=13, dateclosed=z(START + timedelta(hours=4))),
    )

    whole, one = kpis_view(services, ALL, FROM, TO), kpis_view(services, ALL, FROM, TO, customer="13")

    assert (item(whole, "mttr_hours")["n"], item(one, "mttr_hours")["n"]) == (2, 1)
    assert item(one, "mttr_hours")["restated"] is None


def test_a_narrowed_caller_sees_and_counts_only_what_is_theirs() -> None:
    """Another customer or practice is not found, and unnarrowed figures leave it out."""
    services = weeks.services()
    load(
        services,
        ticket(1, START, dateclosed=z(START + timedelta(hours=2))),
        ticket(2, START, client_id=13, tickettype_id=25, dateclosed=z(START + timedelta(hours=4))),
    )
    person = Person("oid-2", "Sam Fictive", frozenset({Role.READER}), frozenset({"13"}), frozenset({"mssp"}))

    answer = kpis_view(services, person, FROM, TO)

    assert {one["practice"] for one in answer["items"]} == {None, "mssp"}
    assert item(answer, "mttr_hours")["n"] == 1
    with pytest.raises(NotFound):
        kpis_view(services, person, FROM, TO, customer="12")
    with pytest.raises(NotFound):
        kpis_view(services, person, FROM, TO, practice="msp")


@pytest.mark.parametrize(
    ("start", "end", "more"),
    [
        ("soon", TO, {}),
        (FROM, "2026-11-23", {}),
        (TO, FROM, {}),
        (FROM, FROM, {}),
        (None, TO, {}),
        (5, TO, {}),
        ("0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z", {}),
        (FROM, TO, {"customer": "twelve"}),
        (FROM, TO, {"practice": "x"}),
    ],
)
def test_unreadable_parameters_are_malformed(start: Any, end: Any, more: dict[str, Any]) -> None:
    """Never a crash, never a guess."""
    with pytest.raises(Malformed):
        kpis_view(weeks.services(), ALL, start, end, **more)


def test_a_row_of_wrong_types_is_left_out_and_counted() -> None:
    """A date that is none does not become a default."""
    services = weeks.services()
    load(services, ticket(1, START, dateclosed="yesterday"), ticket(2, START, dateclosed=z(START + timedelta(hours=2))))

    assert item(kpis_view(services, ALL, FROM, TO), "mttr_hours")["n"] == 1


def test_reopened_is_told_from_actions() -> None:
    """Out of status 9 into another."""
    services = weeks.services()
    load(
        services,
        ticket(1, START, dateclosed=z(START + timedelta(hours=2))),
        ticket(2, START, dateclosed=z(START)),
        actions=[
            {"ticket_id": 1, "id": 1, "datetime": z(START), "old_status": 9, "new_status": 2},
            {"ticket_id": 2, "id": 1, "datetime": z(START), "old_status": 9, "new_status": 0},
        ],
    )

    assert (
        item(kpis_view(services, ALL, FROM, TO), "reopen_rate")["n"],
        item(kpis_view(services, ALL, FROM, TO), "reopen_rate")["value"],
    ) == (2, 0.5)


def test_a_resolution_is_the_note_of_the_action_that_closed_it_last() -> None:
    """Reopened and closed again, the later one counts; a row without the field does not tell."""
    services = weeks.services(policy='[desk]\nclosure_needs = ["resolution"]\n')
    rows = [ticket(number, START, dateclosed=z(START + timedelta(hours=2))) for number in (1, 2, 3)]
    close = {"datetime": z(START), "old_status": 2, "new_status": 9}
    actions = [
        {**close, "ticket_id": 1, "id": 3, "note": " ", "datetime": z(START + timedelta(hours=2))},
        {**close, "ticket_id": 1, "id": 2, "old_status": 9, "new_status": 2, "note": ""},
        {**close, "ticket_id": 1, "id": 1, "note": "Replaced the toner."},
        {**close, "ticket_id": 2, "id": 1, "note": "Replaced the toner."},
        {**close, "ticket_id": 3, "id": 1},
    ]
    load(services, *rows, actions=actions)
    found = item(kpis_view(services, ALL, FROM, TO), "incomplete_closure")

    assert (found["n"], found["value"]) == (3, 1)

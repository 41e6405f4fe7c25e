"""The scorecard, the backlog and the register of integrations as pages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from functions import portal
from shared.model import Person, Role
from shared.procedures import governance
from shared.registers.integrations import keep
from shared.registers.kpis import register as answered
from tests.functions.test_portal import check_headers, html
from tests.reports.weeks import ticket, z

MIA = Person("mia", "Mia Fictive", frozenset({Role.PRACTICE_MANAGER}), practices=frozenset({"msp"}))


def show(desk: Any, section: str, **query: str) -> str:
    response = desk.call(portal.portal_list, path={"section": section}, query=query)
    assert response.status_code == 200
    check_headers(response)
    return html(response)


def cell(page: str, figure: str, column: str) -> str:
    row = next(one for one in page.split("<tr") if f">{figure}<" in one)
    found = re.search(rf'data-label="{re.escape(column)}"[^>]*><div>(.*?)</div>', row, re.DOTALL)
    assert found is not None
    return re.sub(r"<[^>]+>", "", found[1]).strip()


@pytest.mark.parametrize(
    ("span", "closed"), [("week", "1"), ("last_week", "1"), ("month", "3"), ("quarter", "4"), ("", "1")]
)
def test_the_scorecard_tells_the_span_that_was_asked_for(desk: Any, span: str, closed: str) -> None:
    """Monday morning: this week began nine hours ago. Looking at it restates nothing."""
    services = desk.services
    now = services.clock.now()
    rows = [
        ticket(place, now - timedelta(days=days), dateclosed=z(now - timedelta(days=days, hours=-1)))
        for place, days in enumerate((0.2, 3, 20, 60, 120), 1)
    ]
    services.mirror.load({"Tickets": rows, "Actions": []}, now)
    page = show(desk, "figures", **({"span": span} if span else {}))
    assert cell(page, "Tickets closed", "Value") == closed
    assert cell(page, "Evidence complete", "Value") == "unknown"
    assert list(answered(services.rows).all()) == []


def test_a_practice_sees_its_own_figures_and_none_that_are_told_together(desk: Any) -> None:
    """Its manager chooses it; somebody else's is not found."""
    desk.person = MIA
    page = show(desk, "figures", practice="msp")
    assert "Time to resolve" in page
    assert "Working time that is chargeable" not in page
    assert desk.call(portal.portal_list, path={"section": "figures"}, query={"practice": "ps"}).status_code == 404


def test_the_backlog_is_ranked_by_value_for_effort(desk: Any) -> None:
    """What is typed in is shown and never run."""
    for title, value, effort in (("Dear", 2, 4), ("<b>Cheap</b>", 4, 1)):
        body = {"title": title, "value": value, "effort": effort, "hours_saved": 1.5}
        governance.add_backlog(desk.services, desk.person, body)
    page = show(desk, "backlog")
    assert page.index("&lt;b&gt;Cheap") < page.index("Dear")
    assert "<b>Cheap" not in page
    assert "1.5 h" in page


def test_the_register_names_each_kind_that_nobody_has_planned_for(desk: Any) -> None:
    """Seven kinds are planned for by everybody; whoever is narrowed sees nothing of the house's integrations."""
    keep(
        desk.services.rows,
        [{"id": "i-1", "name": "<b>Ledger</b>", "kind": "accounting", "owner": "fay", "purpose": ""}],
    )
    page = show(desk, "integrations")
    assert "&lt;b&gt;Ledger" in page
    assert page.count("not registered") == 6
    assert "CSP and licensing" in page
    desk.person = MIA
    narrowed = show(desk, "integrations")
    assert "Ledger" not in narrowed
    assert "not registered" not in narrowed

"""An independent program, the PyPI client ``halopsa``, works against the simulator (its host rewritten)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.halopsa.conftest import Simulator

pytestmark = pytest.mark.stack


@pytest.fixture
def halo(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The client, made for a tenant in the cloud and led to the simulator."""
    module = pytest.importorskip("HaloPSA", reason="the PyPI package halopsa is not installed")
    requests = pytest.importorskip("requests", reason="the PyPI package requests is not installed")
    original = requests.Session.request
    sessions: list[Any] = []

    def rewritten(self: Any, method: str, url: str, **how: Any) -> Any:
        sessions.append(self)
        parts = urlsplit(url)
        assert parts.hostname == "local.halopsa.com"
        return original(self, method, f"{simulator.url}{parts.path}", **how)

    monkeypatch.setattr(requests.Session, "request", rewritten)
    yield module.Halo("local", "attest", "local-only")
    for session in sessions:
        session.close()


def test_the_pypi_client_lists_pages_and_details(halo: Any, simulator: Simulator) -> None:
    """Token by form without a tenant, Python's True in the query, envelopes and single records."""
    simulator.rows(Client=[{"id": 3, "name": "Maple Harbour Dental"}])
    tickets = [
        {"id": n, "summary": f"Case {n}", "client_id": 3, "tickettype_id": 1, "status_id": 1} for n in range(1, 131)
    ]
    simulator.rows(Tickets=tickets, Actions=[{"ticket_id": 5, "id": 1, "outcome": "x", "outcome_id": 7, "note": "y"}])
    listed = halo.Tickets.search(pageinate=True, page_size=100, page_no=2)
    assert (listed["record_count"], len(listed["tickets"])) == (130, 30)
    assert halo.Tickets.get(5)["summary"] == "Case 5"
    assert halo.Actions.search(ticket_id=5)["actions"][0]["note"] == "y"
    assert halo.Clients.search()["clients"][0]["name"] == "Maple Harbour Dental"

"""The pages of an access review say what was left out, what was to go and what is still there."""

from __future__ import annotations

import pytest

from functions import portal
from shared import bootstrap
from tests.functions.conftest import Desk
from tests.harness.microsoft import MicrosoftServices, assignment, principal
from tests.harness.reviewing import OWNER, SECOND, answer, example, item, run


@pytest.fixture
def review(monkeypatch: pytest.MonkeyPatch) -> tuple[Desk, MicrosoftServices]:
    services = example()
    desk = Desk(services)  # type: ignore[arg-type]
    desk.person = OWNER
    monkeypatch.setattr(bootstrap, "services", lambda: services)
    monkeypatch.setattr(bootstrap, "identify", lambda _headers: desk.person)
    return desk, services


def quarter(desk: Desk) -> str:
    return desk.call(portal.portal_detail, path={"section": "reviews", "id": "2026-Q4"}).get_body().decode()


def page(desk: Desk, services: MicrosoftServices, identity: str) -> str:
    path = {"quarter": "2026-Q4", "item": item(services, identity)["id"]}
    return desk.call(portal.portal_review_item, path=path).get_body().decode()


def test_what_could_not_be_read_stands_on_the_quarters_page(review: tuple[Desk, MicrosoftServices]) -> None:
    """Each thing with its reason, and no word of it where all was read."""
    desk, services = review
    services.put(appRoleAssignments=[assignment("gone", "User.Read.All")])
    services.fault(match="/graph/v1.0/applications", status=403, times=9)
    run(services)
    shown = quarter(desk)
    assert "What could not be read" in shown
    assert "sp-gone" in shown
    assert "Rights name it, but the directory no longer shows it." in shown
    assert "applications of tenant" in shown


def test_a_quarter_that_was_read_whole_says_nothing_of_gaps(review: tuple[Desk, MicrosoftServices]) -> None:
    """And an integration without rights is no unknown one."""
    desk, services = review
    services.put(servicePrincipals=[principal("bare")])
    services.mirror.load({"Application": [], "Agent": [], "Roles": []}, services.clock.now())
    run(services)
    assert "What could not be read" not in quarter(desk)
    assert "holds none" in quarter(desk)


def test_an_item_says_what_was_to_go_and_what_is_left(review: tuple[Desk, MicrosoftServices]) -> None:
    """A reduction names its rights, and those that the last check still found."""
    desk, services = review
    run(services)
    answer(services, "app-a", "reduce", remove=["Directory.ReadWrite.All"])
    assert "To be removed" in page(desk, services, "app-a")
    assert "Still there" not in page(desk, services, "app-a")
    run(services)
    assert "Still there" in page(desk, services, "app-a")
    assert "Last checked" in page(desk, services, "app-a")
    missing = {"quarter": "2026-Q4", "item": "00000-nothing"}
    assert desk.call(portal.portal_review_item, path=missing).status_code == 404


def test_people_stand_on_the_page_by_name(review: tuple[Desk, MicrosoftServices]) -> None:
    """Who owns it as the directory calls them, who answered as their token did; without a name the id stands there."""
    desk, services = review
    owners = [{"id": "owner-9", "displayName": "Olga Fictive"}]
    services.put(servicePrincipals=[principal("a", owners=owners), principal("n", owners=[{"id": "owner-8"}])])
    run(services)
    answer(services, "app-a", "keep")
    desk.person = SECOND
    assert "Olga Fictive" in page(desk, services, "app-a")
    assert "Nora Fictive" in page(desk, services, "app-a")
    assert "owner-8" in page(desk, services, "app-n")

"""Pages of the programme: what a step asks, the form that records it, and who may."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from functions import portal
from shared.model import Person, Role
from tests.functions.test_portal import FORM, check_headers, html, token_in

STEERING = Person("stella", "Stella Fictive", frozenset({Role.STEERING_MEMBER}))
READER = Person("rena", "Rena Fictive", frozenset({Role.READER}))


def page(desk: Any, identity: str) -> Any:
    return desk.call(portal.portal_detail, path={"section": "programme", "id": identity})


def send(desk: Any, identity: str, **fields: str) -> Any:
    return desk.call(
        portal.portal_step,
        "POST",
        path={"id": identity},
        raw=urlencode(fields).encode(),
        headers={"content-type": FORM},
    )


def test_the_list_shows_every_step_and_narrows_by_stage(desk: Any) -> None:
    """In order, with what speaks against each."""
    desk.person = STEERING
    listed = desk.call(portal.portal_list, path={"section": "programme"}, query={"stage": "go_live"})
    check_headers(listed)
    told = html(listed)
    assert "/programme/go_no_go" in told
    assert "/programme/steering_team" not in told
    assert "step out of order" in told


def test_a_step_is_recorded_from_its_form_and_called_done_when_it_stands(desk: Any) -> None:
    """What is missing is a page that says so; what was typed in the first form is kept."""
    desk.person = STEERING
    given = {
        "token": token_in(html(page(desk, "escalation_policy"))),
        "owner": "oid-owner",
        "answer-0": "<b>The owner</b>",
    }
    assert send(desk, "escalation_policy", state="done", **given).status_code == 422
    kept = send(desk, "escalation_policy", state="open", **given)
    assert kept.status_code == 303
    told = html(page(desk, "escalation_policy"))
    assert "&lt;b&gt;The owner&lt;/b&gt;" in told
    assert "<b>The owner" not in told

    team = {f"answer-{place}": "A fictive person" for place in range(8)}
    token = token_in(html(page(desk, "steering_team")))
    sent = send(desk, "steering_team", token=token, owner="oid-owner", state="done", due="2026-12-01", **team)
    assert sent.headers["Location"] == "/programme/steering_team?done=step"
    done = html(page(desk, "steering_team"))
    assert "There is nothing to say against it." in done
    assert "A fictive person" in done


def test_a_form_of_another_step_and_a_reader_record_nothing(desk: Any) -> None:
    """The token is of one step and one person; a reader is given no form."""
    desk.person = STEERING
    other = token_in(html(page(desk, "cutover")))
    assert send(desk, "steering_team", token=other, owner="oid-owner", state="open").status_code == 403
    desk.person = READER
    assert 'name="token"' not in html(page(desk, "cutover"))
    assert send(desk, "cutover", token=other, state="open").status_code == 403
    assert page(desk, "nothing").status_code == 404

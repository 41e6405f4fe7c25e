"""The page of a month's sample of overrides, and its forms."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from functions import portal
from shared.registers.samples import concluded
from tests.functions.test_page_programme import READER, STEERING
from tests.functions.test_portal import FORM, html, token_in
from tests.procedures.test_override_samples import draw
from tests.procedures.test_override_samples import services as _services

services = _services


def test_a_conclusion_is_given_where_the_sample_is_read(desk: Any, services: Any, monkeypatch: Any) -> None:
    """By who may; the page then shows it and asks no more. A reader is given no form."""
    monkeypatch.setattr("shared.bootstrap.services", lambda: services)
    draw(services)
    desk.person = READER
    at = {"section": "samples", "id": "2026-11"}
    assert "<form" not in html(desk.call(portal.portal_detail, path=at)).partition("<main")[2]
    desk.person = STEERING
    assert "/samples/2026-11" in html(desk.call(portal.portal_list, path={"section": "samples"}))
    token = token_in(html(desk.call(portal.portal_detail, path=at)))
    body = urlencode({"token": token, "conclusion": "justified", "note": "<i>As agreed</i>"}).encode()
    path = {"period": "2026-11", "item": "a-1"}
    sent = desk.call(portal.portal_conclude, "POST", path=path, raw=body, headers={"content-type": FORM})
    assert sent.headers["Location"] == "/samples/2026-11?done=concluded"
    assert concluded(services.rows, "2026-11")["a-1"]["by"] == "stella"
    shown = html(desk.call(portal.portal_detail, path=at))
    assert "&lt;i&gt;As agreed&lt;/i&gt;" in shown
    assert 'name="conclusion"' not in shown

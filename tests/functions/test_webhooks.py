"""The webhook's door: any id comes back as it was sent, and a stranger is asked for the right kind of credentials."""

from __future__ import annotations

import base64
import json

import pytest

from functions.webhooks import receive_deliveries
from shared.errors import StorageUnavailable

RIGHT = {"authorization": "Basic " + base64.b64encode(b"halopsa:local-only").decode()}


def ring(desk, raw, headers=RIGHT, source="main", **more):
    """One POST."""
    return desk.call(receive_deliveries, "POST", path={"source": source}, raw=raw, headers=headers, **more)


@pytest.mark.parametrize("text", [r"\ud800", r"x\udfff", r"\u0000", "\U0001f600", "é", "a/b\\\\c#?%00", r"\u0061"])
def test_any_id_is_kept_and_answered(desk, text):
    """Half a surrogate pair, control characters and signs of other planes: kept once, told back in the receipt."""
    body = f'{{"id":"{text}"}}'.encode()
    first, second = ring(desk, body), ring(desk, body)
    assert (first.status_code, second.status_code) == (200, 200)
    [receipt] = json.loads(first.get_body())["receipts"]
    assert receipt["delivery_id"] == json.loads(body)["id"]
    assert json.loads(second.get_body())["receipts"] == [{**receipt, "duplicate": True}]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer x"}, {"authorization": "Basic !"}])
def test_a_stranger_is_asked_for_basic_credentials(desk, headers):
    """401 names the scheme that HaloPSA can speak."""
    response = ring(desk, b'{"id":"x"}', headers={**headers, "content-type": "application/json"})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_a_conflict_about_an_odd_id_is_a_problem_that_names_it(desk):
    """The refusal is encoded like the receipt."""
    ring(desk, b'{"id":"\\ud800"}')
    response = ring(desk, b'{"id":"\\ud800","more":1}')
    told = json.loads(response.get_body())
    assert (response.status_code, told["code"], told["delivery_id"]) == (409, "intake_conflict", "\ud800")


def test_what_is_sent_in_chunks_is_not_said_to_be_kept(desk):
    """The host hands on an empty body then: it is refused by name, after the caller was known, and nothing is recorded."""
    chunked = {**RIGHT, "content-type": "application/json", "transfer-encoding": "chunked"}
    response = ring(desk, b"", headers=chunked)
    assert (response.status_code, json.loads(response.get_body())["code"]) == (411, "length_required")
    assert desk.services.ledger.entries == []
    assert ring(desk, b"", headers={**chunked, "authorization": "Basic x"}).status_code == 401


def test_storage_that_is_down_is_503_with_a_time(desk):
    """So that whoever sends may send again."""

    def down(*_):
        raise StorageUnavailable("Storage does not answer.", retry_after=9)

    desk.services.rows.insert = down
    response = ring(desk, b'{"id":"x"}')
    assert (response.status_code, response.headers["Retry-After"]) == (503, "9")

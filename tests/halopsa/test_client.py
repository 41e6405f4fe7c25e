"""The client against everything HaloPSA is known to do."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs

import httpx
import pytest

from shared.errors import SourceBusy, SourceDenied, SourceDown, SourceRejected
from tests.halopsa.script import Script, page, tickets

HALF = httpx.Response(200, content=b'{"record_count":2,"tickets":[{"id":1},')
FULL = page(tickets(1, 2), 2)


def ids(script: Script, kind: str = "Tickets", query: dict[str, str] | None = None) -> list[int]:
    """Ids in the order read."""
    return [row["id"] for one in script.client().pages(kind, query) for row in one.rows]


def test_paging_asks_all_three_parameters_from_the_first_page_on() -> None:
    """Without pageinate HaloPSA ignores the others."""
    script = Script(page(tickets(1, 100), 150), page(tickets(101, 150), 150))
    assert ids(script, query={"open_only": "true"}) == list(range(1, 151))
    asked = [dict(request.url.params) for request in script.requests]
    assert asked[0] == {"open_only": "true", "pageinate": "true", "page_size": "100", "page_no": "1"}
    assert asked[1]["page_no"] == "2"
    assert script.requests[0].headers["Authorization"] == "Bearer t1"


def test_a_list_read_tells_what_was_asked_and_what_came() -> None:
    """ReadPage carries exact bytes, query, count and time."""
    script = Script(FULL)
    [one] = script.client().pages("Tickets")
    assert json.loads(one.body)["record_count"] == 2
    assert (one.path, one.status, one.record_count, one.read_at) == ("Tickets", 200, 2, script.clock.now())


@pytest.mark.parametrize("count", [None, 0, 1, 100, 101, 10_000])
def test_a_wrong_or_missing_record_count_loses_nothing(count: int | None) -> None:
    """Full pages are followed by another request whatever the count says; a short or empty one ends the list."""
    script = Script(
        page(tickets(1, 100), count),
        page(tickets(101, 200), count),
        page(tickets(201, 205), count),
        page([], count or 0),
    )
    assert ids(script) == list(range(1, 206))


def test_a_server_that_caps_pages_lower_is_read_to_the_end() -> None:
    """Fifty rows for a hundred asked are not the end while the count says more."""
    script = Script(page(tickets(1, 50), 120), page(tickets(51, 100), 120), page(tickets(101, 120), 120))
    assert ids(script) == list(range(1, 121))


def test_an_endpoint_that_ignores_paging_is_read_once() -> None:
    """A repeated page ends the walk and is not counted twice; an oversized one is the whole list."""
    script = Script(page(tickets(1, 100), 300))
    assert ids(script) == list(range(1, 101))
    assert len(script.requests) == 2
    script = Script(page(tickets(1, 1567)))
    assert len(ids(script)) == 1567
    assert len(script.requests) == 1


def test_rows_removed_while_reading_do_not_hide_others() -> None:
    """When the count shrinks between pages the page before is read again."""

    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page_no"])
        rows = tickets(1, 300) if len(script.requests) <= 2 else tickets(11, 300)
        return page(rows[(number - 1) * 100 : number * 100], len(rows))

    script = Script(answer)
    assert set(ids(script)) == set(range(1, 301))


@pytest.mark.parametrize(
    "body",
    [
        [{"id": 1}],
        {"tickets": [{"id": 1}]},
        {"record_count": 1, "columns": [{"id": 9}], "tickets": [{"id": 1}]},
        {"record_count": 1, "columns": [], "results": [{"id": 1}]},
    ],
)
def test_lists_come_bare_or_in_an_envelope(body: object) -> None:
    """The known key, else the first list that is not about columns."""
    assert ids(Script(httpx.Response(200, json=body))) == [1]


def test_lookups_are_asked_without_paging() -> None:
    """Their endpoints know none."""
    script = Script(httpx.Response(200, json=[{"id": 1}]))
    assert ids(script, "Status") == [1]
    assert dict(script.requests[0].url.params) == {}


def test_an_element_that_is_no_object_is_marked() -> None:
    """It must not vanish nor break the page."""
    [one] = Script(httpx.Response(200, json=[1, {"id": 2}])).client().pages("Status")
    assert one.rows == ({"@unreadable": 1}, {"id": 2})


@pytest.mark.parametrize(
    "bad",
    [
        HALF,
        httpx.Response(200, content=b"<html>Sign in</html>"),
        httpx.Response(200, content=b""),
        httpx.Response(200, content=b"null"),
        httpx.Response(200, content=b"{}"),
        httpx.Response(200, content=b'{"record_count":3}'),
        httpx.Response(200, content=b'{"tickets":[{"id":NaN}]}'),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.Response(200, content=b"\xff\xfe"),
        httpx.Response(500, text="boom"),
        httpx.Response(503),
        httpx.Response(515, text="Cannot insert NULL"),
        httpx.ReadTimeout("slow"),
        httpx.ConnectTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("cut"),
        httpx.ReadError("reset"),
    ],
)
def test_reads_are_tried_again_and_then_given_up(bad: httpx.Response | Exception) -> None:
    """Half answers and outages heal by asking again; what lasts is SourceDown."""
    script = Script(bad, bad, FULL)
    assert ids(script) == [1, 2]
    assert script.slept == [1.0, 2.0]
    script = Script(bad)
    with pytest.raises(SourceDown):
        ids(script)
    assert len(script.requests) == 4


def test_an_empty_envelope_with_count_zero_is_an_empty_list() -> None:
    """Nothing, said so."""
    assert ids(Script(httpx.Response(200, json={"record_count": 0}))) == []


def test_a_gateway_timeout_is_not_tried_again() -> None:
    """HaloPSA goes on working behind it."""
    script = Script(httpx.Response(504, text="Gateway Timeout"))
    with pytest.raises(SourceDown) as caught:
        ids(script)
    assert caught.value.code == "halo_gateway_timeout"
    assert len(script.requests) == 1


def test_one_refresh_on_401_then_a_permission_error() -> None:
    """An expired token heals; a missing permission does not loop."""
    script = Script(httpx.Response(401), FULL)
    assert ids(script) == [1, 2]
    assert [request.headers["Authorization"] for request in script.requests] == ["Bearer t1", "Bearer t2"]
    script = Script(httpx.Response(401))
    with pytest.raises(SourceDenied):
        ids(script)
    assert len(script.requests) == 2
    script = Script(httpx.Response(403))
    with pytest.raises(SourceDenied):
        ids(script)
    assert len(script.requests) == 1


def test_429_waits_as_told_or_longer_each_time() -> None:
    """Retry-After in seconds or as a date, else growing waits, then SourceBusy."""
    text = "Rate Limit Reached - 300 Requests per rolling 5 minute window"
    script = Script(httpx.Response(429, text=text, headers={"Retry-After": "7"}), FULL)
    assert ids(script) == [1, 2]
    assert script.slept == [7.0]
    script = Script(FULL)
    until = format_datetime(script.clock.now() + timedelta(seconds=30), usegmt=True)
    script.answers = [httpx.Response(429, headers={"Retry-After": until}), FULL]
    assert ids(script) == [1, 2]
    assert script.slept == [30.0]
    for nonsense in ({}, {"Retry-After": "soon"}, {"Retry-After": "9999999"}):
        script = Script(httpx.Response(429, headers=nonsense), httpx.Response(429), FULL)
        assert ids(script) == [1, 2]
        assert script.slept == [5.0, 10.0]
    script = Script(httpx.Response(429))
    with pytest.raises(SourceBusy):
        ids(script)
    assert sum(script.slept) <= 600


def test_tokens_are_renewed_before_they_end() -> None:
    """A minute before, or for short ones after four fifths of their life."""
    script = Script(FULL)
    client = script.client()
    list(client.pages("Tickets"))
    script.clock.advance(seconds=3539)
    list(client.pages("Tickets"))
    assert len(script.tokens) == 1
    script.clock.advance(seconds=2)
    list(client.pages("Tickets"))
    assert len(script.tokens) == 2


@pytest.mark.parametrize(
    ("how", "query", "form", "basic"),
    [
        ({"tenant": "acme"}, {"tenant": ["acme"]}, {"client_id": ["id"], "client_secret": ["secret"]}, False),
        ({"tenant": "acme", "tenant_in": "form"}, {}, {"tenant": ["acme"], "client_id": ["id"]}, False),
        ({"style": "basic"}, {}, {"grant_type": ["client_credentials"], "scope": ["all"]}, True),
    ],
)
def test_where_tenant_and_credentials_travel(how: dict, query: dict, form: dict, basic: bool) -> None:
    """Query or form, body or Basic."""
    script = Script(FULL)
    list(script.client(**how).pages("Tickets"))
    sent = script.tokens[0]
    assert {name: sent.url.params.get_list(name) for name in sent.url.params} == query
    body = parse_qs(sent.content.decode())
    assert {name: body.get(name) for name in form} == form
    assert ("client_secret" in body) is not basic
    assert sent.headers.get("Authorization") == ("Basic " + base64.b64encode(b"id:secret").decode() if basic else None)


def test_a_refused_client_is_tried_once_the_other_way() -> None:
    """Some authorisation servers want Basic; a second refusal is a denial."""
    refused = httpx.Response(401, json={"error": "invalid_client"})
    script = Script(FULL)
    script.token_answers = [refused]
    assert ids(script) == [1, 2]
    script = Script(FULL)
    script.token_answers = [refused, refused]
    with pytest.raises(SourceDenied) as caught:
        ids(script)
    assert caught.value.code == "halo_credentials_refused"


def test_an_unknown_scope_is_named() -> None:
    """The whole token request is refused for one scope."""
    script = Script(FULL)
    script.token_answers = [httpx.Response(400, json={"error": "invalid_scope", "error_description": "not valid"})]
    with pytest.raises(SourceDenied) as caught:
        ids(script)
    assert caught.value.code == "halo_scope_refused"


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"access_token":5}', b"<html>", b'{"access_token":"x","expires_in":"y"}']
)
def test_a_token_answer_without_token_is_an_outage(body: bytes) -> None:
    """Never sent as an empty bearer."""
    script = Script(FULL)
    script.token_answers = [httpx.Response(200, content=body)]
    with pytest.raises(SourceDown):
        ids(script)


@pytest.mark.parametrize(
    ("body", "said", "field"),
    [
        (b"An Outcome must be entered for this Action", "An Outcome must be entered for this Action", None),
        (b'{"[0].id":["The value 95.0 is invalid."]}', "The value 95.0 is invalid.", "id"),
        (b'{"client_id":["Error converting value"]}', "Error converting value", "client_id"),
        (b'{"title":"One or more","errors":{"$.qty":["bad"]}}', "bad", "qty"),
        (b'{"Message":"The request is invalid.","ModelState":{"x":["y"]}}', "The request is invalid.", None),
        (b'{"ClassName":"System.Exception","Message":"Record not found"}', "Record not found", None),
        (b'{"resultCode":1,"errorMessage":"no"}', "no", None),
        (b'{"error":"bad"}', "bad", None),
        (b'"quoted"', "quoted", None),
        (b"<h1>Bad</h1>", "Bad", None),
        (b"", "", None),
        (b"{broken", "{broken", None),
    ],
)
def test_refusals_name_the_sentence_and_the_field(body: bytes, said: str, field: str | None) -> None:
    """Every body form HaloPSA is known to answer."""
    script = Script(httpx.Response(400, content=body))
    with pytest.raises(SourceRejected) as caught:
        script.client().write("Tickets", {"id": 1})
    assert caught.value.details["said"] == said
    assert caught.value.details["field"] == field
    assert caught.value.details["status"] == 400


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("body", [{"id": 5, "x": 1}, [{"id": 5, "x": 1}], [{"id": 4}, {"id": 5, "x": 1}]])
def test_posts_are_arrays_and_answers_objects_or_arrays(status: int, body: object) -> None:
    """201 with the row, or older builds' arrays."""
    script = Script(httpx.Response(status, json=body))
    assert script.client().write("Tickets", {"summary": "x"}) == {"id": 5, "x": 1}
    assert json.loads(script.requests[0].content) == [{"summary": "x"}]
    assert script.requests[0].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "bad", [httpx.Response(500), httpx.Response(504), httpx.ReadTimeout("slow"), httpx.Response(200)]
)
def test_a_write_is_never_repeated_when_it_may_have_happened(bad: httpx.Response | Exception) -> None:
    """SourceDown says that it is uncertain; the caller looks before it tries again."""
    script = Script(bad)
    with pytest.raises(SourceDown) as caught:
        script.client().write("Tickets", {"id": 1})
    assert caught.value.details["uncertain"] is True
    assert len(script.requests) == 1


def test_a_write_that_never_left_is_certain() -> None:
    """Nothing was sent when no connection came about."""
    with pytest.raises(SourceDown) as caught:
        Script(httpx.ConnectError("no")).client().write("Tickets", {"id": 1})
    assert caught.value.details["uncertain"] is False


def test_one_record_or_none() -> None:
    """404 is None; older builds answer an array of one; other refusals rise."""
    assert Script(httpx.Response(404)).client().one("Tickets", "5") is None
    found = Script(httpx.Response(200, json=[{"id": 5}])).client().one("Tickets", "5", {"includedetails": "true"})
    assert found is not None
    assert found.rows == ({"id": 5},)
    with pytest.raises(SourceRejected):
        Script(httpx.Response(400, text="bad id")).client().one("Tickets", "x")


def test_ids_cannot_leave_their_place_in_the_path() -> None:
    """An id with slashes is one segment; a kind is never text from outside."""
    script = Script(httpx.Response(200, json={"id": 1}))
    script.client().one("Tickets", "../Agent?x=1")
    assert script.requests[0].url.raw_path == b"/api/Tickets/..%2FAgent%3Fx%3D1"
    with pytest.raises(SourceRejected):
        script.client().one("../auth", "1")


def test_removal_of_what_is_gone_is_no_error() -> None:
    """DELETE with query parameters; 404 is fine."""
    script = Script(httpx.Response(404))
    script.client().remove("Actions", "3", {"ticket_id": "9"})
    assert script.requests[0].method == "DELETE"
    assert script.requests[0].url.params["ticket_id"] == "9"


def test_redirects_are_not_followed() -> None:
    """The bearer token stays with its host."""
    script = Script(httpx.Response(302, headers={"Location": "https://elsewhere.example/"}))
    with pytest.raises(SourceDown):
        ids(script)
    assert {request.url.host for request in script.requests} == {"halo.example"}


def test_errors_carry_no_secret() -> None:
    """Neither the token nor the client secret is in message or details."""
    script = Script(httpx.Response(400, text="no"))
    with pytest.raises(SourceRejected) as caught:
        ids(script)
    told = caught.value.message + json.dumps(caught.value.details)
    assert "secret" not in told
    assert "t1" not in told

"""How calls are read and answered, whatever the operation."""

from __future__ import annotations

import json

import azure.functions as func
import pytest

from functions.http import Answer, handle
from shared.errors import Busy, Gone, Unavailable
from shared.model import Person, Role


def probe(operation, procedure=lambda call: {"query": {k: str(v) for k, v in call.query.items()}, "body": call.body}):
    def trigger(req: func.HttpRequest) -> func.HttpResponse:
        return handle(operation, req, procedure)

    return trigger


def answer(response):
    return response.status_code, json.loads(response.get_body() or b"null"), response


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"colour": "red"}, "unknown_parameter"),
        ({"limit": "0"}, "number_invalid"),
        ({"limit": "501"}, "number_invalid"),
        ({"limit": "ten"}, "number_invalid"),
        ({"limit": "-1"}, "number_invalid"),
        ({"limit": "٣"}, "number_invalid"),
        ({"from": "yesterday"}, "time_invalid"),
        ({"from": "2026-11-20"}, "time_invalid"),
        ({"from": "9999-12-31T23:59:59-14:00"}, "time_invalid"),
        ({"from": "2026-11-21T00:00:00Z", "to": "2026-11-20T00:00:00Z"}, "period_invalid"),
        ({"verdict": "fine"}, "value_invalid"),
    ],
)
def test_malformed_or_unknown_parameters_are_400(desk, query, code):
    """Each with its code and a sentence."""
    status, body, response = answer(desk.call(probe("listFindings"), query=query))
    assert (status, body["code"], response.mimetype) == (400, code, "application/problem+json")


def test_a_body_sent_in_chunks_is_refused_by_name(desk):
    """The host hands on nothing of it; 'not JSON' would send whoever asks looking in the wrong place."""
    desk.person = Person("nora", "Nora Fictive", frozenset({Role.OPERATOR}))
    for operation in ("startRun", "addUsage"):
        query = {"period": "2026-11"} if operation == "addUsage" else {}
        status, body, _ = answer(
            desk.call(probe(operation), "POST", query=query, headers={"transfer-encoding": "chunked"})
        )
        assert (status, body["code"]) == (411, "length_required")
    assert answer(desk.call(probe("listFindings"), headers={"transfer-encoding": "chunked"}))[0] == 200


def test_a_plus_sign_in_an_offset_arrives_as_a_blank(desk):
    """2026-11-20T10:00:00+02:00 in a query is what the caller meant."""
    status, body, _ = answer(desk.call(probe("listFindings"), query={"from": "2026-11-20T10:00:00 02:00"}))
    assert (status, body["query"]["from"][:13]) == (200, "2026-11-20 08")


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 400, "malformed_json"),
        (b"{", 400, "malformed_json"),
        (b'{"job": "sync", "job": "seal"}', 400, "malformed_json"),
        (b'{"job": NaN}', 400, "malformed_json"),
        (b'{"job": "\\ud800"}', 400, "malformed_json"),
        (b'{"\\udfff": 1}', 400, "malformed_json"),
        (b"\xff\xfe{}", 400, "malformed_json"),
        (b"[" * 5000, 400, "malformed_json"),
        (b"[]", 422, "body_not_object"),
        (b'"sync"', 422, "body_not_object"),
        (b'{"job": 3}', 422, "body_invalid"),
        (b'{"job": "sync", "extra": 1}', 422, "body_invalid"),
        (b"{}", 422, "body_invalid"),
        (b" " * 1_100_000, 413, "body_too_large"),
    ],
)
def test_bad_bodies_are_told_apart(desk, raw, status, code):
    """Unreadable is 400, readable but not acceptable 422, too much 413."""
    got, body, _ = answer(desk.call(probe("startRun"), "POST", raw=raw))
    assert (got, body["code"]) == (status, code)


def test_another_media_type_is_415(desk):
    """JSON only."""
    got, body, _ = answer(desk.call(probe("startRun"), "POST", raw=b"<a/>", headers={"content-type": "text/xml"}))
    assert (got, body["code"]) == (415, "unsupported_media_type")


def test_role_is_judged_before_the_body(desk):
    """A Reader with a broken body is told 403, and one record of the refusal is all that is left."""
    desk.person = Person("rae", "Rae Reader", frozenset({Role.READER}))
    status, body, _ = answer(desk.call(probe("startRun"), "POST", raw=b"{"))
    assert (status, body["code"]) == (403, "role_missing")
    assert [entry.type for _, entry in desk.services.ledger.entries] == ["access.refused"]


def test_without_a_token_the_answer_is_401_with_a_challenge(desk):
    """And a flood of them within a minute is one record."""
    desk.person = None
    for _ in range(5):
        status, _, response = answer(desk.call(probe("startRun"), "POST", raw=b"{"))
        assert (status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert len(desk.services.ledger.of_type("access.refused")) == 1


def test_the_request_id_is_echoed_when_it_is_sane_and_made_when_it_is_not(desk):
    """Header injection and essays are replaced."""
    good = desk.call(probe("listFindings"), headers={"x-request-id": "abc-123"})
    bad = desk.call(probe("listFindings"), headers={"x-request-id": "abc\r\nX: y"})
    assert good.headers["X-Request-Id"] == "abc-123"
    assert len(bad.headers["X-Request-Id"]) == 36


@pytest.mark.parametrize(("fault", "status"), [(Busy("Later."), 429), (Unavailable("Down.", retry_after=7), 503)])
def test_come_back_later_says_when(desk, fault, status):
    """Retry-After stands on 429 and 503."""

    def refuse(_call):
        raise fault

    response = desk.call(probe("listFindings", refuse))
    assert (response.status_code, response.headers["Retry-After"]) == (status, "7" if status == 503 else "5")


def test_a_bug_is_a_problem_that_can_be_quoted_and_says_nothing_else(desk):
    """500, its code and the request id; what went wrong stays in the log, by kind and place."""

    def broken(_call):
        raise ValueError("Paula Imagined, invoice 7")

    status, body, response = answer(desk.call(probe("listFindings", broken), headers={"x-request-id": "q-7"}))
    assert (status, response.mimetype) == (500, "application/problem+json")
    assert (body["code"], body["request_id"]) == ("internal_error", "q-7")
    assert "Paula" not in json.dumps(body)


@pytest.mark.parametrize("query", ["limit=", "customer=&limit=5", "customer=1&customer=2", "no_such="])
def test_the_address_is_judged_as_it_was_written(desk, query):
    """The host drops empty values and joins repeated ones; neither may turn into a wider answer."""
    request = func.HttpRequest("GET", f"http://test/api/findings?{query}", params={}, body=b"")
    status, body, _ = answer(probe("listFindings")(request))
    assert (status, body["code"]) == (400, "value_invalid")


def test_an_answer_that_is_a_refusal_is_a_problem_whoever_wrote_it(desk):
    """Type, media type and request id are added."""
    refusal = Answer({"title": "No", "status": 422, "code": "target_refused", "codes": ["range"]}, 422)
    _, body, response = answer(desk.call(probe("listFindings", lambda _call: refusal), headers={"x-request-id": "q"}))
    assert response.mimetype == "application/problem+json"
    assert (body["type"], body["request_id"], body["codes"]) == (
        "urn:halo-attest:problem:target_refused",
        "q",
        ["range"],
    )


def test_problem_details_hold_no_secrets_and_a_stable_type(desk):
    """Type, title, status, detail, code, request_id: nothing else by default."""

    def gone(_call):
        raise Gone("It expired.", code="approval_expired", secret="never shown")

    status, body, _ = answer(desk.call(probe("listFindings", gone)))
    assert status == 410
    assert set(body) == {"type", "title", "status", "detail", "code", "request_id"}
    assert body["type"].endswith(":approval_expired")


def test_answers_are_not_cached_or_sniffed(desk):
    """On every answer."""
    response = desk.call(probe("listFindings", lambda _call: Answer(b"x", media_type="text/plain")))
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"

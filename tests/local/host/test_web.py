"""HTTP through the stand-in is what the Functions host hands on, and what it answers itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from local.clock import MovableClock
from local.host.app import Host, HostChoices
from local.host.functions import HTTP, TIMER
from local.host.keys import Keys
from local.host.options import HostOptions
from tests.local.host.caller import Caller
from tests.local.host.tiny import Log, tiny

OPTIONS = HostOptions.of({"extensions": {"http": {"routePrefix": ""}, "queues": {"messageEncoding": "none"}}})
SETTINGS = {"SCHEDULE": "0 0 * * * *"}


def client(log: Log | None = None, **choices: Any) -> Caller:
    """The host of the tiny app, without its queue."""
    functions = tuple(one for one in tiny(log or Log()) if one.kind in (HTTP, TIMER))
    host = Host(functions, OPTIONS, SETTINGS, HostChoices(clock=MovableClock(), **choices))
    return Caller(host.app())


@pytest.fixture
def web() -> Caller:
    """A client of it."""
    return client()


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/api/things/7", {"id": "7"}),
        ("/API/Things/7/", {"id": "7"}),
        ("/api/things/7x", {"name": "7x"}),
        ("/api/things/a%20b", {"name": "a b"}),
        ("/api/things/a%2Fb", {"name": "a%2Fb"}),
        ("/api/things/%C3%A9", {"name": "é"}),
        ("/api/things/a%0Ab", {"name": "a\nb"}),
        ("/api/files/a/b/c", {"rest": "a/b/c"}),
        ("/api/files", {"rest": ""}),
        ("/api/x/../things/7", {"id": "7"}),
    ],
)
def test_a_path_finds_its_function_and_values(web: Caller, path: str, route: dict[str, str]) -> None:
    """Constrained before plain, catch-all last, any case, decoded but for a slash."""
    assert web.get(path).json()["route"] == route


def test_a_literal_wins_over_a_parameter(web: Caller) -> None:
    """Whatever the order of registration."""
    answer = web.get("/api/things/newest")
    assert (answer.text, answer.headers["x-own"], answer.headers["content-type"]) == ("newest", "1", "text/csv")


def test_the_root_is_a_function_too(web: Caller) -> None:
    """With the template that the real host needs for it."""
    assert web.get("/").text == "home"


def test_a_request_reaches_the_function_as_the_host_hands_it_on(web: Caller) -> None:
    """Lower-case headers, platform headers gone, empty query values dropped, several joined."""
    seen = web.request(
        "PUT",
        "/api/things/7?a=1&a=2&empty=&b=x%20y",
        content=b"\x00\xff",
        headers=[("X-MS-CLIENT-PRINCIPAL", "forged"), ("X-Two", "1"), ("X-Two", "2")],
    ).json()
    assert seen["method"] == "PUT"
    assert seen["url"] == "http://127.0.0.1:7071/api/things/7?a=1&a=2&empty=&b=x%20y"
    assert seen["params"] == {"a": "1,2", "b": "x y"}
    assert seen["body"] == "\x00\xff"
    assert seen["headers"]["x-two"] == "1,2"
    assert "x-ms-client-principal" not in seen["headers"]


async def chunks() -> AsyncIterator[bytes]:
    """A body whose length nobody announces."""
    yield b"a"
    yield b"b"


def test_a_chunked_body_does_not_arrive(web: Caller) -> None:
    """As in Azure, where only announced bodies are handed on."""
    assert web.post("/api/files/x", content=chunks()).json()["body"] == ""


def test_an_unknown_route_is_a_problem(web: Caller) -> None:
    """Under /api as problem details with the caller's request id, elsewhere empty."""
    answer = web.get("/api/nothing", headers={"X-Request-Id": "r-1"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "r-1"
    assert answer.json() == {"type": "about:blank", "title": "Not found", "status": 404, "code": "not_found"}
    assert (web.get("/else").status_code, web.get("/else").content) == (404, b"")


def test_a_wrong_method_names_the_right_ones(web: Caller) -> None:
    """405 with Allow."""
    answer = web.request("DELETE", "/api/broken")
    assert (answer.status_code, answer.headers["allow"], answer.json()["code"]) == (405, "GET", "method_not_allowed")


def test_a_path_that_is_no_text_is_malformed(web: Caller) -> None:
    """Bytes that are not UTF-8 are refused before any function."""
    assert web.get("/api/things/%ff").status_code == 400
    assert web.get("/api/things/%00").status_code == 400


def test_a_function_that_raises_answers_500_without_a_word(web: Caller, capfd: pytest.CaptureFixture[str]) -> None:
    """The reason goes to the log only."""
    answer = web.get("/api/broken", headers={"X-Request-Id": "r-2"})
    assert (answer.status_code, answer.content, answer.headers["x-request-id"]) == (500, b"", "r-2")
    assert "secret" in capfd.readouterr().err


def test_no_answer_and_coroutines(web: Caller) -> None:
    """Nothing is 204; an async handler is awaited."""
    assert web.get("/api/silent").status_code == 204
    assert (web.get("/api/waits").status_code, web.get("/api/waits").text) == (418, "waited")
    assert web.get("/api/waits").headers["content-type"] == "text/plain; charset=utf-8"


def test_keys_when_they_are_enforced() -> None:
    """Header before query; function, host and master key open, nothing else does."""
    keys = Keys(master="m", host=("h",), functions={"keyed": ("f",)}, enforced=True)
    web = client(keys=keys)
    assert web.get("/api/keyed").status_code == 401
    assert web.get("/api/keyed?code=x").status_code == 401
    for key in ("m", "h", "f"):
        assert web.get(f"/api/keyed?code={key}").text == "in"
    assert web.get("/api/keyed?code=f", headers={"x-functions-key": "x"}).status_code == 401
    assert web.get("/api/things/7").status_code == 200


def test_keys_are_off_on_one_machine(web: Caller) -> None:
    """As with the core tools."""
    assert web.get("/api/keyed").text == "in"


def test_the_admin_door_needs_the_master_key(web: Caller) -> None:
    """Every admin path but ping, before anything else is judged."""
    for path in ("/admin/functions/hourly", "/admin/functions/none"):
        assert web.post(path, json={"input": ""}).status_code == 401
    assert web.get("/admin/host/status").status_code == 401
    assert web.get("/admin/host/ping").status_code == 200


def test_the_admin_door_runs_a_timer() -> None:
    """202 and fire-and-forget; unknown 404; no readable body, or an HTTP function, 400."""
    log = Log()
    web = client(log, keys=Keys(master="m"))
    web.headers["x-functions-key"] = "m"
    assert web.get("/admin/host/status").json()["state"] == "Running"
    assert web.post("/admin/functions/none", json={"input": ""}).status_code == 404
    assert web.post("/admin/functions/hourly", content=b"null").status_code == 400
    assert web.post("/admin/functions/hourly", content=b"{").status_code == 400
    assert web.post("/admin/functions/hourly", json={"input": 1}).status_code == 400
    assert web.post("/admin/functions/thing", json={"input": ""}).status_code == 400
    assert log.timers == []
    answer = web.post("/admin/functions/Hourly", json={"input": ""})
    assert (answer.status_code, answer.content) == (202, b"")
    assert log.happened.wait(5)
    assert log.timers == [False]


def test_the_clock_door_moves_the_clock(web: Caller) -> None:
    """It goes on ticking from there, and null goes back."""
    moved = web.post("/_local/clock", json={"now": "2026-11-16T09:00:00+01:00"}).json()
    assert moved["now"].startswith("2026-11-16T08:00:00")
    assert moved["moved"] is True
    assert web.post("/_local/clock", json={"now": None}).json()["moved"] is False


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b"null", b'{"now":1}', b'{"now":""}', b'{"now":"2026-11-16"}', b'{"now":"2026-11-16T09:00:00"}',
        b'{"now":"9999-12-31T23:59:59-12:00"}', b'{"now":"0001-01-01T00:00:00+12:00"}', b'{"now":null,"x":1}',
        b'{"now":"2026-13-16T09:00:00Z"}', b"[" * 5000, b'{"now":true}', b"\xff",
    ],
)  # fmt: skip
def test_nonsense_does_not_move_the_clock(web: Caller, body: bytes) -> None:
    """400 as problem details."""
    answer = web.post("/_local/clock", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_it_tells_how_each_function_ended(web: Caller) -> None:
    """Neither an error nor an exception is a good end; what nobody called is not named."""
    for path in ("/api/things/7", "/api/things/7", "/api/broken"):
        web.get(path)
    assert web.get("/_local/served").json() == {"thing": {"well": 2, "badly": 0}, "broken": {"well": 0, "badly": 1}}

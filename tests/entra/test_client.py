"""The Graph client: fewest pages, no token to strangers, faults told and not hidden."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from shared.entra.client import Addresses, GraphClient
from shared.entra.credentials import IdentityTokens, LoopbackTokens, is_loopback, open_tokens
from shared.errors import SourceRejected
from shared.settings import CATALOGUE, Settings
from tests.harness.clock import StillClock
from tests.harness.microsoft import MicrosoftServices, assignment, graph_principal, principal

TABLES = (
    "servicePrincipals",
    "applications",
    "appRoleAssignments",
    "oauth2PermissionGrants",
    "servicePrincipalSignInActivities",
    "microsoftGraphActivityLogs",
    "roleAssignments",
)


class FixedTokens:
    def __init__(self) -> None:
        self.forgotten = 0

    def get(self, tenant: str, resource: str) -> str:
        return f"t-{self.forgotten}"

    def forget(self, tenant: str, resource: str) -> None:
        self.forgotten += 1


def client(answer: Any, **more: str) -> tuple[GraphClient, list[float]]:
    waits: list[float] = []
    where = Addresses("http://g.test", "http://a.test", "/s", "http://l.test", more.get("workspace", "w"), ("t1",))
    http = httpx.Client(transport=httpx.MockTransport(answer))
    return GraphClient(where, FixedTokens(), StillClock(), http, waits.append), waits


def test_a_tenant_is_read_in_the_fewest_pages() -> None:
    """Pages of 999, rights asked of the resource that gives them and not of every holder."""
    services = MicrosoftServices()
    services.put(
        servicePrincipals=[graph_principal(), *(principal(str(number)) for number in range(1500))],
        appRoleAssignments=[assignment(str(number), "Mail.Read") for number in range(1500)],
    )
    rows = Counter({table: sum(len(page.rows) for page in services.graph.pages(table)) for table in TABLES})
    assert rows["servicePrincipals"] == 1501
    assert rows["appRoleAssignments"] == 1500
    calls = [call["path"] for call in services.web.get("/_sim/calls").json() if not call["path"].startswith("/msi")]
    assert len(calls) == 2 + 1 + 2 + 1 + 1 + 1 + 1


def test_a_next_link_to_another_host_is_not_followed() -> None:
    """Our token must not travel."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(200, json={"value": [{"id": "1"}], "@odata.nextLink": "http://evil.test/next"})

    pages = list(client(answer)[0].pages("applications"))
    assert [page.status for page in pages] == [200, 503]
    assert asked == ["g.test"]


def test_pages_in_a_circle_end() -> None:
    """A next link that was followed before is an unusable answer."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"value": [], "@odata.nextLink": "http://g.test/v1.0/applications?again"})

    assert [page.status for page in client(answer)[0].pages("applications")] == [200, 200, 503]


def test_a_refused_token_is_renewed_once() -> None:
    """401 once is a stale token; 401 twice is a missing right."""
    tokens: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tokens.append(request.headers["authorization"])
        return httpx.Response(401, json={"error": {"code": "InvalidAuthenticationToken"}})

    assert [page.status for page in client(answer)[0].pages("applications")] == [401]
    assert tokens == ["Bearer t-0", "Bearer t-1"]


@pytest.mark.parametrize("link", ["https://g.test/v1.0/next", "http://g.test:81/next", "http://[", "/next", "\x00", 7])
def test_a_next_link_that_leads_elsewhere_or_nowhere_is_not_followed(link: Any) -> None:
    """Another scheme or port, half an address, a path, a number: the collection is told as broken off."""
    got, _ = client(lambda _request: httpx.Response(200, json={"value": [], "@odata.nextLink": link}))
    assert [(page.status, page.query.get("code")) for page in got.pages("applications")] == [
        (200, None), (503, "graph_foreign_link"),
    ]  # fmt: skip


def test_links_that_never_repeat_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """After more pages than any directory fills."""
    monkeypatch.setattr("shared.entra.client._MOST_PAGES", 20)
    numbers = iter(range(10_000))

    def answer(_request: httpx.Request) -> httpx.Response:
        link = f"http://g.test/v1.0/applications?at={next(numbers)}"
        return httpx.Response(200, json={"value": [], "@odata.nextLink": link})

    assert [page.status for page in client(answer)[0].pages("applications")] == [200] * 20 + [503]


def test_what_is_no_row_and_what_is_no_text_are_kept_apart_from_the_rest() -> None:
    """The one is told as an empty row, the other with a question mark for what it lacks."""
    body = b'{"value":[7,{"id":"1","displayName":"half \\ud83d pair \\ud83d\\ude80"}]}'
    page = next(client(lambda _request: httpx.Response(200, content=body))[0].pages("applications"))
    assert page.rows == ({}, {"id": "1", "displayName": "half ? pair \U0001f680"})
    assert page.body == body


@pytest.mark.parametrize("told", ["nan", "inf", "-5", "soon", ""])
def test_a_retry_after_that_is_no_time_is_replaced_by_our_own_patience(told: str) -> None:
    """Five seconds, then longer."""
    got, waits = client(lambda _request: httpx.Response(429, headers={"retry-after": told}))
    assert [page.status for page in got.pages("applications")] == [429]
    assert waits[:3] == [5.0, 10.0, 20.0]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"value":{}}', b"null", b"\xff", b"[" * 200_000])
def test_an_unusable_answer_is_asked_again_and_then_told(body: bytes) -> None:
    """Half an answer is never an empty list."""
    got, waits = client(lambda _request: httpx.Response(200, content=body))
    assert [page.status for page in got.pages("applications")] == [503]
    assert waits == [1.0, 2.0, 4.0]


def test_endless_throttling_is_told_as_such() -> None:
    """After all waiting the page says 429, and no more is asked."""
    got, waits = client(lambda _request: httpx.Response(429, headers={"retry-after": "30"}))
    assert [page.status for page in got.pages("oauth2PermissionGrants")] == [429]
    assert set(waits) == {30.0}


def test_a_principal_deleted_in_the_middle_stops_nothing() -> None:
    """A resource that vanished is a page with 404; the others are read."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/servicePrincipals"):
            rows = [{"id": name, "appRoles": [{"id": "r"}]} for name in ("one", "two")]
            return httpx.Response(200, json={"value": rows})
        if "/one/" in request.url.path:
            return httpx.Response(404, json={"error": {"code": "Request_ResourceNotFound"}})
        return httpx.Response(200, json={"value": [{"id": "a"}]})

    pages = list(client(answer)[0].pages("appRoleAssignments"))
    assert [(page.status, page.query["resource"]) for page in pages] == [(404, "one"), (200, "two")]


def test_half_a_log_is_no_log() -> None:
    """Log Analytics answers 200 with an error beside half its rows."""
    body = {"tables": [{"columns": [], "rows": []}], "error": {"code": "PartialError"}}
    assert [
        page.status
        for page in client(lambda _request: httpx.Response(200, json=body))[0].pages("microsoftGraphActivityLogs")
    ] == [503]
    assert list(client(lambda _request: httpx.Response(500), workspace="")[0].pages("microsoftGraphActivityLogs")) == []


def test_an_unknown_collection_is_refused() -> None:
    """Only the contract's tables exist."""
    with pytest.raises(SourceRejected):
        list(client(lambda _request: httpx.Response(200))[0].pages("users"))


def test_tokens_come_from_the_stand_in_only_on_one_machine() -> None:
    """Anywhere but on loopback the managed identity is asked."""
    values = {one.name: one.sample for one in CATALOGUE}
    with httpx.Client() as http:
        assert isinstance(open_tokens(Settings(values), "t", http), LoopbackTokens)
        values["ATTEST_AUTHORITY"] = "https://login.microsoftonline.com"
        assert isinstance(open_tokens(Settings(values), "t", http), IdentityTokens)
    assert [
        is_loopback(f"http://{host}/") for host in ("127.0.0.1", "localhost", "[::1]", "10.0.0.1", "evil.test")
    ] == [True, True, True, False, False]

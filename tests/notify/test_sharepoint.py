from __future__ import annotations

from typing import Any

import httpx
import pytest

from shared.errors import SourceBusy, SourceDenied, SourceDown, SourceRejected
from shared.notify import sharepoint
from shared.notify.sharepoint import SharePoint
from shared.ports import Place


class Site:
    """A SharePoint that keeps what it is given, and has troubles to order."""

    def __init__(self, troubles: list[Any] | None = None) -> None:
        self.troubles = troubles or []
        self.files: dict[str, bytes] = {}
        self.sessions: dict[str, tuple[str, bytearray]] = {}
        self.requests: list[httpx.Request] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.troubles:
            trouble = self.troubles.pop(0)
            if isinstance(trouble, Exception):
                raise trouble
            if trouble is not None:
                return trouble
        path = request.url.raw_path.decode()
        if path.endswith(":/content"):
            self.files[path] = request.content
            return self._item(request.content)
        if path.endswith(":/createUploadSession"):
            name = f"s{len(self.sessions)}"
            self.sessions[name] = (path, bytearray())
            return httpx.Response(200, json={"uploadUrl": f"https://upload.example.invalid/{name}"})
        name = path.strip("/")
        place, held = self.sessions[name]
        assert "Authorization" not in request.headers
        if request.method == "GET":
            return httpx.Response(200, json={"nextExpectedRanges": [f"{len(held)}-"]})
        first, total = request.headers["Content-Range"].removeprefix("bytes ").split("/")
        start = int(first.split("-")[0])
        if start != len(held):
            return httpx.Response(416)
        held += request.content
        if len(held) == int(total):
            self.files[place] = bytes(held)
            return self._item(held)
        return httpx.Response(202, json={"nextExpectedRanges": [f"{len(held)}-"]})

    def _item(self, data: bytes) -> httpx.Response:
        return httpx.Response(201, json={"id": "i-1", "webUrl": "https://sp.example.invalid/x", "size": len(data)})


SITE = Place("site-1")


def shelf(site: Site) -> SharePoint:
    return SharePoint(
        graph="https://graph.example.invalid",
        token=lambda: "t",
        sleep=lambda _s: None,
        http=httpx.Client(transport=httpx.MockTransport(site.handle)),
    )


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharepoint, "_SMALL", 100)
    monkeypatch.setattr(sharepoint, "_CHUNK", 64)


def test_a_small_file_goes_at_once_and_names_are_made_safe() -> None:
    """Letters SharePoint refuses become dashes; the path's folders stay."""
    site = Site()
    answer = shelf(site).put(SITE, 'Weekly/2026-11-23T06:00/a"b.csv', b"x", "text/csv")

    assert list(site.files) == ["/v1.0/sites/site-1/drive/root:/Weekly/2026-11-23T06-00/a-b.csv:/content"]
    assert answer["size"] == 1


def test_a_named_library_and_a_site_of_three_ids_stand_in_the_address() -> None:
    """As Graph writes them; nothing in a path leads elsewhere."""
    site = Site()
    place = Place("contoso.example,11,22", "b!abc")
    shelf(site).put(place, "/Weekly//../../drives/b!other/x.csv", b"x", "text/csv")

    root = "/v1.0/sites/contoso.example,11,22/drives/b!abc/root:"
    assert list(site.files) == [f"{root}/Weekly/-/-/drives/b%21other/x.csv:/content"]


@pytest.mark.parametrize(
    "troubles",
    [
        [],
        [None, None, httpx.Response(503)],
        [None, None, httpx.ReadTimeout("no")],
        [None, None, httpx.Response(404)],
        [None, httpx.Response(409)],
        [httpx.Response(429, headers={"Retry-After": "1"})],
        [None, None, httpx.Response(416)],
    ],
)
def test_a_large_file_arrives_whole_whatever_happens_on_the_way(troubles: list[Any]) -> None:
    """Lost answers, lost sessions, conflicts, busy: the bytes are the same in the end."""
    site, data = Site(list(troubles)), bytes(range(250))
    shelf(site).put(SITE, "a/b.xlsx", data, "x")

    assert list(site.files.values()) == [data]


def test_what_is_too_large_at_once_goes_in_pieces() -> None:
    """413 leads to an upload session; 413 there is a refusal."""
    site = Site([httpx.Response(413)])
    shelf(site).put(SITE, "a.csv", b"x" * 90, "x")

    assert list(site.files.values()) == [b"x" * 90]
    with pytest.raises(SourceRejected):
        shelf(Site([httpx.Response(413)] * 2)).put(SITE, "a.csv", b"x", "x")


@pytest.mark.parametrize(
    ("answer", "fault"),
    [(403, SourceDenied), (400, SourceRejected), (507, SourceDown), (423, SourceDown), (429, SourceBusy)],
)
def test_refusals_are_told_apart(answer: int, fault: type[Exception]) -> None:
    """Permission, request, no answer, locked for good, busy."""
    with pytest.raises(fault):
        shelf(Site([httpx.Response(answer)] * 5)).put(SITE, "a", b"x", "x")

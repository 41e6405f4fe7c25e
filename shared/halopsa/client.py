"""HaloPSA's REST API as ``ports.Halo``: lists page by page, single records, upserts and removals."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

import httpx

from shared.errors import SourceDown, SourceRejected
from shared.halopsa.budget import Budget
from shared.halopsa.paging import PAGE_SIZE, UNPAGED, Walk
from shared.halopsa.parse import UnreadableError, parse_json, parse_list, parse_one
from shared.halopsa.token import Credentials, TokenSource
from shared.halopsa.transport import Transport
from shared.model import JsonObject
from shared.ports import Clock, ReadPage, Rows
from shared.settings import Settings

_KIND = re.compile(r"^[A-Za-z]+(?:/[A-Za-z]+)?$")
_TIMEOUT = httpx.Timeout(75.0, connect=10.0)
"""HaloPSA's own gateway gives up after about sixty seconds."""


class HaloClient:
    """Safe to share between threads; holds one connection pool and one token."""

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        clock: Clock,
        budget: Budget,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        token_url: str = "",
    ) -> None:
        base = url.rstrip("/")
        # Redirects are not followed: a bearer token must not travel to another host.
        self._http = httpx.Client(
            transport=transport, timeout=_TIMEOUT, follow_redirects=False, trust_env=transport is None
        )
        tokens = TokenSource(
            self._http, token_url or f"{base}/auth/token", credentials, monotonic=monotonic, sleep=sleep
        )
        self._transport = Transport(
            self._http, base=f"{base}/api", tokens=tokens, budget=budget, clock=clock, sleep=sleep
        )
        self._clock = clock

    def close(self) -> None:
        """Close the connection pool."""
        self._http.close()

    def pages(self, kind: str, query: Mapping[str, str] | None = None) -> Iterator[ReadPage]:
        """Read a list page by page. ``count`` in the query, or a kind that knows no paging, means one request.

        ``page_no`` in the query is where to begin. A page that was answered before ends the walk and is not yielded.
        """
        asked = dict(query or {})
        if kind in UNPAGED or "count" in asked:
            yield self._page(kind, asked)
            return
        first = int(asked.pop("page_no", "1"))
        size = min(int(asked.pop("page_size", str(PAGE_SIZE))), PAGE_SIZE)
        walk = Walk(page_size=size, page=first, rows_seen=(first - 1) * size)
        number: int | None = first
        while number is not None:
            page = self._page(kind, asked | {"pageinate": "true", "page_size": str(size), "page_no": str(number)})
            number = walk.take(page.rows, page.record_count)
            if not walk.repeated:
                yield page

    def one(self, kind: str, record_id: str, query: Mapping[str, str] | None = None) -> ReadPage | None:
        """Read one record; None when HaloPSA says it does not exist."""
        asked = dict(query or {})
        path = f"{_known(kind)}/{quote(record_id, safe='')}"
        try:
            answer, row = self._transport.read(path, asked, lambda body: parse_one(kind, body))
        except SourceRejected as fault:
            if fault.details.get("status") == 404:
                return None
            raise
        return ReadPage(path, asked, answer.status, answer.body, (row,), None, self._clock.now())

    def write(self, kind: str, row: JsonObject) -> JsonObject:
        """Upsert one row (``id`` present = update) and answer the row as stored."""
        return self.write_with(kind, row, {})

    def write_with(self, kind: str, row: JsonObject, query: Mapping[str, str]) -> JsonObject:
        """As ``write``, with query parameters that some endpoints want (``utcoffset``)."""
        path = _known(kind)
        answer = self._transport.write("POST", path, query, [row])
        try:
            return parse_one(kind, answer.body)
        except UnreadableError:
            raise SourceDown(
                f"HaloPSA accepted {path} but its answer is unusable.",
                code="halo_unreadable",
                path=path,
                uncertain=True,
            ) from None

    def remove(self, kind: str, record_id: str, query: Mapping[str, str] | None = None) -> None:
        """Delete one row. Already gone is no error."""
        path = f"{_known(kind)}/{quote(record_id, safe='')}"
        try:
            self._transport.write("DELETE", path, dict(query or {}), None)
        except SourceRejected as fault:
            if fault.details.get("status") != 404:
                raise

    def _page(self, kind: str, query: Mapping[str, str]) -> ReadPage:
        path = _known(kind)
        answer, (rows, count) = self._transport.read(path, query, lambda body: parse_list(kind, body))
        return ReadPage(path, query, answer.status, answer.body, rows, count, self._clock.now())

    def about(self) -> JsonObject:
        """``/AuthInfo``: what the tenant says of itself."""
        _, value = self._transport.read("AuthInfo", {}, parse_json)
        return value if isinstance(value, dict) else {}


def _known(kind: str) -> str:
    """A kind is a path name of the API, never text from outside."""
    if not _KIND.match(kind):
        raise SourceRejected(f"{kind!r} is no path of HaloPSA's API.", code="halo_not_found", status=404)
    return kind


def open_client(
    settings: Settings,
    rows: Rows | None,
    clock: Clock,
    *,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> HaloClient:
    """The client these settings describe, with the request budget shared through ``rows``, or without one."""
    requests, seconds = settings.halo_budget()
    credentials = Credentials(
        client_id=settings.text("HALO_CLIENT_ID"),
        client_secret=settings.secret("HALO_CLIENT_SECRET"),
        scope=settings.text("HALO_SCOPE"),
        tenant=settings.text("HALO_TENANT"),
    )
    budget = Budget(rows, clock, requests=requests, seconds=seconds, sleep=sleep)
    return HaloClient(
        settings.text("HALO_URL"), credentials, clock=clock, budget=budget, transport=transport, sleep=sleep
    )

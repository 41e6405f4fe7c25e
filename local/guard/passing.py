"""A request on its way: read whole, judged at a door, passed on to what lies behind it, or refused in its words."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol
from urllib.parse import parse_qsl

import httpx
from starlette.types import Receive, Scope, Send

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection"})


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    raw: str
    """The path as it was sent."""
    text: str
    """The query as it was sent."""
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def query(self) -> dict[str, str]:
        """One value a name."""
        return dict(parse_qsl(self.text, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller is told."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Behind:
    """The system behind a door. ``named`` is who it is told to be: itself for storage, the door for those that link to themselves."""

    def __init__(self, url: str, client: httpx.AsyncClient, *, named: bool) -> None:
        self._url, self._client, self._named = url, client, named

    async def ask(self, method: str, asked: Asked, headers: Mapping[str, str], body: bytes = b"") -> httpx.Response:
        """Pass a request on; the answer's body is as it came over the wire."""
        url = self._url + asked.raw + (f"?{asked.text}" if asked.text else "")
        passed = {
            name: value for name, value in headers.items() if name not in _HOP and (self._named or name != "host")
        }
        request = self._client.build_request(method, url, headers=passed, content=body)
        for name in ("accept-encoding", "user-agent", "accept"):
            if name not in passed and name in request.headers:
                del request.headers[name]
        answer = await self._client.send(request, stream=True)
        answer.extensions["raw"] = b"".join([part async for part in answer.aiter_raw()])
        await answer.aclose()
        return answer

    async def tell(self, url: str) -> None:
        """Somebody else, who may not be there to hear it."""
        with suppress(httpx.HTTPError):
            await self._client.post(url)


class Door(Protocol):
    """What one system asks of whoever comes."""

    async def refusal(self, asked: Asked, behind: Behind) -> Answer | None:
        """None when the request may pass."""

    async def passed(self, asked: Asked, status: int, body: bytes, behind: Behind) -> None:
        """It passed, and was answered so; the caller does not know yet."""


class Passing:
    """The ASGI application of a door."""

    def __init__(self, door: Door, behind: Behind) -> None:
        self._door, self._behind = door, behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        asked = await read(scope, receive)
        refused = await self._door.refusal(asked, self._behind)
        if refused is not None:
            await send_answer(send, refused)
            return
        try:
            found = await self._behind.ask(asked.method, asked, asked.headers, asked.body)
        except httpx.TransportError:
            # What lies behind was cut or is gone: the caller sees what it would see without us.
            await _cut(send, receive)
            return
        body: bytes = found.extensions["raw"]
        await self._door.passed(asked, found.status_code, body, self._behind)
        head = asked.method == "HEAD"
        given = [
            (name.lower(), value)
            for name, value in found.headers.raw
            if name.lower().decode() not in _HOP and (head or name.lower() != b"content-length")
        ]
        if not head:
            given.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": found.status_code, "headers": given})
        await send({"type": "http.response.body", "body": body})


async def read(scope: Scope, receive: Receive) -> Asked:
    """The whole request."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return Asked(
        scope["method"],
        scope["raw_path"].decode("ascii"),
        scope["query_string"].decode("ascii"),
        headers,
        b"".join(parts),
    )


async def send_answer(send: Send, given: Answer) -> None:
    """Send it."""
    headers = [(name.encode(), value.encode()) for name, value in given.headers.items()]
    headers.append((b"content-length", str(len(given.body)).encode()))
    await send({"type": "http.response.start", "status": given.status, "headers": headers})
    await send({"type": "http.response.body", "body": given.body})


async def _cut(send: Send, receive: Receive) -> None:
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        await receive()  # until the server has noticed: it would report an application that never answers

"""The gate before Azurite: https, one listener a service, every request judged by the caller's rights, then passed on."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock, Thread
from typing import Any, Self
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import httpx
import uvicorn
from starlette.types import Receive, Scope, Send

from local.guard.certificate import Loopback
from local.guard.demands import Demand, StrangeRequest, demands
from local.guard.roles import Right
from local.processes import KEEP_ALIVE_SECONDS

SERVICES = ("blob", "queue", "table")
ACCOUNT = "devstoreaccount1"
_HOP = frozenset({"host", "connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection"})


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did to a place, and what it took."""

    group: str
    place: str
    ways: tuple[frozenset[str], ...]


@dataclass
class Gate:
    """Who may do what, changeable while everything runs, and what was done and refused."""

    rights: Sequence[Right]
    group_of: Callable[[Mapping[str, str], Mapping[str, str]], str | None]
    """The caller's group by headers and query; None for a stranger."""
    heard: Callable[[str], None] = lambda _queue: None
    """Told of each queue that a message was put into, so that its reader need not look all the time."""
    without: Right | None = None
    """The one right that is taken away for now."""
    lenient: bool = False
    """Write down what would be refused, but let it pass."""
    stage: str = ""
    deeds: dict[Deed, Counter[str]] = field(default_factory=dict)
    """How often, by the stage it was done in."""
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    """(stage, group, what)."""
    _lock: Lock = field(default_factory=Lock)

    def judge(self, group: str, demand: Demand, *, exists: bool) -> str | None:
        """None when allowed, else the service's error code."""
        ways = (*demand.ways, *(() if exists or not demand.create_only else (demand.create_only,)))
        held = [one for one in self.rights if one.group == group and one != self.without]
        place = demand.place
        allowed = any(all(any(right.gives(place, action) for right in held) for action in way) for way in ways)
        with self._lock:
            if allowed:
                counts = self.deeds.setdefault(Deed(group, place, ways), Counter())
                counts[self.stage] += 1
                return None
            needed = " or ".join("+".join(sorted(way)) for way in ways)
            self.refused.append((self.stage, group, f"{place}: {needed}"))
            if self.lenient:
                return None
        adds = demand.create_only and all(any(right.gives(place, one) for right in held) for one in demand.create_only)
        return "UnauthorizedBlobOverwrite" if adds else "AuthorizationPermissionMismatch"


class Proxy:
    """Three listeners in one thread. A context manager."""

    def __init__(self, gate: Gate, ports: Sequence[int], upstream: Sequence[int], files: Loopback) -> None:
        self.gate = gate
        self.urls = {
            service: f"https://127.0.0.1:{port}/{ACCOUNT}" for service, port in zip(SERVICES, ports, strict=True)
        }
        self._files = files
        self._listen = dict(zip(SERVICES, ports, strict=True))
        self._upstream = {
            service: f"https://127.0.0.1:{port}" for service, port in zip(SERVICES, upstream, strict=True)
        }
        self._servers: list[uvicorn.Server] = []
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), name="guard", daemon=True)
        self._client: httpx.AsyncClient

    def __enter__(self) -> Self:
        self._servers = [self._server(service) for service in SERVICES]
        self._thread.start()
        while self._thread.is_alive() and not all(server.started for server in self._servers):
            self._thread.join(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.should_exit = True
        self._thread.join(10)

    def _server(self, service: str) -> uvicorn.Server:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self._answer(service, scope, receive, send)

        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=self._listen[service],
            ssl_certfile=str(self._files.chain),
            ssl_keyfile=str(self._files.key),
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        return server

    async def _serve(self) -> None:
        trust = ssl.create_default_context(cafile=str(self._files.authority))
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=100)
        async with httpx.AsyncClient(verify=trust, timeout=60, limits=limits, trust_env=False) as client:
            self._client = client
            await asyncio.gather(*(server._serve() for server in self._servers))  # noqa: SLF001 - serve() would catch signals

    async def _answer(self, service: str, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        raw = scope["raw_path"].decode("ascii")
        text = scope["query_string"].decode("ascii")
        query = dict(parse_qsl(text, keep_blank_values=True))
        code = await self._judged(service, scope["method"], raw, query, headers, body)
        if code is not None:
            status = 401 if code == "NoAuthenticationInformation" else 403
            await _refuse(send, service, status, code)
            return
        url = self._upstream[service] + raw + (f"?{text}" if text else "")
        passed = {name: value for name, value in headers.items() if name not in _HOP}
        request = self._client.build_request(scope["method"], url, headers=passed, content=body)
        for name in ("accept-encoding", "user-agent", "accept"):
            if name not in passed and name in request.headers:
                del request.headers[name]
        answer = await self._client.send(request, stream=True)
        content = b"".join([part async for part in answer.aiter_raw()])
        await answer.aclose()
        given = [
            (name.lower(), value)
            for name, value in answer.headers.raw
            if name.lower().decode() not in _HOP and (scope["method"] == "HEAD" or name.lower() != b"content-length")
        ]
        if (service, scope["method"], answer.status_code) == ("queue", "POST", 201):
            self.gate.heard(raw.split("/")[2])
        if scope["method"] != "HEAD":
            given.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": answer.status_code, "headers": given})
        await send({"type": "http.response.body", "body": content})

    async def _judged(
        self, service: str, method: str, raw: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> str | None:
        group = self.gate.group_of(headers, query)
        if group is None:
            return "NoAuthenticationInformation"
        account, _, path = raw.lstrip("/").partition("/")
        if account not in (ACCOUNT, host_account(group)):
            return "AuthorizationPermissionMismatch"
        try:
            wanted = demands(service, method, path, query, headers, body)
        except StrangeRequest as fault:
            self.gate.refused.append((self.gate.stage, group, str(fault)))
            return "AuthorizationPermissionMismatch"
        for demand in wanted:
            exists = bool(demand.create_only) and await self._exists(service, raw, headers)
            own = replace(demand, place=demand.place.replace("evidence/", "host/", 1))
            code = self.gate.judge(group, demand if account == ACCOUNT else own, exists=exists)
            if code is not None:
                return code
        return None

    async def _exists(self, service: str, raw: str, headers: Mapping[str, str]) -> bool:
        passed = {name: headers[name] for name in ("authorization", "x-ms-version", "x-ms-date") if name in headers}
        answer = await self._client.head(self._upstream[service] + raw, headers=passed)
        return answer.status_code < 300


def host_account(group: str) -> str:
    """The account of a group's Functions host."""
    return f"host{group}"


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _refuse(send: Send, service: str, status: int, code: str) -> None:
    said = "This request is not authorized to perform this operation using this permission."
    if service == "table":
        kind = b"application/json"
        text = f'{{"odata.error":{{"code":"{code}","message":{{"lang":"en-US","value":"{said}"}}}}}}'
    else:
        kind = b"application/xml"
        text = (
            f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{escape(said)}</Message></Error>'
        )
    headers: list[tuple[bytes, Any]] = [
        (b"content-type", kind),
        (b"x-ms-error-code", code.encode()),
        (b"content-length", str(len(text)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})

"""The ASGI application: tokens, faults, the record of calls, then the API or the control door."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.halopsa.answer import Answer, Refused, as_json, empty, sentence
from local.halopsa.clock import stamp
from local.halopsa.door import Door
from local.halopsa.faults import Fault
from local.halopsa.routes import Api, Asked
from local.halopsa.world import World

_DEFAULT_BODIES = {
    429: "Rate Limit Reached - 300 Requests per rolling 5 minute window",
    504: "<html><body>504 Gateway Time-out</body></html>",
}


class Simulator:
    """One ASGI endpoint for every path; it can cut a connection, which a routed handler cannot."""

    def __init__(self, world: World, base_url: str) -> None:
        self.world = world
        self._api = Api(world, base_url)
        self._door = Door(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        request = Request(scope, receive)
        path = request.url.path
        body = await request.body()
        if path.startswith("/_sim"):
            with self.world.lock:
                answer = self._door.handle(request.method, path[5:], dict(request.query_params), body)
            await _respond(answer, scope, receive, send)
            return
        fault = self.world.faults.take(request.method, path)
        if fault is not None and fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault is not None and fault.drop == "before":
            self._note(request, 0)
            await _cut(send)
            return
        answer = self._answer(request, path, body, fault)
        cut = fault is not None and fault.drop in {"after", "half"}
        self._note(request, 0 if cut else answer.status)
        if fault is not None and cut:
            await _cut(send, answer if fault.drop == "half" else None)
            return
        await _respond(answer, scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self.world.sender.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.world.sender.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _answer(self, request: Request, path: str, body: bytes, fault: Fault | None) -> Answer:
        if fault is not None and fault.status is not None and fault.drop is None:
            return _faulty(fault)
        authorization = request.headers.get("authorization")
        query = {name: value for name, value in request.query_params.items() if value != ""}
        try:
            if path.lower() == "/auth/token":
                return self._token(request, query, body, authorization)
            if not path.lower().startswith("/api/"):
                return empty(404)
            with self.world.lock:
                if path.lower() != "/api/authinfo":
                    refusal = self.world.rate_limit.refuse()
                    if refusal is not None:
                        return Answer(429, self.world.rate_limit.words().encode(), "text/plain", refusal)
                content_type = request.headers.get("content-type", "")
                answer = self._api.handle(Asked(request.method, path[4:], query, content_type, body, authorization))
        except Refused as refused:
            return refused.answer
        except (AttributeError, KeyError, TypeError, ValueError) as odd:
            # Rows of a shape nobody foresaw: HaloPSA answers with the .NET exception.
            return as_json({"ClassName": "System.ArgumentException", "Message": f"{type(odd).__name__}: {odd}"}, 400)
        return _naive(answer) if self.world.quirks.naive_dates else answer

    def _token(self, request: Request, query: Mapping[str, str], body: bytes, authorization: str | None) -> Answer:
        if request.method != "POST":
            return empty(405)
        if not request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
            return as_json({"error": "invalid_request", "error_description": "The content type must be a form."}, 400)
        try:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            return as_json({"error": "invalid_request"}, 400)
        with self.world.lock:
            status, told = self.world.access.issue({**query, **form}, authorization)
        return as_json(told, status)

    def _note(self, request: Request, status: int) -> None:
        token = self.world.access.who(request.headers.get("authorization"))
        self.world.calls.add(
            {
                "method": request.method,
                "path": request.url.path,
                "query": request.url.query,
                "status": status,
                "time": stamp(self.world.clock.now()),
                "client_id": token.client_id if token else None,
            }
        )


def _faulty(fault: Fault) -> Answer:
    status = fault.status or 500
    text = fault.body if fault.body is not None else _DEFAULT_BODIES.get(status, "")
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    looks_json = text[:1] in {"{", "["}
    kept = sentence(text, status)
    return Answer(status, kept.body, "application/json" if looks_json else kept.media_type, headers)


def _naive(answer: Answer) -> Answer:
    """Older builds leave the Z away."""
    return Answer(answer.status, answer.body.replace(b'Z"', b'"'), answer.media_type, answer.headers)


async def _respond(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    await Response(answer.body, answer.status, answer.headers, answer.media_type)(scope, receive, send)


async def _cut(send: Send, half: Answer | None = None) -> None:
    """Close the connection without an answer, or in the middle of one."""
    if half is not None:
        headers = [(b"content-type", half.media_type.encode()), (b"content-length", str(len(half.body) + 1).encode())]
        await send({"type": "http.response.start", "status": half.status, "headers": headers})
        await send({"type": "http.response.body", "body": half.body[: len(half.body) // 2], "more_body": True})
        await asyncio.sleep(0.02)
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        await asyncio.sleep(0.02)


def build(world: World, base_url: str) -> Simulator:
    """The application of one simulator."""
    return Simulator(world, base_url)

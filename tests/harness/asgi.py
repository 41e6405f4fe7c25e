"""Speaks to an ASGI application without sockets or an event loop, so that httpx clients can be tested against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message


class AsgiTransport(httpx.BaseTransport):
    """Runs one request to its end by driving the coroutine by hand; the application must not really wait."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": request.url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "server": (request.url.host, request.url.port or 80),
            "client": ("127.0.0.1", 1),
        }
        running = self.app(scope, receive, send)
        try:
            running.send(None)  # type: ignore[attr-defined]
        except StopIteration:
            pass
        else:
            raise RuntimeError("the application waited for something that never comes")
        if not sent or sent[-1].get("more_body"):
            raise httpx.RemoteProtocolError("The connection was cut.", request=request)
        data = b"".join(message.get("body", b"") for message in sent[1:])
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=data)

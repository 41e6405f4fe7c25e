"""Asks the simulator without a socket: drives its ASGI callable by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from local.halopsa.app import Simulator, build
from local.halopsa.world import World

SECRET = "local-only"


@dataclass(frozen=True)
class Told:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Asking:
    """A client of one simulator with a token of the scopes asked for."""

    def __init__(self, seed: Mapping[str, Any] | None = None, scope: str = "all", transport: Any = None) -> None:
        self.world = World(seed, transport)
        self.app: Simulator = build(self.world, "http://127.0.0.1:7080")
        self.bearer = ""
        self.login(scope)

    def login(self, scope: str) -> Told:
        form = {"grant_type": "client_credentials", "client_id": "attest", "client_secret": SECRET, "scope": scope}
        told = self.form(form)
        self.bearer = told.json().get("access_token", "")
        return told

    def form(self, form: Mapping[str, str], query: str = "", headers: Mapping[str, str] | None = None) -> Told:
        kept = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        return self.raw("POST", "/auth/token" + query, urlencode(form).encode(), kept)

    def get(self, path: str, **query: Any) -> Told:
        tail = "?" + urlencode(query) if query else ""
        return self.raw("GET", path + tail, headers={"authorization": f"Bearer {self.bearer}"})

    def rows(self, path: str, key: str, **query: Any) -> list[dict[str, Any]]:
        return self.get(path, **query).json()[key]

    def post(self, path: str, body: Any, content_type: str = "application/json") -> Told:
        headers = {"authorization": f"Bearer {self.bearer}", "content-type": content_type}
        return self.raw("POST", path, json.dumps(body).encode(), headers)

    def delete(self, path: str) -> Told:
        return self.raw("DELETE", path, headers={"authorization": f"Bearer {self.bearer}"})

    def raw(self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Told:
        parts = urlsplit(url)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
            "scheme": "http",
            "server": ("127.0.0.1", 7080),
            "http_version": "1.1",
        }
        running = self.app(scope, receive, send)
        try:
            while True:
                running.send(None)
        except StopIteration:
            pass
        begun = next(message for message in sent if message["type"] == "http.response.start")
        content = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
        return Told(begun["status"], {n.decode(): v.decode() for n, v in begun["headers"]}, content)

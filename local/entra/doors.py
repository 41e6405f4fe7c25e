"""Control doors for tests (rows, faults, calls, reset) and the wrapper that records calls and plays faults."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.entra.sites import Sites
from local.entra.tables import TABLES, RowsError, Tables

_FIELDS = {
    "match": str,
    "method": str,
    "status": int,
    "times": int,
    "retry_after": (int, float),
    "body": str,
    "delay_s": (int, float),
    "drop": str,
    "tenant": str,
}


@dataclass
class Fault:
    """What happens to the next ``times`` requests whose path begins with ``match``, of one tenant's token or of any."""

    match: str
    method: str | None = None
    status: int | None = None
    times: int = 1
    retry_after: float | None = None
    body: str = ""
    delay_s: float = 0
    drop: str | None = None
    tenant: str | None = None


class Doors:
    """Faults waiting and calls seen."""

    def __init__(self, tables: Tables, sites: Sites) -> None:
        self.tables = tables
        self.sites = sites
        self.faults: list[Fault] = []
        self.calls: list[dict[str, Any]] = []
        self._lock = Lock()

    def take(self, method: str, path: str, tenant: str) -> Fault | None:
        """The fault for this request, used up by one."""
        with self._lock:
            for fault in self.faults:
                meant = fault.method in (None, method) and fault.tenant in (None, tenant)
                if fault.times > 0 and path.startswith(fault.match) and meant:
                    fault.times -= 1
                    return fault
        return None

    def routes(self) -> list[Route]:
        """The doors."""
        return [
            Route("/_sim/rows", self._rows, methods=["POST"]),
            Route("/_sim/rows/{table}", self._table),
            Route("/_sim/faults", self._faults, methods=["POST"]),
            Route("/_sim/faults", self._no_faults, methods=["DELETE"]),
            Route("/_sim/calls", self._calls),
            Route("/_sim/reset", self._reset, methods=["POST"]),
        ]

    async def _rows(self, request: Request) -> Response:
        try:
            held = self.tables.put(await request.json(), replace=request.query_params.get("replace") == "true")
        except (ValueError, RowsError) as fault:
            return JSONResponse({"error": str(fault)}, 400)
        return JSONResponse({"rows": held})

    async def _table(self, request: Request) -> Response:
        table = request.path_params["table"]
        if table not in TABLES:
            return JSONResponse({"error": f"There is no table {table!r}."}, 404)
        return JSONResponse(self.tables.rows(table))

    async def _faults(self, request: Request) -> Response:
        try:
            body = await request.json()
            rows = body if isinstance(body, list) else [body]
            faults = [_fault(row) for row in rows]
        except (ValueError, TypeError) as fault:
            return JSONResponse({"error": f"That is no fault: {fault}"}, 400)
        with self._lock:
            self.faults.extend(faults)
        return JSONResponse({"faults": len(self.faults)})

    async def _no_faults(self, _request: Request) -> Response:
        with self._lock:
            self.faults.clear()
        return JSONResponse({"faults": 0})

    async def _calls(self, _request: Request) -> Response:
        return JSONResponse(self.calls)

    async def _reset(self, _request: Request) -> Response:
        self.tables.reset()
        self.sites.reset()
        with self._lock:
            self.faults.clear()
            self.calls.clear()
        return JSONResponse({"reset": True})


def _fault(row: object) -> Fault:
    if not isinstance(row, dict) or not isinstance(row.get("match"), str):
        raise TypeError("match is needed, the beginning of a path")
    known = {name: value for name, value in row.items() if value is not None}
    for name, value in known.items():
        if name not in _FIELDS or not isinstance(value, _FIELDS[name]):  # type: ignore[arg-type]  # of types
            raise TypeError(f"{name} is unknown or of the wrong type")
    if known.get("drop") not in (None, "before", "after"):
        raise ValueError("drop is 'before' or 'after'")
    return Fault(**known)


class Watch:
    """ASGI wrapper: every request outside the doors is recorded, and a waiting fault is played."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app, self._doors = app, doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].startswith("/_sim/"):
            await self._app(scope, receive, send)
            return
        call = {
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode("latin-1"),
            "status": None,
            "time": datetime.now(UTC).isoformat(),
        }
        self._doors.calls.append(call)
        began = time.monotonic()

        async def record(message: Message) -> None:
            if message["type"] == "http.response.start":
                call["status"] = message["status"]
                call["ms"] = round((time.monotonic() - began) * 1000, 1)
            await send(message)

        fault = self._doors.take(scope["method"], scope["path"], _tenant_of(scope))
        if fault is None:
            await self._app(scope, receive, record)
            return
        await self._play(fault, (scope, receive, record))

    async def _play(self, fault: Fault, asgi: tuple[Scope, Receive, Send]) -> None:
        scope, receive, send = asgi
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault.drop:
            if fault.drop == "after":
                await self._app(scope, receive, _swallow)
            # A promised body that never comes makes the server cut the connection.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
            return
        if fault.status is None:
            await self._app(scope, receive, send)
            return
        text = fault.body or json.dumps({"error": {"code": "fault", "message": "A fault was asked for."}})
        headers = [(b"content-type", b"application/json")]
        if fault.retry_after is not None:
            headers.append((b"retry-after", str(fault.retry_after).encode()))
        headers.append((b"content-length", str(len(text.encode())).encode()))
        await send({"type": "http.response.start", "status": fault.status, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})


def _tenant_of(scope: Scope) -> str:
    """Whose token came with the request, as it says itself: a fault need not be safe from forgers."""
    token = dict(scope["headers"]).get(b"authorization", b"")
    try:
        body = token.split(b".")[1]
        return str(json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))["tid"])
    except (IndexError, KeyError, TypeError, ValueError):
        return ""


async def _swallow(_message: Message) -> None:
    """An answer nobody will see."""

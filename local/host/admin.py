"""The host's admin door and the local clock door."""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.clock import MovableClock
from local.host.functions import HTTP, QUEUE, Function
from local.host.keys import Keys
from local.host.queues import typed_by_hand
from local.host.secrets import HostSecrets
from local.host.timers import request as timer_request
from local.host.web import headers_of, query_of

_MOST_BODY = 256 * 1024


class Admin:
    """``/admin/…`` with the master key, and ``/_local/clock``."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        keys: Keys,
        clock: MovableClock,
        pool: Executor,
        after: Callable[[], None],
        secrets: HostSecrets | None = None,
    ) -> None:
        self._secrets = secrets
        self._functions = functions
        self._keys = keys
        self._clock = clock
        self._pool = pool
        self._after = after

    async def ping(self, _: Request) -> Response:
        """Anyone may ask whether the host is there."""
        return Response(status_code=200)

    async def status(self, request: Request) -> Response:
        """``GET /admin/host/status``."""
        if not await self._is_master(request):
            return Response(status_code=401)
        return JSONResponse({"id": "local", "state": "Running", "version": "local", "errors": []})

    async def functions(self, request: Request) -> Response:
        """``GET /admin/functions``."""
        if not await self._is_master(request):
            return Response(status_code=401)
        return JSONResponse([{"name": one.name, "trigger": dict(one.trigger)} for one in self._functions.values()])

    async def invoke(self, request: Request) -> Response:
        """``POST /admin/functions/{name}``: 202 and run it; 404 unknown; 400 without a body the host can read."""
        if not await self._is_master(request):
            return Response(status_code=401)
        function = self._functions.get(str(request.path_params["name"]).lower())
        if function is None:
            return Response(status_code=404)
        if request.method == "GET":
            return JSONResponse({"name": function.name, "trigger": dict(function.trigger)})
        body = await _json(request)
        given = body.get("input", "") if isinstance(body, dict) else None
        if not isinstance(given, str | None) or not isinstance(body, dict) or function.kind == HTTP:
            return Response(status_code=400)
        handed = typed_by_hand(given or "") if function.kind == QUEUE else timer_request(past_due=False)
        self._pool.submit(self._run, function, handed)
        return Response(status_code=202)

    async def clock(self, request: Request) -> Response:
        """``POST /_local/clock {"now"}``; null goes back to real time."""
        body = await _json(request)
        if not isinstance(body, dict) or set(body) != {"now"}:
            return _refused('The body must be {"now": "2026-11-16T09:00:00Z"} or {"now": null}.')
        try:
            now = self._clock.move(None if body["now"] is None else _instant(body["now"]))
        except ValueError as fault:
            return _refused(f"The clock cannot be moved: {fault}.")
        return JSONResponse({"now": now.isoformat().replace("+00:00", "Z"), "moved": self._clock.moved})

    async def _is_master(self, request: Request) -> bool:
        keys = self._keys
        if self._secrets is not None:
            keys = replace(keys, master=await asyncio.to_thread(self._secrets.master))
        return keys.is_master(headers_of(request), query_of(request))

    def _run(self, function: Function, handed: object) -> None:
        try:
            function.call(handed)
        except Exception:  # noqa: BLE001  # the door has answered; the log keeps what happened
            print(f"{function.name} failed:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
        finally:
            self._after()


def _instant(text: object) -> datetime:
    if not isinstance(text, str) or "T" not in text.upper():
        raise ValueError("now must be an RFC 3339 time")
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError("now must be an RFC 3339 time") from None
    if found.tzinfo is None:
        raise ValueError("now must name its offset, like Z")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError("now must lie between 1970 and 2200") from None


async def _json(request: Request) -> Any:
    kept = b""
    async for chunk in request.stream():
        kept += chunk
        if len(kept) > _MOST_BODY:
            return None
    try:
        return json.loads(kept)
    except (ValueError, RecursionError):
        return None


def _refused(detail: str) -> Response:
    body = {"type": "about:blank", "title": "Malformed request", "status": 400, "code": "malformed_request"}
    return Response(json.dumps({**body, "detail": detail}), 400, media_type="application/problem+json")

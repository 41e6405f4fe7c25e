"""HTTP as the host hands it to a function, and the function's answer as the host sends it."""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from local.host.functions import Function
from local.host.keys import Keys
from local.host.routes import Router, path_parts

if TYPE_CHECKING:
    import azure.functions as func

MOST_BODY = 104_857_600


def headers_of(request: Request) -> dict[str, str]:
    """Lower-case names, several values joined; what App Service alone may say is taken away."""
    found: dict[str, str] = {}
    for raw_name, raw_value in request.headers.raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if not name.startswith("x-ms-"):
            found[name] = f"{found[name]},{value}" if name in found else value
    return found


def query_of(request: Request) -> dict[str, str]:
    """One text per name; empty values are dropped, as the host drops them."""
    found: dict[str, str] = {}
    raw = request.scope["query_string"].decode("latin-1")
    for name, value in parse_qsl(raw, keep_blank_values=True):
        found[name] = f"{found[name]},{value}" if name in found else value
    return {name: value for name, value in found.items() if value}


def problem(request: Request, status: int, code: str, title: str, headers: Mapping[str, str] | None = None) -> Response:
    """The host's own refusal: problem details under /api, an empty body elsewhere."""
    sent = dict(headers or {})
    if "x-request-id" in request.headers:
        sent["X-Request-Id"] = request.headers["x-request-id"]
    if not request.url.path.startswith("/api"):
        return Response(status_code=status, headers=sent)
    body = {"type": "about:blank", "title": title, "status": status, "code": code}
    return Response(json.dumps(body), status, sent, "application/problem+json")


class Web:
    """The ASGI side of all HTTP-triggered functions."""

    def __init__(self, router: Router, keys: Keys, pool: Executor, after: Callable[[], None]) -> None:
        self._router = router
        self._keys = keys
        self._pool = pool
        self._after = after

    async def answer(self, request: Request) -> Response:
        """Route, check the key, read the body, run the function."""
        parts = path_parts(request.scope.get("raw_path") or request.scope["path"].encode())
        if parts is None:
            return problem(request, 400, "malformed_request", "The address cannot be read")
        found = self._router.find(request.method, parts)
        if found is None:
            if not parts:
                return Response("The local Functions host is running.\n", media_type="text/plain")
            return problem(request, 404, "not_found", "Not found")
        if isinstance(found, frozenset):
            allow = {"Allow": ", ".join(sorted(found))}
            return problem(request, 405, "method_not_allowed", "Method not allowed", allow)
        route, values = found
        headers, query = headers_of(request), query_of(request)
        if not self._keys.allows(
            str(route.function.trigger.get("authLevel", "FUNCTION")), route.function.name, headers, query
        ):
            return Response(status_code=401)
        body = await _body(request)
        if body is None:
            return problem(request, 413, "too_large", "The body is too large")
        import azure.functions as func

        handed = func.HttpRequest(
            request.method, str(request.url), headers=headers, params=query, route_params=values, body=body
        )
        answer = await self._run(route.function, handed)
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            self._after()
        return answer

    async def _run(self, function: Function, handed: func.HttpRequest) -> Response:
        loop = asyncio.get_running_loop()
        try:
            answer = await loop.run_in_executor(self._pool, function.call, handed)
            if inspect.isawaitable(answer):
                answer = await answer
            return _response(answer)
        except Exception:  # noqa: BLE001  # whatever a function raises, the host answers 500 and goes on
            print(f"{function.name} failed:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            asked = handed.headers.get("x-request-id")
            sent = {"X-Request-Id": asked} if asked else {}
            return Response(status_code=500, headers=sent)


async def _body(request: Request) -> bytes | None:
    """The body when its length was announced (a chunked body does not reach a function); None when over the limit."""
    announced = request.headers.get("content-length", "")
    wanted = int(announced) if announced.isdecimal() else 0
    if wanted > MOST_BODY:
        return None
    kept: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > MOST_BODY:
                return None
            if wanted:
                kept.append(chunk)
    except ClientDisconnect:
        return b""
    return b"".join(kept)


def _response(answer: Any) -> Response:
    import azure.functions as func

    if answer is None:
        return Response(status_code=204)
    if isinstance(answer, str):
        return Response(answer, media_type="text/plain")
    if not isinstance(answer, func.HttpResponse):
        raise TypeError(f"A function answered {type(answer).__name__}, not HttpResponse or str.")
    response = Response(answer.get_body() or b"", answer.status_code)
    # The worker's rule: a charset is added to text only, and only where no content type was given.
    names = {name.lower() for name, _ in answer.headers.items()}
    if "content-type" not in names:
        text = answer.mimetype.startswith("text/")
        response.headers["content-type"] = f"{answer.mimetype}; charset={answer.charset}" if text else answer.mimetype
    for name, value in answer.headers.items():
        if name.lower() == "set-cookie":
            response.headers.append(name, value)
        elif name.lower() != "content-length":
            response.headers[name] = value
    return response

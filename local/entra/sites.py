"""SharePoint behind Graph, as far as our client writes to it: files by path with their versions, and upload sessions."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.entra.tokens import GrantError, Issuer

GRANTED = ("site-reports", "site-msp", "site-mssp", "site-ps")
"""The sites that were granted to our identity (Sites.Selected); others answer 403."""
_SMALL = 250 * 1024 * 1024
_STEP = 320 * 1024
_GRAPH = ("https://graph.microsoft.com", "https://graph.microsoft.com/")


class Sites:
    """Files by site and path; each write is a version."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._versions: dict[str, list[bytes]] = {}
        self._sessions: dict[str, tuple[str, bytearray]] = {}

    def reset(self) -> None:
        """Nothing was ever written."""
        self._versions.clear()
        self._sessions.clear()

    def routes(self) -> list[Route]:
        """Graph's paths, the upload address, and a door that lists what lies there."""
        roots = [f"/graph/v1.0/sites/{{site}}/{drive}/root:/{{path:path}}" for drive in ("drive", "drives/{drive}")]
        return [
            *(Route(f"{root}:/content", self._put, methods=["PUT"]) for root in roots),
            *(Route(f"{root}:/createUploadSession", self._begin, methods=["POST"]) for root in roots),
            Route("/upload/{session}", self._chunk, methods=["PUT"]),
            Route("/upload/{session}", self._state, methods=["GET"]),
            Route("/_sim/files", self._files),
        ]

    def _refused(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            self._issuer.read(token if scheme.lower() == "bearer" else "", *_GRAPH)
        except GrantError as fault:
            return _error(401, "InvalidAuthenticationToken", fault.text)
        if request.path_params["site"] not in GRANTED:
            return _error(403, "accessDenied", "The caller does not have permission to perform the action.")
        return None

    async def _put(self, request: Request) -> Response:
        refused = self._refused(request)
        if refused is not None:
            return refused
        data = await request.body()
        if len(data) > _SMALL:
            return _error(413, "requestEntityTooLarge", "Use an upload session.")
        return self._keep(_place(request), data)

    async def _begin(self, request: Request) -> Response:
        refused = self._refused(request)
        if refused is not None:
            return refused
        session = token_hex(8)
        self._sessions[session] = (_place(request), bytearray())
        return JSONResponse(
            {
                "uploadUrl": f"{request.url.scheme}://{request.url.netloc}/upload/{session}",
                "nextExpectedRanges": ["0-"],
            }
        )

    async def _chunk(self, request: Request) -> Response:
        held = self._sessions.get(request.path_params["session"])
        if held is None:
            return _error(404, "itemNotFound", "The upload session was not found.")
        if "authorization" in request.headers:
            return _error(401, "unauthenticated", "The upload address takes no token.")
        path, so_far = held
        span, _, total = request.headers.get("content-range", "").removeprefix("bytes ").partition("/")
        first, data = int(span.partition("-")[0]), await request.body()
        last = first + len(data) == int(total)
        if first != len(so_far):
            return _error(416, "invalidRange", "Optimistic concurrency failure during fragmented upload.")
        if len(data) % _STEP and not last:
            return _error(400, "invalidRequest", "The fragment is not a multiple of 320 KiB.")
        so_far += data
        if not last:
            return JSONResponse({"nextExpectedRanges": [f"{len(so_far)}-"]}, 202)
        del self._sessions[request.path_params["session"]]
        return self._keep(path, bytes(so_far))

    async def _state(self, request: Request) -> Response:
        held = self._sessions.get(request.path_params["session"])
        if held is None:
            return _error(404, "itemNotFound", "The upload session was not found.")
        return JSONResponse({"nextExpectedRanges": [f"{len(held[1])}-"]})

    def _keep(self, path: str, data: bytes) -> Response:
        versions = self._versions.setdefault(path, [])
        versions.append(data)
        body: dict[str, Any] = {
            "id": f"item-{sorted(self._versions).index(path)}",
            "name": path.rpartition("/")[2],
            "size": len(data),
            "webUrl": f"https://sharepoint.example.invalid/sites/{path}",
        }
        return JSONResponse(body, 201 if len(versions) == 1 else 200)

    async def _files(self, _request: Request) -> Response:
        return JSONResponse(
            {path: [len(version) for version in versions] for path, versions in sorted(self._versions.items())}
        )


def _place(request: Request) -> str:
    """``site/path``, or ``site/drive/path`` in a named library."""
    return "/".join(request.path_params[name] for name in ("site", "drive", "path") if name in request.path_params)


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)

"""A person at a browser on this machine: choose who to be, and pages are opened as that person.

A browser cannot send a bearer token by itself. In Azure, EasyAuth signs people in; here this stands in for it.
The cookie becomes a token for pages and their forms only, never for ``/api``.
"""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs

import httpx
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from functions.pages import page_headers
from local.personas import PERSONAS
from shared.portal.pages import AREAS

COOKIE = "attest_local"
PATH = "/_local/sign-in"
_PAGES = frozenset(path.strip("/") for _, pages in AREAS for path, _ in pages)
_SECONDS = 8 * 3600


class SignIn:
    """``/_local/sign-in`` and ``/_local/sign-out``; ``authority`` is where the Entra stand-in answers."""

    def __init__(self, authority: str) -> None:
        self._authority = authority

    async def page(self, _: Request) -> Response:
        """Everybody one can be."""
        rows = "".join(
            f'<p><button name="who" value="{escape(key)}">{escape(one.name)}</button> {escape(", ".join(one.roles))}'
            f"{escape(' (practices: ' + ', '.join(one.practices) + ')') if one.practices else ''}</p>"
            for key, one in PERSONAS.items()
        )
        text = "Only on this machine: choose who to be. In Azure, people sign in with their work account instead."
        return _html(f'<p class="lead">{text}</p><form method="post" action="{PATH}" class="card">{rows}</form>')

    async def enter(self, request: Request) -> Response:
        """Fetch a token for the persona and keep it in a cookie no script can read and no other site can have sent."""
        body = (await request.body())[:1000].decode("utf-8", "replace")
        who = PERSONAS.get((parse_qs(body).get("who") or [""])[0])
        if who is None:
            return _html('<p class="lead">There is nobody of that name.</p>', 400)
        try:
            async with httpx.AsyncClient(timeout=10.0, trust_env=False) as client:
                answer = await client.post(f"{self._authority}/dev/token", json=who.token_request())
                token = answer.raise_for_status().json()["access_token"]
        except (httpx.HTTPError, ValueError, KeyError):
            return _html('<p class="lead">The Entra stand-in did not answer.</p>', 503)
        entered = RedirectResponse("/", 303)
        entered.set_cookie(COOKIE, token, max_age=_SECONDS, path="/", httponly=True, samesite="strict")
        return entered

    async def leave(self, _: Request) -> Response:
        """Forget who it was."""
        left = RedirectResponse(PATH, 303)
        left.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return left


def with_token(scope: Scope) -> Scope:
    """The request as a signed-in browser means it: a page or a form without a token gets its cookie's."""
    names = {name for name, _ in scope["headers"]}
    first = next((part for part in str(scope["path"]).lower().split("/") if part), "")
    if b"authorization" in names or scope["method"] not in ("GET", "POST") or first not in _PAGES:
        return scope
    token = Request(scope).cookies.get(COOKIE)
    if not token:
        return scope
    return {
        **scope,
        "headers": [*scope["headers"], (b"authorization", b"Bearer " + token.encode("latin-1", "replace"))],
    }


def _html(content: str, status: int = 200) -> Response:
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in · Halo Attest</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="/static/portal.css"></head><body><header class="top"><span class="name">Halo Attest'
        f'</span></header><main><h1>Who are you today?</h1>{content}<p><a href="/_local/sign-out">Sign out</a></p>'
        "</main></body></html>"
    ).encode()
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **page_headers(body)}
    return Response(body, status, headers, "text/html")

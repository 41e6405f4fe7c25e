"""Access tokens by client credentials: the tenant in the query or the form, the credentials in the form or as Basic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Literal

import httpx

from shared.errors import SourceBusy, SourceDenied, SourceDown
from shared.halopsa.parse import UnreadableError, parse_error, parse_one
from shared.settings import Secret

_MARGIN = 60.0
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the authorisation server is shown. ``auto`` tries the form first and Basic when that client is refused."""

    client_id: str
    client_secret: Secret
    scope: str = "all"
    tenant: str = ""
    tenant_in: Literal["query", "form"] = "query"
    style: Literal["auto", "form", "basic"] = "auto"


class TokenSource:
    """Hands out one token to all threads and renews it once it nears its end or was refused."""

    def __init__(
        self,
        http: httpx.Client,
        url: str,
        credentials: Credentials,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._http = http
        self._url = url
        self._credentials = credentials
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = Lock()
        self._token = ""
        self._ends = 0.0
        self._basic = credentials.style == "basic"

    def get(self) -> str:
        """A token that is good for another minute at least."""
        with self._lock:
            if not self._token or self._monotonic() >= self._ends:
                self._renew()
            return self._token

    def replace(self, refused: str) -> str:
        """Another token than the refused one; one thread asks, the others share its answer."""
        with self._lock:
            if self._token == refused:
                self._renew()
            return self._token

    def _renew(self) -> None:
        self._token = ""
        answer = self._ask()
        if answer.status_code in (400, 401) and self._credentials.style == "auto" and _says(answer, "invalid_client"):
            self._basic = not self._basic
            answer = self._ask()
        if answer.status_code != 200:
            raise _refusal(answer)
        try:
            body = parse_one("token", answer.content)
            token, lifetime = body["access_token"], float(body.get("expires_in", 3600))
        except (UnreadableError, KeyError, TypeError, ValueError):
            token, lifetime = "", 0.0
        if not isinstance(token, str) or not token:
            raise SourceDown("HaloPSA's authorisation server answered no token.", code="halo_token_unreadable")
        # A short-lived token is used for its whole life but the last fifth; asking per request would spend the budget.
        self._ends = self._monotonic() + max(lifetime - _MARGIN, lifetime * 0.8)
        self._token = token

    def _ask(self) -> httpx.Response:
        known = self._credentials
        form = {"grant_type": "client_credentials", "scope": known.scope}
        query: dict[str, str] = {}
        if known.tenant:
            (query if known.tenant_in == "query" else form)["tenant"] = known.tenant
        auth: httpx.BasicAuth | None = None
        if self._basic:
            auth = httpx.BasicAuth(known.client_id, known.client_secret.value)
        else:
            form |= {"client_id": known.client_id, "client_secret": known.client_secret.value}
        for attempt in range(_TRIES):
            try:
                request = self._http.build_request("POST", self._url, data=form, params=query)
                answer = self._http.send(request, auth=auth)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                return answer
            if attempt + 1 < _TRIES:
                self._sleep(2.0**attempt)
        if answer is not None and answer.status_code == 429:
            raise SourceBusy("HaloPSA's authorisation server is busy.", code="halo_token_busy", retry_after=60)
        raise SourceDown("HaloPSA's authorisation server does not answer.", code="halo_token_down")


def _says(answer: httpx.Response, word: str) -> bool:
    return word in answer.text


def _refusal(answer: httpx.Response) -> SourceDenied | SourceDown:
    if answer.status_code not in (400, 401, 403):
        return SourceDown(
            f"HaloPSA's authorisation server answered {answer.status_code}.",
            code="halo_token_down",
            status=answer.status_code,
        )
    sentence, _ = parse_error(answer.content)
    if _says(answer, "invalid_scope"):
        return SourceDenied(
            "HaloPSA does not know one of the scopes in HALO_SCOPE, or the API application may not use it.",
            code="halo_scope_refused",
            said=sentence,
        )
    return SourceDenied(
        "HaloPSA refuses HALO_CLIENT_ID and HALO_CLIENT_SECRET.", code="halo_credentials_refused", said=sentence
    )

"""One request to HaloPSA with everything that can go wrong between: refused tokens, limits, outages, half answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from shared.errors import SourceBusy, SourceDenied, SourceDown, SourceError, SourceRejected
from shared.halopsa.budget import Budget
from shared.halopsa.parse import UnreadableError, parse_error
from shared.halopsa.token import TokenSource
from shared.ports import Clock

MOST_BYTES = 64 * 1024 * 1024
"""No page of HaloPSA comes near it; more is not read."""

_TRIES = 4
_BUSY_TRIES = 8
_LONGEST_BUSY = 600.0
_FIRST_BUSY = 5.0
_REJECTED = frozenset({400, 404, 405, 409, 410, 413, 415, 422})


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and exact bytes of an answer below 300."""

    status: int
    body: bytes


class _Again(Exception):
    def __init__(self, fault: SourceError) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Transport:
    """Sends with token and budget. Reads are tried again; writes only where they surely did not happen."""

    def __init__(
        self,
        http: httpx.Client,
        *,
        base: str,
        tokens: TokenSource,
        budget: Budget,
        clock: Clock,
        sleep: Callable[[float], None],
    ) -> None:
        self._http = http
        self._base = base.rstrip("/")
        self._tokens = tokens
        self._budget = budget
        self._clock = clock
        self._sleep = sleep

    def read(self, path: str, query: Mapping[str, str], check: Callable[[bytes], Any]) -> tuple[Answer, Any]:
        """GET and let ``check`` read the body; one it cannot read counts as half an answer and is asked for again."""
        fault: SourceError = SourceDown("HaloPSA does not answer.", code="halo_down")
        for attempt in range(_TRIES):
            if attempt:
                self._sleep(2.0 ** (attempt - 1))
            try:
                answer = self._send("GET", path, query, None)
                return answer, check(answer.body)
            except _Again as again:
                fault = again.fault
            except UnreadableError as half:
                fault = SourceDown(f"HaloPSA's answer to {path} is unusable. {half}", code="halo_unreadable", path=path)
        raise fault

    def write(self, method: str, path: str, query: Mapping[str, str], body: object) -> Answer:
        """POST or DELETE once. ``details['uncertain']`` on SourceDown: it may have been carried out all the same."""
        try:
            return self._send(method, path, query, body)
        except _Again as again:
            again.fault.details.setdefault("uncertain", True)
            raise again.fault from None
        except SourceDown as fault:
            fault.details.setdefault("uncertain", True)
            raise

    def _send(self, method: str, path: str, query: Mapping[str, str], body: object) -> Answer:
        token = self._tokens.get()
        renewed = False
        waited, busy = 0.0, 0
        while True:
            self._budget.take()
            status, headers, content = self._exchange(method, path, query, body, token)
            if status < 300:
                return Answer(status, content)
            if status == 401 and not renewed:
                # Once: HaloPSA also answers 401 where a module permission is missing, and that never heals.
                renewed, token = True, self._tokens.replace(token)
                continue
            if status == 429:
                wait = _retry_after(headers, self._clock) or min(_FIRST_BUSY * 2**busy, 120.0)
                busy += 1
                if busy >= _BUSY_TRIES or waited + wait > _LONGEST_BUSY:
                    raise SourceBusy(
                        "HaloPSA's request limit is used up.", code="halo_busy", retry_after=int(wait), path=path
                    )
                self._budget.pause(wait)
                self._sleep(wait)
                waited += wait
                continue
            raise _fault(status, content, path)

    def _exchange(
        self, method: str, path: str, query: Mapping[str, str], body: object, token: str
    ) -> tuple[int, httpx.Headers, bytes]:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        content: bytes | None = None
        if body is not None:
            content = json.dumps(body, allow_nan=False, default=_plain).encode()
            headers["Content-Type"] = "application/json"
        url = f"{self._base}/{path}"
        request = self._http.build_request(method, url, params=dict(query), headers=headers, content=content)
        try:
            answer = self._http.send(request, stream=True)
            try:
                told = _bounded(answer)
            finally:
                answer.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise _Again(
                SourceDown("HaloPSA cannot be reached.", code="halo_unreachable", path=path, uncertain=False)
            ) from None
        except httpx.TimeoutException:
            raise _Again(SourceDown("HaloPSA did not answer in time.", code="halo_timeout", path=path)) from None
        except httpx.HTTPError:
            raise _Again(SourceDown("HaloPSA's answer broke off.", code="halo_cut_off", path=path)) from None
        return answer.status_code, answer.headers, told


def _plain(value: object) -> float:
    """HaloPSA's columns take JSON numbers only; money has few digits, so its shortest text survives the trip."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _bounded(answer: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in answer.iter_bytes():
        size += len(part)
        if size > MOST_BYTES:
            raise SourceDown("HaloPSA's answer is larger than any page can be.", code="halo_too_large")
        parts.append(part)
    return b"".join(parts)


def _retry_after(headers: httpx.Headers, clock: Clock) -> float | None:
    """Seconds from Retry-After in either form; None when it is absent or makes no sense."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - clock.now()).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(seconds, 0.5) if seconds < 86_400 else None


def _fault(status: int, content: bytes, path: str) -> SourceError | _Again:
    sentence, field = parse_error(content)
    if status in (401, 403):
        return SourceDenied(
            f"HaloPSA does not let this API application use {path} (status {status}).",
            code="halo_denied",
            status=status,
            path=path,
            said=sentence,
        )
    if status in _REJECTED:
        named = f" The field is {field}." if field else ""
        code = "halo_not_found" if status == 404 else "halo_rejected"
        text = f"HaloPSA refused {path} with {status}: {sentence or 'without a word'}.".replace("..", ".") + named
        return SourceRejected(text, code=code, status=status, path=path, field=field, said=sentence)
    if status == 504:
        # The gateway gives up after a minute while HaloPSA goes on working: asking again only adds to it.
        return SourceDown(
            f"HaloPSA's gateway timed out on {path}.", code="halo_gateway_timeout", status=status, path=path
        )
    down = SourceDown(
        f"HaloPSA answered {path} with {status}.", code="halo_down", status=status, path=path, said=sentence
    )
    return _Again(down) if status >= 500 else down

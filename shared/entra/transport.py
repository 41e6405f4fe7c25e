"""One request to Microsoft with everything that can go wrong between: refused tokens, throttling, outages, half answers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from shared.entra.credentials import Tokens
from shared.errors import SourceBusy, SourceDenied, SourceDown, SourceRejected
from shared.model import JsonObject
from shared.ports import Clock

_TRIES = 4
_BUSY_TRIES = 8
_LONGEST_BUSY = 600.0
MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A readable JSON object and the exact bytes it came as."""

    body: bytes
    json: JsonObject


class _HalfError(Exception):
    """What came cannot be used; asking again may help."""


class Transport:
    """Sends with a token. All our requests are reads, so each may be tried again."""

    def __init__(self, http: httpx.Client, tokens: Tokens, clock: Clock, sleep: Callable[[float], None]) -> None:
        self._http, self._tokens, self._clock, self._sleep = http, tokens, clock, sleep

    def read(
        self,
        url: str,
        *,
        tenant: str,
        resource: str,
        query: Mapping[str, str] | None = None,
        body: JsonObject | None = None,
        check: Callable[[JsonObject], bool],
    ) -> Answer:
        """The answer once ``check`` accepts it. SourceDenied, SourceRejected, SourceBusy or SourceDown otherwise."""
        failed, busy, waited, renewed = 0, 0, 0.0, False
        while True:
            try:
                status, headers, content = self._exchange(url, tenant, resource, query, body)
                if status < 300:
                    return _readable(content, check)
                fault: Exception | None = _HalfError(f"status {status}") if status >= 500 else None
            except (httpx.HTTPError, httpx.InvalidURL, _HalfError) as broken:
                fault = broken
            if fault is not None:
                failed += 1
                if failed >= _TRIES:
                    raise SourceDown(
                        f"Microsoft's answer cannot be used ({fault or type(fault).__name__}).", code="graph_down"
                    )
                self._sleep(2.0 ** (failed - 1))
                continue
            if status == 401 and not renewed:
                renewed = True
                self._tokens.forget(tenant, resource)
                continue
            if status == 429:
                wait = _retry_after(headers, self._clock) or min(5.0 * 2**busy, 120.0)
                busy, waited = busy + 1, waited + wait
                if busy >= _BUSY_TRIES or waited > _LONGEST_BUSY:
                    raise SourceBusy(
                        "Microsoft asks us to slow down for longer than we may wait.",
                        code="graph_busy",
                        retry_after=int(wait),
                    )
                self._sleep(wait)
                continue
            raise _fault(status, content)

    def _exchange(
        self, url: str, tenant: str, resource: str, query: Mapping[str, str] | None, body: JsonObject | None
    ) -> tuple[int, httpx.Headers, bytes]:
        headers = {"Authorization": f"Bearer {self._tokens.get(tenant, resource)}", "Accept": "application/json"}
        request = self._http.build_request(
            "GET" if body is None else "POST", url, params=query, json=body, headers=headers
        )
        answer = self._http.send(request, stream=True)
        try:
            parts, size = [], 0
            for part in answer.iter_bytes():
                size += len(part)
                if size > MOST_BYTES:
                    raise _HalfError("it is too large")
                parts.append(part)
        finally:
            answer.close()
        return answer.status_code, answer.headers, b"".join(parts)


def _readable(content: bytes, check: Callable[[JsonObject], bool]) -> Answer:
    try:
        body: Any = json.loads(content)
        if b"\\ud" in content or b"\\uD" in content:  # half a surrogate pair is in no text that can be kept or shown
            body = json.loads(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise _HalfError("it is half an answer") from None
    if not isinstance(body, dict) or not check(body):
        raise _HalfError("it has another shape than promised")
    return Answer(content, body)


def _retry_after(headers: httpx.Headers, clock: Clock) -> float | None:
    told = headers.get("retry-after", "").strip()
    if not told:
        return None
    try:
        return min(max(float(told), 0.0), 300.0) if math.isfinite(float(told)) else None
    except ValueError:
        pass
    try:
        return min(max((parsedate_to_datetime(told) - clock.now()).total_seconds(), 0.0), 300.0)
    except (ValueError, TypeError):
        return None


def _fault(status: int, content: bytes) -> SourceDenied | SourceRejected:
    try:
        code = str(json.loads(content)["error"]["code"])[:100]
    except (ValueError, KeyError, TypeError):
        code = ""
    if status in (401, 403):
        return SourceDenied(
            f"Microsoft refuses to let us read this ({status} {code}).", code="graph_denied", status=status
        )
    return SourceRejected(f"Microsoft refused our request ({status} {code}).", code="graph_rejected", status=status)

"""Posts events to subscribers' callback addresses."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from shared.errors import SourceDown, SourceRejected
from shared.model import JsonObject

if TYPE_CHECKING:
    import httpx

_SECONDS = 10.0


class Callback:
    """A Caller over httpx; no redirects, so that an address checked once stays the address."""

    @cached_property
    def _client(self) -> httpx.Client:
        import httpx

        return httpx.Client(timeout=_SECONDS, follow_redirects=False)

    def post(self, url: str, body: JsonObject) -> int:
        """The status when it was taken. SourceRejected on 3xx and 4xx but 408 and 429, SourceDown otherwise."""
        import httpx

        try:
            status = self._client.post(url, json=body).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            raise SourceDown("A subscriber does not answer.", code="callback_down") from None
        if status < 300:
            return status
        if status < 500 and status not in (408, 429):
            raise SourceRejected(f"A subscriber refused the event with {status}.", code="callback_refused")
        raise SourceDown(f"A subscriber answered {status}.", code="callback_down")

"""Files into SharePoint sites through Graph (Sites.Selected): small ones at once, large ones in upload sessions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from shared.errors import SourceBusy, SourceDenied, SourceDown, SourceRejected
from shared.model import JsonObject
from shared.ports import Place
from shared.settings import Settings

if TYPE_CHECKING:
    import httpx

_SMALL = 4 * 1024 * 1024
_CHUNK = 16 * 320 * 1024
"""Graph wants multiples of 320 KiB."""
_TRIES = 5
_LONGEST_WAIT = 60.0
_SECONDS = 60.0


class SharePoint:
    """Puts files by path. The same path again makes a new version of the same file, never a second file."""

    def __init__(
        self,
        *,
        graph: str,
        token: Callable[[], str],
        sleep: Callable[[float], None],
        forget: Callable[[], None] = lambda: None,
        http: httpx.Client | None = None,
    ) -> None:
        self._sites = f"{graph.rstrip('/')}/v1.0/sites"
        self._token = token
        self._forget = forget
        self._sleep = sleep
        self._given = http

    @cached_property
    def _http(self) -> httpx.Client:
        import httpx

        return self._given or httpx.Client(timeout=_SECONDS, follow_redirects=False)

    def put(self, place: Place, path: str, data: bytes, media_type: str) -> JsonObject:
        """Store and answer ``{"id", "web_url", "size"}``. Raises from the SourceError subtree."""
        drive = f"drives/{quote(place.drive, safe='!')}" if place.drive else "drive"
        where = "/".join(quote(_safe(part), safe="") for part in path.split("/") if part)
        address = f"{self._sites}/{quote(place.site, safe=',')}/{drive}/root:/{where}:"
        if len(data) <= _SMALL:
            answer = self._ask("PUT", f"{address}/content", data, {"Content-Type": media_type}, allowed=(413,))
            if answer.status_code != 413:  # what it finds too large at once, it takes in pieces
                return _item(answer)
        for _ in range(_TRIES):
            session = self._ask(
                "POST",
                f"{address}/createUploadSession",
                b'{"item":{"@microsoft.graph.conflictBehavior":"replace"}}',
                {"Content-Type": "application/json"},
            )
            done = self._upload(str(session.json()["uploadUrl"]), data)
            if done is not None:
                return _item(done)
        raise SourceDown("SharePoint kept losing the upload session.", code="sharepoint_session_lost")

    def _upload(self, url: str, data: bytes) -> httpx.Response | None:
        """All chunks; None when the session is gone and must begin anew. The upload address needs no token."""
        at = 0
        while at < len(data):
            part = data[at : at + _CHUNK]
            span = {"Content-Range": f"bytes {at}-{at + len(part) - 1}/{len(data)}"}
            answer = self._ask("PUT", url, part, span, token=False, allowed=(404, 409, 416))
            if answer.status_code in (200, 201):
                return answer
            if answer.status_code in (404, 409):
                return None
            if answer.status_code == 416:  # it has that part already: ask where to go on
                answer = self._ask("GET", url, None, {}, token=False, allowed=(404,))
                if answer.status_code == 404:
                    return None
            at = _next(answer, at + len(part))
        return None

    def _ask(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: dict[str, str],
        *,
        token: bool = True,
        allowed: tuple[int, ...] = (),
    ) -> httpx.Response:
        import httpx

        wait, busy, fresh = 1.0, False, not token
        for attempt in range(_TRIES):
            sent = {**headers, "Authorization": f"Bearer {self._token()}"} if token else headers
            try:
                answer = self._http.request(method, url, content=body, headers=sent)
            except (httpx.HTTPError, httpx.InvalidURL):
                busy = False
            else:
                status = answer.status_code
                if status < 300 or status in allowed:
                    return answer
                if status == 401 and not fresh:  # the token may have been withdrawn before its time
                    fresh = True
                    self._forget()
                    continue
                if status in (401, 403):
                    raise SourceDenied(
                        "SharePoint refused us: the site must be granted to this identity.", code="sharepoint_denied"
                    )
                if status not in (409, 412, 423, 429) and status < 500:
                    raise SourceRejected(f"SharePoint refused the file with {status}.", code="sharepoint_refused")
                busy = status == 429
                wait = max(wait, _asked(answer.headers.get("Retry-After")))
            if attempt + 1 < _TRIES:
                self._sleep(min(wait, _LONGEST_WAIT))
                wait *= 2
        if busy:
            raise SourceBusy("SharePoint is busy.", code="sharepoint_busy", retry_after=int(wait))
        raise SourceDown(
            "SharePoint does not answer, or the file stays locked by somebody else.", code="sharepoint_down"
        )


def open_sharepoint(settings: Settings, token: Callable[[], str], forget: Callable[[], None]) -> SharePoint:
    """From the settings; sites are granted to this identity one by one (Sites.Selected)."""
    from time import sleep

    return SharePoint(graph=settings.text("GRAPH_URL"), token=token, forget=forget, sleep=sleep)


def _next(answer: httpx.Response, sent: int) -> int:
    ranges = answer.json().get("nextExpectedRanges") or []
    return int(str(ranges[0]).partition("-")[0]) if ranges else sent


def _item(answer: httpx.Response) -> JsonObject:
    body = answer.json()
    return {"id": body.get("id"), "web_url": body.get("webUrl"), "size": body.get("size")}


def _safe(part: str) -> str:
    """Without what SharePoint does not allow in names."""
    cleaned = "".join("-" if letter in '"*:<>?/\\|#%' or letter < " " else letter for letter in part).strip(" .")
    return cleaned or "-"


def _asked(header: str | None) -> float:
    try:
        return max(0.0, min(_LONGEST_WAIT, float(header or 0)))
    except ValueError:
        return 0.0

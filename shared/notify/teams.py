"""Messages to Teams channels: Adaptive Cards through a Workflows webhook, small enough, tried again where that helps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from shared.errors import SourceBusy, SourceDenied, SourceDown, SourceRejected
from shared.model import JsonObject
from shared.settings import Secret, Settings

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 25 * 1024
"""Teams refuses messages above 28 KB; its own wrapping needs some of that."""
_MOST_TEXT = 6000
_MOST_FACTS = 40
_LONGEST_FACT = 300
_SECONDS = 15.0
_TRIES = 4
_LONGEST_WAIT = 60.0


def message(card: Mapping[str, object], most: int = MOST_BYTES) -> JsonObject:
    """A Workflows message of at most ``most`` bytes. What does not fit is counted, and the link leads to it."""
    facts = [one for one in _list(card.get("facts")) if isinstance(one, Mapping)]
    text, shown = str(card.get("text") or ""), min(len(facts), _MOST_FACTS)
    room = _MOST_TEXT
    while True:
        made = _message(card, text, room, facts, shown)
        if len(json.dumps(made).encode()) <= most or (shown == 0 and room <= 0):
            return made
        if shown:
            shown //= 2
        else:
            room = room // 2 if room > 100 else 0


def _message(
    card: Mapping[str, object], text: str, room: int, facts: list[Mapping[str, object]], shown: int
) -> JsonObject:
    body: list[JsonObject] = [
        {
            "type": "TextBlock",
            "text": plain(str(card.get("title") or "Halo Attest"))[:200],
            "weight": "Bolder",
            "size": "Medium",
            "wrap": True,
            "style": "heading",
        },
    ]
    if text and room:
        cut = plain(text)[:room]
        body.append({"type": "TextBlock", "text": cut + ("" if len(plain(text)) <= room else " …"), "wrap": True})
    if shown:
        body.append(
            {
                "type": "FactSet",
                "facts": [
                    {
                        "title": plain(str(one.get("label") or ""))[:100],
                        "value": plain(str(one.get("text") or ""))[:_LONGEST_FACT],
                    }
                    for one in facts[:shown]
                ],
            }
        )
    if len(facts) > shown:
        body.append(
            {
                "type": "TextBlock",
                "text": f"And {len(facts) - shown} more, behind the link.",
                "wrap": True,
                "isSubtle": True,
            }
        )
    content: JsonObject = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": body,
    }
    link = str(card.get("link") or "")
    if link.startswith(("https://", "http://")):
        content["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": link[:2000]}]
    return {
        "type": "message",
        "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content},
        ],
    }


def plain(text: str) -> str:
    """Without the letters that Adaptive Cards read as Markdown: data makes no links and mentions nobody."""
    return text.translate(_ESCAPES)


_ESCAPES = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_[]#~"} | {"<": "‹", ">": "›"})


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


class Teams:
    """A Notifier. Addresses are secrets; they stay out of messages and errors."""

    def __init__(
        self, channels: Mapping[str, Secret], sleep: Callable[[float], None], http: httpx.Client | None = None
    ) -> None:
        self._channels = channels
        self._sleep = sleep
        self._given = http

    @cached_property
    def _http(self) -> httpx.Client:
        import httpx

        return self._given or httpx.Client(timeout=_SECONDS, follow_redirects=False)

    def send(self, channel: str, card: JsonObject) -> None:
        """Deliver. SourceRejected when it never will be; SourceBusy or SourceDown when it may be later."""
        url = self._channels.get(channel)
        if url is None:
            raise SourceRejected(f"The channel {channel} has no address in TEAMS_CHANNELS.", code="channel_unknown")
        status = self._post(url, message(card))
        if status == 413:
            # Workflows counts differently than we do: the title, the link and how much is left out always fit.
            status = self._post(url, message(card, most=2048))
        if status in (401, 403):
            raise SourceDenied(f"The channel {channel} refused us with {status}.", code="channel_denied")
        if status >= 300:
            raise SourceRejected(f"The channel {channel} refused the message with {status}.", code="channel_refused")

    def _post(self, url: Secret, body: JsonObject) -> int:
        import httpx

        wait, busy = 1.0, False
        for attempt in range(_TRIES):
            try:
                answer = self._http.post(url.value, json=body)
            except (httpx.HTTPError, httpx.InvalidURL):
                busy = False
            else:
                if answer.status_code != 429 and answer.status_code < 500:
                    return answer.status_code
                busy = answer.status_code == 429
                wait = max(wait, _asked(answer.headers.get("Retry-After")))
            if attempt + 1 < _TRIES:
                self._sleep(min(wait, _LONGEST_WAIT))
                wait *= 2
        if busy:
            raise SourceBusy("A Teams channel is busy.", code="channel_busy", retry_after=int(wait))
        raise SourceDown("A Teams channel does not answer.", code="channel_down")


def _asked(header: str | None) -> float:
    try:
        return max(0.0, min(_LONGEST_WAIT, float(header or 0)))
    except ValueError:
        return 0.0


def open_teams(settings: Settings) -> Teams:
    """From the settings."""
    from time import sleep

    return Teams(settings.teams_channels(), sleep)

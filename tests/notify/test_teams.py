from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from shared.errors import SourceBusy, SourceDown, SourceRejected
from shared.notify.teams import MOST_BYTES, Teams, message
from shared.settings import Secret

URL = "https://flows.example.invalid/secret"


def teams(answers: list[Any]) -> tuple[Teams, list[httpx.Request], list[float]]:
    seen: list[httpx.Request] = []
    waits: list[float] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Teams({"msp": Secret(URL)}, waits.append, httpx.Client(transport=httpx.MockTransport(handle))), seen, waits


def test_a_message_is_an_adaptive_card() -> None:
    """In the envelope that Workflows expects, with title, text, facts and a link."""
    made = message(
        {
            "title": "Report",
            "text": "It is ready.",
            "facts": [{"label": "Red", "text": "3"}],
            "link": "https://x.invalid",
        }
    )
    (attachment,) = made["attachments"]

    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["content"]["body"][2]["facts"] == [{"title": "Red", "value": "3"}]
    assert attachment["content"]["actions"][0]["url"] == "https://x.invalid"


@pytest.mark.slow
@pytest.mark.parametrize("letter", ["a", "🔥", "\u0000", '"'])
def test_a_message_never_exceeds_its_bytes_and_counts_what_is_left_out(letter: str) -> None:
    """Ten thousand facts and a megabyte of text."""
    made = message(
        {
            "title": letter * 9000,
            "text": letter * 1_000_000,
            "facts": [{"label": letter * 500, "text": letter * 5000}] * 10_000,
            "link": "https://x.invalid",
        }
    )

    assert len(json.dumps(made).encode()) <= MOST_BYTES
    assert any("more, behind the link" in str(one.get("text")) for one in made["attachments"][0]["content"]["body"])


def test_data_makes_no_links_and_mentions_nobody() -> None:
    """Markdown and markup from a ticket title stay text."""
    made = message(
        {"title": "[click](http://evil.invalid)", "text": "<at>everyone</at>", "link": "javascript:alert(1)"}
    )
    content = made["attachments"][0]["content"]

    assert "[click](" not in content["body"][0]["text"].replace("\\[", "").replace("\\]", "")
    assert "<at>" not in content["body"][1]["text"]
    assert "actions" not in content


def test_a_busy_channel_is_tried_again_after_the_time_it_asks_for() -> None:
    """429 with Retry-After, a broken line, then taken."""
    busy = httpx.Response(429, headers={"Retry-After": "7"})
    sender, seen, waits = teams([busy, httpx.ConnectError("no"), httpx.Response(202)])
    sender.send("msp", {"title": "x"})

    assert (len(seen), waits[0]) == (3, 7.0)


def test_a_message_too_large_for_the_channel_is_sent_short_once() -> None:
    """413 is answered with a card of 2 KiB at most."""
    sender, seen, _ = teams([httpx.Response(413), httpx.Response(202)])
    sender.send("msp", {"title": "x", "text": "y" * 5000, "facts": [{"label": "a", "text": "b" * 200}] * 30})

    assert len(seen[1].content) <= 2048 < len(seen[0].content)


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ([httpx.Response(400)], SourceRejected),
        ([httpx.Response(413), httpx.Response(413)], SourceRejected),
        ([httpx.Response(302)], SourceRejected),
        ([httpx.Response(429)] * 4, SourceBusy),
        ([httpx.Response(500)] * 4, SourceDown),
        ([httpx.ReadTimeout("no")] * 4, SourceDown),
    ],
)
def test_what_cannot_be_delivered_is_told_apart(answers: list[Any], fault: type[Exception]) -> None:
    """Never again, later, or no answer; the secret address is in no message."""
    sender, _, _ = teams(list(answers))

    with pytest.raises(fault) as caught:
        sender.send("msp", {"title": "x"})
    assert URL not in str(caught.value)


def test_a_channel_without_an_address_is_refused() -> None:
    """Nothing is lost silently."""
    sender, _, _ = teams([])

    with pytest.raises(SourceRejected):
        sender.send("other", {"title": "x"})

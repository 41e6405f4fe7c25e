"""One answer of the simulator, and the refusals HaloPSA words in its own ways."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, bytes and headers."""

    status: int
    body: bytes = b""
    media_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A request HaloPSA refuses; carries the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def as_json(body: Any, status: int = 200) -> Answer:
    """JSON in UTF-8; half a surrogate pair, which UTF-8 cannot hold, stays the escape it was posted as."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    try:
        return Answer(status, text.encode())
    except UnicodeEncodeError:
        return Answer(status, json.dumps(body, separators=(",", ":")).encode())


def sentence(text: str, status: int = 400) -> Answer:
    """HaloPSA's plain-text errors."""
    return Answer(status, text.encode(), "text/plain; charset=utf-8")


def model_state(field_name: str, message: str) -> Answer:
    """ASP.NET's way of naming a field that could not be read."""
    return as_json({field_name: [message]}, 400)


def empty(status: int) -> Answer:
    """Refusals of permission have no body."""
    return Answer(status, b"", "text/plain; charset=utf-8")

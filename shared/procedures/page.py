"""Pages of lists: a limit, an opaque token, nothing skipped and nothing twice."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from itertools import islice

from shared.errors import Malformed
from shared.model import JsonObject


def token_of(value: object) -> str:
    """An opaque token for where a list goes on."""
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def value_of(token: str) -> object:
    """The inverse; Malformed when it is not one of ours."""
    try:
        return json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, binascii.Error, UnicodeDecodeError):
        raise Malformed("The page token is not one we gave.", code="page_token_invalid") from None


def page(
    bodies: Iterable[JsonObject],
    *,
    limit: int,
    after: str | None,
    key: Callable[[JsonObject], str],
    shown: Callable[[JsonObject], JsonObject] = lambda body: body,
) -> JsonObject:
    """One page of bodies, sorted by ``key`` (which must be unique), beginning after the token's key."""
    start: str | None = None
    if after is not None:
        value = value_of(after)
        if not isinstance(value, str):
            raise Malformed("The page token is not one we gave.", code="page_token_invalid")
        start = value
    rest = sorted(((key(body), body) for body in bodies), key=lambda pair: pair[0])
    if start is not None:
        rest = [pair for pair in rest if pair[0] > start]
    items = list(islice(rest, limit))
    return {
        "items": [shown(body) for _, body in items],
        "next": token_of(items[-1][0]) if len(rest) > limit else None,
    }

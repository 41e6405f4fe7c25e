"""HaloPSA's API applications: each may ask for certain scopes, and a token carries no name of whose it is."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from local.guard.gate import Demand, Gate, one_of
from local.guard.passing import Answer, Asked, Behind
from local.halopsa.tables import canonical, shape


class HaloDoor:
    """Remembers which application each token was given to, and judges what it is used for."""

    def __init__(self, gate: Gate, group_of: dict[str, str]) -> None:
        self._gate = gate
        self._group_of = group_of
        """By client id."""
        self._tokens: dict[str, str] = {}

    async def refusal(self, asked: Asked, behind: Behind) -> Answer | None:  # noqa: ARG002 - the request tells everything
        """403 without the scope. Whoever shows no token of ours is HaloPSA's to refuse."""
        group = self._tokens.get(asked.headers.get("authorization", "").removeprefix("Bearer "))
        if group is None or not asked.raw.lower().startswith("/api/"):
            return None
        demand = demanded(asked.method, asked.raw)
        if demand is None or self._gate.allows(group, demand):
            return None
        return Answer(403, {}, b"")

    async def passed(self, asked: Asked, status: int, body: bytes, behind: Behind) -> None:  # noqa: ARG002 - nothing more is asked
        """A token that was given is remembered."""
        if asked.raw.lower() != "/auth/token" or status != 200:
            return
        client = parse_qs(asked.body.decode()).get("client_id", [""])[0]
        if client in self._group_of:
            self._tokens[json.loads(body)["access_token"]] = self._group_of[client]


def demanded(method: str, path: str) -> Demand | None:
    """The area's scope to read or to write; None for what any token may read."""
    area = shape(canonical(path.split("/")[2])).scope
    if area is None:
        return None if method == "GET" else Demand("halopsa", one_of("admin/write"))
    area = "admin" if area == "webhooks" else area
    return Demand("halopsa", one_of(f"{area}/{'read' if method == 'GET' else 'write'}"))

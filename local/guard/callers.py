"""Who a token speaks for: checked as the resource itself would, by signature and audience."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx

from local.entra.tokens import HOME_TENANT, object_id


class Callers:
    """``group_of``: by client id, of the identities and of applications that only an identity's word opens."""

    def __init__(self, entra_url: str, group_of: Mapping[str, str]) -> None:
        self._entra_url = entra_url
        self._group_of = group_of
        self._signers = {object_id(HOME_TENANT, client): group for client, group in group_of.items()}
        self._known: dict[tuple[str, tuple[str, ...]], str | None] = {}

    def of(self, headers: Mapping[str, str], *audiences: str) -> str | None:
        """The group whose token for one of the audiences this is; None for a stranger."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = (token, audiences)
        if key not in self._known:
            self._known[key] = self._verified(token, audiences)
        return self._known[key]

    def signed(self, query: Mapping[str, str]) -> str | None:
        """A link is as good as the identity that signed it."""
        return self._signers.get(query.get("skoid", ""))

    @cached_property
    def _keys(self) -> dict[str, Any]:
        answer = httpx.get(f"{self._entra_url}/{HOME_TENANT}/discovery/v2.0/keys", trust_env=False)
        return {row["kid"]: row for row in answer.json()["keys"]}

    def _verified(self, token: str, audiences: tuple[str, ...]) -> str | None:
        import jwt

        wanted = [one + end for one in audiences for end in ("", "/")]
        try:
            key = jwt.PyJWK(self._keys[jwt.get_unverified_header(token)["kid"]], algorithm="RS256").key
            claims = jwt.decode(token, key, algorithms=["RS256"], audience=wanted)
        except (jwt.PyJWTError, KeyError):
            return None
        return self._group_of.get(str(claims.get("appid", "")))

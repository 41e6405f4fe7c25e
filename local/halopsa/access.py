"""Tokens, scopes and the access levels of the agent a token acts as."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.halopsa.clock import Clock
from local.halopsa.store import Store
from local.halopsa.tables import Shape

CLIENT_ID = "attest"
CLIENT_SECRET = "local-only"  # noqa: S105 - the well-known secret of a stand-in on loopback
TENANT = "local"

_AREAS = [
    "tickets",
    "calendar",
    "customers",
    "crm",
    "contracts",
    "suppliers",
    "items",
    "projects",
    "sales",
    "quotes",
    "sos",
    "pos",
    "invoices",
    "reporting",
    "software",
    "softwarelicensing",
    "kb",
    "assets",
    "timesheets",
    "distributionlists",
]
KNOWN_SCOPES = (
    {"all", "all:standard", "admin", "all:teams", "admin:webhooks", "offline_access", "openid"}
    | {f"{verb}:{area}" for verb in ("read", "edit") for area in _AREAS}
    | {"editMine:timesheets", "access:chat", "access:adpasswordreset"}
)
_WEBHOOKS = "webhooks"


@dataclass(frozen=True, slots=True)
class Token:
    """What one issued token may do until when."""

    client_id: str
    scopes: frozenset[str]
    expires: float


@dataclass(slots=True)
class Access:
    """Issues tokens and judges requests by them."""

    clock: Clock
    store: Store
    expires_in: int = 3600
    levels: dict[str, str] = field(default_factory=dict)
    """Access level of the acting agent by area: none, read or modify (the default)."""
    _tokens: dict[str, Token] = field(default_factory=dict)

    def revoke_all(self) -> None:
        """Every token issued so far answers 401 from now on."""
        self._tokens.clear()

    def issue(self, form: Mapping[str, str], authorization: str | None) -> tuple[int, dict[str, Any]]:
        """Answer a token request: status and body."""
        client, secret = _basic(authorization) or (form.get("client_id", ""), form.get("client_secret", ""))
        if form.get("grant_type") != "client_credentials":
            return 400, _error("unsupported_grant_type", "The specified 'grant_type' parameter is not supported.")
        if not self._is_client(client, secret):
            return 401, _error("invalid_client", "The specified client credentials are invalid.")
        tenant = form.get("tenant", "")
        if tenant.startswith("wrong"):
            return 500, _error("server_error", "The tenant could not be found.")
        scopes = frozenset(form.get("scope", "").split())
        if scopes - KNOWN_SCOPES:
            return 400, _error("invalid_scope", "The specified 'scope' parameter is not valid.")
        value = secrets.token_urlsafe(48)
        self._tokens[value] = Token(client, scopes, self.clock.now().timestamp() + self.expires_in)
        return 200, {
            "access_token": value,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            **({"scope": " ".join(sorted(scopes))} if scopes else {}),
        }

    def who(self, authorization: str | None) -> Token | None:
        """The token of a request; None when it has none, an expired one, or one without any scope."""
        kind, _, value = (authorization or "").partition(" ")
        if kind.lower() != "bearer":
            return None
        token = self._tokens.get(value.strip())
        if token is None or not token.scopes or token.expires <= self.clock.now().timestamp():
            return None
        return token

    def allows(self, token: Token, shape: Shape, *, write: bool) -> bool:
        """Scopes of the application and access level of its agent: both must allow."""
        area = shape.scope
        if area is not None:
            level = self.levels.get(area, "modify")
            if level == "none" or (write and level != "modify"):
                return False
        return _scoped(token.scopes, shape, write=write)

    def _is_client(self, client: str, secret: str) -> bool:
        if client == CLIENT_ID:
            return secret == CLIENT_SECRET
        return bool(secret) and any(
            row.get("clientId") == client and row.get("clientSecret") == secret and not row.get("inactive")
            for row in self.store.table("Application").rows.values()
        )


def _scoped(scopes: frozenset[str], shape: Shape, *, write: bool) -> bool:
    area = shape.scope
    if "all" in scopes:
        return True
    if area in {"admin", _WEBHOOKS}:
        return "admin" in scopes or (area == _WEBHOOKS and "admin:webhooks" in scopes)
    if "all:standard" in scopes:
        return True
    if area is None:
        # Agents, teams and configuration have no scope of their own: any token reads, administration writes.
        return "admin" in scopes or not write or (shape.path == "Team" and "all:teams" in scopes)
    wanted = {f"edit:{area}"} if write else {f"edit:{area}", f"read:{area}"}
    return not wanted.isdisjoint(scopes)


def _basic(authorization: str | None) -> tuple[str, str] | None:
    kind, _, value = (authorization or "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ("", "")
    return client, secret


def _error(code: str, description: str) -> dict[str, Any]:
    return {"error": code, "error_description": description}

"""Who is calling: validates Entra access tokens and, only where EasyAuth guards the app, its principal header."""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, NoReturn

from shared.errors import Unauthenticated, Unavailable
from shared.model import JsonObject, Person, Role

if TYPE_CHECKING:
    import httpx
    import jwt

    from shared.settings import Settings

LEEWAY_SECONDS = 60
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_REQUIRED = ("exp", "iat", "nbf", "aud", "iss", "tid", "oid")
_LONGEST = 16 * 1024
_LIFESPAN_SECONDS = 3600.0
_COOLDOWN_SECONDS = 30.0
_AZURE = "https://login.microsoftonline.com"
_ROLES: Mapping[str, Role] = {role.value: role for role in Role}
_EASYAUTH_TYPES = {
    "http://schemas.microsoft.com/identity/claims/objectidentifier": "oid",
    "http://schemas.microsoft.com/identity/claims/tenantid": "tid",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/role": "roles",
}


def _refuse(text: str, code: str = "invalid_token") -> NoReturn:
    raise Unauthenticated(text, code=code, www_authenticate=f'Bearer error="invalid_token", error_description="{text}"')


@dataclass(slots=True)
class KeyRing:
    """The issuer's public keys: kept an hour, fetched anew for an unknown key id at most every 30 seconds."""

    authority: str
    tenant: str
    client: httpx.Client
    now: Callable[[], float] = time.monotonic
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _fetched: float | None = None
    _lock: Lock = field(default_factory=Lock)

    def key(self, kid: str) -> jwt.PyJWK | None:
        """The key, or None when the issuer has none of that id. Unavailable when the issuer does not answer."""
        with self._lock:
            age = None if self._fetched is None else self.now() - self._fetched
            stale = age is None or age > _LIFESPAN_SECONDS
            if stale or (kid not in self._keys and age is not None and age > _COOLDOWN_SECONDS):
                self._fetch()
            return self._keys.get(kid)

    def _fetch(self) -> None:
        import httpx
        import jwt

        base = f"{self.authority}/{self.tenant}/v2.0/.well-known/openid-configuration"
        try:
            discovery = self.client.get(base).raise_for_status().json()
            where = str(discovery["jwks_uri"])
            # Keys from another host would let whoever answers discovery sign for everybody.
            near = httpx.URL(where).host == httpx.URL(self.authority).host
            rows = self.client.get(where).raise_for_status().json()["keys"] if near else []
            keys = {
                row["kid"]: jwt.PyJWK(row, algorithm="RS256")
                for row in rows
                if row.get("kty") == "RSA" and row.get("use", "sig") == "sig" and isinstance(row.get("kid"), str)
            }
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
            if self._keys:
                return  # old keys beat none; the next call tries again
            raise Unavailable(
                "The issuer's keys cannot be read, so nobody can be recognised.",
                code="issuer_unavailable",
                retry_after=5,
            ) from None
        self._keys, self._fetched = keys, self.now()


class TokenValidator:
    """Turns an Authorization header into a Person, or raises Unauthenticated. Uses real time, never a movable clock."""

    def __init__(self, settings: Settings, client: httpx.Client | None = None) -> None:
        self._tenants = frozenset(settings.words("ATTEST_TENANT_ID"))
        self._audiences = settings.words("ATTEST_AUDIENCE")
        self._authority = settings.text("ATTEST_AUTHORITY").rstrip("/")
        self._easyauth = settings.text("ATTEST_EASYAUTH").lower() == "on"
        self._client = client
        self._rings: dict[str, KeyRing] = {}

    def person(self, authorization: str | None, principal: str | None = None) -> Person:
        """The caller. ``principal`` is X-MS-CLIENT-PRINCIPAL; it counts only where EasyAuth is on."""
        if authorization is None and principal is not None and self._easyauth:
            return _person(self._principal(principal))
        if not authorization:
            raise Unauthenticated("A bearer token is needed.", code="token_missing", www_authenticate="Bearer")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated(
                "The Authorization header is no bearer token.", code="token_missing", www_authenticate="Bearer"
            )
        return _person(self._claims(token.strip()))

    def _claims(self, token: str) -> JsonObject:
        import jwt

        if len(token) > _LONGEST:
            _refuse("The token is too long.")
        try:
            header = jwt.get_unverified_header(token)
            claimed = jwt.decode(token, options={"verify_signature": False})
            kid, tenant = header.get("kid"), claimed.get("tid")
            if header.get("alg") != "RS256" or not isinstance(kid, str):
                _refuse("The token is not signed the way the issuer signs.")
            if not isinstance(tenant, str) or tenant not in self._tenants:
                _refuse("The token is of a tenant that may not call.")
            key = self._ring(tenant).key(kid)
            if key is None:
                _refuse("The token is signed by a key the issuer does not have.")
            issuers = [f"{self._authority}/{tenant}/v2.0"]
            if self._authority == _AZURE:
                issuers.append(f"https://sts.windows.net/{tenant}/")
            return dict(
                jwt.decode(
                    token,
                    key.key,
                    algorithms=["RS256"],
                    audience=list(self._audiences),
                    issuer=issuers,
                    leeway=LEEWAY_SECONDS,
                    options={"require": list(_REQUIRED)},
                )
            )
        except jwt.ExpiredSignatureError:
            _refuse("The token has expired.", "token_expired")
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, AttributeError):
            _refuse("The token is not valid.")

    def _ring(self, tenant: str) -> KeyRing:
        if self._client is None:
            import httpx

            self._client = httpx.Client(timeout=5)
        return self._rings.setdefault(tenant, KeyRing(self._authority, tenant, self._client))

    def _principal(self, header: str) -> JsonObject:
        try:
            rows = json.loads(base64.b64decode(header, validate=True))["claims"]
            claims: JsonObject = {"roles": []}
            for row in rows:
                name, value = _EASYAUTH_TYPES.get(row["typ"], row["typ"]), row["val"]
                if name == "roles":
                    claims["roles"].append(value)
                else:
                    claims[name] = value
        except (ValueError, KeyError, TypeError, binascii.Error):
            _refuse("The principal header cannot be read.")
        if claims.get("tid") not in self._tenants:
            _refuse("The principal is of a tenant that may not call.")
        return claims


def _person(claims: Mapping[str, Any]) -> Person:
    oid = claims.get("oid")
    if not isinstance(oid, str) or not oid.strip():
        _refuse("The token names nobody.")
    roles = claims.get("roles")
    exact = isinstance(roles, list) and all(isinstance(role, str) for role in roles)
    name = claims.get("name")
    return Person(
        # one person however the GUID is written: two spellings must not be two people
        oid=oid.strip().lower() if _GUID.fullmatch(oid.strip()) else oid,
        name=name if isinstance(name, str) else "",
        roles=frozenset(_ROLES[role] for role in roles if role in _ROLES) if exact and roles else frozenset(),
        customers=_narrowed(claims, "attest_customers"),
        practices=_narrowed(claims, "attest_practices"),
        is_application=claims.get("idtyp") == "app" or ("scp" not in claims and ("azp" in claims or "appid" in claims)),
    )


def _narrowed(claims: Mapping[str, Any], name: str) -> frozenset[str] | None:
    if name not in claims:
        return None
    value = claims[name]
    if not isinstance(value, str):
        _refuse(f"The claim {name} must be text.")
    return frozenset(value.split())

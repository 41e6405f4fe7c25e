"""Tokens as Entra issues them, signed with a key made at start: people's, applications' and managed identities'."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Container
from typing import Any

HOME_TENANT = "00000000-0000-4000-8000-000000000001"
AUDIENCE = "api://halo-attest"
SECRET = "local-only"  # noqa: S105 - the one secret of a machine that serves only itself
EXCHANGE = "api://AzureADTokenExchange"
_NAMES = uuid.UUID("6f2b3f0a-8f43-4b55-9c0e-1d5d6d7b8a90")


def object_id(tenant: str, client_id: str) -> str:
    """Of an identity's principal in a tenant, as its tokens carry it."""
    return str(uuid.uuid5(_NAMES, f"{tenant}/{client_id}"))


class GrantError(Exception):
    """The token endpoint refuses, with OAuth's error word."""

    def __init__(self, error: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.error, self.text, self.status = error, text, status


class Issuer:
    """Signs with one RSA key and answers what verifiers ask for."""

    def __init__(self, authority: str, tenant: str = HOME_TENANT, audience: str = AUDIENCE) -> None:
        from cryptography.hazmat.primitives.asymmetric import rsa

        self.authority = authority.rstrip("/")
        self.tenant = tenant
        self.audience = audience
        self.kid = uuid.uuid4().hex
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def keys(self) -> dict[str, Any]:
        """The JWKS."""
        public = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": _b64(public.n), "e": _b64(public.e)}
        return {"keys": [key]}

    def discovery(self, tenant: str) -> dict[str, Any]:
        """The OpenID configuration of a tenant."""
        return {
            "issuer": f"{self.authority}/{tenant}/v2.0",
            "authorization_endpoint": f"{self.authority}/{tenant}/oauth2/v2.0/authorize",
            "token_endpoint": f"{self.authority}/{tenant}/oauth2/v2.0/token",
            "jwks_uri": f"{self.authority}/{tenant}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nbf", "tid", "oid", "name", "roles"],
        }

    def sign(self, claims: dict[str, Any]) -> str:
        """Sign whatever it is given; PyJWT would refuse some of what a test wants to see refused elsewhere."""
        import json

        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        header = {"alg": "RS256", "typ": "JWT", "kid": self.kid}
        parts = [_text(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)]
        signature = self._key.sign(".".join(parts).encode(), PKCS1v15(), SHA256())
        return ".".join([*parts, _text(signature)])

    def person(self, body: dict[str, Any]) -> str:
        """A token as ``/dev/token`` promises: ``claims`` merged last, a null removes one."""
        claims = self._lifetime() | {
            "iss": f"{self.authority}/{self.tenant}/v2.0",
            "aud": self.audience,
            "tid": self.tenant,
            "ver": "2.0",
            "oid": body.get("oid", str(uuid.uuid4())),
            "name": body.get("name", ""),
            "roles": body.get("roles", []),
        }
        claims["sub"] = claims["oid"]
        for field in ("customers", "practices"):
            if body.get(field) is not None:
                claims[f"attest_{field}"] = " ".join(map(str, body[field]))
        for name, value in (body.get("claims") or {}).items():
            if value is None:
                claims.pop(name, None)
            else:
                claims[name] = value
        return self.sign(claims)

    def application(self, tenant: str, client_id: str, resource: str) -> str:
        """An application's or managed identity's token for a resource (v1 shape, as Azure's own resources ask for)."""
        oid = object_id(tenant, client_id)
        claims = self._lifetime() | {"aud": resource, "tid": tenant, "oid": oid, "sub": oid, "idtyp": "app"}
        if resource == self.audience:
            claims |= {
                "iss": f"{self.authority}/{tenant}/v2.0",
                "ver": "2.0",
                "azp": client_id,
                "name": client_id,
                "roles": ["Automation"],
            }
        else:
            claims |= {"iss": f"https://sts.windows.net/{tenant}/", "ver": "1.0", "appid": client_id}
        return self.sign(claims)

    def grant(self, tenant: str, form: dict[str, str], federated: Container[str] | None = None) -> dict[str, Any]:
        """The token endpoint: client credentials with a secret or a federated assertion.

        ``federated``: the subjects the application takes assertions of; None where it names nobody.
        """
        if form.get("grant_type") != "client_credentials":
            raise GrantError("unsupported_grant_type", "Only client_credentials is served here.")
        client, scope = form.get("client_id", ""), form.get("scope", "")
        if not client or not scope.endswith("/.default"):
            raise GrantError("invalid_scope", "client_id and a scope ending in /.default are needed.")
        if "client_assertion" in form:
            subject = self.read(form["client_assertion"], EXCHANGE)["sub"]
            if federated is not None and subject not in federated:
                raise GrantError("invalid_client", "AADSTS700213: No matching federated identity record found.", 401)
        elif form.get("client_secret") != SECRET:
            raise GrantError("invalid_client", "AADSTS7000215: Invalid client secret provided.", 401)
        resource = scope.removesuffix("/.default")
        return {
            "token_type": "Bearer",
            "expires_in": 3599,
            "ext_expires_in": 3599,
            "access_token": self.application(tenant, client, resource),
        }

    def read(self, token: str, *audiences: str) -> dict[str, Any]:
        """Claims of a token we signed for one of the audiences; GrantError otherwise."""
        import jwt

        try:
            return dict(jwt.decode(token, self._key.public_key(), algorithms=["RS256"], audience=list(audiences)))
        except jwt.InvalidTokenError as fault:
            raise GrantError("invalid_client", f"AADSTS700027: the assertion is not valid: {fault}", 401) from None

    @staticmethod
    def _lifetime() -> dict[str, Any]:
        now = int(time.time())
        return {"iat": now, "nbf": now, "exp": now + 3600}


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _b64(number: int) -> str:
    return _text(number.to_bytes((number.bit_length() + 7) // 8, "big"))

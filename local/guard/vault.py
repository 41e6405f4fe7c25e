"""Key Vault as far as the service and its platform ask it: one key that signs, and secrets behind references."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping

from starlette.types import Receive, Scope, Send

from local.guard.callers import Callers
from local.guard.gate import Demand, Gate, one_of
from local.guard.passing import Answer, Asked, read, send_answer

AUDIENCE = "https://vault.azure.net"
KEY = "attest-signing"
_HALF = 32
_REFERENCE = re.compile(r"@Microsoft\.KeyVault\(VaultName=[^;]*;SecretName=([a-z-]+)\)")


class Vault:
    """The ASGI application, and what App Service does with references at an app's start."""

    def __init__(self, gate: Gate, callers: Callers, secrets: Mapping[str, str]) -> None:
        self._gate, self._callers, self._secrets = gate, callers, secrets
        self.renew()

    def renew(self) -> None:
        """A new version of the key, as after a rotation."""
        from cryptography.hazmat.primitives.asymmetric import ec

        self._keys = [*getattr(self, "_keys", ()), ec.generate_private_key(ec.SECP256R1())]

    def resolved(self, group: str, value: str) -> str:
        """A setting's value; a reference that the app's identity may not follow stays as it is, as in Azure."""
        reference = _REFERENCE.fullmatch(value)
        if reference is None:
            return value
        name = reference[1].upper().replace("-", "_")
        allowed = self._gate.allows(group, Demand(f"vault/{name}", one_of("secrets/getSecret/action")))
        return self._secrets[name] if allowed else value

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            await send_answer(send, self.answer(await read(scope, receive)))

    def answer(self, asked: Asked) -> Answer:
        """By the caller's right to the key."""
        if "authorization" not in asked.headers:
            challenge = f'Bearer authorization="https://login.example.invalid/common", resource="{AUDIENCE}"'
            return _json(401, {"error": {"code": "Unauthorized"}}, {"www-authenticate": challenge})
        group = self._callers.of(asked.headers, AUDIENCE)
        if group is None:
            return _json(401, {"error": {"code": "Unauthorized"}})
        kind, name, *rest = [*asked.raw.strip("/").split("/"), ""]
        signs = asked.method == "POST" and rest[1:2] == ["sign"]
        if (kind, name) != ("keys", KEY) or not (signs or asked.method == "GET"):
            return _json(404, {"error": {"code": "KeyNotFound"}})
        if not self._gate.allows(group, Demand("vault", one_of("keys/sign/action" if signs else "keys/read"))):
            return _json(403, {"error": {"code": "Forbidden", "innererror": {"code": "ForbiddenByRbac"}}})
        version = int(rest[0]) if rest[0] else len(self._keys) - 1
        return _json(200, self._signed(asked, version) if signs else self._public(asked, version))

    def _public(self, asked: Asked, version: int) -> dict[str, object]:
        numbers = self._keys[version].public_key().public_numbers()
        half = {"x": _text(numbers.x.to_bytes(_HALF, "big")), "y": _text(numbers.y.to_bytes(_HALF, "big"))}
        key = {"kid": self._kid(asked, version), "kty": "EC", "crv": "P-256", "key_ops": ["sign", "verify"], **half}
        return {"key": key, "attributes": {"enabled": True}}

    def _signed(self, asked: Asked, version: int) -> dict[str, object]:
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA256

        digest = json.loads(asked.body)["value"]
        raw = base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4))
        r, s = decode_dss_signature(self._keys[version].sign(raw, ec.ECDSA(Prehashed(SHA256()))))
        return {
            "kid": self._kid(asked, version),
            "value": _text(r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")),
        }

    @staticmethod
    def _kid(asked: Asked, version: int) -> str:
        return f"https://{asked.headers['host']}/keys/{KEY}/{version}"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _json(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, {"content-type": "application/json", **(headers or {})}, json.dumps(body).encode())

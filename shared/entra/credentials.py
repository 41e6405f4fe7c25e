"""Access tokens for Microsoft's APIs: our managed identity at home, the same identity as federated credential elsewhere."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from shared.errors import SourceDenied, SourceDown

if TYPE_CHECKING:
    import httpx

    from shared.settings import Settings

EXCHANGE = "api://AzureADTokenExchange"
_LOCAL = "halo-attest"
"""Who we are to a stand-in that was told of nobody in particular."""


class Tokens(Protocol):
    """Where a client gets its bearer tokens. SourceDenied when the tenant gives none."""

    def get(self, tenant: str, resource: str) -> str:
        """A token for a resource in a tenant, cached."""

    def forget(self, tenant: str, resource: str) -> None:
        """The token was refused: do not answer it again."""


class IdentityTokens:
    """In Azure. ``client_id`` is our user-assigned identity; ``app_id`` the multi-tenant app it is federated with."""

    def __init__(self, client_id: str, app_id: str, home: str, authority: str) -> None:
        self._client_id, self._app_id, self._home, self._authority = client_id, app_id, home, authority.rstrip("/")
        self._own: Any = None
        self._apps: dict[str, Any] = {}

    def get(self, tenant: str, resource: str) -> str:
        """Our own identity's token, or the federated application's in a customer's tenant."""
        if tenant == self._home or not self._app_id:
            return self._mine(resource)
        import msal

        if tenant not in self._apps:
            self._apps[tenant] = msal.ConfidentialClientApplication(
                self._app_id,
                authority=f"{self._authority}/{tenant}",
                client_credential={"client_assertion": lambda: self._mine(EXCHANGE)},
            )
        try:
            answer = self._apps[tenant].acquire_token_for_client([f"{resource}/.default"])
        except (ValueError, OSError) as fault:  # msal raises these for an unknown tenant and a dead network
            raise SourceDown(
                f"The issuer gives no token ({type(fault).__name__}).", code="issuer_unavailable"
            ) from None
        if "access_token" not in answer:
            raise SourceDenied(
                "The tenant gives our application no token; its consent may have been withdrawn.",
                code="consent_missing",
                issuer_error=str(answer.get("error", "")),
            )
        return str(answer["access_token"])

    def forget(self, tenant: str, resource: str) -> None:  # noqa: ARG002 - the caches hold all resources together
        """Drop the caches, so that the next token is a fresh one."""
        self._apps.pop(tenant, None)
        self._own = None

    def _mine(self, resource: str) -> str:
        from azure.core.exceptions import AzureError
        from azure.identity import ManagedIdentityCredential

        if self._own is None:
            self._own = ManagedIdentityCredential(client_id=self._client_id or None)
        try:
            return str(self._own.get_token(f"{resource}/.default").token)
        except AzureError as fault:
            raise SourceDenied(
                f"The managed identity gives no token ({type(fault).__name__}).", code="identity_unavailable"
            ) from None


class LoopbackTokens:
    """On one machine: the same two steps against the stand-in, which knows no secrets."""

    def __init__(
        self,
        authority: str,
        home: str,
        client: httpx.Client,
        client_id: str = _LOCAL,
        app_id: str = _LOCAL,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authority, self._home, self._client, self._now = authority.rstrip("/"), home, client, now
        self._client_id, self._app_id = client_id, app_id
        self._held: dict[tuple[str, str], tuple[float, str]] = {}

    def get(self, tenant: str, resource: str) -> str:
        """A managed-identity token, exchanged for the tenant's where it is not our own."""
        held = self._held.get((tenant, resource))
        if held is not None and held[0] > self._now():
            return held[1]
        token = self._managed(resource if tenant == self._home else EXCHANGE)
        if tenant != self._home:
            token = self._exchanged(tenant, resource, token)
        self._held[tenant, resource] = (self._now() + 3000, token)
        return token

    def forget(self, tenant: str, resource: str) -> None:
        """Ask anew next time."""
        self._held.pop((tenant, resource), None)

    def _managed(self, resource: str) -> str:
        query = {"api-version": "2019-08-01", "resource": resource, "client_id": self._client_id}
        return self._ask("GET", "/msi/token", params=query, headers={"X-IDENTITY-HEADER": "local-only"})

    def _exchanged(self, tenant: str, resource: str, assertion: str) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._app_id,
            "scope": f"{resource}/.default",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        }
        return self._ask("POST", f"/{tenant}/oauth2/v2.0/token", data=form)

    def _ask(self, method: str, path: str, **more: Any) -> str:
        import httpx

        try:
            answer = self._client.request(method, self._authority + path, **more)
            body = answer.json()
        except (httpx.HTTPError, ValueError):
            raise SourceDown("The issuer gives no token.", code="issuer_unavailable") from None
        if answer.status_code >= 500:
            raise SourceDown("The issuer gives no token.", code="issuer_unavailable")
        if answer.status_code >= 400 or not isinstance(body, dict) or "access_token" not in body:
            raise SourceDenied(
                "The tenant gives our application no token; its consent may have been withdrawn.",
                code="consent_missing",
            )
        return str(body["access_token"])


def is_loopback(url: str) -> bool:
    """True for an address of this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def open_tokens(settings: Settings, home: str, client: httpx.Client) -> Tokens:
    """The stand-in's on one machine, the managed identity's everywhere else."""
    authority, identity = settings.text("ATTEST_AUTHORITY"), settings.text("ATTEST_IDENTITY_CLIENT_ID")
    application = settings.text("GRAPH_CLIENT_ID")
    if is_loopback(authority):
        return LoopbackTokens(authority, home, client, identity or _LOCAL, application or _LOCAL)
    return IdentityTokens(identity, application, home, authority)

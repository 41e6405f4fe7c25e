"""Services whose Graph port reads the Entra stand-in in this process, and rows as Microsoft returns them."""

from __future__ import annotations

import importlib
from typing import Any

import httpx

from local.entra.app import build
from local.entra.tokens import HOME_TENANT, Issuer
from shared.entra.client import Addresses, GraphClient
from shared.entra.credentials import LoopbackTokens
from shared.entra.management import ManagementClient
from shared.settings import CATALOGUE, Group, Settings
from tests.harness.asgi import AsgiTransport
from tests.harness.clock import StillClock
from tests.harness.services import FakeServices

BASE = "http://entra.test"
GRAPH_ROLES = {
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "Directory.ReadWrite.All": "19dbc75e-c2e2-444c-a770-ec69d8559fc7",
    "Mail.Read": "810c84a8-4a9e-49e6-bf7d-12d183f40d01",
}


class MicrosoftServices(FakeServices):
    """FakeServices of the review group beside a stand-in; ``web`` speaks to the stand-in's doors."""

    def __init__(self, policy: str = "", tenants: tuple[str, ...] = (HOME_TENANT,), workspace: str = "local") -> None:
        super().__init__(policy, StillClock())
        self.settings = Settings(
            {one.name: one.sample for one in CATALOGUE} | {"GRAPH_TENANTS": " ".join(tenants)}, Group.REVIEW
        )
        self.web = httpx.Client(transport=AsgiTransport(build(Issuer(BASE))), base_url=BASE)
        self.waits: list[float] = []
        where = Addresses(f"{BASE}/graph", f"{BASE}/arm", "/subscriptions/s", f"{BASE}/logs", workspace, tenants)
        self.graph = GraphClient(
            where, LoopbackTokens(BASE, HOME_TENANT, self.web), self.clock, self.web, self.waits.append
        )

        self.management = ManagementClient(
            f"{BASE}/arm", LoopbackTokens(BASE, "", self.web), self.clock, self.web, self.waits.append
        )

    def facts(self, family: str) -> Any:
        name = "shared.entra.inventory" if family == "entra" else f"shared.halopsa.facts_{family}"
        return importlib.import_module(name)

    def put(self, **tables: list[dict[str, Any]]) -> None:
        """Load rows through the door."""
        self.web.post("/_sim/rows", json=tables).raise_for_status()

    def fault(self, **fault: Any) -> None:
        """Ask for a fault."""
        self.web.post("/_sim/faults", json=fault).raise_for_status()


def graph_principal(**more: Any) -> dict[str, Any]:
    """Microsoft Graph's own principal with some roles."""
    roles = [{"id": key, "value": value, "displayName": value} for value, key in GRAPH_ROLES.items()]
    return {
        "id": "sp-graph",
        "appId": "00000003-0000-0000-c000-000000000000",
        "displayName": "Microsoft Graph",
        "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
        "appRoles": roles,
    } | more


def principal(mark: str, **more: Any) -> dict[str, Any]:
    """An integration's principal of our own tenant, with an owner."""
    return {
        "id": f"sp-{mark}",
        "appId": f"app-{mark}",
        "displayName": f"Integration {mark}",
        "appOwnerOrganizationId": HOME_TENANT,
        "servicePrincipalType": "Application",
        "accountEnabled": True,
        "signInAudience": "AzureADMyOrg",
        "passwordCredentials": [],
        "keyCredentials": [],
        "appRoles": [],
        "owners": [{"id": "owner-1", "displayName": "Nora Fictive"}],
    } | more


def assignment(mark: str, value: str, **more: Any) -> dict[str, Any]:
    """An application permission of Graph held by an integration."""
    return {
        "id": f"as-{mark}-{value}",
        "appRoleId": GRAPH_ROLES.get(value, value),
        "principalId": f"sp-{mark}",
        "principalType": "ServicePrincipal",
        "principalDisplayName": f"Integration {mark}",
        "resourceId": "sp-graph",
        "resourceDisplayName": "Microsoft Graph",
    } | more

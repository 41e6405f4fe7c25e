"""The gate asks of each request what its system would, and refuses what no right of the caller gives."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from local.entra.tokens import HOME_TENANT, Issuer
from local.guard import halopsa_door, microsoft_door
from local.guard.callers import Callers
from local.guard.gate import Demand, Gate, StrangeRequest, one_of
from local.guard.microsoft_door import MicrosoftDoor
from local.guard.passing import Answer, Asked, Behind
from local.guard.roles import Right, rights
from local.guard.vault import Vault

NOBODY = cast("Behind", None)


def graph(path: str, method: str = "GET") -> set[str]:
    """Permissions that open a call alone."""
    ways = microsoft_door.demanded(method, f"/graph{path}").ways
    return {next(iter(way)) for way in ways if len(way) == 1}


def test_graph_asks_for_what_microsoft_documents() -> None:
    """The directory by the shipped catalogue; the report and the drive by their pages."""
    assert "Directory.Read.All" in graph("/v1.0/servicePrincipals/1/appRoleAssignedTo")
    assert "Application.Read.All" not in graph("/v1.0/oauth2PermissionGrants")
    assert graph("/beta/reports/servicePrincipalSignInActivities") == {"AuditLog.Read.All"}
    assert "Sites.Selected" in graph("/v1.0/sites/s/drive/root:/a/b.html:/content", "PUT")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/graph/v1.0/nothing/known"),
        ("DELETE", "/graph/beta/reports/servicePrincipalSignInActivities"),
        ("GET", "/arm/subscriptions/1"),
        ("GET", "/elsewhere"),
    ],
)
def test_a_call_nobody_described_is_refused(method: str, path: str) -> None:
    """Rather than guessed at."""
    with pytest.raises(StrangeRequest):
        microsoft_door.demanded(method, path)


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/api/tickets", "tickets/read"),
        ("POST", "/api/Actions", "tickets/write"),
        ("GET", "/api/WebhookEvent", "admin/read"),
        ("POST", "/api/Agent", "admin/write"),
        ("GET", "/api/Agent/3", None),
    ],
)
def test_halopsa_asks_for_the_areas_scope(method: str, path: str, action: str | None) -> None:
    """Reading and writing apart; what has no area any token reads and administration writes."""
    demand = halopsa_door.demanded(method, path)
    assert (demand and demand.ways) == (action and one_of(action))


def test_one_right_less_is_refused_and_written_down() -> None:
    """While everything runs, and only to the group it was taken from."""
    held = Right("review", "Directory.Read.All", "graph", frozenset({"Directory.Read.All"}))
    gate = Gate([held], stage="reading")
    demand = Demand("graph", one_of("Directory.Read.All"))
    assert gate.allows("review", demand)
    assert not gate.allows("desk", demand)
    gate.without = held
    assert not gate.allows("review", demand)
    said = "graph: Directory.Read.All"
    assert gate.refused == [("reading", "desk", said), ("reading", "review", said)]


class Known(Callers):
    """Callers whose keys are at hand."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__(
            "", {"halo-attest-review": "review", "halo-attest-engine": "engine", "halo-attest-customers": "review"}
        )
        self.__dict__["_keys"] = {row["kid"]: row for row in issuer.keys()["keys"]}


ISSUER = Issuer("http://entra.test")


def asked(path: str, token: str = "", method: str = "GET", body: bytes = b"") -> Asked:
    """A request with a token."""
    headers = {"host": "vault.test", **({"authorization": f"Bearer {token}"} if token else {})}
    return Asked(method, path, "", headers, body)


def refused(token: str) -> Answer | None:
    """How Graph's door answers a list of principals."""
    door = MicrosoftDoor(Gate(rights()), Known(ISSUER))
    return asyncio.run(door.refusal(asked("/graph/v1.0/servicePrincipals", token), NOBODY))


def test_a_token_counts_for_its_own_identity_and_resource_alone() -> None:
    """Or for the application that identity alone opens. Another app's is 403; a stranger's, another resource's or another issuer's is 401."""
    graph_ = "https://graph.microsoft.com"

    def status(client: str, resource: str = graph_, issuer: Issuer = ISSUER) -> int | None:
        answer = refused(issuer.application(HOME_TENANT, client, resource))
        return answer and answer.status

    assert status("halo-attest-review") is None
    assert status("halo-attest-customers") is None
    assert status("halo-attest-engine") == 403
    assert status("somebody") == 401
    assert status("halo-attest-review", "https://storage.azure.com") == 401
    assert status("halo-attest-review", issuer=Issuer("http://entra.test")) == 401


def test_the_platform_follows_a_reference_only_with_the_right_to_the_secret() -> None:
    """Otherwise the reference itself stays in the setting."""
    vault = Vault(Gate(rights()), Known(ISSUER), {"TEAMS_CHANNELS": "{}"})
    reference = "@Microsoft.KeyVault(VaultName=kv;SecretName=teams-channels)"
    assert vault.resolved("engine", reference) == "{}"
    assert vault.resolved("review", reference) == reference
    assert vault.resolved("review", "plain") == "plain"


@pytest.mark.parametrize(("client", "status"), [("halo-attest-engine", 200), ("halo-attest-review", 403), ("x", 401)])
def test_the_vault_shows_its_key_to_the_signer_alone(client: str, status: int) -> None:
    """And challenges whoever brings no token."""
    vault = Vault(Gate(rights()), Known(ISSUER), {})
    answer: Any = vault.answer(
        asked("/keys/attest-signing/", ISSUER.application(HOME_TENANT, client, "https://vault.azure.net"))
    )
    assert answer.status == status
    assert "www-authenticate" in vault.answer(asked("/keys/attest-signing/")).headers

"""Opening a permission review: what is read, counted, frozen and judged."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import NotFound, SourceDown
from shared.procedures import review_quarterly as reviews
from shared.procedures.runs import Run
from tests.harness.microsoft import MicrosoftServices, assignment, graph_principal, principal
from tests.harness.reviewing import answer, example, item, run, view


@pytest.fixture
def services() -> MicrosoftServices:
    return example()


def test_opening_freezes_a_population_whose_counts_add_up(services: MicrosoftServices) -> None:
    """Microsoft's own are counted, not items; this service is the first item."""
    run(services)
    seen = view(services)
    assert seen["population"]["entra"] == {"read": 3, "reviewed": 2, "microsoft": 1, "unreadable": 0}
    for source, counts in seen["population"].items():
        assert counts["read"] == counts["reviewed"] + counts["microsoft"] + counts["unreadable"]
        assert counts["reviewed"] == sum(one["source"] == source for one in seen["items"])
    assert seen["state"] == "open"
    assert seen["items"][0]["integration"]["name"].startswith("Halo Attest")
    services.put(servicePrincipals=[principal("late")])
    run(services)
    assert view(services)["population"] == seen["population"]
    assert len(services.ledger.of_type("review.opened")) == 1


def test_an_item_tells_tier_use_and_least_set(services: MicrosoftServices) -> None:
    """Only answered calls count; what the least set does without can be removed."""
    run(services)
    one = item(services, "app-a")
    rights = {right["value"]: right for right in one["permissions"]}
    assert rights["Directory.ReadWrite.All"]["tier"] == 0
    assert rights["Directory.ReadWrite.All"]["opinions"]["entraops"] == "ControlPlane"
    assert rights["User.Read.All"]["tier"] == 2
    assert rights["User.Read.All"]["used"] is True
    assert "Directory.ReadWrite.All" in [spare["value"] for spare in one["removable"]]
    assert one["least_set"] == sorted(one["least_set"])
    assert any("as-a-Directory.ReadWrite.All" in command for command in one["commands"])
    other = item(services, "app-b")
    assert {"ownerless", "consent_all_users", "unregistered", "unknown_permission"} <= set(other["risks"])
    assert other["least_set"] == []


def test_without_a_log_use_is_unknown(services: MicrosoftServices) -> None:
    """No log is neither use nor disuse."""
    bare = MicrosoftServices()
    bare.put(
        servicePrincipals=[graph_principal(), principal("a")], appRoleAssignments=[assignment("a", "User.Read.All")]
    )
    run(bare)
    one = item(bare, "app-a")
    assert one["permissions"][0]["used"] is None
    assert one["least_set"] is None
    assert one["removable"] == []
    assert "unused_permission" not in one["risks"]
    assert "unused_integration" not in one["risks"]


def test_a_call_of_an_unknown_path_leaves_no_least_set(services: MicrosoftServices) -> None:
    """What we cannot explain we do not propose to take away."""
    services.put(
        microsoftGraphActivityLogs=[
            {
                "AppId": "app-a",
                "RequestMethod": "GET",
                "RequestUri": "https://graph.microsoft.com/v1.0/no/such/path",
                "ResponseStatusCode": 200,
            }
        ]
    )
    run(services)
    assert item(services, "app-a")["least_set"] is None


def test_our_own_tenant_unread_opens_nothing(services: MicrosoftServices) -> None:
    """A population that could not be read is not frozen as empty."""
    services.fault(match="/graph/v1.0/servicePrincipals", status=403, times=9)
    with pytest.raises(SourceDown):
        run(services)
    with pytest.raises(NotFound):
        view(services)


def test_throttling_half_pages_and_outages_are_waited_out(services: MicrosoftServices) -> None:
    """429 with Retry-After, 503 and half an answer are asked again; nothing is counted twice."""
    services.fault(match="/graph/v1.0/servicePrincipals", status=429, times=2, retry_after=3)
    services.fault(match="/graph/v1.0/applications", status=503, times=1)
    services.fault(match="/graph/v1.0/oauth2PermissionGrants", status=200, times=1, body='{"value":[{"id":"gr')
    run(services)
    assert services.waits[:2] == [3.0, 3.0]
    assert view(services)["population"]["entra"]["reviewed"] == 2


@pytest.mark.parametrize("status", [403, 404])
def test_a_refused_activity_report_leaves_use_unknown(services: MicrosoftServices, status: int) -> None:
    """The one beta read may be refused: nothing is called unused because of it."""
    services.fault(match="/graph/beta", status=status, times=9)
    run(services)
    assert "unused_integration" not in item(services, "app-b")["risks"]


def test_activity_tells_unused_integrations(services: MicrosoftServices) -> None:
    """Last sign-in beyond ninety days, or none in a report that knows others."""
    services.put(
        servicePrincipals=[principal("old"), principal("never"), principal("busy")],
        servicePrincipalSignInActivities=[
            {"id": "s1", "appId": "app-old", "lastSignInActivity": {"lastSignInDateTime": "2026-01-01T00:00:00Z"}},
            {"id": "s2", "appId": "app-busy", "lastSignInActivity": {"lastSignInDateTime": "2026-11-15T00:00:00Z"}},
        ],
    )
    run(services)
    unused = {one["integration"]["id"] for one in view(services)["items"] if "unused_integration" in one["risks"]}
    assert unused == {"app-old", "app-never", "app-b"}


def test_what_one_read_shows_and_another_does_not_is_unreadable(services: MicrosoftServices) -> None:
    """A right of a vanished principal and a broken row are counted once each and stop nothing."""
    services.put(
        servicePrincipals=[{"id": "sp-broken", "displayName": 5}],
        appRoleAssignments=[assignment("gone", "User.Read.All"), assignment("gone", "Mail.Read")],
    )
    run(services)
    seen = view(services)
    assert seen["population"]["entra"] == {"read": 5, "reviewed": 2, "microsoft": 1, "unreadable": 2}
    assert {one["id"] for one in seen["unreadable"]} == {"sp-broken", "sp-gone"}


def test_an_unknown_role_and_two_of_one_name(services: MicrosoftServices) -> None:
    """A permission id nobody knows is unknown, never low; equal names stay two items."""
    services.put(
        servicePrincipals=[principal("c", displayName="Twin"), principal("d", displayName="Twin")],
        appRoleAssignments=[assignment("c", "99999999-0000-4000-8000-000000000000")],
    )
    run(services)
    one = item(services, "app-c")
    assert one["permissions"][0]["tier"] is None
    assert one["permissions"][0]["value"] == "99999999-0000-4000-8000-000000000000"
    assert "unknown_permission" in one["risks"]
    assert sum(one["integration"]["name"] == "Twin" for one in view(services)["items"]) == 2


def test_a_customers_tenant_that_withdrew_consent_is_a_gap(services: MicrosoftServices) -> None:
    """The others are reviewed all the same."""
    both = MicrosoftServices(tenants=("00000000-0000-4000-8000-000000000001", "customer-tenant"))
    both.put(servicePrincipals=[graph_principal(), principal("a"), principal("x", **{"@tenant": "customer-tenant"})])
    both.fault(match="/customer-tenant/oauth2", status=401, times=99)
    told = run(both)
    assert any("customer-tenant" in gap for gap in told["gaps"])
    assert [one["integration"]["id"] for one in view(both)["items"]][1:] == ["app-a"]
    whole = MicrosoftServices(tenants=("00000000-0000-4000-8000-000000000001", "customer-tenant"))
    whole.put(servicePrincipals=[principal("a"), principal("x", **{"@tenant": "customer-tenant"})])
    run(whole)
    assert {one["tenant"] for one in view(whole)["items"][1:]} == {
        "00000000-0000-4000-8000-000000000001",
        "customer-tenant",
    }


def test_azure_roles_are_items_of_their_holders(services: MicrosoftServices) -> None:
    """One item a holder; a holder the directory no longer shows is unreadable."""
    role = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"

    def held(name: str, who: str, kind: str) -> dict[str, Any]:
        return {
            "id": f"/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/{name}",
            "name": name,
            "properties": {
                "roleDefinitionId": role,
                "principalId": who,
                "principalType": kind,
                "scope": "/subscriptions/s",
            },
        }

    services.put(
        roleAssignments=[
            held("1", "sp-a", "ServicePrincipal"),
            held("2", "user-1", "User"),
            held("3", "sp-gone", "ServicePrincipal"),
        ]
    )
    run(services)
    seen = view(services)
    assert seen["population"]["azure"] == {"read": 4, "reviewed": 3, "microsoft": 0, "unreadable": 1}
    one = next(one for one in seen["items"] if one["source"] == "azure" and one["integration"]["id"] == "app-a")
    assert one["permissions"][0]["value"] == "Storage Blob Data Reader"
    held_by = "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/1"
    assert one["commands"] == [f"az role assignment delete --ids '{held_by}'  # Storage Blob Data Reader"]


def test_halopsa_applications_are_items(services: MicrosoftServices) -> None:
    """Scopes have tiers, the agent's power is a risk, our own application is this service."""
    services.mirror.load(
        {
            "Application": [
                {
                    "id": "1",
                    "clientId": "attest",
                    "displayName": "Attest",
                    "scopes": [{"id": 1, "name": "read:tickets"}],
                },
                {
                    "id": "2",
                    "clientId": "vendor",
                    "displayName": "Vendor",
                    "loginas_agent_id": 7,
                    "scopes": [
                        {"id": 2, "name": "all"},
                        {"id": 3, "name": "edit:tickets"},
                        {"id": 4, "name": "access:chat"},
                    ],
                },
                {"id": "3", "clientId": "broken", "inactive": "perhaps"},
            ],
            "Agent": [{"id": 7, "name": "Administrator", "is_admin": True, "isapiagent": False}],
            "Roles": [],
        },
        services.clock.now(),
    )
    run(services)
    seen = view(services)
    assert seen["population"]["halopsa"] == {"read": 3, "reviewed": 2, "microsoft": 0, "unreadable": 1}
    assert seen["items"][0]["integration"]["id"] == "attest"
    vendor = item(services, "vendor")
    assert {right["value"]: right["tier"] for right in vendor["permissions"]} == {
        "all": 0,
        "edit:tickets": 1,
        "access:chat": None,
    }
    assert {"admin_agent", "interactive_login", "tier0", "unknown_permission"} <= set(vendor["risks"])


def test_a_review_opened_twice_at_the_same_instant_keeps_the_answers_given_since(services: MicrosoftServices) -> None:
    """Its message came twice: the second attempt froze the same items, and writes none of them anew."""
    now = services.clock.now()
    twice = Run("r-twice", "permission_review", "2026-Q4", now, "p-1")
    real, waiting = services.rows, [True]

    class Slow:
        """Between the second attempt's look and its writing the first one opens the review, and somebody answers."""

        def __getattr__(self, name: str) -> Any:
            if name in ("transact", "insert", "upsert") and waiting:
                waiting.clear()
                services.rows = real
                reviews.permission_review_run(services, twice)
                answer(services, "app-b", "revoke")
                services.rows = self
            return getattr(real, name)

    services.rows = Slow()
    reviews.permission_review_run(services, twice)
    services.rows = real
    assert item(services, "app-b")["decision"]["decision"] == "revoke"

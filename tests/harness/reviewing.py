"""A permission review as tests drive it: run, look, answer."""

from __future__ import annotations

from typing import Any

from shared.model import Person, Role
from shared.procedures import review_quarterly as reviews
from shared.procedures.runs import Run
from tests.harness.microsoft import MicrosoftServices, assignment, graph_principal, principal

OWNER = Person("p-owner", "Nora Fictive", frozenset({Role.INTEGRATION_OWNER}))
SECOND = Person("p-second", "Otto Fictive", frozenset({Role.STEERING_MEMBER}))
READER = Person("p-reader", "Rita Fictive", frozenset({Role.READER}))
WHY = "It is needed for the nightly export."


def run(services: MicrosoftServices, quarter: str = "2026-Q4", by: str = "p-1") -> dict[str, Any]:
    services.clock.advance(minutes=1)
    mark = f"r-{services.clock.now():%d%H%M%S}"
    return reviews.permission_review_run(services, Run(mark, "permission_review", quarter, services.clock.now(), by))


def view(services: MicrosoftServices, quarter: str = "2026-Q4") -> dict[str, Any]:
    return reviews.review_view(services, quarter, READER, 500, None)


def item(services: MicrosoftServices, identity: str, quarter: str = "2026-Q4") -> dict[str, Any]:
    return next(one for one in view(services, quarter)["items"] if one["integration"]["id"] == identity)


def answer(
    services: MicrosoftServices,
    identity: str,
    decision: str,
    person: Person = OWNER,
    quarter: str = "2026-Q4",
    **more: Any,
) -> dict[str, Any]:
    body = {"decision": decision, "rationale": WHY} | more
    return reviews.attest(services, person, quarter, item(services, identity, quarter)["id"], body)


def example() -> MicrosoftServices:
    """Two integrations: one with application permissions and calls, one without owner and a consent for all."""
    made = MicrosoftServices()
    made.put(
        servicePrincipals=[graph_principal(), principal("a"), principal("b", owners=[])],
        appRoleAssignments=[assignment("a", "Directory.ReadWrite.All"), assignment("a", "User.Read.All")],
        oauth2PermissionGrants=[
            {
                "id": "gr-b",
                "clientId": "sp-b",
                "consentType": "AllPrincipals",
                "resourceId": "sp-graph",
                "scope": "Mail.Read offline_access",
            }
        ],
        microsoftGraphActivityLogs=[
            {
                "AppId": "app-a",
                "RequestMethod": "GET",
                "RequestUri": "https://graph.microsoft.com/v1.0/users/x?$top=1",
                "ResponseStatusCode": 200,
                "TimeGenerated": "2026-11-10T00:00:00Z",
            },
            {
                "AppId": "app-a",
                "RequestMethod": "DELETE",
                "RequestUri": "https://graph.microsoft.com/v1.0/users/x",
                "ResponseStatusCode": 403,
                "TimeGenerated": "2026-11-10T00:00:00Z",
            },
        ],
    )
    return made

"""Invented tenants in which everything that can be odd is: rows as Graph, ARM and HaloPSA return them."""

from __future__ import annotations

import json
from typing import Any

from local.entra.tokens import HOME_TENANT
from tests.harness.microsoft import assignment, graph_principal, principal

Row = dict[str, Any]

WITHDRAWN, LOOPING, FOREIGN, DELETED, HALVED, REPEATING = (
    f"00000000-0000-4000-8000-0000000009{number:02d}" for number in range(1, 7)
)
"""Customers' tenants, each with one thing wrong."""

TENANTS = (HOME_TENANT, WITHDRAWN, LOOPING, FOREIGN, DELETED, HALVED, REPEATING)

NAMES = {
    "markup": "<script>alert(1)</script><b onmouseover=alert(2)>\"'&amp;",
    "formula": '=HYPERLINK("http://evil.test","x")',
    "at": "@SUM(1+1)|cmd",
    "turned": "safe\u202egnp.exe\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "emoji": "\U0001f469\u200d\U0001f4bb Backup \U0001f680\ufe0f",
    "controls": "bell\u0007null\u0000esc\u001b[31m\r\nSet-Cookie: x=1",
    "surrogate": "half \ud83d pair",
    "long": "N" * 4000,
    "blank": "   ",
}
"""By mark: what somebody may call an app."""

MANY = 500
SCOPES = 3000


def credential(mark: str, start: str | None, end: str | None) -> Row:
    return {"keyId": f"key-{mark}", "startDateTime": start, "endDateTime": end}


CREDENTIALS = {
    "endless": [credential("endless", "2026-01-01T00:00:00Z", None)],
    "backwards": [credential("backwards", "2027-06-01T00:00:00Z", "2027-01-01T00:00:00Z")],
    "far": [credential("far", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z")],
    "beyond": [credential("beyond", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00")],
    "early": [credential("early", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")],
    "worded": [credential("worded", "yesterday", "tomorrow")],
}


def consent(mark: str, client: str, scope: str | None, kind: str | None = "AllPrincipals", **more: Any) -> Row:
    return {
        "id": f"gr-{mark}", "clientId": f"sp-{client}", "consentType": kind, "resourceId": "sp-graph", "scope": scope,
    } | more  # fmt: skip


def of(tenant: str, rows: list[Row]) -> list[Row]:
    return [row | {"@tenant": tenant} for row in rows]


def graph_of(tenant: str, **more: Any) -> Row:
    return graph_principal(id=f"sp-graph-{tenant[-2:]}", **{"@tenant": tenant}, **more)


def entra() -> dict[str, list[Row]]:
    """Everything the stand-in is seeded with."""
    own = [
        graph_principal(),
        principal("plain"),
        principal("twin-1", displayName="Twin"),
        principal("twin-2", displayName="Twin"),
        *(principal(f"name-{mark}", displayName=name) for mark, name in NAMES.items()),
        *(principal(f"cred-{mark}", passwordCredentials=rows) for mark, rows in CREDENTIALS.items()),
        principal("many"),
        principal("scopes"),
        principal("word"),
        principal("strange-consent"),
        principal("nameless-consent"),
        principal("stranger"),
        principal("left", owners=[{"id": "owner-left", "accountEnabled": False}]),
        principal("circle-1", owners=[{"id": "sp-circle-2", "@odata.type": "#microsoft.graph.servicePrincipal"}]),
        principal("circle-2", owners=[{"id": "sp-circle-1", "@odata.type": "#microsoft.graph.servicePrincipal"}]),
        principal("itself", owners=[{"id": "sp-itself"}]),
        # An API of its own that calls itself, and its rights, like Microsoft's.
        principal("impostor", displayName="Microsoft Graph",
                  appRoles=[{"id": "role-impostor", "value": "Directory.ReadWrite.All"}]),
        principal("fooled"),
    ]  # fmt: skip
    grants = [
        assignment("plain", "User.Read.All"),
        assignment("twin-1", "Mail.Read"),
        assignment("stranger", "99999999-0000-4000-8000-000000000000"),
        assignment("vanished", "User.Read.All", principalDisplayName="Vanished"),
        assignment("fooled", "Directory.ReadWrite.All", id="aa-impostor", resourceId="sp-impostor",
                   resourceDisplayName="Microsoft Graph", appRoleId="role-impostor"),
        assignment("fooled", "Directory.ReadWrite.All", id="zz-real"),
        *(
            assignment("many", f"{number:08x}-0000-4000-8000-000000000000", id=f"as-many-{number}")
            for number in range(MANY)
        ),
        {"id": "as-half", "principalId": "sp-plain", "resourceId": "sp-graph", "appRoleId": 5},
    ]  # fmt: skip
    consents = [
        consent("scopes", "scopes", " ".join(f"Scope.Number{number}.All" for number in range(SCOPES))),
        consent("word", "word", "Mail.Read " + "W" * 30_000),
        consent("strange", "strange-consent", "Mail.Read openid", "Everybody"),
        consent("nameless", "nameless-consent", "Mail.Read", None),
        consent("vanished", "vanished-too", "Mail.Read"),
        consent("nothing", "plain", None, "Principal"),
    ]
    calls = [
        {"AppId": "app-plain", "RequestMethod": "GET", "RequestUri": "https://graph.microsoft.com/v1.0/users",
         "ResponseStatusCode": 200, "TimeGenerated": "2026-11-10T00:00:00Z"},
        {"AppId": ["x"], "RequestMethod": 5, "RequestUri": None, "ResponseStatusCode": "fine", "TimeGenerated": "soon"},
    ]  # fmt: skip
    customers = [
        *of(WITHDRAWN, [principal("w")]),
        graph_of(LOOPING), *of(LOOPING, [principal("loop")]),
        graph_of(FOREIGN), *of(FOREIGN, [principal("foreign")]),
        graph_of(DELETED), *of(DELETED, [principal("api", appRoles=[{"id": "r-api", "value": "Api.All"}]), principal("d")]),
        graph_of(HALVED), *of(HALVED, [principal("h1"), principal("h2")]),
        graph_of(REPEATING), *of(REPEATING, [principal("r1"), principal("r2")]),
    ]  # fmt: skip
    return {
        "servicePrincipals": [*own, *customers],
        "applications": [
            {"id": "ap-twin", "appId": "app-twin-3", "displayName": "Twin", "owners": []},
            {"id": "ap-plain", "appId": "app-plain", "displayName": "Integration plain", "owners": [],
             "passwordCredentials": [{"keyId": 5}]},
            *of(HALVED, [{"id": "ap-h2", "appId": "app-h2", "displayName": "Integration h2", "owners": []}]),
        ],
        "appRoleAssignments": [
            *grants,
            *of(DELETED, [assignment("d", "Mail.Read", resourceId=f"sp-graph-{DELETED[-2:]}")]),
            *of(REPEATING, [assignment("r1", "Mail.Read", resourceId=f"sp-graph-{REPEATING[-2:]}")]),
        ],
        "oauth2PermissionGrants": consents,
        "servicePrincipalSignInActivities": [
            {"id": "si-1", "appId": "app-plain", "lastSignInActivity": {"lastSignInDateTime": "2026-11-10T00:00:00Z"}},
            {"id": "si-2", "appId": "app-twin-1", "lastSignInActivity": {"lastSignInDateTime": "soon"}},
        ],
        "microsoftGraphActivityLogs": calls,
        "roleAssignments": [
            {"id": "/subscriptions/s/ra/1", "properties": {"roleDefinitionId": "x", "principalId": "sp-plain"}},
            {"id": "/subscriptions/s/ra/2", "properties": {"roleDefinitionId": 5, "principalId": "sp-plain"}},
            {"id": "/subscriptions/s/ra/3", "properties": None},
        ],
    }  # fmt: skip


def faults(entra_url: str) -> list[Row]:
    """What the stand-in answers wrongly, by tenant."""

    def page(rows: list[Row], link: str) -> str:
        return json.dumps({"value": rows, "@odata.nextLink": link})

    graph = "/graph/v1.0"
    here = f"{entra_url}{graph}"
    return [
        {"match": f"/{WITHDRAWN}/oauth2", "status": 401, "times": 999, "body": '{"error":"invalid_client"}'},
        {"match": f"{graph}/applications", "status": 200, "times": 99, "tenant": LOOPING,
         "body": page([], f"{here}/applications?again")},
        {"match": f"{graph}/oauth2PermissionGrants", "status": 200, "times": 99, "tenant": FOREIGN,
         "body": page([], "http://evil.test/graph")},
        {"match": f"{graph}/servicePrincipals/sp-api/", "status": 404, "times": 99},
        {"match": f"{graph}/servicePrincipals", "status": 200, "times": 1, "tenant": HALVED,
         "body": page([principal("h1")], "http://[evil")},
        {"match": f"{graph}/servicePrincipals", "status": 200, "times": 1, "tenant": REPEATING,
         "body": page([principal("r1"), {"id": "sp-bad", "appId": 5}, {"id": "sp-bad", "appId": 5}, 7, None],
                      f"{here}/servicePrincipals?$expand=owners")},
        # Of our own tenant: what passes when asked again.
        {"match": f"{graph}/applications", "status": 429, "times": 1, "retry_after": 0.1, "tenant": HOME_TENANT},
        {"match": f"{graph}/oauth2PermissionGrants", "status": 200, "times": 1, "tenant": HOME_TENANT,
         "body": '{"value":[{"id":"gr'},
    ]  # fmt: skip


def halopsa() -> dict[str, list[Row]]:
    """HaloPSA's side: applications, agents and roles with odd fields."""
    return {
        "Application": [
            {"id": 1, "clientId": "attest", "displayName": "Attest", "scopes": [{"id": 1, "name": "read:tickets"}]},
            {"id": 2, "clientId": "odd-agent", "displayName": "Odd agent", "loginas_agent_id": 70,
             "scopes": [{"id": 2, "name": "edit:tickets"}]},
            {"id": 3, "clientId": "no-agent", "displayName": "<i>", "loginas_agent_id": 4711, "scopes": []},
            {"id": 4, "clientId": "odd-role", "displayName": "=1+1", "loginas_agent_id": 71,
             "scopes": [{"id": 3, "name": "all"}]},
            {"id": 5, "clientId": "odd-scope", "displayName": "Scopes", "scopes": "all"},
            {"id": 6, "clientId": "same", "displayName": "Same", "scopes": [{"id": 4, "name": "read:assets"}]},
            {"id": 7, "clientId": "same", "displayName": "Same", "scopes": [{"id": 5, "name": "read:assets"}]},
        ],
        "Agent": [
            {"id": 70, "name": "Odd", "is_admin": "perhaps", "isapiagent": True, "roles": "none"},
            {"id": 71, "name": "Role", "isapiagent": True, "roles": [{"id": "no-such-role"}]},
        ],
        "Roles": [{"id": 5, "name": ["Administrator"]}],
    }  # fmt: skip

"""The Entra side of the demo's integrations: principals, registrations, grants, credentials, sign-ins and calls."""

from __future__ import annotations

from typing import Any

from local.seeds.calendar import AS_OF, day, later, wire
from local.seeds.integrations import OWNER_OID, SERVICE_APP_ID, Integration, of_source
from local.seeds.violations import ACCESS, app_id

Row = dict[str, Any]

TENANT = "00000000-0000-4000-8000-000000000001"
OTHER_TENANT = "0a110000-0000-4000-8000-0000000000ff"
SUBSCRIPTION = "/subscriptions/00000000-0000-4000-8000-0000000000aa"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
_GRAPH_ID = "64a90000-0000-4000-8000-000000000001"
_MICROSOFT_TENANT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
_ROLES = {
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "Organization.Read.All": "498476ce-e0fe-48b0-b801-37ba7e2685c6",
    "RoleManagement.ReadWrite.Directory": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",
}
_CALLS = {
    "User.Read.All": "/v1.0/users",
    "Organization.Read.All": "/v1.0/organization",
    "RoleManagement.ReadWrite.Directory": "/v1.0/roleManagement/directory/roleAssignments",
}
_MAIL_ID = "64a90000-0000-4000-8000-000000000002"
_MAIL_APP_ID = "00000002-0000-0ff1-ce00-000000000000"
_MAIL_ROLE = "dc890d15-9560-4a4c-9b7f-a736ec74ec40"
"""A right on another API than Graph, of which no source tells a tier."""
_READER = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"


def rows() -> dict[str, list[Row]]:
    """Rows by the tables of the Entra stand-in."""
    those = of_source("entra")
    return {
        "servicePrincipals": [_graph(), _mail(), _own_principal(), *(_principal(one) for one in those)],
        "applications": [_application(one) for one in those if not _foreign(one)],
        "appRoleAssignments": [grant for one in those for grant in _grants(one)],
        "oauth2PermissionGrants": [_consent(one) for one in those if "consent_all_users" in _codes(one)],
        "servicePrincipalSignInActivities": [
            _activity(SERVICE_APP_ID, wire(AS_OF)),
            *(_activity(app_id(one.key), _last_used(one)) for one in those),
        ],
        "microsoftGraphActivityLogs": [call for one in those for call in _calls(one)],
        "roleAssignments": [_azure_role()],
    }


def _codes(one: Integration) -> tuple[str, ...]:
    return ACCESS.get(one.key, ())


def _foreign(one: Integration) -> bool:
    return "multi_tenant" in _codes(one)


def principal_id(key: str) -> str:
    """The object id of an integration's service principal."""
    return app_id(key).replace("a99a0000", "5e200000")


def _permissions(one: Integration) -> tuple[str, ...]:
    codes = _codes(one)
    if "tier0" in codes:
        return ("RoleManagement.ReadWrite.Directory",)
    if "unused_permission" in codes:
        return ("User.Read.All", "Organization.Read.All")
    return ("User.Read.All",)


def _graph() -> Row:
    return _microsoft(_GRAPH_ID, GRAPH_APP_ID, "Microsoft Graph", _ROLES)


def _mail() -> Row:
    return _microsoft(_MAIL_ID, _MAIL_APP_ID, "Office 365 Exchange Online", {"full_access_as_app": _MAIL_ROLE})


def _microsoft(object_id: str, application: str, name: str, roles: dict[str, str]) -> Row:
    return {
        "id": object_id,
        "appId": application,
        "displayName": name,
        "appOwnerOrganizationId": _MICROSOFT_TENANT,
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMultipleOrgs",
        "accountEnabled": True,
        "appRoles": [
            {"id": guid, "value": value, "displayName": value, "allowedMemberTypes": ["Application"], "isEnabled": True}
            for value, guid in roles.items()
        ],
        "owners": [],
        "passwordCredentials": [],
        "keyCredentials": [],
    }


_OWNER = {"id": OWNER_OID, "displayName": "Iris Unreal", "accountEnabled": True}


def _own_principal() -> Row:
    return {
        "id": "5e1f0000-0000-4000-8000-000000000001",
        "appId": SERVICE_APP_ID,
        "displayName": "Halo Attest (review)",
        "servicePrincipalType": "ManagedIdentity",
        "accountEnabled": True,
        "appRoles": [],
        "owners": [_OWNER],
        "passwordCredentials": [],
        "keyCredentials": [],
    }


def _principal(one: Integration) -> Row:
    foreign = _foreign(one)
    verified = (
        {} if foreign else {"verifiedPublisher": {"displayName": "Example Publisher", "verifiedPublisherId": "1"}}
    )
    return {
        "id": principal_id(one.key),
        "appId": app_id(one.key),
        "displayName": one.name,
        "appOwnerOrganizationId": OTHER_TENANT if foreign else TENANT,
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMultipleOrgs" if foreign else "AzureADMyOrg",
        "accountEnabled": True,
        "appRoles": [],
        "owners": _owners(one),
        "passwordCredentials": [],
        "keyCredentials": [],
        **verified,
    }


def _owners(one: Integration) -> list[Row]:
    return [] if "ownerless" in _codes(one) else [_OWNER]


def _application(one: Integration) -> Row:
    return {
        "id": app_id(one.key).replace("a99a0000", "a4400000"),
        "appId": app_id(one.key),
        "displayName": one.name,
        "createdDateTime": wire(day(1, 15, 9, year=2025)),
        "signInAudience": "AzureADMyOrg",
        "verifiedPublisher": {"displayName": "Example Publisher", "verifiedPublisherId": "1"},
        "owners": _owners(one),
        "passwordCredentials": [
            {
                "keyId": f"{place}{app_id(one.key)[1:]}",
                "displayName": "secret",
                "startDateTime": start,
                "endDateTime": end,
            }
            for place, (start, end) in enumerate(_credentials(one), 1)
        ],
        "keyCredentials": [],
    }


def _credentials(one: Integration) -> list[tuple[str, str]]:
    codes = _codes(one)
    start, end = wire(day(6, 1)), wire(day(4, 1, year=2027))
    if "credential_expired" in codes:
        return [(wire(day(1, 10)), wire(day(10, 10)))]
    if "credential_expiring" in codes:
        return [(start, wire(day(12, 8)))]
    if "credential_too_long" in codes:
        return [(start, wire(day(6, 1, year=2029)))]
    return [(start, end)] * (3 if "credentials_many" in codes else 1)


def _grants(one: Integration) -> list[Row]:
    held = [(_GRAPH_ID, "Microsoft Graph", _ROLES[value]) for value in _permissions(one)]
    if "unknown_permission" in _codes(one):
        held.append((_MAIL_ID, "Office 365 Exchange Online", _MAIL_ROLE))
    return [
        {
            "id": f"{place}-{principal_id(one.key)}",
            "appRoleId": role,
            "principalId": principal_id(one.key),
            "principalType": "ServicePrincipal",
            "principalDisplayName": one.name,
            "resourceId": resource,
            "resourceDisplayName": name,
            "createdDateTime": wire(day(2, 1, 9, year=2025)),
        }
        for place, (resource, name, role) in enumerate(held, 1)
    ]


def _consent(one: Integration) -> Row:
    return {
        "id": f"consent-{principal_id(one.key)}",
        "clientId": principal_id(one.key),
        "consentType": "AllPrincipals",
        "resourceId": _GRAPH_ID,
        "scope": "User.Read.All",
    }


def _last_used(one: Integration) -> str:
    return wire(day(6, 2) if "unused_integration" in _codes(one) else later(AS_OF, days=-2))


def _activity(application: str, at: str) -> Row:
    return {
        "id": f"activity-{application}",
        "appId": application,
        "lastSignInActivity": {"lastSignInDateTime": at},
        "applicationAuthenticationClientSignInActivity": {"lastSignInDateTime": at},
    }


def _calls(one: Integration) -> list[Row]:
    used = _permissions(one)[:1]
    return [
        {
            "TimeGenerated": _last_used(one),
            "TenantId": TENANT,
            "AadTenantId": TENANT,
            "AppId": app_id(one.key),
            "ServicePrincipalId": principal_id(one.key),
            "RequestMethod": "GET",
            "RequestUri": f"https://graph.microsoft.com{_CALLS[value]}",
            "ResponseStatusCode": 200,
            "Roles": " ".join(_permissions(one)),
            "Scopes": "",
        }
        for value in used
    ]


def _azure_role() -> Row:
    number = "0a220000-0000-4000-8000-000000000001"
    return {
        "id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/{number}",
        "name": number,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": SUBSCRIPTION + _READER,
            "principalId": principal_id("status-board"),
            "principalType": "ServicePrincipal",
            "scope": SUBSCRIPTION,
        },
    }

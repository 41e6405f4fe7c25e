"""Azure role assignments of this deployment, and this service's own identities, as integrations."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from shared.entra import revoke
from shared.entra.catalogue import catalogue
from shared.entra.facts import is_microsoft, names_of
from shared.entra.reading import Reading
from shared.entra.records import ArmAssignment, parsed
from shared.entra.standing import owners
from shared.measures.access_facts import Integration, Inventory, Permission, Unreadable, plain_name
from shared.model import JsonObject

IDENTITIES = Path(__file__).parents[2] / "infra" / "identities.json"
_BUILT_IN: Mapping[str, str] = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "db58b8e5-c6ad-4a2a-8342-4190687cbf4a": "Storage Blob Delegator",
    "76199698-9eea-4c19-bc75-cec21354c6b6": "Storage Table Data Reader",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "19e7f393-937e-4f77-808e-94535e297925": "Storage Queue Data Reader",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "8a0f0c08-91a1-4084-bc3d-661d67233fed": "Storage Queue Data Message Processor",
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": "Storage Queue Data Message Sender",
    "17d1049b-9a84-46fb-8f53-869881c3d3ab": "Storage Account Contributor",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "12338af0-0e69-4776-bea7-57ae8d297424": "Key Vault Crypto User",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": "Key Vault Crypto Officer",
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": "Key Vault Crypto Service Encryption User",
}


def azure(reading: Reading) -> Inventory:
    """One integration per principal that holds a role at the reviewed scope."""
    tenants = [tenant for resource, tenant in (*reading.read, *reading.failed) if resource == "roleAssignments"]
    if not tenants:
        return Inventory("azure")
    tenant = tenants[0]
    assignments, bad = parsed(ArmAssignment, reading.rows.get(("roleAssignments", tenant), []))
    unreadable = [Unreadable(one.id, f"Its {one.where} cannot be read.") for one in bad]
    by_principal: defaultdict[str, dict[str, ArmAssignment]] = defaultdict(dict)
    for assignment in assignments:
        by_principal[assignment.properties.principal_id][assignment.id.lower()] = assignment
    names = names_of(reading)
    whole = reading.whole("servicePrincipals", tenant) and ("servicePrincipals", tenant) in reading.read
    integrations: list[Integration] = []
    microsoft = 0
    for principal, held in sorted(by_principal.items()):
        kinds = {one.properties.principal_type for one in held.values()}
        found = names.get(principal)
        if found is None and kinds == {"ServicePrincipal"} and whole:
            unreadable.append(Unreadable(principal, "It holds Azure roles, but the directory no longer shows it."))
            continue
        if found is not None and is_microsoft(found, catalogue()):
            microsoft += 1
            continue
        permissions = tuple(_permission(one) for one in sorted(held.values(), key=lambda one: one.id))
        integrations.append(
            Integration(
                source="azure",
                tenant=tenant,
                id=found.app_id if found else principal,
                object_id=principal,
                name=plain_name(found.display_name, found.app_id)
                if found
                else f"{'/'.join(sorted(filter(None, kinds)))} {principal}",
                owners=owners(names, found.owners) if found else None,
                permissions=permissions,
                commands=tuple(command for one in permissions for command in one.commands),
            )
        )
    complete = frozenset({tenant}) if reading.whole("roleAssignments", tenant) and not bad else frozenset()
    return Inventory("azure", tuple(integrations), microsoft, tuple(unreadable), complete)


def _permission(assignment: ArmAssignment) -> Permission:
    role = assignment.properties.role_definition_id.rstrip("/").rsplit("/", 1)[-1]
    value = _BUILT_IN.get(role.lower(), role)
    return Permission(
        value=value,
        kind="azure",
        resource=assignment.properties.scope or "",
        commands=revoke.given(revoke.azure_role(assignment.id, value)),
    )


def this_service(client_id: str, tenant: str) -> Integration:
    """The service itself, as the table of its identities says it may do; the first item of every review."""
    permissions: list[Permission] = []
    unknowns: tuple[str, ...] = ()
    try:
        table: JsonObject = json.loads(IDENTITIES.read_text("utf-8"))
        for group, rights in table["groups"].items():
            permissions += [
                Permission(f"{group}: {role['role']}", "azure", resource=str(role["scope"])) for role in rights["roles"]
            ]
            permissions += [
                Permission(f"{group}: Key Vault {one}", "azure", resource="key vault") for one in rights["key_vault"]
            ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        unknowns = ("The table of this service's identities (infra/identities.json) cannot be read.",)
    return Integration(
        source="azure",
        tenant=tenant,
        id=client_id,
        object_id="halo-attest",
        name="Halo Attest (this service)",
        permissions=tuple(permissions),
        unknowns=unknowns,
        ours=True,
    )

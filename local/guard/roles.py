"""Roles and the actions they hold, and the rights of infra/identities.json made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[2] / "infra" / "identities.json"

_BLOB = "blobServices/containers/blobs"
_QUEUE = "queueServices/queues"
_MESSAGES = f"{_QUEUE}/messages"
_ENTITIES = "tableServices/tables/entities"
DELEGATION = "blobServices/generateUserDelegationKey/action"

MANAGEMENT = frozenset({"management/read"})
"""What Resource Manager and Log Analytics answer to readers."""

BUILT_IN: Mapping[str, frozenset[str]] = {
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": MANAGEMENT,  # Reader
    # Storage Blob Data Reader, Contributor, Owner, Storage Blob Delegator
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": frozenset(
        {f"{_BLOB}/read", "blobServices/containers/read", DELEGATION},
    ),
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": frozenset(
        {
            *(f"{_BLOB}/{one}" for one in ("read", "write", "delete", "move/action", "add/action")),
            *(f"blobServices/containers/{one}" for one in ("read", "write", "delete")),
            DELEGATION,
        }
    ),
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": frozenset({"blobServices/containers/*", DELEGATION}),
    "db58b8e5-c6ad-4a2a-8342-4190687cbf4a": frozenset({DELEGATION}),
    # Storage Table Data Reader, Contributor
    "76199698-9eea-4c19-bc75-cec21354c6b6": frozenset({f"{_ENTITIES}/read", "tableServices/tables/read"}),
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": frozenset(
        {
            *(f"{_ENTITIES}/{one}" for one in ("read", "write", "delete", "add/action", "update/action")),
            *(f"tableServices/tables/{one}" for one in ("read", "write", "delete")),
        }
    ),
    # Storage Queue Data Reader, Contributor, Message Processor, Message Sender
    "19e7f393-937e-4f77-808e-94535e297925": frozenset({f"{_MESSAGES}/read", f"{_QUEUE}/read"}),
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": frozenset(
        {
            *(f"{_MESSAGES}/{one}" for one in ("read", "write", "delete", "process/action")),
            *(f"{_QUEUE}/{one}" for one in ("read", "write", "delete")),
        }
    ),
    "8a0f0c08-91a1-4084-bc3d-661d67233fed": frozenset({f"{_MESSAGES}/read", f"{_MESSAGES}/process/action"}),
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": frozenset({f"{_MESSAGES}/add/action"}),
    # Key Vault Secrets User
    "4633458b-17de-408a-b874-0445c86b69e6": frozenset({"secrets/getSecret/action", "secrets/readMetadata/action"}),
}
"""Built-in roles by id: their actions and data actions, without what stands before them in Azure."""

_PREFIX = re.compile(r"Microsoft\.(Storage/storageAccounts|KeyVault/vaults)/")


@dataclass(frozen=True, slots=True)
class Right:
    """One line of the table: a group holds a role, a permission or a scope on one place."""

    group: str
    role: str
    scope: str
    actions: frozenset[str] = field(repr=False)

    def gives(self, place: str, action: str) -> bool:
        """Whether it allows the action there. A storage scope without a name covers all of its service."""
        inside = self.scope == place or (self.scope.count("/") == 1 and place.startswith(f"{self.scope}/"))
        return inside and any(
            one == action or (one.endswith("*") and action.startswith(one[:-1])) for one in self.actions
        )

    def __str__(self) -> str:
        return f"{self.group}: {self.role} on {self.scope}"


def actions_of(role_id: str, custom: Mapping[str, Any]) -> frozenset[str]:
    """What a role may do. KeyError for a role nobody described."""
    if role_id in BUILT_IN:
        return BUILT_IN[role_id]
    role = custom[role_id]
    return frozenset(_PREFIX.sub("", one) for one in (*role.get("actions", ()), *role["dataActions"]))


def of_halopsa(scope: str) -> frozenset[str]:
    """What a scope of HaloPSA opens: ``edit:tickets`` reads and writes tickets, ``admin`` its own area."""
    verb, _, area = scope.partition(":")
    if not area:
        return frozenset({f"{verb}/read", f"{verb}/write"})
    return frozenset({f"{area}/read"} | ({f"{area}/write"} if verb == "edit" else set()))


def rights(table: Mapping[str, Any] | None = None) -> tuple[Right, ...]:
    """Every right of every group in every system, in the table's order."""
    held = table if table is not None else json.loads(TABLE.read_text("utf-8"))
    return tuple(right for group in held["groups"] for right in _of_group(group, held))


def _of_group(group: str, table: Mapping[str, Any]) -> Iterator[Right]:
    held = table["groups"][group]
    for role in held["roles"]:
        yield Right(group, role["role"], role["scope"], actions_of(role["id"], table["custom_roles"]))
    for permission in held["graph"]:
        yield Right(group, permission, "graph", frozenset({permission}))
    for scope in held["halopsa"]:
        yield Right(group, scope, "halopsa", of_halopsa(scope))
    for right in held["key_vault"]:
        verb, _, name = right.partition(": ")
        role = table["key_vault_roles"][verb]
        place = f"vault/{name}" if name else "vault"
        yield Right(group, role["role"], place, actions_of(role["id"], table["custom_roles"]))
    for role in table["azure"].get(group, ()):
        yield Right(group, role["role"], f"azure/{role['on']}", MANAGEMENT)

"""The Bicep files hold together, create every store, and grant what the table of identities grants."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from shared.storage.account import CONTAINERS, POISON, QUEUES, TABLES
from tests.infra.reading import FILES, GROUPS, INFRA, TABLE, body, modules, parsed, resources, text, variable

ROLES = {
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Blob Delegator": "db58b8e5-c6ad-4a2a-8342-4190687cbf4a",
    "Storage Table Data Reader": "76199698-9eea-4c19-bc75-cec21354c6b6",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "Storage Queue Data Reader": "19e7f393-937e-4f77-808e-94535e297925",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Queue Data Message Processor": "8a0f0c08-91a1-4084-bc3d-661d67233fed",
    "Storage Queue Data Message Sender": "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "Log Analytics Data Reader": "3b03c2da-16b3-4a49-8834-0f8130efdd3b",
    **{name: name for name in TABLE["custom_roles"]},
}


@pytest.mark.parametrize("file", FILES)
def test_every_file_parses(file: str) -> None:
    """Otherwise checks of others pass over it in silence."""
    assert parsed(file)


@pytest.mark.parametrize("file", FILES)
def test_what_checkovs_older_parser_passes_over_is_not_written(file: str) -> None:
    """It takes ``items(…)`` in a loop and not as a variable, and says nothing of a file it cannot read."""
    assert not re.search(r"(?m)^var \w+ = items\(", text(file))


def test_modules_exist_and_get_their_parameters() -> None:
    """Each module's file is there, every parameter given exists, every required one is given."""
    found = list(modules())
    assert {target for *_, target, _ in found} == set(FILES) - {"main.bicep"}
    for file, name, target, inner in found:
        assert target in FILES, f"{file}: {name}"
        declared = parsed(target).get("parameters", {})
        given = set(inner.get("params", {}))
        assert given <= set(declared), f"{file}: {name} gives {given - set(declared)}"
        required = {one for one, param in declared.items() if param["default"] is None}
        assert required <= given, f"{file}: {name} lacks {required - given}"


def test_outputs_that_are_used_exist() -> None:
    """name.outputs.x and name[i].outputs.x."""
    for file in FILES:
        targets = {name: target for one, name, target, _ in modules() if one == file}
        used = re.findall(r"\b(\w+)(?:\[\w+\])?\.outputs\.(\w+)", text(file))
        for module, output in used:
            assert output in parsed(targets[module])["outputs"], f"{file}: {module}.outputs.{output}"


def test_every_parameter_and_variable_is_used() -> None:
    """Nothing is asked for in vain."""
    for file in FILES:
        for name in (*parsed(file).get("parameters", {}), *parsed(file).get("variables", {})):
            assert len(re.findall(rf"\b{name}\b", text(file))) > 1, f"{file}: {name}"


def test_the_parameters_file_fits_main() -> None:
    """Every value names a parameter of main.bicep, and what has no default is there."""
    given = set(json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"])
    declared = parsed("main.bicep")["parameters"]
    assert given <= set(declared)
    assert {name for name, param in declared.items() if param["default"] is None} <= given


def test_secrets_are_secure_parameters_and_never_outputs() -> None:
    """Deployment history shows neither."""
    for file in FILES:
        for name, param in parsed(file).get("parameters", {}).items():
            if re.search(r"secret$|salt$|^webhookSources|^teamsChannels", name, re.IGNORECASE):
                assert {"type": "secure"} in param["decorators"], f"{file}: {name}"
        assert not re.search(r"(?m)^output.*(?:listKeys|[sS]ecret|[sS]alt|ConnectionString)", text(file)), file


def test_role_ids_are_those_of_their_names() -> None:
    """A wrong id would grant something else under a harmless name."""
    held = [role for rights in TABLE["groups"].values() for role in rights["roles"]]
    held += [role for roles in TABLE["azure"].values() for role in roles]
    held += list(TABLE["key_vault_roles"].values())
    for role in held:
        assert ROLES[role["role"]] == role["id"]


def test_rights_come_from_the_table_alone() -> None:
    """Assignments are made in one file, from the table, and no role id is written into Bicep."""
    assignments = resources("Microsoft.Authorization/roleAssignments")
    assert {file for file, *_ in assignments} == {"app/access.bicep"}
    for file in FILES:
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", text(file)), file
    assert "loadJsonContent('../identities.json')" in text("app/access.bicep")
    assert "identities.groups[group]" in text("app/access.bicep")


def test_no_assignment_is_wider_than_the_table() -> None:
    """Tables, containers and queues one by one; the account only for the delegation key; the group only to read it."""
    scopes = {
        name: re.sub(r"\[\w+\]", "", _scope(name))
        for _, name, _ in resources("Microsoft.Authorization/roleAssignments")
    }
    assert scopes == {
        "onTables": "tables",
        "onContainers": "containers",
        "onQueues": "queues",
        "onAccount": "evidence",
        "onHost": "host",
        "onKey": "signingKey",
        "onSecrets": "vaultSecrets",
        "onTelemetry": "insights",
        "onGroup": "",
        "onLogs": "workspace",
    }
    wide = [role for rights in TABLE["groups"].values() for role in rights["roles"] if role["scope"].count("/") == 1]
    assert {(role["role"], role["scope"]) for role in wide} == {
        ("Storage Blob Delegator", "evidence/containers"),
        ("Storage Blob Data Owner", "host/containers"),
    }
    assert TABLE["azure"]["review"][0]["role"] == "Reader"


def _scope(name: str) -> str:
    block = text("app/access.bicep").split(f"resource {name} ", 1)[1].split("\n}", 1)[0]
    found = re.search(r"(?m)^  scope: (\S+)$", block)
    return found[1] if found else ""


def test_every_scope_of_the_table_is_granted() -> None:
    """The filters of access.bicep leave none out."""
    known = re.findall(r"role\.scope(?:, | == )'([^']+)'", text("app/access.bicep"))
    for rights in TABLE["groups"].values():
        for role in rights["roles"]:
            assert any(role["scope"] == one or (one.endswith("/") and role["scope"].startswith(one)) for one in known)
        for right in rights["key_vault"]:
            assert right in TABLE["key_vault_roles"] or right.startswith("secrets/get: ")


def test_roles_of_our_own_are_made_from_the_table() -> None:
    """Each is defined with the table's actions, and what assigns it names the same definition."""
    made = text("app/roles.bicep")
    assert "items(identities.custom_roles)" in made
    assert "dataActions: role.value.dataActions" in made
    assert "actions: role.value.actions" in made
    assert re.search(r"roleName: '.*\$\{role\.key\}", made)
    assert "name: guid(resourceGroup().id, role.key)" in made
    named = "contains(custom, role.id) ? guid(resourceGroup().id, role.id) : role.id"
    blocks = text("app/access.bicep").split("\nresource ")
    assert {one.split(" ")[0] for one in blocks if named in one} == {"onTables", "onContainers", "onQueues"}
    assert re.search(r"dependsOn: \[\s+roles\s+\]", text("main.bicep"))


def test_append_holds_on_rows_and_blobs_alone() -> None:
    """Its actions are of those two services."""
    assert not [role for *_, role in _table_roles() if role["id"] == "evidence-append" and "/queues/" in role["scope"]]


def _table_roles() -> Iterator[tuple[str, dict[str, Any]]]:
    for group, rights in TABLE["groups"].items():
        for role in rights["roles"]:
            yield group, role


def test_what_reads_a_queue_may_also_put_aside_what_fails() -> None:
    """Whoever works on a queue works on its poison queue too."""
    for group in GROUPS:
        held = {role["scope"] for name, role in _table_roles() if name == group and role["role"] == "queue-work"}
        assert {scope + POISON for scope in held if not scope.endswith(POISON)} <= held


def test_every_store_is_made() -> None:
    """Tables, containers, queues and their poison queues, exactly those that the code names."""
    assert tuple(variable("app/evidence.bicep", "tables")) == TABLES
    assert tuple(variable("app/evidence.bicep", "containers")) == CONTAINERS
    assert set(variable("app/evidence.bicep", "queues")) == {name + end for name in QUEUES for end in ("", POISON)}


def test_no_account_has_keys_or_public_blobs() -> None:
    """Neither the evidence account nor the hosts'."""
    accounts = resources("Microsoft.Storage/storageAccounts")
    assert len(accounts) == 2
    for file, _, inner in accounts:
        held = inner["properties"]
        assert held["allowSharedKeyAccess"] is False, file
        assert held["allowBlobPublicAccess"] is False, file
        assert held["minimumTlsVersion"] == "TLS1_2", file
        assert held["supportsHttpsTrafficOnly"] is True, file
    for file, _, inner in resources("Microsoft.Storage/storageAccounts/blobServices/containers"):
        assert inner["properties"]["publicAccess"] == "None", file


def test_checkpoints_are_write_once() -> None:
    """By a policy of the container, unlocked until a person locks it, for as long as a parameter says."""
    ((_, _, inner),) = resources("Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies")
    assert inner["parent"] == "checkpoints"
    assert body(parsed("app/evidence.bicep")["resources"]["checkpoints"])["name"] == "checkpoints"
    assert inner["properties"]["immutabilityPeriodSinceCreationInDays"] == "immutabilityDays"
    assert inner["properties"]["allowProtectedAppendWrites"] is False


def test_the_vault_is_by_role_and_cannot_be_purged() -> None:
    """And its key is of the curve that verifiers know."""
    ((_, _, vault),) = resources("Microsoft.KeyVault/vaults")
    assert vault["properties"]["enableRbacAuthorization"] is True
    assert vault["properties"]["enablePurgeProtection"] is True
    ((_, _, key),) = resources("Microsoft.KeyVault/vaults/keys")
    assert (key["properties"]["kty"], key["properties"]["curveName"]) == ("EC", "P-256")

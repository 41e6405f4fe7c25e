"""The table of who may do what keeps its promises, and agrees with the code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from functions import GROUPS
from local.identities import page
from shared.entra.azure import this_service
from shared.entra.catalogue import catalogue
from shared.entra.client import GRAPH
from shared.halopsa.facts_lists import READINGS
from shared.storage.account import CONTAINERS, QUEUES, TABLES

ROOT = Path(__file__).resolve().parents[2]
TABLE: dict[str, Any] = json.loads((ROOT / "infra" / "identities.json").read_text("utf-8"))
ROLES = [(group, role) for group, rights in TABLE["groups"].items() for role in rights["roles"]]


def test_every_group_and_function_is_in_the_table() -> None:
    """The functions of each group are exactly those its blueprints register."""
    for group, files in GROUPS.items():
        code = [name for file in files for name in _names(ROOT / "functions" / f"{file}.py")]
        assert TABLE["groups"][group]["functions"] == code
    assert set(TABLE["groups"]) == set(GROUPS)


def _names(file: Path) -> list[str]:
    return re.findall(r'function_name\("([^"]+)"\)', file.read_text("utf-8"))


def test_scopes_are_places_that_exist() -> None:
    """Each role holds on one table, container or queue, or on the host's own account."""
    places = {f"evidence/tables/{name}" for name in TABLES} | {f"evidence/containers/{name}" for name in CONTAINERS}
    places |= {f"evidence/queues/{name}{end}" for name in QUEUES for end in ("", "-poison")}
    places |= {"evidence/containers", "host/containers"}
    assert {role["scope"] for _, role in ROLES} <= places


def test_owner_of_blobs_only_on_the_hosts_account() -> None:
    """Business data has no owner among the groups."""
    owners = {role["scope"].split("/")[0] for _, role in ROLES if role["role"] == "Storage Blob Data Owner"}
    assert owners == {"host"}


def test_append_only_roles_cannot_change_or_remove() -> None:
    """No write, update or delete action hides in a role called append."""
    appending = {name: role for name, role in TABLE["custom_roles"].items() if "append" in name}
    assert appending
    for role in appending.values():
        assert not [one for one in role["dataActions"] if re.search(r"write|delete|update|\*", one)]


def test_intake_may_only_create() -> None:
    """The identity that faces the internet has no role that changes evidence."""
    roles = {role["role"] for group, role in ROLES if group == "intake" and role["scope"].startswith("evidence/")}
    assert roles == {"evidence-append", "Storage Queue Data Message Sender"}


def test_graph_rights_are_the_reviews_alone_and_read_only() -> None:
    """Nobody else may read the directory, and nobody may write to it; what is asked for covers what is read."""
    for group in ("intake", "desk", "audit"):
        assert TABLE["groups"][group]["graph"] == []
    held = TABLE["groups"]["review"]["graph"]
    assert all(".Read." in value for value in held)
    known = catalogue()
    for path in (
        "servicePrincipals",
        "servicePrincipals/1/appRoleAssignedTo",
        "applications",
        "oauth2PermissionGrants",
    ):
        call = known.call("GET", f"{GRAPH}/v1.0/{path}")
        assert call is not None
        assert any(way <= set(held) for way in known.application.covers(call))


def test_every_right_says_why() -> None:
    """An outsider can read off what each identity may do, and why."""
    assert all(role["why"].endswith(".") and role["id"] for _, role in ROLES)
    for kind, whys in TABLE["whys"].items():
        assert set(whys) == {right for rights in TABLE["groups"].values() for right in rights[kind]}
        assert all(why.endswith(".") for why in whys.values())
    assert set(TABLE["about_groups"]) == set(GROUPS)
    assert len({(group, role["role"], role["scope"]) for group, role in ROLES}) == len(ROLES)


def test_the_first_item_of_a_review_is_made_of_this_table() -> None:
    """Each role of each group is a permission of this service."""
    own = this_service("attest", "")
    assert own.unknowns == ()
    assert len([one for one in own.permissions if "Key Vault" not in one.value]) == len(ROLES)


def test_the_page_for_outsiders_is_the_table() -> None:
    """docs/identities.md is made of it and was not edited by hand."""
    assert (ROOT / "docs" / "identities.md").read_text("utf-8") == page(TABLE)


def test_halopsas_scopes_cover_what_each_app_asks_for_and_no_more() -> None:
    """Every list the engine reads and every record it writes has its scope, and every scope has a list or a record."""
    from local.halopsa.tables import shape

    areas = {shape(reading.kind).scope for reading in READINGS} | {"webhooks"}
    areas |= {shape(path).scope for path in ("Actions", "WebhookEvent", "Notification")}
    held = {scope.partition(":")[2] or scope for scope in TABLE["groups"]["engine"]["halopsa"]}
    assert held == {area for area in areas if area is not None} - {"webhooks"}  # which admin covers
    assert TABLE["groups"]["desk"]["halopsa"] == ["read:invoices"]
    assert [TABLE["groups"][group]["halopsa"] for group in ("intake", "review", "audit")] == [[], [], []]

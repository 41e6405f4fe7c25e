"""HaloPSA's API applications as integrations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.halopsa.facts_access import halopsa, scope_tier
from shared.measures.access_facts import Inventory
from tests.harness.mirror import MemoryMirror

AT = datetime(2026, 11, 16, tzinfo=UTC)


def read(application: dict[str, Any], *agents: dict[str, Any], roles: tuple[dict[str, Any], ...] = ()) -> Inventory:
    mirror = MemoryMirror()
    mirror.load(
        {"Application": [{"id": "1", "clientId": "c"} | application], "Agent": [*agents], "Roles": [*roles]}, AT
    )
    return halopsa(mirror, ("Administrator",))


@pytest.mark.parametrize(
    ("scope", "tier"),
    [("all", 0), ("admin", 0), ("edit:tickets", 1), ("read:kb", 2), ("all:standard", None), ("access:chat", None),
     ("editMine:timesheets", None), ("ALL", None), ("", None)],
)  # fmt: skip
def test_scopes_have_the_contracts_tiers(scope: str, tier: int | None) -> None:
    """What is not one of the four kinds is unknown."""
    assert scope_tier(scope) == tier


@pytest.mark.parametrize(
    "agent",
    [
        {"is_admin": True},
        {"roles": [{"id": "r1", "name": "Administrator"}]},
        {"roles": [{"id": "r1"}]},
        {"role_list": "Technician, administrator"},
        {"role_list": "3,9"},
    ],
)
def test_an_administrator_is_known_by_flag_or_role(agent: dict[str, Any]) -> None:
    """By the agent's own flag, by a role's name, or by a role's id looked up."""
    made = read(
        {"loginas_agent_id": 7}, {"id": 7, "isapiagent": True} | agent,
        roles=({"id": "r1", "name": "Administrator", "id_int": 9},),
    )  # fmt: skip
    assert made.integrations[0].admin_agent
    assert not made.integrations[0].interactive


def test_an_agent_with_a_login_of_its_own_is_interactive() -> None:
    """API-only agents are not; nor is one that is disabled."""
    assert read({"loginas_agent_id": 7}, {"id": 7}).integrations[0].interactive
    assert not read({"loginas_agent_id": 7}, {"id": 7, "isapiagent": True}).integrations[0].interactive
    assert not read({"loginas_agent_id": 7}, {"id": 7, "isdisabled": True}).integrations[0].interactive
    assert read({"grant_type": "password"}).integrations[0].interactive


def test_what_is_missing_is_said() -> None:
    """Scopes that were not told and an agent nobody knows make unknowns, not passes."""
    one = read({"loginas_agent_id": 8}).integrations[0]
    assert len(one.unknowns) == 2
    assert halopsa(MemoryMirror(), ()).gaps


def test_an_inactive_application_holds_nothing() -> None:
    """Its scopes open nothing while it is switched off."""
    one = read({"inactive": True, "scopes": [{"name": "all"}]}).integrations[0]
    assert one.permissions == ()
    assert not one.enabled

"""HaloPSA's API applications as integrations: scopes with tiers, and whom they act as."""

from __future__ import annotations

from collections.abc import Iterable

from shared.halopsa.records.access import AccessAgent, AccessApplication, AccessRole
from shared.halopsa.records.wire import parse_rows
from shared.measures.access_facts import Integration, Inventory, Permission, Unreadable, plain_name
from shared.ports import Records

NEEDS = ("Application", "Agent", "Roles")
_FULL = frozenset({"all", "admin"})
_INTERACTIVE = ("password", "implicit")


def scope_tier(scope: str) -> int | None:
    """``all`` and ``admin`` 0, ``edit:`` 1, ``read:`` 2; any other scope is unknown, never low."""
    if scope in _FULL:
        return 0
    if scope.startswith("edit:"):
        return 1
    return 2 if scope.startswith("read:") else None


def halopsa(mirror: Records, admin_roles: Iterable[str]) -> Inventory:
    """One integration per API application. Nothing is complete before the mirror has read all three kinds."""
    if mirror.read_at("Application") is None:
        return Inventory("halopsa", gaps=("HaloPSA's API applications have not been read yet.",))
    applications, refused = parse_rows(AccessApplication, mirror.rows("Application"))
    agents, bad_agents = parse_rows(AccessAgent, mirror.rows("Agent"))
    roles, _ = parse_rows(AccessRole, mirror.rows("Roles"))
    powerful = {name.lower() for name in admin_roles}
    names = {role.id: role.name for role in roles} | {str(role.id_int): role.name for role in roles if role.id_int}
    by_id = {agent.id: agent for agent in agents}
    broken = {one.id for one in bad_agents}
    known = mirror.read_at("Agent") is not None
    return Inventory(
        source="halopsa",
        integrations=tuple(
            _integration(one, by_id, powerful, names, agents_known=known, broken=broken) for one in applications
        ),
        unreadable=tuple(Unreadable(one.id, one.message) for one in refused),
        complete=frozenset({""}) if not refused else frozenset(),
    )


def _integration(
    application: AccessApplication,
    agents: dict[int, AccessAgent],
    powerful: set[str],
    names: dict[str, str],
    *,
    agents_known: bool,
    broken: set[str],
) -> Integration:
    unknowns: list[str] = []
    agent: AccessAgent | None = None
    acts_as = application.loginas_agent_id
    if acts_as is not None and acts_as > 0:
        agent = agents.get(acts_as)
        if agent is None:
            why = (
                "cannot be read"
                if str(acts_as) in broken
                else "is not among those read"
                if agents_known
                else "was not read"
            )
            unknowns.append(f"The agent {acts_as} it acts as {why}.")
        elif not _is_admin(agent, powerful, names) and (unnamed := _unnamed(agent, names)):
            unknowns.append(
                f"What the roles {', '.join(unnamed[:5])} of the agent {acts_as} it acts as are is not told."
            )
    if application.scopes is None:
        unknowns.append("Its scopes were not part of what HaloPSA told.")
    scopes = dict.fromkeys(one.name.strip() for one in application.scopes or () if one.name.strip())
    client = application.client_id or application.id
    where = f"In HaloPSA, Configuration > Integrations > Halo API > View Applications, application {client}:"
    permissions = tuple(
        Permission(
            value=scope,
            kind="halopsa",
            tier=scope_tier(scope),
            resource="HaloPSA",
            commands=(f"{where} untick the permission {scope} and save.",),
        )
        for scope in scopes
    )
    return Integration(
        source="halopsa",
        tenant="",
        id=client,
        object_id=application.id,
        name=plain_name(application.name, client),
        permissions=() if application.inactive else permissions,
        admin_agent=agent is not None and _is_admin(agent, powerful, names),
        interactive=application.grant_type.lower().startswith(_INTERACTIVE)
        or (agent is not None and not agent.isapiagent and not agent.isdisabled),
        enabled=not application.inactive,
        commands=(*(command for one in permissions for command in one.commands), f"{where} set it inactive and save."),
        rights_known=application.scopes is not None or application.inactive,
        unknowns=tuple(unknowns),
    )


def _unnamed(agent: AccessAgent, names: dict[str, str]) -> list[str]:
    """Roles it holds that have a name neither here nor in the list of roles: any of them may be an administrator's."""
    return [role.id or "?" for role in agent.roles if not role.name and not names.get(role.id or "")]


def _is_admin(agent: AccessAgent, powerful: set[str], names: dict[str, str]) -> bool:
    held = {role.name or names.get(role.id or "", "") for role in agent.roles}
    listed = agent.role_list
    if isinstance(listed, str):
        listed = listed.split(",")
    for one in listed if isinstance(listed, list) else ():
        held.add(names.get(str(one).strip(), str(one).strip()))
    return agent.is_admin or not powerful.isdisjoint(name.lower() for name in held)

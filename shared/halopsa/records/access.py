"""HaloPSA's rows of access: API applications with their scopes, agents, roles."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AliasChoices, BeforeValidator, Field

from shared.halopsa.records.wire import HaloBool, HaloDate, HaloGuid, HaloId, HaloText, Record


def _identity(value: object) -> object:
    """Applications and roles carry GUIDs; older builds number them."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


AnyId = Annotated[str, BeforeValidator(_identity)]


class Scope(Record):
    """One right of an application."""

    name: HaloText


class AccessApplication(Record):
    """An API application: who may get tokens, with which scopes, acting as whom."""

    id: AnyId
    client_id: HaloText = Field(default="", validation_alias=AliasChoices("clientId", "client_id"))
    name: HaloText = Field(default="", validation_alias=AliasChoices("displayName", "name"))
    grant_type: HaloText = ""
    loginas_agent_id: HaloId | None = None
    inactive: HaloBool = False
    scopes: tuple[Scope, ...] | None = None

    kind: ClassVar[str] = "Application"


class RoleName(Record):
    """A role inside an agent."""

    id: AnyId | None = None
    name: HaloText = ""


class AccessAgent(Record):
    """An agent, as far as its power matters."""

    id: HaloId
    name: HaloText = ""
    is_admin: HaloBool = False
    isapiagent: HaloBool = False
    isdisabled: HaloBool = False
    lastlogindate: HaloDate = None
    roles: tuple[RoleName, ...] = ()
    role_list: Any = None

    kind: ClassVar[str] = "Agent"


class AccessRole(Record):
    """A role."""

    id: HaloGuid
    id_int: HaloId | None = None
    name: HaloText = ""

    kind: ClassVar[str] = "Roles"

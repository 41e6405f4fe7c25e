"""Microsoft's rows as typed records: fields we read are checked, the rest is left alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from shared.model import JsonObject, parse_instant


def _instant(value: object) -> object:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("is not a time")  # noqa: TRY004 - pydantic collects ValueError
    return parse_instant(value)


def _rows(value: object) -> object:
    return [] if value is None else value


Instant = Annotated[datetime | None, BeforeValidator(_instant)]
Id = Annotated[str, Field(min_length=1, max_length=1024)]


class Record(BaseModel):
    """Strict where we look, blind elsewhere."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, alias_generator=to_camel)


class KeyCredential(Record):
    """A secret or certificate."""

    key_id: str | None = None
    custom_key_identifier: str | None = None
    start_date_time: Instant = None
    end_date_time: Instant = None


class AppRole(Record):
    """A right a resource can give to applications."""

    id: Id
    value: str | None = None
    display_name: str | None = None


class Publisher(Record):
    """Who Microsoft verified the publisher to be."""

    display_name: str | None = None
    verified_publisher_id: str | None = None


class Owner(Record):
    """An owner as ``$expand`` gives it."""

    id: str | None = None
    display_name: str | None = None
    kind: str | None = Field(default=None, alias="@odata.type")
    account_enabled: bool | None = None
    deleted_date_time: str | None = None


Credentials = Annotated[list[KeyCredential], BeforeValidator(_rows)]


class Application(Record):
    """An app registration."""

    id: Id
    app_id: Id
    display_name: str | None = None
    created_date_time: Instant = None
    sign_in_audience: str | None = None
    verified_publisher: Publisher | None = None
    password_credentials: Credentials = []
    key_credentials: Credentials = []
    owners: list[Owner] | None = None


class Principal(Record):
    """A service principal."""

    id: Id
    app_id: Id
    display_name: str | None = None
    app_owner_organization_id: str | None = None
    service_principal_type: str | None = None
    sign_in_audience: str | None = None
    account_enabled: bool | None = None
    verified_publisher: Publisher | None = None
    password_credentials: Credentials = []
    key_credentials: Credentials = []
    app_roles: Annotated[list[AppRole], BeforeValidator(_rows)] = []
    owners: list[Owner] | None = None


class RoleAssignment(Record):
    """An application right held by a principal."""

    id: Id
    app_role_id: Id
    principal_id: Id
    principal_type: str | None = None
    principal_display_name: str | None = None
    resource_id: Id
    resource_display_name: str | None = None
    created_date_time: Instant = None


class Consent(Record):
    """Delegated rights given to a client, by one person or for all."""

    id: Id
    client_id: Id
    consent_type: str | None = None
    resource_id: str | None = None
    scope: Annotated[str, Field(max_length=65_536)] | None = None
    """Entra holds some 4,000 characters."""


class ArmProperties(Record):
    """The inside of an Azure role assignment."""

    role_definition_id: Id
    principal_id: Id
    principal_type: str | None = None
    scope: str | None = None


class ArmAssignment(Record):
    """An Azure role assignment."""

    id: Id
    properties: ArmProperties


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be read: its id as far as it has one, the field that is wrong, and the row."""

    id: str
    where: str
    row: JsonObject

    def names(self, field: str) -> str:
        """Whom the row is about, by a field that may itself be unreadable; empty then."""
        value = self.row.get(field)
        return value if isinstance(value, str) else ""


def parsed(model: type[R], rows: Iterable[JsonObject]) -> tuple[list[R], list[Refused]]:
    """Readable records, and the refused rows; one that came on two pages is refused once."""
    good: list[R] = []
    bad: dict[object, Refused] = {}
    for number, row in enumerate(rows):
        try:
            good.append(model.model_validate(row))
        except ValidationError as fault:
            first: Any = fault.errors(include_url=False, include_input=False)[0]
            named = row.get("id")
            name = named[:200] if isinstance(named, str) else ""
            bad.setdefault(name or number, Refused(name, ".".join(map(str, first["loc"])) or "row", row))
    return good, list(bad.values())

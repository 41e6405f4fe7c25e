"""How HaloPSA's JSON values become typed, frozen records: dates of every shape, whole-number ids, exact decimals.

Halo leaves out null properties, so every nullable field defaults to None and an explicit null counts as left out.
A value of the wrong type never becomes a default: the row is refused and the refusal names the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Strict, ValidationError, model_validator

_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|z|[+-]\d\d:?\d\d)?)?")
_WIDEST = 2**63 - 1
_LONGEST_GUID = 128


def halo_date(value: object) -> datetime | None:
    """An instant in UTC from any shape Halo sends; None for its sentinels (year 1900 or earlier).

    Naive times are UTC. Raises ValueError for anything that is not a date.
    """
    if value is None:
        return None
    if isinstance(value, datetime):
        at = value
    elif isinstance(value, str) and _DATE.fullmatch(value):
        at = datetime.fromisoformat(value.upper() if value[-1] == "z" else value)
    else:
        raise ValueError("is not a date and time such as 2026-09-25T06:41:08Z")
    if at.year <= 1900:
        return None
    if at.tzinfo is UTC:  # what nearly every value says; the rest of the way is for the others
        return at
    try:
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        raise ValueError("is a date outside the calendar") from None
    return at if at.year > 1900 else None


def date_or_none(value: object) -> datetime | None:
    """The same for raw rows, where what is no date tells as little as none."""
    try:
        return halo_date(value)
    except ValueError:
        return None


def _date(value: object) -> datetime | None:
    return halo_date(value)


def _whole(value: object) -> int:
    """Halo types some ids as numbers and may send 12.0; text and booleans are never ids."""
    if type(value) is int and -_WIDEST <= value <= _WIDEST:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is not a whole number")  # noqa: TRY004 - pydantic collects ValueError
    if isinstance(value, float):
        if not value.is_integer():
            raise ValueError("is not a whole number")
        value = int(value)
    if abs(value) > _WIDEST:
        raise ValueError("is a number too large to be an id")
    return value


def whole_or_none(value: object) -> int | None:
    """The same for raw rows, where what is no whole number tells as little as none."""
    try:
        return _whole(value)
    except ValueError:
        return None


def halo_guid(value: object) -> str:
    """GUIDs compare in lower case. Other short texts are kept as they are: some builds number these rows by name."""
    if not isinstance(value, str) or not value or len(value) > _LONGEST_GUID:
        raise ValueError("is not a GUID")
    try:
        return str(UUID(value))
    except ValueError:
        return value


@lru_cache(maxsize=4096)
def _shortest(value: float) -> Decimal:
    """Hours and prices come in few sizes."""
    return Decimal(str(value))


def _decimal(value: object) -> Decimal:
    """Exact: a JSON number through its shortest text, never through float arithmetic."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("is not a number")  # noqa: TRY004 - pydantic collects ValueError
    if isinstance(value, float):
        amount = _shortest(value)
    else:
        amount = Decimal(value)
    if not amount.is_finite():
        raise ValueError("is not a finite number")
    return amount


HaloDate = Annotated[datetime | None, BeforeValidator(_date)]
HaloId = Annotated[int, BeforeValidator(_whole)]
HaloInt = HaloId
HaloGuid = Annotated[str, BeforeValidator(halo_guid)]
HaloDecimal = Annotated[Decimal, BeforeValidator(_decimal)]
HaloBool = Annotated[bool, Strict()]
HaloText = Annotated[str, Strict()]


class Record(BaseModel):
    """Base of every HaloPSA record: frozen; unknown fields stay in the mirror's raw row and are only counted."""

    model_config = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=False, hide_input_in_errors=True)

    kind: ClassVar[str] = ""
    """API path name; the class name where it is empty."""

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nulls(cls, row: Any) -> Any:
        if isinstance(row, dict) and None in row.values():
            return {name: value for name, value in row.items() if value is not None}
        return row


RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that could not be read: which, and the first field that was wrong. ``message`` names every wrong field."""

    kind: str
    id: str
    field: str
    message: str


def parse_rows(model: type[RecordT], rows: Iterable[Mapping[str, Any]]) -> tuple[list[RecordT], list[Refused]]:
    """Typed records, and one refusal per row that has a field of the wrong type."""
    records: list[RecordT] = []
    refused: list[Refused] = []
    for row in rows:
        try:
            records.append(model.model_validate(row))
        except ValidationError as fault:
            refused.append(_refusal(model, row, fault))
    return records, refused


@lru_cache(maxsize=128)
def known_fields(model: type[Record]) -> frozenset[str]:
    """Names under which the wire may carry what the record reads."""
    names: set[str] = set()
    for name, field in model.model_fields.items():
        alias = field.validation_alias or field.alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias or name]
        names.update(choice for choice in choices if isinstance(choice, str))
    return frozenset(names)


def _refusal(model: type[Record], row: Any, fault: ValidationError) -> Refused:
    record_id = row.get("id") if isinstance(row, Mapping) else None
    kind = model.kind or model.__name__
    parts: dict[str, str] = {}
    for error in fault.errors(include_url=False, include_input=False):
        parts.setdefault(_path(error["loc"]), _words(error["msg"]))
    message = "; ".join(f"{name or 'the row'} {words}" for name, words in parts.items())
    return Refused(kind, "" if record_id is None else str(record_id), next(iter(parts)), message + ".")


def _path(loc: tuple[int | str, ...]) -> str:
    """``lines.0.unit_price``; pydantic's own markers for union members are left out."""
    return ".".join(str(part) for part in loc if isinstance(part, int) or part.replace("_", "").isalnum())


def _words(message: str) -> str:
    words = message.removeprefix("Value error, ").removeprefix("Input ")
    return words[:1].lower() + words[1:]

"""What ``POST /api/packs`` takes, checked."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from shared.errors import Malformed, Unacceptable
from shared.ledger import redaction
from shared.model import parse_instant, rfc3339


class SampleBody(BaseModel):
    """The auditor's phrase, and how many items."""

    model_config = ConfigDict(extra="forbid", strict=True)
    phrase: Annotated[str, Field(min_length=1, max_length=1000)]
    size: Annotated[int, Field(ge=1, le=100_000)]

    @field_validator("phrase")
    @classmethod
    def _text(cls, value: str) -> str:
        """Any phrase, exactly as given: composed and decomposed letters draw differently."""
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("the phrase must be text that UTF-8 can hold") from None
        return value


class PackBody(BaseModel):
    """What ``POST /api/packs`` takes."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)
    customer: Annotated[str, Field(min_length=1, max_length=100)]
    start: Annotated[str, Field(alias="from")]
    end: Annotated[str, Field(alias="to")]
    controls: Annotated[list[Annotated[str, Field(min_length=1, max_length=120)]], Field(max_length=100)] = []
    sample: SampleBody | None = None
    redact: Annotated[list[str], Field(max_length=50)] = []

    @field_validator("start", "end")
    @classmethod
    def _instant(cls, value: str) -> str:
        try:
            return rfc3339(parse_instant(value))
        except (ValueError, OverflowError):
            raise ValueError("must be an RFC 3339 time with an offset") from None

    @field_validator("redact")
    @classmethod
    def _pointers(cls, value: list[str]) -> list[str]:
        try:
            return [redaction.check_pointer(pointer) for pointer in value]
        except Malformed as error:
            raise ValueError(error.message) from None

    @model_validator(mode="after")
    def _order(self) -> PackBody:
        if self.start >= self.end:
            raise ValueError("from must lie before to")
        return self


def read_body(body: object) -> PackBody:
    """Raises Unacceptable naming what is wrong."""
    try:
        return PackBody.model_validate(body)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'body'}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_input=False, include_url=False, include_context=False)
        )
        raise Unacceptable(f"This pack cannot be made: {faults}.", code="pack_request_invalid") from None

"""What all policy sections share: unknown keys refused, frozen, decimals written as strings."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Section(BaseModel):
    """A policy section."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _decimal(value: object) -> object:
    # TOML floats are binary: a tolerance written 0.1 must mean one tenth.
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


Number = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, allow_inf_nan=False)]
Share = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, le=1, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=0, le=3660)]

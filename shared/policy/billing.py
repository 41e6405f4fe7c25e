"""Policy of billing: tolerances, materiality, what holding does."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from shared.policy.section import Days, Number, Section, Share


class UsageColumns(Section):
    """Columns of a supplier's usage export."""

    customer: str
    item: str
    quantity: str


class BillingPolicy(Section):
    """See the contract's section 8 for the meaning of each key."""

    window_days: Days = 10
    signoff: Literal["carry", "each_period"] = "carry"
    hold: Literal["disable", "review"] = "disable"
    quantity_tolerance: Number = Decimal("0.10")
    price_tolerance: Number = Decimal("0.10")
    total_tolerance: Number = Decimal("0.10")
    discount_tolerance: Number = Decimal("0.05")
    margin_floor: Share = Decimal("0.20")
    materiality: Number = Decimal("5000.00")
    unbilled_days: Days = 45
    validation: Literal["advise", "require"] = "advise"
    """Without a signed validation in force: say so everywhere; or also let no sign-off carry and ask two persons."""
    lookback_months: Annotated[int, Field(ge=1, le=60)] = 12
    halo_approval: Literal["required", "none"] = "required"
    rounding: Literal["line", "invoice"] = "line"
    usage: dict[str, UsageColumns] = {
        "pax8": UsageColumns(customer="Company", item="SKU", quantity="Quantity"),
    }

"""Figures of billing that neither tickets nor findings give: the margin on agreements."""

from __future__ import annotations

from typing import Any, Protocol, cast

from shared.measures.billing_figures import Agreement, agreement_profitability
from shared.measures.kpis import Figure, Period
from shared.procedures.kpi_sources import Wants
from shared.procedures.services import Services


class _Agreements(Protocol):
    def agreements(self, mirror: Any, policy: Any, start: Any, end: Any) -> list[Agreement]: ...


def billing_figures(services: Services, period: Period, *, wants: Wants) -> dict[str | None, dict[str, Figure]]:
    """By practice; agreements belong to a customer and to no practice, so they are told for all together only."""
    facts = cast("_Agreements", services.facts("billing"))
    held = facts.agreements(services.mirror, services.policy.policy, period.start, period.end)
    return {
        None: {"agreement_profitability": agreement_profitability(one for one in held if wants(None, one.customer))}
    }

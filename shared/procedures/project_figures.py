"""Figures of projects and handoffs, from what their own jobs recorded."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from shared.measures import delivery_figures as figures
from shared.measures.delivery_figures import HandoffNumbers, Milestone, ProjectNumbers
from shared.measures.kpis import Figure, Period
from shared.model import JsonObject, parse_instant
from shared.procedures.kpi_sources import Wants
from shared.procedures.services import Services
from shared.registers import handoffs
from shared.registers import projects as register

_WIDTH = 16


def project_figures(services: Services, period: Period, *, wants: Wants) -> dict[str | None, dict[str, Figure]]:
    """By practice (None: all together)."""
    deals = {row["id"]: row for row in handoffs.all_of(services.rows)}
    plans = {str(row["project_id"]): row["versions"] for row in register.baselines(services.rows).all()}

    def numbers(head: JsonObject) -> ProjectNumbers | None:
        status = _status(services, head, period.end)
        if status is None:
            return None
        return _project(status, plans.get(str(head["id"]), []), deals.get(str(status.get("created_from"))))

    heads = register.heads(services.rows).all()
    wanted = [head for head in heads if wants(head.get("practice"), head.get("customer"))]
    with ThreadPoolExecutor(_WIDTH if len(wanted) > _WIDTH else 1) as pool:  # of the past, a small read each
        projects = [one for one in pool.map(numbers, wanted) if one is not None]
    submitted = [
        one for row in deals.values() if wants(row.get("practice"), row.get("customer")) for one in _handoff(row)
    ]
    zone = ZoneInfo(services.policy.policy.service.time_zone)
    out: dict[str | None, dict[str, Figure]] = {}
    for practice in (None, *services.policy.policy.practices):
        mine = [one for one in projects if practice in (None, one.practice)]
        asked = [one for one in submitted if practice in (None, one.practice)]
        out[practice] = {
            "on_time_milestone_rate": figures.on_time_milestones(mine, period, zone),
            "budget_variance": figures.budget_variance(mine),
            "project_margin": figures.project_margin(mine),
            "gross_margin_accuracy": figures.margin_accuracy(mine),
            "handoff_completeness": figures.handoff_completeness(asked, period),
            "kickoff_delay_rate": figures.kickoff_delays(mine, period, zone),
            "scope_change_frequency": figures.scope_changes(mine, period),
        }
    return out


def _status(services: Services, head: JsonObject, at: datetime) -> JsonObject | None:
    """As known at the end of the period; where nothing was recorded by then, as known now.

    The list's own row is what is known now; only where it is newer than the period does an older one have to be read.
    """
    if head.get("as_of") is None:
        return None
    old = None if parse_instant(head["as_of"]) <= at else register.status_at(services.rows, str(head["id"]), at)
    return head if old is None else register.head_of(old)


def _project(status: JsonObject, versions: list[JsonObject], deal: JsonObject | None) -> ProjectNumbers:
    bac, eac = _money(status.get("bac")), _money(status.get("eac"))
    currency = (status.get("bac") or {}).get("currency")
    same = deal is not None and deal.get("currency") in (None, currency)
    return ProjectNumbers(
        practice=status.get("practice"),
        bac=bac,
        eac=eac,
        value=_fraction(deal.get("value")) if deal is not None and same else None,
        planned_margin=_fraction(deal.get("margin")) if deal is not None else None,
        milestones=tuple(_milestones(status.get("due") or [])),
        starts=_instant(status.get("starts")),
        handed_over=deal is not None,
        kickoff=min(
            (at for one in (deal or {}).get("kickoffs", []) if (at := _instant(one.get("start")))), default=None
        ),
        changes=tuple(at for one in versions[1:] if (at := _instant(one.get("accepted_at")))),
        closed_at=_instant(status.get("closed_at")),
    )


def _milestones(rows: Iterable[JsonObject]) -> Iterable[Milestone]:
    for row in rows:
        target = _instant(row.get("target"))
        if target is not None:
            yield Milestone(target, bool(row.get("complete")), _instant(row.get("completed_at")))


def _handoff(row: JsonObject) -> Iterable[HandoffNumbers]:
    first = row.get("first_submission") or {}
    at, share = _instant(first.get("at")), _fraction(first.get("completeness"))
    if at is not None and share is not None:
        yield HandoffNumbers(row.get("practice"), at, share)


def _money(body: JsonObject | None) -> Fraction | None:
    return _fraction(body.get("amount")) if body else None


def _fraction(value: object) -> Fraction | None:
    return None if value is None else Fraction(str(value))


def _instant(value: object) -> datetime | None:
    return parse_instant(value) if isinstance(value, str) and value else None

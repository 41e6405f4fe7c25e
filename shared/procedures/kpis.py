"""Answer the figures of a period: by practice and customer, narrowed to what the caller may see, telling what it restates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shared.errors import Malformed, NotFound
from shared.measures.kpi_catalogue import CATALOGUE, Kpi, Unit
from shared.measures.kpis import NONE, Figure, Period, spread_json
from shared.model import JsonObject, Person, parse_instant, rfc3339
from shared.procedures.billing_figures import billing_figures
from shared.procedures.kpi_scope import period_of, wants_of
from shared.procedures.kpi_sources import Wants, desk_of, figures
from shared.procedures.project_figures import project_figures
from shared.procedures.services import Services
from shared.registers import baselines, targets
from shared.registers import kpis as answered


def kpis_view(
    services: Services,
    person: Person,
    from_: object,
    to: object,
    practice: str | None = None,
    customer: str | None = None,
    *,
    remember: bool = True,
) -> JsonObject:
    """``{"items": […]}`` for [from, to). NotFound outside the caller's customers or practices; Malformed otherwise."""
    period = period_of(from_, to)
    if practice is not None:
        if not person.sees_practice(practice):
            raise NotFound("There is no such practice.", code="practice_not_found")
        if practice not in services.policy.policy.practices:
            raise Malformed(f"Policy knows no practice {practice!r}.", code="practice_unknown")
    wants = wants_of(person, customer)
    circle = _circle(person, customer)
    items = items_of(services, period, wants=wants, circle=circle, remember=remember)
    shown = [
        item
        for item in items
        if (
            item["practice"] == practice
            if practice is not None
            else item["practice"] is None or person.sees_practice(item["practice"])
        )
    ]
    return {"items": shown, "next": None}


def _circle(person: Person, customer: str | None) -> str:
    """Names whose data is counted: the same circle, the same figure."""
    customers = [customer] if customer is not None else None if person.customers is None else sorted(person.customers)
    practices = None if person.practices is None else sorted(person.practices)
    return f"customers={customers} practices={practices}"


WHOLE = "customers=None practices=None"
"""The circle of somebody who sees everything."""


def items_of(
    services: Services, period: Period, *, wants: Wants, circle: str, remember: bool = True
) -> list[JsonObject]:
    """The figures as items, all practices together first; remembers what was answered unless told not to."""
    now = services.clock.now()
    desk = desk_of(services)
    found = figures(services, desk, period, wants=wants, circle=circle, now=now)
    for source in (project_figures, billing_figures):
        for practice, more in source(services, period, wants=wants).items():
            found[practice].update(more)
    register = answered.register(services.rows)
    key = answered.key_of(rfc3339(period.start), rfc3339(period.end), circle)
    values = {
        f"{practice or '*'}:{kpi_id}": row.get(kpi_id, NONE).whole.value
        for practice, row in found.items()
        for kpi_id in CATALOGUE
    }
    if remember:
        stands = register.change(key, lambda body: answered.fold(body, values, rfc3339(now)))
    else:
        held = register.get(key)
        stands = held.body if held else None
    aims = {row["kpi"]: row for row in targets.register(services.rows).all()}
    bases = {row["kpi"]: row for row in baselines.register(services.rows).all()}
    currency = services.policy.policy.service.currency
    return [
        _item(
            kpi,
            practice,
            found[practice].get(kpi.id, NONE),
            period,
            currency,
            now,
            aim=aims.get(kpi.id),
            base=bases.get(kpi.id),
            restated=answered.restated(stands, f"{practice or '*'}:{kpi.id}"),
        )
        for practice in found
        for kpi in CATALOGUE.values()
    ]


def _item(
    kpi: Kpi,
    practice: str | None,
    figure: Figure,
    period: Period,
    currency: str,
    now: datetime,
    *,
    aim: JsonObject | None,
    base: JsonObject | None,
    restated: JsonObject | None,
) -> JsonObject:
    whole = figure.whole
    baseline = base["value"] if base else None
    return {
        "id": kpi.id,
        "practice": practice,
        "from": rfc3339(period.start),
        "to": rfc3339(period.end),
        "n": whole.n,
        "value": whole.value,
        "unit": currency if kpi.unit is Unit.MONEY else kpi.unit.value,
        "mean": whole.mean,
        "median": whole.median,
        "p90": whole.p90,
        "by_priority": {key: spread_json(spread) for key, spread in figure.by_priority.items()},
        "baseline": baseline,
        "target": None if aim is None else {name: aim[name] for name in _SHOWN},
        "status": status_of(kpi, whole.value, aim, now),
        "restated": restated,
    }


_SHOWN = ("id", "direction", "low", "high", "unit", "due", "reach", "source")


def status_of(kpi: Kpi, value: float | None, aim: Mapping[str, object] | None, now: datetime) -> str | None:
    """``met``, ``under_way`` or ``missed`` against the target in force; None without target or value."""
    if aim is None or value is None or not isinstance(aim.get("reach"), int | float):
        return None
    reach = float(str(aim["reach"]))
    met = value >= reach if kpi.better.value == "increase" else value <= reach
    if met:
        return "met"
    return "missed" if parse_instant(str(aim["due"])) <= now else "under_way"

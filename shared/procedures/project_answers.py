"""A measured project as JSON: what is recorded, and what people and Power Automate read."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from shared.measures.earned_schedule import duration_cone, instant_of
from shared.measures.earned_value import Cone, cone
from shared.measures.project_facts import MilestoneFacts
from shared.measures.project_health import Health
from shared.measures.project_status import ProjectStatus
from shared.measures.variance_causes import cents
from shared.model import JsonObject, Money, rfc3339
from shared.procedures.project_plan import plan_json

_LATEST = timedelta(days=36_500)


def status_json(status: ProjectStatus, score: Health, plan: JsonObject | None, ours: str) -> JsonObject:
    """Everything told of a project at one instant.

    ``plan`` is the stored baseline with its version; ``ours`` is the currency of our cost rates, in which what was
    spent is told where there is no baseline.
    """
    facts, figures, schedule = status.facts, status.figures, status.schedule
    currency = status.baseline.currency if status.baseline else ours
    spread = cone(figures)
    open_ended = schedule is not None and status.finished_at is None
    lasting = duration_cone(schedule, figures.cpi) if open_ended and schedule else Cone.of(None)
    return {
        "id": facts.id,
        "name": facts.name,
        "customer": facts.customer,
        "practice": facts.practice,
        "created_from": facts.created_from,
        "closed": facts.closed,
        "closed_at": _instant(facts.closed_at),
        "as_of": rfc3339(status.as_of),
        "baseline": plan,
        "health": {
            "rating": score.rating,
            "confidence": float(score.confidence),
            "doubts": list(score.doubts),
            "tags": list(score.tags),
            "reasons": [reason.to_json() for reason in score.reasons],
        },
        **{
            name: _money(getattr(figures, name), currency)
            for name in ("pv", "ev", "ac", "bac", "sv", "cv", "eac", "etc", "vac")
        },
        **{name: _number(getattr(figures, name)) for name in ("spi", "cpi", "tcpi")},
        "es": _number(schedule.es if schedule else None),
        "at": _number(schedule.at if schedule else None),
        "sv_t": _number(schedule.sv_t if schedule else None),
        "spi_t": _number(schedule.spi_t if schedule else None),
        "eac_t": _number(schedule.eac_t if schedule else None),
        "planned_duration": _number(schedule.planned if schedule else None),
        "schedule_unit": "periods",
        "finish_forecast": _forecast(status),
        "finished_at": _instant(status.finished_at),
        "slip_days": _number(None if status.slip_days is None else status.slip_days.quantize(Decimal("0.01"))),
        "burn": _burn(status),
        "cone": {
            **{name: _money(getattr(spread, name), currency) for name in ("optimistic", "likely", "pessimistic")},
            "methods": {name: _money(amount, currency) for name, amount in spread.methods},
        },
        "duration_cone": {
            **{name: _number(getattr(lasting, name)) for name in ("optimistic", "likely", "pessimistic")},
            "methods": {name: _number(periods) for name, periods in lasting.methods},
        },
        "sources": {"ev": status.done.source if status.done else None, "ac": status.cost.source},
        "causes": [
            {"cause": one.cause, "amount": _money(one.amount, currency), "code": one.code} for one in status.causes
        ],
        "milestones": [_milestone(one, status) for one in facts.milestones],
        "blockages": [
            {
                "milestone": one.milestone.name or str(one.milestone.id),
                "waits_for": one.waits_for.name or str(one.waits_for.id),
                "days": float(one.days.quantize(Decimal("0.1"))),
            }
            for one in status.blocked
        ],
        "gates": [
            {
                "name": one.gate.name,
                "milestone": one.gate.milestone or one.gate.name,
                "due": _instant(one.gate.due),
                "state": one.record.state,
                "outcome": one.record.outcome,
                "approval_id": one.record.approval_id,
                "reached": one.reached,
                "worked_past": list(one.worked_past),
            }
            for one in status.gates
        ],
        **plan_json(status, currency),
        "hours": {
            "estimated": _text(_estimated(status)),
            "earned": _text(_earned_hours(status)),
            "booked": _text(sum((task.time.hours for task in facts.tasks), facts.own.hours)),
            "entries": facts.entries,
        },
        "reviewed": status.reviewed,
        "template_id": facts.template,
        "resources": [
            {"budget": one.name}
            | {
                name: _text(getattr(one, name))
                for name in ("planned", "estimated", "actual", "scheduled", "to_schedule")
            }
            for one in facts.resources
        ],
    }


def _burn(status: ProjectStatus) -> JsonObject:
    """Shares of the budget spent, earned and forecast; ``variance`` is CV over BAC, negative when it burns too fast."""
    figures = status.figures
    shares = {"spent": figures.ac, "earned": figures.ev, "planned": figures.pv, "forecast": figures.eac}
    shares["variance"] = figures.cv
    return {
        name: None if amount is None or not figures.bac else float(amount / figures.bac)
        for name, amount in shares.items()
    }


def unmeasured(row: JsonObject, plan: JsonObject | None, as_of: str) -> JsonObject:
    """A project nothing has been recorded of yet: everything unknown, nothing zero."""
    names = (
        "pv",
        "ev",
        "ac",
        "bac",
        "sv",
        "cv",
        "eac",
        "etc",
        "vac",
        "spi",
        "cpi",
        "tcpi",
        "es",
        "at",
        "sv_t",
        "spi_t",
        "eac_t",
        "planned_duration",
        "finish_forecast",
        "finished_at",
        "slip_days",
        "closed",
        "closed_at",
        "hours",
    )
    tags = [] if plan is not None else ["no_baseline"]
    return {
        **row,
        "as_of": as_of,
        "recorded_at": None,
        "baseline": plan,
        "health": {
            "rating": "unknown",
            "confidence": 0.0,
            "doubts": ["The project has not been assessed by then."],
            "tags": tags,
            "reasons": [],
        },
        **dict.fromkeys(names),
        "schedule_unit": "periods",
        "sources": {"ev": None, "ac": None},
        **{
            name: {"optimistic": None, "likely": None, "pessimistic": None, "methods": {}}
            for name in ("cone", "duration_cone")
        },
        "burn": dict.fromkeys(("spent", "earned", "planned", "forecast", "variance")),
        "causes": [],
        "workstreams": [],
        "periods": [],
        "tasks": [],
        "milestones": [],
        "blockages": [],
        "gates": [],
        "reviewed": False,
        "template_id": None,
        "resources": [],
        "inputs": {},
        "traces": {},
    }


def _forecast(status: ProjectStatus) -> str | None:
    """When it will be done if it goes on as it went: the plan's start plus the forecast duration."""
    if status.baseline is None or status.schedule is None:
        return None
    if status.finished_at is not None:
        return rfc3339(status.finished_at)
    periods = status.schedule.eac_t
    mean = (status.baseline.finish - status.baseline.start) / len(status.baseline.periods)
    if periods is None or float(periods) * mean.total_seconds() > _LATEST.total_seconds():
        return None
    return rfc3339(instant_of(status.baseline, periods))


def _milestone(one: MilestoneFacts, status: ProjectStatus) -> JsonObject:
    days = next((late for other, late in status.late if other.id == one.id), None)
    return {
        "id": str(one.id),
        "name": one.name,
        "target": _instant(one.target),
        "complete": one.complete,
        "completed_at": _completed(one, status),
        "days_late": None if days is None else float(days.quantize(Decimal("0.01"))),
    }


def _completed(one: MilestoneFacts, status: ProjectStatus) -> str | None:
    """When its last task was closed, where all its tasks say so; HaloPSA keeps no date of its own."""
    if not one.complete or not one.tickets:
        return None
    ends = [task.closed_at for task in status.facts.tasks if task.id in one.tickets]
    known = [at for at in ends if at is not None]
    return rfc3339(max(known)) if known and len(known) == len(one.tickets) else None


def _money(amount: Decimal | None, currency: str | None) -> JsonObject | None:
    return None if amount is None or currency is None else Money(cents(amount), currency).to_json()


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _estimated(status: ProjectStatus) -> Decimal | None:
    """Estimated hours of all tasks; None where nobody estimated any."""
    hours = [task.hours for task in status.facts.tasks if not task.summary and task.hours is not None]
    return sum(hours, Decimal(0)) if hours else None


def _earned_hours(status: ProjectStatus) -> Decimal | None:
    """Estimated hours of what is done; None where progress of a task cannot be told or nothing is estimated."""
    done = Decimal(0)
    for task in status.facts.tasks:
        if task.summary:
            continue
        if task.completion is None:
            return None
        done += (task.hours or Decimal(0)) * task.completion
    return done if _estimated(status) is not None else None


def _instant(at: datetime | None) -> str | None:
    return rfc3339(at) if at is not None else None

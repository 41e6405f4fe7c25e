"""A measured project's plan as JSON: by workstream, by period and task by task, so that every total can be added up again."""

from __future__ import annotations

from decimal import Decimal

from shared.measures.plan_figures import Booked, PeriodFigures, StreamFigures
from shared.measures.project_facts import TaskFacts
from shared.measures.project_status import ProjectStatus
from shared.measures.variance_causes import cents
from shared.measures.workstreams import streams_of
from shared.model import JsonObject, Money, parse_instant, rfc3339

_MOST_TASKS = 200
"""Tasks told one by one; what is left is one line, so that the sums still hold."""


def plan_json(status: ProjectStatus, currency: str) -> JsonObject:
    """Workstreams, periods and tasks; without a baseline only tasks."""
    return {
        "workstreams": [_stream(one, currency) for one in status.streams],
        "periods": [_period(one, currency) for one in status.periods],
        "tasks": _tasks(status, currency),
    }


def with_curve(body: JsonObject, head: JsonObject | None) -> JsonObject:
    """What was earned by the end of each period, as it was measured then: HaloPSA keeps no history of completion.

    The body gets ``curve`` (period end → when and what) for the head row, and ``ev`` with ``ev_as_of`` by period.
    """
    known: JsonObject = dict((head or {}).get("curve") or {})
    at = parse_instant(body["as_of"])
    curve: JsonObject = {}
    for row in body["periods"]:
        end = row["end"]
        held = known.get(end or "")
        if held is not None and parse_instant(held["as_of"]) > at:
            held = None
        within = parse_instant(row["start"]) < at and (end is None or at <= parse_instant(end))
        if within and body["ev"] is not None:
            held = {"as_of": body["as_of"], "ev": body["ev"]}
        if held is not None:
            curve[end or ""] = held
        row["ev"], row["ev_as_of"] = (held["ev"], held["as_of"]) if held is not None else (None, None)
    body["curve"] = curve
    return body


def _stream(one: StreamFigures, currency: str | None) -> JsonObject:
    return {
        "name": one.name or None,
        "accountable": one.accountable or None,
        "tasks": list(one.tasks),
        "planned_hours": _text(one.planned_hours),
        "planned_cost": _money(one.planned_cost, currency),
        "pv": _money(one.pv, currency),
        "value": _money(one.value, currency),
        "ev": _money(one.ev, currency),
        "ac": _money(one.ac, currency),
        "cv": _money(one.cv, currency),
        "cpi": None if one.cpi is None else float(one.cpi),
        "estimated_hours": _text(one.estimated),
        "booked_hours": _text(one.hours),
        "periods": [_booked(part, currency) for part in one.periods],
    }


def _period(one: PeriodFigures, currency: str | None) -> JsonObject:
    return {**_booked(one.booked, currency), "pv": _money(one.pv, currency), "ac": _money(one.ac, currency)}


def _booked(one: Booked, currency: str | None) -> JsonObject:
    return {
        "start": rfc3339(one.start),
        "end": rfc3339(one.end) if one.end is not None else None,
        "planned_hours": _text(one.planned_hours),
        "planned_cost": _money(one.planned_cost, currency),
        "booked_hours": _text(one.hours),
        "booked_cost": _money(one.cost, currency),
    }


def _tasks(status: ProjectStatus, currency: str | None) -> list[JsonObject]:
    """What EV and AC are the sums of; time on the project itself is the line without an id."""
    facts = status.facts
    groups = streams_of(facts, status.baseline) if status.baseline else {}
    shown = [_task(task, groups.get(task.id), status, currency) for task in facts.tasks[:_MOST_TASKS]]
    if rest := facts.tasks[_MOST_TASKS:]:
        times = [task.time for task in rest]
        done = status.done.by_task if status.done else {}
        shown.append(
            {
                "id": None,
                "name": f"{len(rest)} more tasks",
                "ev": _money(sum((done.get(task.id, Decimal(0)) for task in rest), Decimal(0)), currency),
                "hours": _text(sum((one.hours for one in times), Decimal(0))),
                "cost": _money(sum((one.cost for one in times), Decimal(0)), currency),
                "entries": sum(one.entries for one in times),
            }
        )
    if facts.own.entries:
        own = {"hours": _text(facts.own.hours), "cost": _money(facts.own.cost, currency), "entries": facts.own.entries}
        shown.append({"id": None, "name": "On the project itself", "ev": None, **own})
    return shown


def _task(task: TaskFacts, stream: str | None, status: ProjectStatus, currency: str | None) -> JsonObject:
    done = status.done
    return {
        "id": task.id,
        "name": task.name,
        "workstream": stream,
        "estimate": _text(task.hours),
        "completion": None if task.completion is None else float(task.completion),
        "value": _money(done.planned.get(task.id) if done else None, currency),
        "ev": _money(done.by_task.get(task.id) if done else None, currency),
        "hours": _text(task.time.hours),
        "cost": _money(task.time.cost, currency),
        "unpriced_hours": _text(task.time.uncosted),
        "entries": task.time.entries,
    }


def _money(amount: Decimal | None, currency: str | None) -> JsonObject | None:
    return None if amount is None or currency is None else Money(cents(amount), currency).to_json()


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"

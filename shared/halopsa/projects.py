"""One project for one opportunity: found again by its mark, completed where an earlier attempt broke off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shared.actions import Action
from shared.errors import SourceRejected
from shared.halopsa.echo import bears, marker, with_mark
from shared.halopsa.records.wire import date_or_none
from shared.model import JsonObject, rfc3339
from shared.ports import Halo, Mirror

_WHOLE = {"includedetails": "true"}


@dataclass(slots=True)
class _Outcome:
    project_id: int
    already: bool
    milestones_added: int = 0
    budgets_added: int = 0
    tasks: list[int] = field(default_factory=list)
    tasks_added: int = 0


class ProjectMaker:
    """Creates the project ticket with milestones and budgets, then its tasks one by one."""

    def __init__(self, halo: Halo, mirror: Mirror | None = None) -> None:
        self._halo = halo
        self._mirror = mirror

    def make(self, action: Action, meaning: Mapping[str, object]) -> JsonObject:
        """Answer what stands and what was added now. Repeating it adds nothing."""
        plan = action.parameters.get("plan")
        plan = plan if isinstance(plan, dict) else {}
        opportunity = int(action.parameters["opportunity_id"])
        mark = marker(action.key)
        project = self._find(plan, opportunity, mark)
        if project is None:
            created = self._halo.write("Projects", self._row(plan, opportunity, mark, meaning))
            outcome = _Outcome(_id(created), already=False)
        else:
            outcome = _Outcome(_id(project), already=True)
        stored = self._whole(outcome.project_id)
        self._complete(stored, plan, outcome)
        self._tasks(stored, plan, mark, meaning, outcome)
        if self._mirror is not None:
            self._mirror.fold("Projects", [self._whole(outcome.project_id)])
        return {
            "already": outcome.already
            and not (outcome.tasks_added or outcome.milestones_added or outcome.budgets_added),
            "resumed": outcome.already,
            "project_id": outcome.project_id,
            "task_ids": outcome.tasks,
            "tasks_added": outcome.tasks_added,
            "milestones_added": outcome.milestones_added,
            "budgets_added": outcome.budgets_added,
            "prior": {},
        }

    def _find(self, plan: JsonObject, opportunity: int, mark: str) -> JsonObject | None:
        """A project that bears our mark, or one that a person made from the same opportunity."""
        seen: set[int] = set()
        for row in self._candidates(plan, mark):
            number = row.get("id")
            if not isinstance(number, int) or number in seen or (row.get("parent_id") or 0) > 0:
                continue
            seen.add(number)
            if bears(row, mark):
                return row
            page = self._halo.one("Tickets", str(number), _WHOLE)
            if page is not None and (bears(page.rows[0], mark) or page.rows[0].get("createdfrom_id") == opportunity):
                return page.rows[0]
        for row in self._mirror.rows("Projects") if self._mirror is not None else ():
            if row.get("createdfrom_id") == opportunity and not (row.get("parent_id") or 0) > 0:
                page = self._halo.one("Tickets", str(row["id"]), _WHOLE)
                if page is not None:
                    return page.rows[0]
        return None

    def _candidates(self, plan: JsonObject, mark: str) -> Iterator[JsonObject]:
        """Projects of that client which bear the mark or carry the plan's name, asked of HaloPSA and not of the mirror."""
        query = {"includeclosed": "true", "order": "id"}
        if plan.get("client_id"):
            query["client_id"] = str(plan["client_id"])
        for page in self._halo.pages("Projects", query):
            for row in page.rows:
                if bears(row, mark) or row.get("summary") == plan.get("summary"):
                    yield row

    def _row(self, plan: JsonObject, opportunity: int, mark: str, meaning: Mapping[str, object]) -> JsonObject:
        row: JsonObject = {
            "summary": str(plan.get("summary") or f"Project from opportunity {opportunity}"),
            "details": with_mark(plan.get("details"), mark),
            "tickettype_id": plan.get("project_type") or meaning.get("project_type"),
            "createdfrom_id": opportunity,
            "client_id": plan.get("client_id"),
            "site_id": plan.get("site_id"),
            "user_id": plan.get("user_id"),
            "agent_id": plan.get("agent_id"),
            "team": plan.get("team"),
            "template_id": plan.get("template_id"),
            # The plan already holds what the template holds; applied by HaloPSA as well, all of it would be there twice.
            "donotapplytemplateintheapi": True if plan.get("template_id") else None,
            "estimate": _number(plan.get("estimate")),
            "startdate": plan.get("start"),
            "projecttimebudget": _number(plan.get("time_budget")),
            "projectmoneybudget": _number(plan.get("money_budget")),
            "milestones": [_milestone(one, plan) for one in _list(plan, "milestones")],
            "budgets": [_budget(one) for one in _list(plan, "budgets")],
        }
        return {name: value for name, value in row.items() if value not in (None, [])}

    def _whole(self, project_id: int) -> JsonObject:
        page = self._halo.one("Tickets", str(project_id), _WHOLE)
        if page is None:
            raise SourceRejected(f"HaloPSA has no project {project_id}.", code="halo_not_found", status=404)
        return page.rows[0]

    def _complete(self, stored: JsonObject, plan: JsonObject, outcome: _Outcome) -> None:
        """Milestones by name and budgets by type that are not there yet; those there are left as people have them."""
        names = {one.get("name") for one in _list(stored, "milestones")}
        types = {one.get("budgettype_id") for one in _list(stored, "budgets")}
        milestones = [_milestone(one, plan) for one in _list(plan, "milestones") if one.get("name") not in names]
        budgets = [row for row in map(_budget, _list(plan, "budgets")) if row.get("budgettype_id") not in types]
        if not milestones and not budgets:
            return
        change: JsonObject = {"id": stored["id"]}
        change |= {name: stored[name] for name in ("tickettype_id", "client_id") if name in stored}
        if milestones:
            change["milestones"] = [*_list(stored, "milestones"), *milestones]
        if budgets:
            change["budgets"] = [*_list(stored, "budgets"), *budgets]
        self._halo.write("Projects", change)
        outcome.milestones_added, outcome.budgets_added = len(milestones), len(budgets)
        stored |= self._whole(outcome.project_id)

    def _tasks(
        self, project: JsonObject, plan: JsonObject, mark: str, meaning: Mapping[str, object], outcome: _Outcome
    ) -> None:
        wanted = _list(plan, "tasks")
        if not wanted:
            return
        children = list(self._children(outcome.project_id))
        by_name = {one.get("name"): one.get("id") for one in _list(project, "milestones")}
        for number, task in enumerate(wanted, 1):
            own = marker(f"{mark[13:-1]}:{number}")
            held = next((child for child in children if bears(child, own)), None)
            if held is not None:
                outcome.tasks.append(_id(held))
                continue
            row: JsonObject = {
                "summary": str(task.get("name") or task.get("summary") or f"Task {number}"),
                "details": with_mark(task.get("details"), own),
                "tickettype_id": task.get("task_type") or plan.get("task_type") or meaning.get("task_type"),
                "parent_id": outcome.project_id,
                "client_id": project.get("client_id") or plan.get("client_id"),
                "site_id": project.get("site_id"),
                "user_id": project.get("user_id"),
                "milestone_id": by_name.get(task.get("milestone") or task.get("group")),
                "estimate": _number(task.get("estimate") or task.get("hours")),
                "budgettype_id": task.get("budget_type"),
                "startdate": task.get("start"),
                "targetdate": task.get("end"),
            }
            stored = self._halo.write("Tickets", {key: value for key, value in row.items() if value is not None})
            outcome.tasks.append(_id(stored))
            outcome.tasks_added += 1

    def _children(self, project_id: int) -> Iterator[JsonObject]:
        """Tasks may be listed as tickets or among projects, by how their ticket type is set up."""
        for kind in ("Tickets", "Projects"):
            for page in self._halo.pages(kind, {"parent_id": str(project_id), "includeclosed": "true", "order": "id"}):
                yield from page.rows


def _id(row: JsonObject) -> int:
    number = row.get("id")
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if not isinstance(number, int):
        raise SourceRejected("HaloPSA answered a ticket without an id.", code="halo_unreadable", field="id")
    return number


def _list(row: JsonObject, name: str) -> list[JsonObject]:
    value = row.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _milestone(one: JsonObject, plan: JsonObject) -> JsonObject:
    """Dates are given, or days after the plan's start as templates count them."""
    row: JsonObject = {
        "name": one.get("name"),
        "sequence": one.get("sequence"),
        "start_date": one.get("start") or _after(plan, one.get("start_days")),
        "target_date": one.get("target") or one.get("end") or _after(plan, one.get("target_days")),
        "milestone_value": _number(one.get("value")),
    }
    return {name: value for name, value in row.items() if value is not None}


def _after(plan: JsonObject, days: object) -> str | None:
    start = date_or_none(plan.get("start"))
    if start is None or not isinstance(days, int | float):
        return None
    return rfc3339(start + timedelta(days=days))


def _budget(one: JsonObject) -> JsonObject:
    row: JsonObject = {
        "budgettype_id": one.get("budget_type"),
        "hours": _number(one.get("hours")),
        "rate": _number(one.get("rate")),
        "money": _number(one.get("money")),
    }
    return {name: value for name, value in row.items() if value is not None}


def _number(value: object) -> float | None:
    """Plans carry decimals as text; HaloPSA's columns take JSON numbers."""
    try:
        return None if value is None or isinstance(value, bool) else float(str(value))
    except ValueError:
        return None

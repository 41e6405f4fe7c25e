"""Projects with tasks, milestones and time, and the template projects come from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local.seeds.calendar import day, later, wire
from local.seeds.roster import PROJECT_AGENTS, client_name, contact, main_site
from local.seeds.violations import PROJECTS

Row = dict[str, Any]

FIRST_PROJECT, LAST_PROJECT = 801, 812
PROJECT_TYPE, TASK_TYPE = 40, 41
START = day(10, 12, 13)
"""Monday on which every project began; each has ten weeks and five tasks of two weeks."""
WEEKS, TASKS, TASK_HOURS, RATE = 10, 5, 40.0, 150.0
_TASK_NAMES = ("Discovery", "Design", "Build", "Migration", "Handover")
_PROJECT_NAMES = (
    "Office move", "Mail migration", "Network refresh", "Identity rollout", "Backup renewal", "Firewall exchange",
    "Branch onboarding", "Phone system", "Endpoint hardening", "File share cleanup", "Wireless survey", "Cloud landing",
)  # fmt: skip
_DONE = {"schedule_slip": (100, 20, 0, 0, 0), "gate_skipped": (100, 100, 90, 0, 0)}
_CLEAN_DONE = (100, 100, 95, 0, 0)
"""Near the plan six weeks in: three of five tasks, the third nearly done."""


def rows() -> dict[str, list[Row]]:
    """Projects, their tasks (as Tickets) and time (as Actions), and the template."""
    projects = [_project(number) for number in range(FIRST_PROJECT, LAST_PROJECT + 1)]
    tasks = [_task(number, place) for number in range(FIRST_PROJECT, LAST_PROJECT + 1) for place in range(TASKS)]
    return {
        "Projects": projects,
        "Tickets": tasks,
        "Actions": [entry for task in tasks for entry in _time(task)],
        "Template": [_template()],
    }


def task_id(project: int, place: int) -> int:
    """Ids of a project's tasks."""
    return project * 10 + place


def milestone_id(project: int, place: int) -> int:
    """Ids of a project's milestones; one for each task."""
    return project * 100 + place


def client_of(project: int) -> int:
    """Projects belong to the first twelve customers, all billed in Canadian dollars."""
    return 101 + project - FIRST_PROJECT


def _ends(place: int) -> datetime:
    return later(START, days=14 * (place + 1) - 3)


def _completion(project: int) -> tuple[int, ...]:
    code = PROJECTS.get(project)
    if code == "closeout_missing":
        return (100,) * TASKS
    return _DONE.get(code or "", _CLEAN_DONE)


def _project(number: int) -> Row:
    code = PROJECTS.get(number)
    closed = code == "closeout_missing"
    client = client_of(number)
    hours = TASKS * TASK_HOURS
    row: Row = {
        "id": number,
        "summary": f"{_PROJECT_NAMES[number - FIRST_PROJECT]} for {client_name(client)}",
        "tickettype_id": PROJECT_TYPE,
        "is_project": True,
        "client_id": client,
        "client_name": client_name(client),
        "site_id": main_site(client),
        "user_id": contact(client),
        "team": "Projects",
        "agent_id": PROJECT_AGENTS[number % 3],
        "priority_id": 3,
        "status_id": 9 if closed else 2,
        "category_1": "Projects",
        "dateoccurred": wire(START),
        "startdate": wire(START),
        "targetdate": wire(_ends(TASKS - 1)),
        "deadlinedate": "1900-01-01T00:00:00",
        "parent_id": 0,
        "child_count": TASKS,
        "projecttimebudget": hours,
        "projectmoneybudget": hours * RATE,
        "projectcompletionpercentage": sum(_completion(number)) / TASKS,
        "budgets": [{"id": number, "ticket_id": number, "budgettype_id": 1, "hours": hours, "rate": RATE,
                     "money": hours * RATE}],
        "milestones": [_milestone(number, place) for place in range(TASKS)],
        "hasbeenclosed": closed,
        "lastactiondate": wire(day(11, 19, 17)),
        "last_update": wire(day(11, 19, 17)),
    }  # fmt: skip
    if closed:
        row["dateclosed"] = wire(day(11, 18, 17))
    return row


def _milestone(project: int, place: int) -> Row:
    blocked = PROJECTS.get(project) == "dependency_blocked"
    row: Row = {
        "id": milestone_id(project, place),
        "ticket_id": project,
        "name": _TASK_NAMES[place],
        "sequence": place + 1,
        "start_date": wire(later(START, days=14 * place)),
        "target_date": wire(_ends(place)),
        "tickets": [{"milestone_id": milestone_id(project, place), "ticket_id": task_id(project, place)}],
        "_complete": _completion(project)[place] == 100,
    }
    if place == 2:
        # The third is due next week; whoever waits for it has not begun late yet.
        row["target_date"] = wire(day(11, 24, 17))
    if place == 3:
        row["start_date"] = wire(day(11, 9, 9) if blocked else day(11, 25, 9))
    if place and PROJECTS.get(project) != "schedule_slip":
        row["dependencies"] = [{"child": row["id"], "parent": milestone_id(project, place - 1)}]
    return row


def _task(project: int, place: int) -> Row:
    share = _completion(project)[place]
    client = client_of(project)
    done = share == 100
    began = later(START, days=14 * place)
    closed = min(_ends(place), day(11, 18, 16))
    row: Row = {
        "id": task_id(project, place),
        "summary": _TASK_NAMES[place],
        "tickettype_id": TASK_TYPE,
        "client_id": client,
        "client_name": client_name(client),
        "site_id": main_site(client),
        "user_id": contact(client),
        "team": "Projects",
        "agent_id": PROJECT_AGENTS[project % 3],
        "parent_id": project,
        "status_id": 9 if done else 2 if share else 1,
        "category_1": "Projects",
        "milestone_id": milestone_id(project, place),
        "milestone_name": _TASK_NAMES[place],
        "budgettype_id": 1,
        "estimate": TASK_HOURS,
        "projectcompletionpercentage": float(share),
        "dateoccurred": wire(START),
        "startdate": wire(began),
        "excludefromsla": True,
        "nextactivitydate": wire(day(11, 26, 9)),
        "lastactiondate": wire(closed if done else day(11, 19, 16)),
        "last_update": wire(closed if done else day(11, 19, 16)),
    }
    if done:
        row |= {"dateclosed": wire(closed), "hasbeenclosed": True}
        del row["nextactivitydate"]
    return row


def _time(task: Row) -> list[Row]:
    """Hours in proportion to what is done, in half-day entries; the costly project needed twice as many."""
    project = int(task["parent_id"])
    share = float(task["projectcompletionpercentage"]) / 100
    gate = PROJECTS.get(project) == "gate_skipped" and int(task["id"]) == task_id(project, 3)
    hours = TASK_HOURS * share * (2.9 if PROJECTS.get(project) == "cost_over" else 1.15) + (4.0 if gate else 0.0)
    entries: list[Row] = []
    at = day(11, 17, 13) if gate else datetime.fromisoformat(str(task["startdate"]))
    while hours > 0.01:
        taken = round(min(8.0, hours), 2)
        entries.append(
            {
                "ticket_id": task["id"],
                "id": len(entries) + 1,
                "datetime": wire(later(at, hours=3)),
                "outcome": "Time Entry",
                "outcome_id": 13,
                "old_status": 2,
                "new_status": 2,
                "who_agentid": task["agent_id"],
                "who_type": 1,
                "timetaken": taken,
                "project_id": project,
                "actreviewed": True,
                **_charged(project, at, taken),
            }
        )
        hours -= taken
        at = later(at, days=3 if at.weekday() == 4 else 1)
        at = min(at, day(11, 19, 13))
    return entries


def _template() -> Row:
    return {
        "id": 501,
        "name": "Standard delivery",
        "summary": "Standard delivery",
        "tickettype_id": PROJECT_TYPE,
        "estimate": TASKS * TASK_HOURS,
        "milestones": [
            {
                "id": 5010 + place,
                "name": name,
                "sequence": place + 1,
                "start_days": 14 * place,
                "target_days": 14 * place + 11,
            }
            for place, name in enumerate(_TASK_NAMES)
        ],
        "todo_list": [
            {"id": 5020 + place, "text": name, "group_name": name, "done": False}
            for place, name in enumerate(_TASK_NAMES)
        ],
        "budgets": [{"id": 5030, "budgettype_id": 1, "hours": TASKS * TASK_HOURS, "rate": RATE}],
    }


def _charged(project: int, at: datetime, hours: float) -> Row:
    """Projects that are as they should be are billed by the hour, each Tuesday for what was done before."""
    if project in PROJECTS:
        return {"chargerate": 0, "actisbillable": False}
    billed = {"actioninvoicenumber": f"INV-P{project}"} if at < day(11, 18, 0) else {}
    return {"chargerate": 1, "actisbillable": True, "actionchargehours": hours, **billed}

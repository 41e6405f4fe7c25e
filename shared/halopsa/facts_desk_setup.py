"""The desk's set-up from HaloPSA's own lists."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime

from shared.controls.desk_setup import (
    EmptyFacts,
    Facts,
    LevelFacts,
    NamesFacts,
    PeopleFacts,
    PracticeFacts,
    PriorityFacts,
)
from shared.controls.spec import Case
from shared.halopsa.records.access import AccessAgent
from shared.halopsa.records.configuration import Priority, ServiceLevel, Status, Team, TicketType, Workflow
from shared.halopsa.records.wire import parse_rows
from shared.model import Subject
from shared.policy.document import Policy
from shared.ports import Records

_BUILT_IN = 1
"""Agents up to this id are no people: nobody, and “Unassigned”."""
_LISTS = (("Team", "team"), ("Category", "category"), ("Workflow", "workflow"), ("ChargeRate", "charge rate"))


def cases(mirror: Records, policy: Policy, as_of: datetime) -> Iterator[Case]:  # noqa: ARG001 - the form of every family
    """People, types, statuses, each priority, each service level, each practice, and lists that must not be empty."""
    yield _people(mirror)
    types, _ = parse_rows(TicketType, mirror.rows("TicketType"))
    statuses, _ = parse_rows(Status, mirror.rows("Status"))
    yield _case(mirror, "TicketType", "types", NamesFacts("ticket types", tuple(one.name for one in types)))
    yield _case(mirror, "Status", "statuses", NamesFacts("statuses", tuple(one.name for one in statuses)))
    yield from _levels(mirror)
    yield from _practices(mirror, policy, {one.id for one in types})
    if all(mirror.read_at(kind) for kind, _ in _LISTS):
        empty = tuple(noun for kind, noun in _LISTS if not _usable(mirror, kind))
        yield _case(mirror, "Team", "lists", EmptyFacts(empty))
    else:
        yield Case(Subject("desk_setup", "lists"), None, None, None, missing="Not all lists were read from HaloPSA.")


def _case(mirror: Records, kind: str, name: str, facts: Facts, practice: str | None = None) -> Case:
    read = mirror.read_at(kind)
    subject = Subject("desk_setup", name)
    if read is None:
        return Case(subject, None, practice, None, missing=f"HaloPSA's list {kind} was never read.")
    return Case(subject, None, practice, facts, read, mirror.observations(kind)[:5])


def _people(mirror: Records) -> Case:
    agents = [
        one
        for one in parse_rows(AccessAgent, mirror.rows("Agent"))[0]
        if one.id > _BUILT_IN and not one.isapiagent and not one.isdisabled
    ]
    never, untold, teamless = [], 0, []
    for one in agents:
        row = mirror.get("Agent", str(one.id)) or {}
        if "lastlogindate" not in row:
            untold += 1
        elif one.lastlogindate is None:
            never.append(str(one.id))
        teams = [row[name] for name in ("team", "teams") if name in row]
        if teams and not any(teams):
            teamless.append(str(one.id))
    facts = PeopleFacts(len(agents), tuple(never), untold, tuple(teamless))
    return _case(mirror, "Agent", "people", facts)


def _levels(mirror: Records) -> Iterator[Case]:
    priorities = [one for one in parse_rows(Priority, mirror.rows("Priority"))[0] if not one.ishidden]
    names: dict[int, list[str]] = defaultdict(list)
    held: dict[int | None, list[Priority]] = defaultdict(list)
    for one in priorities:
        names[one.priorityid].append(one.name)
        held[one.slaid].append(one)
    for number, told in sorted(names.items()):
        facts = PriorityFacts(number, tuple(dict.fromkeys(told)))
        yield _case(mirror, "Priority", f"priority {number}", facts)
    levels, _ = parse_rows(ServiceLevel, mirror.rows("SLA"))
    for level in levels:
        mine = held[level.id]
        lacks = tuple(
            f"{number} ({names[number][0]})" for number in sorted(names) if number not in {p.priorityid for p in mine}
        )
        untimed = tuple(one.name or str(one.priorityid) for one in mine if not one.fixtime or not one.responsetime)
        yield _case(mirror, "SLA", f"service level {level.id}", LevelFacts(level.name or str(level.id), lacks, untimed))


def _practices(mirror: Records, policy: Policy, known: set[int]) -> Iterator[Case]:
    claims = Counter(number for one in policy.practices.values() for number in set(one.ticket_types))
    for key, one in policy.practices.items():
        facts = PracticeFacts(
            one.name or key,
            unknown=tuple(str(number) for number in one.ticket_types if number not in known),
            shared=tuple(str(number) for number in dict.fromkeys(one.ticket_types) if claims[number] > 1),
            none=not one.ticket_types and not one.teams,
        )
        yield _case(mirror, "TicketType", f"practice {key}", facts, key)


def _usable(mirror: Records, kind: str) -> bool:
    if kind == "Team":
        return any(not one.inactive for one in parse_rows(Team, mirror.rows(kind))[0])
    if kind == "Workflow":
        return any(one.active is not False for one in parse_rows(Workflow, mirror.rows(kind))[0])
    return any(True for _ in mirror.rows(kind))

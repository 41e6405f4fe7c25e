"""Time entries of projects from the mirror: one pass, added up by ticket at the cost rate of who booked them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from shared.halopsa.buckets import identity
from shared.halopsa.fold import origins
from shared.halopsa.records.billing import ChargeAction
from shared.halopsa.records.delivery import CostRate, TimeEntry
from shared.halopsa.records.wire import Refused, parse_rows
from shared.halopsa.time_rows import is_billed
from shared.measures.inputs import Inputs, note
from shared.measures.project_facts import ZERO, PeriodTime, TimeTotals
from shared.model import JsonObject
from shared.ports import Records

_WIDEST = 2**63
"""Larger numbers, and what is no number, are no ticket's id."""


@dataclass(slots=True)
class Totals:
    """Time entries of one ticket while they are added up."""

    entries: int = 0
    hours: Decimal = ZERO
    cost: Decimal = ZERO
    uncosted: Decimal = ZERO
    negative: int = 0
    early: int = 0
    undated: int = 0
    later: Decimal = ZERO
    unbilled: Decimal = ZERO
    first_at: datetime | None = None
    last_at: datetime | None = None
    agents: set[int] = field(default_factory=set)
    """Who booked what is counted: their cost rates are in it."""
    counted: dict[str, list[int]] = field(default_factory=dict)
    """Numbers of the entries that count, by the observation they came from."""
    left_out: dict[str, list[str]] = field(default_factory=dict)
    """Row ids of those that do not: negative, undated, later, or not readable."""
    by_period: dict[int, tuple[Decimal, Decimal, Decimal]] = field(default_factory=dict)

    def leave_out(self, row: JsonObject, origin: str) -> None:
        """Note an entry that does not count."""
        self.left_out.setdefault(origin, []).append(identity("Actions", row) or "")

    def frozen(self) -> TimeTotals:
        """As facts hold it."""
        return TimeTotals(
            self.entries,
            self.hours,
            self.cost,
            self.uncosted,
            self.negative,
            self.early,
            self.undated,
            self.later,
            self.unbilled,
            self.first_at,
            self.last_at,
            tuple(PeriodTime(number, *booked) for number, booked in sorted(self.by_period.items())),
        )


def time_by_ticket(
    mirror: Records,
    root: Mapping[int, int],
    begins: Mapping[int, datetime | None],
    ends: Mapping[int, Sequence[datetime]],
    as_of: datetime,
    refuse: Callable[[int, Refused], None],
) -> dict[int, Totals]:
    """Time entries up to ``as_of`` added up by ticket and period of the plan.

    ``root`` is each ticket's project, ``begins`` the projects' starts, ``ends`` the ends of their periods.
    """
    rates = {
        record.id: record.costprice
        for record in parse_rows(CostRate, mirror.rows("Agent"))[0]
        # HaloPSA sends 0 where nobody has entered a cost: that is missing, not free.
        if record.costprice is not None and record.costprice > 0
    }
    totals: dict[int, Totals] = {}
    known: dict[str, str] = {}
    for row in mirror.rows("Actions"):
        ticket = row.get("ticket_id")
        number = int(ticket) if isinstance(ticket, int | float) and abs(ticket) < _WIDEST else 0
        project = root.get(number)
        if project is None or not row.get("timetaken"):
            continue
        # One text for each observation: hundreds of thousands of entries came in a few hundred of them.
        origin = known.setdefault(one := origins(row)[0], one)
        records, refused = parse_rows(TimeEntry, [row])
        if refused:
            refuse(project, refused[0])
            totals.setdefault(number, Totals()).leave_out(row, origin)
            continue
        into = totals.setdefault(records[0].ticket_id, Totals())
        if _add(into, records[0], rates, begins[project], ends.get(project, ()), as_of):
            into.counted.setdefault(origin, []).append(records[0].id)
        else:
            into.leave_out(row, origin)
        if row.get("actionchargehours"):
            into.unbilled += _unbilled(row, as_of)
    return totals


def note_time(inputs: Inputs, booked: Mapping[int, Totals], agents: Mapping[int, tuple[str, ...]]) -> None:
    """Add the time entries of these tickets, and the rows that say what an hour of who booked them costs."""
    for ticket, held in booked.items():
        for observation, numbers in held.counted.items():
            by = inputs.setdefault("time", {}).setdefault("Actions", {})
            by.setdefault(observation, []).extend(f"{ticket}-{number}" for number in numbers)
        for observation, ids in held.left_out.items():
            by = inputs.setdefault("time_left_out", {}).setdefault("Actions", {})
            by.setdefault(observation, []).extend(ids)
    for agent in sorted({agent for held in booked.values() for agent in held.agents} & agents.keys()):
        note(inputs, "rates", "Agent", str(agent), agents[agent])


def _unbilled(row: JsonObject, as_of: datetime) -> Decimal:
    """Hours of an entry that are to be charged and on no invoice; what cannot be read is billing's to tell."""
    for entry in parse_rows(ChargeAction, [row])[0]:
        free = entry.chargerate == 0 or entry.actisbillable is False
        if free or is_billed(entry) or entry.datetime is None or entry.datetime > as_of:
            return ZERO
        return max(ZERO, entry.actionchargehours or ZERO)
    return ZERO


def _add(
    into: Totals,
    entry: TimeEntry,
    rates: Mapping[int, Decimal],
    begin: datetime | None,
    ends: Sequence[datetime],
    as_of: datetime,
) -> bool:
    """Answer whether the entry counts."""
    hours = entry.timetaken or ZERO
    if entry.datetime is None:
        into.undated += 1
        return False
    if entry.datetime > as_of:
        into.later += hours
        return False
    if hours < 0:
        into.negative += 1
        return False
    into.entries += 1
    into.hours += hours
    agent = entry.who_agentid or entry.actionby_agent_id or 0
    into.agents.add(agent)
    rate = rates.get(agent)
    cost, uncosted = (ZERO, hours) if rate is None else (hours * rate, ZERO)
    into.cost += cost
    into.uncosted += uncosted
    if ends:
        period = bisect_left(ends, entry.datetime)
        held = into.by_period.get(period, (ZERO, ZERO, ZERO))
        into.by_period[period] = (held[0] + hours, held[1] + cost, held[2] + uncosted)
    if begin is not None and entry.datetime < begin:
        into.early += 1
    into.first_at = entry.datetime if into.first_at is None else min(into.first_at, entry.datetime)
    into.last_at = entry.datetime if into.last_at is None else max(into.last_at, entry.datetime)
    return True
